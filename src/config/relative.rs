//! Relative paths in a configuration: they are taken from the folder above the
//! one that the file is in, so that an installed tree (`PREFIX/etc`,
//! `PREFIX/datasets` ...) can be moved as a whole without an edit.

use std::path::{Path, PathBuf};

use super::Config;

/// Makes the paths of `config` absolute. The texts that DSDFs substitute
/// follow, since a DSDF's reader runs who knows where.
pub(super) fn resolve(config: &mut Config) {
    let Some(prefix) = config.origin.parent().and_then(Path::parent) else {
        return;
    };
    let prefix = prefix.to_owned();
    let single: [(&str, &mut Option<PathBuf>); 9] = [
        ("DSDF_ROOT", &mut config.dsdf_root),
        ("RESOURCE_PATH", &mut config.resource_path),
        ("SITE_FILES", &mut config.site_files),
        ("LOG_PATH", &mut config.log_path),
        ("CACHE_ROOT", &mut config.cache_root),
        ("STATE_PATH", &mut config.state_path),
        ("PEERS_FILE", &mut config.peers_file),
        ("USER_PASSWD", &mut config.user_passwd),
        ("USER_GROUP", &mut config.user_group),
    ];
    let mut texts = Vec::new();
    for (keyword, path) in single {
        if let Some(path) = path.as_mut().filter(|path| path.is_relative()) {
            *path = prefix.join(&*path);
            texts.push((keyword, path.display().to_string()));
        }
    }
    for (keyword, paths) in [
        ("BIN_PATH", &mut config.bin_path),
        ("LIB_PATH", &mut config.lib_path),
    ] {
        if paths.iter().any(|path| path.is_relative()) {
            for path in paths.iter_mut() {
                *path = prefix.join(&*path);
            }
            let shown: Vec<String> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            texts.push((keyword, shown.join(":")));
        }
    }
    for (keyword, text) in texts {
        config.keywords.insert(keyword.to_owned(), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(origin: &str, text: &str) -> Config {
        Config::from_conf(Path::new(origin), text.as_bytes()).unwrap()
    }

    const TEXT: &str = "DSDF_ROOT = datasets/\nRESOURCE_ROOT = static\nBIN_PATH = bin:/opt/bin\n\
        LOG_PATH = /var/log/das2\nOTHER = datasets\n";

    #[test]
    fn from_the_folder_above() {
        let config = config("/site/etc/das2server.conf", TEXT);
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(config.dsdf_root, path("/site/datasets"));
        assert_eq!(config.resource_path, path("/site/static"));
        assert_eq!(config.log_path, path("/var/log/das2"));
        assert_eq!(
            config.bin_path,
            ["/site/bin", "/opt/bin"].map(PathBuf::from)
        );
        assert_eq!(config.cache_root, None);
        for (keyword, text) in [
            ("DSDF_ROOT", "/site/datasets"),
            ("BIN_PATH", "/site/bin:/opt/bin"),
            ("LOG_PATH", "/var/log/das2"),
            ("OTHER", "datasets"),
        ] {
            assert_eq!(config.keywords[keyword], text);
        }
    }

    #[test]
    fn a_bare_name_has_no_folder_above() {
        assert_eq!(
            config("x.conf", TEXT).dsdf_root,
            Some(PathBuf::from("datasets"))
        );
    }
}
