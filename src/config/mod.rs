//! The configuration of a server.
//!
//! In comes a file, `das2server.toml` or `das2server.conf`; out goes one typed
//! [`Config`], or one [`ConfigError`] that names file and line and says what to
//! write instead. The one idea: syntax and meaning are apart. A reader of a
//! syntax ([`conf`], [`native`]) makes [`Pair`]s of keyword, value and line;
//! [`keywords`] gives them types. So there is one configuration, whatever it
//! was read from, and [`convert`] can say it in the other syntax.

mod address;
pub mod conf;
pub mod convert;
mod error;
mod in_force;
pub mod keywords;
mod lines;
mod locate;
pub mod native;
mod nearest;
mod queue_connection;
mod relative;
mod search_path;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use address::AddressRange;
pub use error::{ConfigError, Finding};
pub use in_force::{Setting, settings};
pub(crate) use lines::{numbered_lines, without_bom};
pub use locate::{locate, located_by_environment, program_folder, read as read_file};
pub use nearest::nearest;
pub use queue_connection::{Credentials, HostAndPort, QueueConnection, QueuePlace, Secret};

/// One `KEYWORD = VALUE` of a configuration, before it has a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The keyword as written.
    pub keyword: String,
    /// The value, without comment, outer blanks and outer quotes.
    pub value: String,
    /// The line it stands on, from 1.
    pub line: usize,
}

/// So many errors of one file are worth telling.
const MOST_ERRORS: usize = 50;

/// What a reader of a syntax makes of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Each keyword once.
    pub pairs: Vec<Pair>,
    /// What is odd and yet no error.
    pub warnings: Vec<Finding>,
    /// What breaks the syntax. Pairs are read all the same.
    pub errors: Vec<Finding>,
}

/// Where the tasks of background work go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Broker {
    /// A Redis server; also when nothing is said, since sites rely on it.
    #[default]
    Redis,
    /// The built-in queue, which needs no service.
    Embedded,
    /// No queue at all.
    None,
}

