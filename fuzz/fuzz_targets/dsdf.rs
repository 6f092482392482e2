//! Any bytes as a data source definition, and any text as its name: no panic,
//! and the packet that clients get is well-formed.
#![no_main]

use std::path::Path;

use das2_server::config::Config;
use das2_server::source::{Definition, SourceName, Tree, dsdf_packet, norm_params};
use das2_server::stream::Element;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let _ = norm_params(Some(&text));
    if let Ok(located) = Tree::new(Path::new("/nonexistent")).locate(&text) {
        assert!(located.path.starts_with("/nonexistent"));
        assert!(!located.path.to_string_lossy().contains("/../"));
    }
    let name = SourceName::parse("Fuzz/Source").unwrap();
    let request = |key: &str| (key == "k").then(|| text.clone().into_owned());
    let config = Config::default();
    let read = Definition::read(name, Path::new("/f/Source.dsdf"), data, &request, &config);
    if let Ok(definition) = read {
        let (packet, _) = dsdf_packet(&definition);
        Element::parse(&packet[10..]).expect("well-formed XML");
        let _ = definition.effective_reducer(&config);
        for command in definition.reader.iter() {
            let _ = command.shell_text("das2_req_");
        }
    }
});
