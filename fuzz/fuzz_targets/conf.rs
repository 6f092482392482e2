//! Any bytes as das2server.conf: no panic; an error names the file.
#![no_main]

use std::path::Path;

use das2_server::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match Config::from_conf(Path::new("/site/etc/das2server.conf"), data) {
        Ok(config) => {
            let _ = config.search_path(None);
        }
        Err(error) => {
            assert!(error.to_string().contains("/site/etc/das2server.conf"));
            assert!(!error.client_message().contains("/site"));
        }
    }
});