/// A server's configuration, whatever file format it came from. The keyword
/// that sets a field is named in its line.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file it was read from; empty for a configuration made of defaults.
    pub origin: PathBuf,
    /// The folder of the running executable, links resolved: sites put their
    /// own readers beside it. None when the system does not tell.
    pub program_folder: Option<PathBuf>,
    /// Every `KEYWORD = VALUE` pair as text, for `$(KEYWORD)` in DSDFs.
    pub keywords: BTreeMap<String, String>,
    /// What is odd in the file and yet no error; for the log.
    pub warnings: Vec<Finding>,

    /// SITE_NAME: the organisation, the answer to `server=id`.
    pub site_name: Option<String>,
    /// SERVER_ID: tells this server from others of the site.
    pub server_id: Option<String>,
    /// SITE_ID: read for completeness, no answer uses it.
    pub site_id: Option<String>,
    /// SITE_CATALOG_TAG: read for completeness, no answer uses it.
    pub site_catalog_tag: Option<String>,
    /// SITE_PATHURI or SITE_PATH_URI: in front of the URIs of das2.3 sources.
    pub site_path_uri: Option<String>,
    /// CONTACT_EMAIL: may hold character references such as `&#64;`, which
    /// are meant to reach the page as they are.
    pub contact_email: Option<String>,
    /// CONTACT_URL: a page about whom to ask.
    pub contact_url: Option<String>,

    /// DSDF_ROOT without a final `/`: the top of the tree of sources.
    pub dsdf_root: Option<PathBuf>,
    /// RESOURCE_PATH or RESOURCE_ROOT: the folder of static files.
    pub resource_path: Option<PathBuf>,
    /// SITE_FILES: the site's own static files, in front of those.
    pub site_files: Option<PathBuf>,
    /// LOG_PATH: the folder of request logs.
    pub log_path: Option<PathBuf>,
    /// CACHE_ROOT: the top of the block cache.
    pub cache_root: Option<PathBuf>,
    /// STATE_PATH: what the accounts of web server and worker both write.
    pub state_path: Option<PathBuf>,
    /// PEERS_FILE: the INI file of other servers.
    pub peers_file: Option<PathBuf>,
    /// USER_PASSWD: the password file.
    pub user_passwd: Option<PathBuf>,
    /// USER_GROUP: the group file.
    pub user_group: Option<PathBuf>,
    /// BIN_PATH: folders in front of PATH for sub-programs.
    pub bin_path: Vec<PathBuf>,
    /// LIB_PATH: folders in front of LD_LIBRARY_PATH for sub-programs.
    pub lib_path: Vec<PathBuf>,

    /// STYLE_SHEET: name of a file under [`resource_path`](Self::resource_path).
    pub style_sheet: String,
    /// MAIN_SRV_URL or MAIN_SERVER_URL: the data program, from the log page.
    pub main_srv_url: String,
    /// VIEW_LOG_URL: the log page, from the landing page.
    pub view_log_url: Option<String>,
    /// VIEW_LOG_ALLOW: addresses that may see other addresses' logs.
    pub view_log_allow: Vec<AddressRange>,
    /// TEST_FROM: addresses that are never asked to authenticate.
    pub test_from: Vec<AddressRange>,
    /// SECURITY_REALM: realm of closed sources that name none.
    pub security_realm: Option<String>,
    /// SAMPLE_DSDF: the source of the landing page's sample links.
    pub sample_dsdf: Option<String>,
    /// SAMPLE_START and SAMPLE_END: the range of that sample; only together.
    pub sample_range: Option<(String, String)>,
    /// IGNORE_REDIRECT: DSDFs' `rename` and `server` redirect nobody.
    pub ignore_redirect: bool,

    /// DAS1_TO_DAS2: the program that reads das1 sources.
    pub das1_to_das2: String,
    /// D2S_REDUCER: default reducer of das2 streams; None is the word `None`.
    pub d2s_reducer: Option<String>,
    /// D2S_CACHE_RDR: default cache reader of das2 streams.
    pub d2s_cache_reader: String,
    /// D2S_TO_UTF8: text converter of das2 streams.
    pub d2s_to_utf8: Option<String>,
    /// D2S_CSV_CONVERTER: CSV converter of das2 streams.
    pub d2s_csv_converter: Option<String>,
    /// QDS_REDUCER: default reducer of QStreams; None is also the word `None`.
    pub qds_reducer: Option<String>,
    /// QDS_CACHE_RDR: default cache reader of QStreams.
    pub qds_cache_reader: String,
    /// QDS_TO_UTF8: text converter of QStreams.
    pub qds_to_utf8: Option<String>,
    /// PNG_MAKER: a site's own plot program, instead of the built-in one.
    pub png_maker: Option<String>,

    /// READER_MAX: readers at once; None is no limit.
    pub reader_max: Option<u32>,
    /// READER_MAX_PER_ADDRESS: readers at once for one client address.
    pub reader_max_per_address: Option<u32>,
    /// READER_QUEUE: requests that may wait for a reader; None is as none.
    pub reader_queue: Option<u32>,
    /// READER_TIME_LIMIT: how long a reader may run; None is for ever.
    pub reader_time_limit: Option<Duration>,
    /// READER_SILENCE_LIMIT: how long a reader may write nothing.
    pub reader_silence_limit: Option<Duration>,

    /// WORK_QUEUE_BROKER.
    pub work_queue_broker: Broker,
    /// WORK_QUEUE_CONN, `host:port:database` or an URL.
    pub work_queue_connection: QueueConnection,
    /// TASK_LEASE: a task whose worker is silent for so long goes back.
    pub task_lease: Duration,
    /// TASK_ATTEMPTS: after so many failures a task is parked.
    pub task_attempts: u32,
    /// WORKER_TASKS: tasks that one worker works at a time.
    pub worker_tasks: u32,

    /// ENABLE_HAPI_SUBSYS.
    pub enable_hapi: bool,
    /// DAS23_PROTOTYPE.
    pub das23_prototype: bool,
    /// SKIP_LOWCASE or SKIP_LOWERCASE: folders in lower case are left out of
    /// the das2.3 catalogue.
    pub skip_lowercase: bool,
    /// DATA_GZIP: data answers may be compressed in transit.
    pub data_gzip: bool,
    /// CENTRAL_LOG: requests are also noted in one log of the server.
    pub central_log: bool,
}

