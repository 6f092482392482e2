//! Any bytes as das2server.conf and as das2server.toml: no panic; an error names
//! the file; what is read from the one means the same in the other.
#![no_main]

use std::path::Path;

use das2_server::config::convert::to_toml;
use das2_server::config::{Config, ConfigError, settings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let path = Path::new("/site/etc/das2server.conf");
    let native = Config::from_toml(path, data);
    if let Ok(config) = &native {
        let _ = settings(config);
    }
    let conf = Config::from_conf(path, data);
    if conf.is_ok() {
        assert!(to_toml(path, data).is_ok());
    }
    for result in [conf, native] {
        told(result);
    }
});

fn told(result: Result<Config, ConfigError>) {
    match result {
        Ok(config) => {
            let _ = config.search_path(None);
        }
        Err(error) => {
            assert!(error.to_string().contains("/site/etc/das2server.conf"));
            assert!(!error.client_message().contains("/site"));
        }
    }
}
