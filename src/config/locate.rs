//! Where the configuration is: beside the executable, unless the environment
//! says otherwise, so that an installed tree can be moved as a whole.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{ConfigError, Finding, is_toml};

/// The environment variable that names the configuration file.
const VARIABLE: &str = "DAS2_SERVER_CONF";

/// A configuration is a page or two. What is larger than this is something
/// else.
const LARGEST: u64 = 1 << 20;

/// The path of the configuration: what DAS2_SERVER_CONF says, else
/// `../etc/das2server.conf` seen from the folder of the executable. Where a
/// file of the same name in `.toml` is beside a `.conf`, it is that.
///
/// # Errors
/// The variable is not set and the system does not tell where the executable
/// is.
pub fn locate() -> Result<PathBuf, ConfigError> {
    let given = std::env::var_os(VARIABLE);
    choose(given.as_deref(), executable).map(native_beside)
}

/// Whether the environment says where the configuration is.
pub fn located_by_environment() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|path| !path.is_empty())
}

/// The TOML file that counts in place of `conf`, if there is one.
fn native_beside(conf: PathBuf) -> PathBuf {
    if conf.extension().is_none_or(|ending| ending != "conf") {
        return conf;
    }
    let native = conf.with_extension("toml");
    // A link to nothing counts as well: the older form is not what the site runs by.
    match native.symlink_metadata().is_ok() {
        true => native,
        false => conf,
    }
}

/// What to tell the log of a `das2server.conf` that a `das2server.toml` wins
/// over: people edit it and nothing happens.
pub(super) fn passed_over(origin: &Path) -> Option<Finding> {
    let conf = is_toml(origin).then(|| origin.with_extension("conf"))?;
    let native = origin.file_name()?.display().to_string();
    conf.exists().then(|| Finding {
        file: conf,
        line: 0,
        what: format!("this file is not read: {native} beside it counts"),
        instead: "remove one of the two, or give it another name".to_owned(),
    })
}

/// The folder of the running executable, links resolved: sites link CGI
/// programs under other names and from other folders.
pub fn program_folder() -> Option<PathBuf> {
    executable().ok()?.parent().map(Path::to_owned)
}

/// Linux tells the path with links resolved, and goes on telling it when an
/// update has replaced the file; elsewhere links may be left in it.
fn executable() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    match cfg!(target_os = "linux") {
        true => Ok(path),
        false => path.canonicalize(),
    }
}

fn choose(
    given: Option<&OsStr>,
    executable: impl FnOnce() -> io::Result<PathBuf>,
) -> Result<PathBuf, ConfigError> {
    if let Some(path) = given.filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(path));
    }
    let executable = executable().map_err(ConfigError::NoProgramFolder)?;
    let prefix = executable
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("/"));
    Ok(prefix.join("etc").join("das2server.conf"))
}

/// The bytes of the file at `path`, a configuration.
///
/// # Errors
/// There is none, it cannot be read or is too large.
pub fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let unreadable = |reason| ConfigError::Unreadable {
        file: path.to_owned(),
        reason,
    };
    // A pipe would have every request wait.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut options = File::options();
    let opened = options.read(true).custom_flags(nonblocking).open(path);
    let file = opened.map_err(|reason| match reason.kind() {
        io::ErrorKind::NotFound => ConfigError::Missing(path.to_owned()),
        _ => unreadable(reason),
    })?;
    // Room for the whole in one read, and no more: every request reads this
    // file, and memory that is touched for the first time is not cheap.
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.file_type().is_fifo() || metadata.file_type().is_char_device() {
        return Err(unreadable(io::Error::other(
            "no file, but a pipe or a device",
        )));
    }
    let size = metadata.len();
    let mut bytes = Vec::with_capacity(size.min(LARGEST) as usize + 64);
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable(io::Error::other(
            "larger than 1 MiB, so no configuration",
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(path: &str) -> impl FnOnce() -> io::Result<PathBuf> {
        move || Ok(PathBuf::from(path))
    }

    #[test]
    fn beside_the_executable_unless_the_environment_says_otherwise() {
        let beside = choose(None, program("/opt/das2/bin/das2_srvcgi_main"));
        assert_eq!(beside.unwrap(), Path::new("/opt/das2/etc/das2server.conf"));
        let empty = choose(Some(OsStr::new("")), program("/opt/das2/bin/x"));
        assert_eq!(empty.unwrap(), Path::new("/opt/das2/etc/das2server.conf"));
        let given = choose(Some(OsStr::new("/a/b.conf")), program("/opt/das2/bin/x"));
        assert_eq!(given.unwrap(), Path::new("/a/b.conf"));
        let lost = choose(None, || Err(io::Error::other("gone")));
        assert!(matches!(lost, Err(ConfigError::NoProgramFolder(_))));
    }

    #[test]
    fn toml_beside_wins_and_the_log_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("das2server.conf");
        let native = folder.path().join("das2server.toml");
        std::fs::write(&conf, "SITE_NAME = old").unwrap();
        assert_eq!(native_beside(conf.clone()), conf);
        assert_eq!(passed_over(&conf), None);
        std::fs::write(&native, "[site]\nname = \"new\"\n").unwrap();
        assert_eq!(native_beside(conf.clone()), native);
        assert_eq!(
            native_beside(folder.path().join("other")),
            folder.path().join("other")
        );
        let config = crate::config::Config::load(&native).unwrap();
        assert_eq!(config.site_name.as_deref(), Some("new"));
        let [warning] = config.warnings.as_slice() else {
            panic!("{:?}", config.warnings);
        };
        assert_eq!(warning.file, conf);
        assert!(
            warning
                .to_string()
                .contains("das2server.toml beside it counts")
        );
        std::fs::remove_file(&conf).unwrap();
        assert_eq!(crate::config::Config::load(&native).unwrap().warnings, []);
        // What it leads to has gone: that is no reason to go back to the older form.
        std::fs::write(&conf, "SITE_NAME = old").unwrap();
        std::fs::remove_file(&native).unwrap();
        std::os::unix::fs::symlink("gone", &native).unwrap();
        assert_eq!(native_beside(conf), native);
    }

    #[test]
    fn a_link_to_the_executable_is_resolved() {
        // The test executable itself stands for an installed one.
        let folder = program_folder().unwrap();
        assert_eq!(folder, folder.canonicalize().unwrap());
    }

    #[test]
    fn missing_unreadable_and_too_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("das2server.conf");
        let error = read(&path).unwrap_err();
        assert!(error.to_string().contains("set DAS2_SERVER_CONF"));
        assert!(!error.client_message().contains('/'));
        let error = read(folder.path()).unwrap_err();
        assert!(matches!(error, ConfigError::Unreadable { .. }));
        assert!(!error.client_message().contains('/'));
        std::fs::write(&path, vec![b'#'; (LARGEST + 1) as usize]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("1 MiB"));
    }
}
