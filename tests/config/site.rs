//! A site in a folder of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub struct Site(tempfile::TempDir);

impl Site {
    /// With a configuration that nothing is wrong with, and a reader.
    pub fn new() -> Site {
        let site = Site(tempfile::tempdir().unwrap());
        for folder in ["etc", "datasets", "bin", "log", "static", "cache"] {
            fs::create_dir(site.path(folder)).unwrap();
        }
        site.write("etc/das2server.conf", conf(""));
        site.program("bin/reader", "#!/bin/sh\n");
        site.write("static/das2server.css", "");
        site
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(below)
    }

    pub fn write(&self, below: &str, text: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn program(&self, below: &str, text: &str) {
        self.write(below, text);
        fs::set_permissions(self.path(below), PermissionsExt::from_mode(0o755)).unwrap();
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let conf = self.path("etc/das2server.conf");
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_config"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("DAS2_SERVER_CONF", conf)
            .args(words);
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What check prints, with ROOT for the site's folder; and its status.
    pub fn check(&self, words: &[&str]) -> (Vec<String>, i32) {
        let output = self.run(&[&["check"], words].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let root = self.path("");
        let root = root.to_str().unwrap().trim_end_matches('/');
        let lines = text.lines().map(|line| line.replace(root, "ROOT"));
        (lines.collect(), output.status.code().unwrap())
    }

    pub fn text(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }
}

/// A configuration without mistakes, and `more` lines.
pub fn conf(more: &str) -> String {
    format!(
        "SITE_NAME = Test\nDSDF_ROOT = datasets\nBIN_PATH = bin\nRESOURCE_PATH = static\n\
         LOG_PATH = log\nCACHE_ROOT = cache\nWORK_QUEUE_BROKER = none\n{more}"
    )
}
