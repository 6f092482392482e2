//! A site with a source of QStreams: a record every ten minutes of January 2000.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::read::{Stream, read};
use crate::site::{Answer, Site};

/// Notes its arguments, then writes what lies in the range: times, a number, three
/// numbers and a label; inline frequencies, a packet without a time, names of labels.
const READER: &str = r#"echo "$*" >>"$(dirname "$0")/../runs"
begin=$(date -u -d "$1" +%s) end=$(date -u -d "$2" +%s)
put() { body="<?xml version=\"1.0\" encoding=\"UTF-8\"?>
$2"; printf '[%s]%06d%s' "$1" ${#body} "$body"; }
property() { printf '<property name="%s" type="%s" value="%s"/>' "$1" "$2" "$3"; }
dataset() { printf '<qdataset id="%s" rank="%s"><properties>%s</properties><values encoding="%s" length="%s"/></qdataset>' "$1" "$2" "$3" "$4" "$5"; }
along=$(property DEPEND_0 qdataset t)
put 00 '<stream dataset_id="s" byte_order="little_endian"/>'
put xx '<enumerationUnit name="mode" value="1" label="burst"/>'
put 02 '<packet><qdataset id="f" rank="1"><properties/><values values="10,20,30" length="3"/></qdataset></packet>'
put 03 "<packet>$(dataset w 1 "" ascii6 2)</packet>"
put 01 "<packet>$(dataset t 1 "$(property UNITS units us2000)$(property CADENCE rank0dataset '600 units:UNITS=s')" time24 "")$(dataset v 1 "$along" ascii10 "")$(dataset s 2 "$along$(property DEPEND_1 qdataset f)" ascii10 3)$(dataset m 1 "$along$(property UNITS enumerationUnit mode)" ascii4 "")</packet>"
printf ':03:  1.5   2.5\n'
awk -v b="$begin" -v e="$end" 'BEGIN { for (s = b + (600 - b % 600) % 600; s < e; s += 600) {
    d = s - 946684800; n = d / 600
    printf ":01:2000-01-%02dT%02d:%02d:00.000 %9.1f %9.1f %9.1f %9.1f %3d\n", d / 86400 + 1, d % 86400 / 3600, d % 3600 / 60, n, n, n * 2, n * 3, 1 } }'
"#;

pub struct Source {
    pub site: Site,
}

impl Source {
    /// The source `Q` with these keywords, and this in the configuration.
    pub fn new(keywords: &str, conf: &str) -> Source {
        let site = Site::new(&format!("WORK_QUEUE_BROKER = none\n{conf}"));
        let source = Source { site };
        source.site.reader("Q", READER);
        source.define(keywords);
        source
    }

    pub fn define(&self, keywords: &str) {
        let text = format!("description = 'Q'\nreader = 'Q'\nqstream = 1\n{keywords}\n");
        self.site.dsdf("Q", &text);
    }

    pub fn get(&self, begin: &str, end: &str, more: &str) -> Answer {
        self.site.get(&format!(
            "server=dataset&dataset=Q&start_time={begin}&end_time={end}{more}"
        ))
    }

    /// A good answer, read.
    pub fn stream(&self, begin: &str, end: &str, more: &str) -> Stream {
        let answer = self.get(begin, end, more);
        assert_eq!(answer.status(), 200, "{}", self.site.log());
        read(&answer.body)
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
        self.site.path(&format!("cache/data/Q/_noparam/{path}"))
    }

    /// das2_srv_cache.
    pub fn tool(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"));
        command.arg("-c").arg(self.site.path("das2server.conf"));
        command.args(words).output().unwrap()
    }

    pub fn build(&self, begin: &str, end: &str) {
        let output = self.tool(&["build", "Q", begin, end, "--now"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{told}");
        self.runs();
    }
}
