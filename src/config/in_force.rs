//! What is in force: every keyword with its value as text, whether a file
//! says it or not.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::native::{KEYS, Key, OWN, key_of};
use super::{AddressRange, Broker, Config, QueueConnection, QueuePlace};

/// A keyword and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The keyword of `das2server.conf`.
    pub keyword: String,
    /// Section and key in `das2server.toml`: `site.name`.
    pub key: String,
    /// The value, without any password; None is nothing.
    pub value: Option<String>,
}

/// Every keyword with its value in force, then the site's own in order of
/// their names.
pub fn settings(config: &Config) -> Vec<Setting> {
    let known = KEYS.iter().map(|key| Setting {
        keyword: key.keyword.to_owned(),
        key: format!("{}.{}", key.section, key.key),
        value: value(config, key),
    });
    let mut own: Vec<_> = config
        .keywords
        .iter()
        .filter(|(keyword, _)| key_of(keyword).is_none())
        .map(|(keyword, value)| Setting {
            keyword: keyword.clone(),
            key: format!("{OWN}.{keyword}"),
            value: Some(value.clone()),
        })
        .collect();
    own.sort_by(|a, b| a.keyword.cmp(&b.keyword));
    known.chain(own).collect()
}

/// The value of a known keyword; None for one that says nothing.
pub(super) fn value(config: &Config, key: &Key) -> Option<String> {
    let c = config;
    match key.keyword {
        "SITE_NAME" => c.site_name.clone(),
        "SERVER_ID" => c.server_id.clone(),
        "SITE_ID" => c.site_id.clone(),
        "SITE_CATALOG_TAG" => c.site_catalog_tag.clone(),
        "SITE_PATHURI" => c.site_path_uri.clone(),
        "CONTACT_EMAIL" => c.contact_email.clone(),
        "CONTACT_URL" => c.contact_url.clone(),
        "DSDF_ROOT" => path(&c.dsdf_root),
        "RESOURCE_PATH" => path(&c.resource_path),
        "SITE_FILES" => path(&c.site_files),
        "LOG_PATH" => path(&c.log_path),
        "CACHE_ROOT" => path(&c.cache_root),
        "STATE_PATH" => path(&c.state_path),
        "PEERS_FILE" => path(&c.peers_file),
        "USER_PASSWD" => path(&c.user_passwd),
        "USER_GROUP" => path(&c.user_group),
        "BIN_PATH" => folders(&c.bin_path),
        "LIB_PATH" => folders(&c.lib_path),
        "STYLE_SHEET" => Some(c.style_sheet.clone()),
        "MAIN_SRV_URL" => Some(c.main_srv_url.clone()),
        "VIEW_LOG_URL" => c.view_log_url.clone(),
        "VIEW_LOG_ALLOW" => addresses(&c.view_log_allow),
        "TEST_FROM" => addresses(&c.test_from),
        "SECURITY_REALM" => c.security_realm.clone(),
        "SAMPLE_DSDF" => c.sample_dsdf.clone(),
        "SAMPLE_START" => c.sample_range.as_ref().map(|(begin, _)| begin.clone()),
        "SAMPLE_END" => c.sample_range.as_ref().map(|(_, end)| end.clone()),
        "IGNORE_REDIRECT" => Some(c.ignore_redirect.to_string()),
        "DAS1_TO_DAS2" => Some(c.das1_to_das2.clone()),
        "D2S_REDUCER" => Some(c.d2s_reducer.clone().unwrap_or_else(|| "none".to_owned())),
        "D2S_CACHE_RDR" => Some(c.d2s_cache_reader.clone()),
        "D2S_TO_UTF8" => c.d2s_to_utf8.clone(),
        "D2S_CSV_CONVERTER" => c.d2s_csv_converter.clone(),
        "QDS_REDUCER" => Some(c.qds_reducer.clone().unwrap_or_else(|| "none".to_owned())),
        "QDS_CACHE_RDR" => Some(c.qds_cache_reader.clone()),
        "QDS_TO_UTF8" => c.qds_to_utf8.clone(),
        "PNG_MAKER" => c.png_maker.clone(),
        "READER_MAX" => Some(c.reader_max.unwrap_or(0).to_string()),
        "READER_MAX_PER_ADDRESS" => Some(c.reader_max_per_address.unwrap_or(0).to_string()),
        "READER_QUEUE" => c.reader_queue.map(|number| number.to_string()),
        "READER_TIME_LIMIT" => Some(seconds(c.reader_time_limit.unwrap_or_default())),
        "READER_SILENCE_LIMIT" => Some(seconds(c.reader_silence_limit.unwrap_or_default())),
        "WORK_QUEUE_BROKER" => Some(broker(c.work_queue_broker).to_owned()),
        "WORK_QUEUE_CONN" => Some(c.work_queue_connection.to_string()),
        "TASK_LEASE" => Some(seconds(c.task_lease)),
        "TASK_ATTEMPTS" => Some(c.task_attempts.to_string()),
        "WORKER_TASKS" => Some(c.worker_tasks.to_string()),
        "ENABLE_HAPI_SUBSYS" => Some(c.enable_hapi.to_string()),
        "DAS23_PROTOTYPE" => Some(c.das23_prototype.to_string()),
        "SKIP_LOWCASE" => Some(c.skip_lowercase.to_string()),
        "DATA_GZIP" => Some(c.data_gzip.to_string()),
        "CENTRAL_LOG" => Some(c.central_log.to_string()),
        // A keyword without a field of its own: as it is written.
        other => c.keywords.get(other).cloned(),
    }
}

