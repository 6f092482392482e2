//! A source with a record every ten minutes of January 2017, and its cache.

use std::fs;
use std::path::PathBuf;

use crate::site::{Answer, Site};

/// Notes its arguments, then writes what lies in the range.
const READER: &str = r#"echo "$*" >>"$(dirname "$0")/../runs"
begin=$(date -u -d "$1" +%s) end=$(date -u -d "$2" +%s)
p='<packet><x type="time24" units="UTC"></x><y name="v" type="ascii10" units="V"></y></packet>'
printf '[00]000023<stream version="2.2"/>[01]%06d%s' ${#p} "$p"
awk -v b="$begin" -v e="$end" 'BEGIN { for (s = b + (600 - b % 600) % 600; s < e; s += 600) {
    d = s - 1483228800
    if (d < 0 || d >= 31 * 86400) continue
    printf ":01:2017-01-%02dT%02d:%02d:00.000 %9.1f\n", d / 86400 + 1, d % 86400 / 3600, d % 3600 / 60, d / 600 } }'
"#;

pub struct Minutes {
    pub site: Site,
}

impl Minutes {
    /// The source `M` with these levels.
    pub fn new(levels: &str) -> Minutes {
        Minutes::with(levels, "WORK_QUEUE_BROKER = none")
    }

    /// The same with this queue.
    pub fn with(levels: &str, queue: &str) -> Minutes {
        let site = Site::new(&queue.replace("= state", "= STATE"));
        let state = site.path("state").display().to_string();
        let conf = fs::read_to_string(site.path("das2server.conf")).unwrap();
        site.write(
            "das2server.conf",
            conf.replace("= STATE", &format!("= {state}")),
        );
        site.source("M", READER, &format!("description = 'M'\n{levels}"));
        Minutes { site }
    }

    pub fn get(&self, begin: &str, end: &str, more: &str) -> Answer {
        self.site.get(&format!(
            "server=dataset&dataset=M&start_time={begin}&end_time={end}{more}"
        ))
    }

    /// The data lines of a good answer.
    pub fn records(&self, begin: &str, end: &str, more: &str) -> Vec<String> {
        let answer = self.get(begin, end, more);
        assert_eq!(answer.status(), 200, "{answer:?}");
        let report = das2_server::check::check_stream(&answer.body[..]);
        assert!(report.is_conforming(), "{report}");
        let text = answer.text();
        text.lines()
            .filter_map(|line| line.find(":01:").map(|at| line[at..].to_owned()))
            .collect()
    }

    /// The arguments of the reader's runs since the last question.
    pub fn runs(&self) -> Vec<String> {
        let file = self.site.path("runs");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(file);
        text.lines().map(str::to_owned).collect()
    }

    /// The file of a block.
    pub fn block(&self, path: &str) -> PathBuf {
        let path = self.site.path(&format!("cache/data/M/_noparam/{path}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// Blocks of whole days as das2-pyserver makes them: what the reader
    /// writes.
    pub fn fill_days(&self, days: std::ops::Range<u32>) {
        for day in days {
            let (begin, end) = (day_text(day), day_text(day + 1));
            let answer = self.get(&begin, &end, "&params=uncached");
            assert_eq!(answer.status(), 200, "{}", self.site.log());
            assert_eq!(answer.text().matches(":01:").count(), 144);
            let file = self.block(&format!("intrinsic/2017/01/{begin}_intrinsic.d2s"));
            fs::write(file, answer.body).unwrap();
        }
        self.runs();
    }
}

pub fn day_text(day: u32) -> String {
    format!("2017-01-{day:02}")
}
