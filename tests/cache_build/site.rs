//! A site with one source, whose data lie in a file an hour.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use das2_server::cache::build::{self, Continue, Progress, Report, Request};
use das2_server::cache::{Block, Blocks, LevelFolder, Stamp};
use das2_server::check::check_stream;
use das2_server::config::Config;
use das2_server::source::{CacheLevel, Definition, Tree};
use das2_server::time::{Style, Time, parse_query};

/// The reader: the header, then the hours from $1 to before $2.
pub const HOURS: &str = r#"cat header
ls hours | awk -v b="$1" -v e="$2" '$0 "" >= b "" && $0 "" < e ""' | (cd hours && xargs -r cat)"#;

pub const LEVELS: &str = "cacheLevel_01 = 'intrinsic | daily'\ncacheLevel_02 = '60 s | hourly'\ncacheLevel_03 = '600 s | monthly'\n";

pub fn time(text: &str) -> Time {
    parse_query(text, None).unwrap()
}

pub struct Site {
    pub folder: tempfile::TempDir,
    pub now: Time,
}

impl Site {
    /// Two weeks of data, a record every 40 s, but none on two of the days.
    pub fn new(dsdf: &str, script: &str) -> Site {
        let site = Site {
            folder: tempfile::tempdir().unwrap(),
            now: time("2021-06-01"),
        };
        for name in ["sets", "bin", "data/hours", "cache", "etc"] {
            fs::create_dir_all(site.path(name)).unwrap();
        }
        site.write("data/header", &header(&[1]));
        for hour in 0..14 * 24 {
            if !(72..120).contains(&hour) {
                let begin = time("2020-02-20").plus_seconds(hour * 3600).unwrap();
                site.write_hour(begin, &records(begin));
            }
        }
        site.dsdf(dsdf);
        site.reader(script);
        site.write("etc/das2server.conf", &site.conf());
        site
    }