fn path(path: &Option<PathBuf>) -> Option<String> {
    path.as_deref().map(|path| path.display().to_string())
}

fn folders(folders: &[PathBuf]) -> Option<String> {
    let shown = folders.iter().map(PathBuf::as_path).map(Path::display);
    let shown: Vec<String> = shown.map(|folder| folder.to_string()).collect();
    (!shown.is_empty()).then(|| shown.join(":"))
}

fn addresses(ranges: &[AddressRange]) -> Option<String> {
    let shown: Vec<String> = ranges.iter().map(AddressRange::to_string).collect();
    (!shown.is_empty()).then(|| shown.join(" "))
}

fn seconds(time: Duration) -> String {
    time.as_secs_f64().to_string()
}

fn broker(broker: Broker) -> &'static str {
    match broker {
        Broker::Redis => "redis",
        Broker::Embedded => "embedded",
        Broker::None => "none",
    }
}

/// As a das2server.conf has it, with `***` for passwords.
impl std::fmt::Display for QueueConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let account = |credentials: &super::Credentials| {
            let user = credentials.user.as_deref().unwrap_or_default();
            match (&credentials.password, user) {
                (Some(_), user) => format!("{user}:***@"),
                (None, "") => String::new(),
                (None, user) => format!("{user}@"),
            }
        };
        let at = |(host, port): &super::HostAndPort| match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let me = account(&self.credentials);
        let secure = if self.tls { "s" } else { "" };
        let database = self.database;
        match &self.place {
            QueuePlace::Tcp(place) if !self.tls && me.is_empty() => {
                write!(f, "{}:{database}", at(place))
            }
            QueuePlace::Tcp(place) => write!(f, "redis{secure}://{me}{}/{database}", at(place)),
            QueuePlace::Unix(path) => {
                write!(f, "unix://{}?db={database}", path.display())?;
                match me.is_empty() {
                    true => Ok(()),
                    false => write!(f, " as {}", me.trim_end_matches('@')),
                }
            }
            QueuePlace::Sentinel {
                sentinels,
                master,
                credentials,
            } => {
                let places: Vec<String> = sentinels.iter().map(at).collect();
                let places = places.join(",");
                write!(
                    f,
                    "redis{secure}+sentinel://{me}{places}/{master}/{database}"
                )?;
                match account(credentials).as_str() {
                    "" => Ok(()),
                    account => write!(f, ", at the Sentinels {}", account.trim_end_matches('@')),
                }
            }
        }?;
        match &self.ca_file {
            Some(file) => write!(f, ", trusting {}", file.display()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_value_of_its_own() {
        // A keyword that `value` does not know shows the text of the file; so
        // what is read into another form shows whether it is known.
        let mut config = Config::default();
        for key in KEYS {
            config
                .keywords
                .insert(key.keyword.to_owned(), "raw text".to_owned());
        }
        for key in KEYS {
            assert_ne!(
                value(&config, key).as_deref(),
                Some("raw text"),
                "{}",
                key.keyword
            );
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for (text, shown) in [
            ("host::3", "host:6379:3"),
            ("[::1]", "[::1]:6379:0"),
            ("redis://me:hidden@host", "redis://me:***@host:6379/0"),
            (
                "rediss://:hidden@host/2?cacert=/ca.pem",
                "rediss://:***@host:6379/2, trusting /ca.pem",
            ),
            (
                "unix:///run/r.sock?password=hidden",
                "unix:///run/r.sock?db=0 as :***",
            ),
            (
                "redis+sentinel://me@a,b:7/m?sentinel_password=hidden",
                "redis+sentinel://me@a:26379,b:7/m/0, at the Sentinels :***",
            ),
        ] {
            let connection = QueueConnection::parse(text).unwrap();
            assert_eq!(connection.to_string(), shown);
        }
    }

    #[test]
    fn own_keywords_come_last() {
        let conf = b"B = 2\nSITE_NAME = S\nA = 1\nRESOURCE_ROOT = /x\n";
        let config = Config::from_conf(Path::new("/s/etc/c.conf"), conf).unwrap();
        let settings = settings(&config);
        let [.., a, b] = settings.as_slice() else {
            panic!("{settings:?}");
        };
        assert_eq!(
            (a.key.as_str(), b.value.as_deref()),
            ("keywords.A", Some("2"))
        );
        assert_eq!(settings.len(), KEYS.len() + 2);
    }
}