impl Default for Config {
    /// What an empty file means.
    fn default() -> Config {
        Config {
            origin: PathBuf::new(),
            program_folder: None,
            keywords: BTreeMap::new(),
            warnings: Vec::new(),
            site_name: None,
            server_id: None,
            site_id: None,
            site_catalog_tag: None,
            site_path_uri: None,
            contact_email: None,
            contact_url: None,
            dsdf_root: None,
            resource_path: None,
            site_files: None,
            log_path: None,
            cache_root: None,
            state_path: None,
            peers_file: None,
            user_passwd: None,
            user_group: None,
            bin_path: Vec::new(),
            lib_path: Vec::new(),
            style_sheet: "das2server.css".to_owned(),
            main_srv_url: "server".to_owned(),
            view_log_url: None,
            view_log_allow: Vec::new(),
            test_from: Vec::new(),
            security_realm: None,
            sample_dsdf: None,
            sample_range: None,
            ignore_redirect: false,
            das1_to_das2: "das2_from_das1".to_owned(),
            d2s_reducer: Some("das2_bin_avgsec".to_owned()),
            d2s_cache_reader: "das2_cache_rdr".to_owned(),
            d2s_to_utf8: None,
            d2s_csv_converter: None,
            qds_reducer: None,
            qds_cache_reader: "qds_cache_rdr".to_owned(),
            qds_to_utf8: None,
            png_maker: None,
            reader_max: Some(32),
            reader_max_per_address: Some(8),
            reader_queue: Some(20),
            reader_time_limit: None,
            reader_silence_limit: None,
            work_queue_broker: Broker::default(),
            work_queue_connection: QueueConnection::default(),
            task_lease: Duration::from_secs(30),
            task_attempts: 3,
            worker_tasks: 1,
            enable_hapi: false,
            das23_prototype: false,
            skip_lowercase: false,
            data_gzip: false,
            central_log: false,
        }
    }
}

impl Config {
    /// Reads the configuration at `path`: TOML where its name ends in
    /// `.toml`, else the syntax of `das2server.conf`.
    ///
    /// # Errors
    /// No such file, a file that cannot be read, is not UTF-8 or breaks the
    /// syntax, and a value that is not of its keyword's type.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let (config, errors) = Config::examine(path)?;
        without(errors, config)
    }

    /// The configuration of a program: at the path it was given, or where
    /// [`locate`] finds it.
    ///
    /// # Errors
    /// Those of [`locate`] and [`Config::load`].
    pub fn of_program(given: Option<&Path>) -> Result<Config, ConfigError> {
        match given {
            Some(path) => Config::load(path),
            None => Config::load(&locate()?),
        }
    }

    /// As [`Config::load`], with every error there is beside what could be
    /// read in spite of it.
    ///
    /// # Errors
    /// No such file, a file that cannot be read.
    pub fn examine(path: &Path) -> Result<(Config, Vec<Finding>), ConfigError> {
        let bytes = locate::read(path)?;
        // Without a current folder a relative path stays one.
        let origin = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (mut config, errors) = of_bytes(&origin, &bytes);
        config.program_folder = program_folder();
        config.warnings.extend(locate::passed_over(&origin));
        Ok((config, errors))
    }

    /// The configuration that `bytes`, in the syntax of `das2server.conf`,
    /// stand for; `origin` is for messages, and relative paths are taken from
    /// the folder above its own. Nothing is opened.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_conf(origin: &Path, bytes: &[u8]) -> Result<Config, ConfigError> {
        let parsed = conf::parse(origin, bytes);
        let (config, errors) = keywords::config_of(origin, parsed, keywords::written_in_conf);
        without(errors, config)
    }

    /// The same for TOML.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_toml(origin: &Path, bytes: &[u8]) -> Result<Config, ConfigError> {
        let parsed = native::parse(origin, bytes);
        let (config, errors) = keywords::config_of(origin, parsed, native::written);
        without(errors, config)
    }
}

/// Whether the file's name says that it is TOML.
pub fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "toml")
}

/// The keywords and values of a file, whichever syntax it is in, with their
/// lines.
///
/// # Errors
/// No such file, a file that cannot be read.
pub fn pairs(path: &Path) -> Result<Vec<Pair>, ConfigError> {
    let bytes = locate::read(path)?;
    Ok(match is_toml(path) {
        true => native::parse(path, &bytes).pairs,
        false => conf::parse(path, &bytes).pairs,
    })
}

fn of_bytes(origin: &Path, bytes: &[u8]) -> (Config, Vec<Finding>) {
    match is_toml(origin) {
        true => keywords::config_of(origin, native::parse(origin, bytes), native::written),
        false => keywords::config_of(
            origin,
            conf::parse(origin, bytes),
            keywords::written_in_conf,
        ),
    }
}

/// The configuration, if nothing is wrong with it.
fn without(errors: Vec<Finding>, config: Config) -> Result<Config, ConfigError> {
    match errors.into_iter().next() {
        Some(finding) => Err(ConfigError::Wrong(finding)),
        None => Ok(config),
    }
}

#[cfg(test)]
mod tests;