    fn conf(&self) -> String {
        let root = self.folder.path().display();
        format!("DSDF_ROOT = {root}/sets\nCACHE_ROOT = {root}/cache\nBIN_PATH = {root}/bin\n")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn write_hour(&self, begin: Time, text: &str) {
        let name = begin.iso(Style::Calendar, 0).to_string();
        self.write(&format!("data/hours/{}", &name[..16]), text);
    }

    pub fn dsdf(&self, more: &str) {
        let text = format!(
            "description = 'Test'\nreader = 'test_reader'\ndas2Stream = 1\n\
             validRange = '2020-02-20 to 2020-03-05'\n{more}\n"
        );
        self.write("sets/S.dsdf", &text);
    }

    /// Another process writes it: a file that is open for writing here may be so, for a
    /// moment, in what another test starts, and cannot be run meanwhile.
    pub fn program(&self, name: &str, script: &str) {
        let text = format!("#!/bin/sh\n{script}\n");
        let mut writer = Command::new("sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
            .arg(self.path(&format!("bin/{name}")))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = writer.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        assert!(writer.wait().unwrap().success());
    }

    pub fn reader(&self, script: &str) {
        let data = self.path("data");
        let runs = self.path("runs");
        let text = format!(
            "echo \"$@\" >> {}\ncd {}\n{script}",
            runs.display(),
            data.display()
        );
        self.program("test_reader", &text);
    }

    /// The arguments of each reader run so far, and forgets them.
    pub fn runs(&self) -> Vec<String> {
        let path = self.path("runs");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        text.lines().map(str::to_owned).collect()
    }

    pub fn config(&self) -> Config {
        Config::load(&self.path("etc/das2server.conf")).unwrap()
    }

    pub fn definition(&self) -> Definition {
        let config = self.config();
        let tree = Tree::new(config.dsdf_root.as_ref().unwrap());
        tree.load("S", &|_| None, &config).unwrap()
    }

    pub fn level(&self, number: u32) -> CacheLevel {
        let levels = self.definition().cache_levels;
        levels.into_iter().find(|l| l.number == number).unwrap()
    }

    pub fn build(&self, levels: &[u32], begin: &str, end: &str) -> Report {
        self.build_while(levels, begin, end, &mut |_| Continue::Yes)
    }

    pub fn build_while(
        &self,
        levels: &[u32],
        begin: &str,
        end: &str,
        step: &mut dyn FnMut(Progress) -> Continue,
    ) -> Report {
        let (definition, config) = (self.definition(), self.config());
        let request = Request {
            definition: &definition,
            config: &config,
            levels: levels.iter().map(|number| self.level(*number)).collect(),
            begin: time(begin),
            end: time(end),
            now: self.now,
            stop: None,
        };
        build::run(&request, step)
    }

    pub fn folder_of(&self, level: u32) -> LevelFolder {
        let (config, definition) = (self.config(), self.definition());
        let root = config.cache_root.unwrap();
        LevelFolder::new(&root, &definition.name, &self.level(level))
    }

    /// The blocks that exist of a level.
    pub fn blocks(&self, level: u32) -> Vec<Block> {
        self.folder_of(level).all()
    }

    pub fn bytes(&self, level: u32, block: &Block) -> Vec<u8> {
        fs::read(self.folder_of(level).file_of(block)).unwrap()
    }

    /// The block of a level that begins at a time.
    pub fn block(&self, level: u32, begin: &str) -> Vec<u8> {
        let block = Block::at(self.level(level).period, time(begin)).unwrap();
        self.bytes(level, &block)
    }

    /// Every file below the cache, with its bytes.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        gather(&self.path("cache"), &mut files);
        files.sort();
        files
    }

    /// Checks that everything in the cache is a block, whole and conforming,
    /// and that nothing unfinished is left.
    pub fn check_all(&self) {
        for (path, bytes) in self.files() {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(name.ends_with(".d2s") && !name.starts_with('.'), "{name}");
            let report = check_stream(&bytes[..]);
            assert!(report.is_conforming(), "{name}: {:?}", report.findings);
            assert_eq!(report.warnings(), 0, "{name}: {:?}", report.findings);
            let stamp = Stamp::find(&bytes).unwrap();
            assert_eq!(stamp.size, bytes.len() as u64, "{name}");
        }
    }

    pub fn wanted(&self, level: u32, begin: &str, end: &str) -> Vec<Block> {
        Blocks::covering(self.level(level).period, time(begin), time(end)).collect()
    }
}

fn gather(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => gather(&path, files),
            false => files.push((path.clone(), fs::read(path).unwrap())),
        }
    }
}

/// A stream header and packet headers of these IDs.
pub fn header(ids: &[u8]) -> String {
    let mut text = header_of_stream();
    for id in ids {
        text += &packet_header(*id);
    }
    text
}

pub fn header_of_stream() -> String {
    let stream = "<stream version=\"2.2\">\n<properties String:title=\"T\" />\n</stream>\n";
    format!("[00]{:06}{stream}", stream.len())
}

pub fn packet_header(id: u8) -> String {
    let xml = format!(
        "<packet>\n  <x type=\"time24\" units=\"us2000\"></x>\n  <y type=\"ascii10\" name=\"amp{id}\" units=\"V\"></y>\n</packet>\n"
    );
    format!("[{id:02}]{:06}{xml}", xml.len())
}

pub fn record(id: u8, time: Time) -> String {
    let value = (time.us2000() / 1e6) % 1009.0;
    let text = time.iso(Style::Calendar, 3);
    format!(":{id:02}:{text} {value:9.3e}\n")
}

/// An hour of records.
pub fn records(begin: Time) -> String {
    let at = |n: i64| record(1, begin.plus_seconds(n * 40).unwrap());
    (0..90).map(at).collect()
}

/// What comes after stream header and packet headers.
pub fn data_of(bytes: &[u8]) -> &[u8] {
    let mut at = 0;
    while bytes.get(at) == Some(&b'[') {
        let length: usize = std::str::from_utf8(&bytes[at + 4..at + 10])
            .unwrap()
            .parse()
            .unwrap();
        at += 10 + length;
    }
    &bytes[at..]
}

/// The header's text of a block.
pub fn headers_of(bytes: &[u8]) -> String {
    let data = data_of(bytes).len();
    String::from_utf8(bytes[..bytes.len() - data].to_vec()).unwrap()
}
