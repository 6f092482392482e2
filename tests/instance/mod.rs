//! An instance of the server as bin/install lays it out, in a folder that goes
//! away with the test.
#![allow(dead_code)] // each test program uses its part

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;
use std::time::Duration;

use crate::http::within;

/// The folder of the executables under test.
pub fn built() -> &'static Path {
    static EXAMPLES: Once = Once::new();
    let folder = Path::new(env!("CARGO_BIN_EXE_das2_srv_httpd"))
        .parent()
        .unwrap();
    // `cargo test` builds the examples, `cargo test --test NAME` does not.
    EXAMPLES.call_once(|| {
        if !folder.join("examples/das2_ex_voyager").exists() {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--examples"]);
            cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
            assert!(cargo.status().unwrap().success());
        }
    });
    folder
}

/// What bin/install says and does with these options behind `--prefix PREFIX`.
pub fn install(prefix: &Path, options: &[&str]) -> Output {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("bin/install"))
        .arg("--prefix")
        .arg(prefix)
        .arg("--built")
        .arg(built())
        .args(options)
        .output()
        .unwrap()
}

/// An instance with the examples.
pub struct Instance {
    folder: tempfile::TempDir,
}

impl Instance {
    pub fn new() -> Instance {
        let folder = tempfile::tempdir().unwrap();
        // Another account, that of a web server, has to get in.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let instance = Instance { folder };
        let output = install(&instance.prefix(), &["--server-id", "test", "--quiet"]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        instance
    }

    /// Where the instance is.
    pub fn prefix(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// A folder beside it for what else a test needs.
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// A data source of the test's own; its reader is this shell script.
    pub fn add_source(&self, name: &str, dsdf: &str, script: &str) {
        let reader = self.prefix().join("bin").join(format!("{name}_reader"));
        let shell = self.beside().join(format!("{}.sh", name.replace('/', "_")));
        std::fs::write(&shell, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&shell, PermissionsExt::from_mode(0o755)).unwrap();
        // By another process: what is open for writing here cannot be run meanwhile.
        let copied = std::process::Command::new("cp")
            .arg("-p")
            .args([&shell, &reader])
            .status();
        assert!(copied.unwrap().success());
        let text = format!("description = 'Test'\nreader = '{name}_reader'\n{dsdf}\n");
        self.write(&format!("datasets/{name}.dsdf"), &text);
    }

    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.prefix().join(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.prefix().join(path)).unwrap()
    }

    /// The source `silent`, whose reader starts a child, runs the line `before`,
    /// and then never writes again.
    pub fn add_silent_source(&self, before: &str) {
        let _ = std::fs::remove_file(self.silent_pids());
        let script = format!(
            "sleep 1000 & echo \"$$ $!.\" >\"$(dirname \"$0\")/../state/pids\"\n{before}\nwait"
        );
        self.add_source("silent", "das2Stream = 1\nreducer = not_reducible", &script);
    }

    /// The numbers of that reader and its child, once they run.
    pub fn silent_reader(&self) -> [u32; 2] {
        let written = || std::fs::read_to_string(self.silent_pids()).unwrap_or_default();
        within(Duration::from_secs(60), "the reader starts", || {
            written().contains('.')
        });
        let text = written().replace('.', "");
        let pids: Vec<u32> = text
            .split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect();
        pids.try_into().unwrap()
    }

    fn silent_pids(&self) -> PathBuf {
        self.prefix().join("state/pids")
    }
}
