//! The lines of one request.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local};

use super::file;
use super::printable::{Bounded, Printable};
use super::read::{Entry, json};

/// The longest line, in bytes, as far as its text goes.
const LONGEST_LINE: usize = 16 << 10;

/// How much is kept of one request's lines, in bytes; of what comes after
/// that, the last lines are kept, since they say how it ended.
const LONGEST_BLOCK: usize = 192 << 10;
const LAST_LINES: usize = 24;

/// After how long a request that still runs is written: who looks for what keeps
/// the machine busy must not have to wait for its end.
const LONG: Duration = Duration::from_secs(10);

/// What there is to say on one request. It is written as one block when it
/// ends: by [`RequestLog::end`], or when it is dropped. Of a request that takes
/// long a part is written before, see [`RequestLog::still_running`].
#[derive(Debug)]
pub struct RequestLog {
    folder: Option<PathBuf>,
    remote_addr: String,
    started: SystemTime,
    lines: Vec<String>,
    size: usize,
    last_lines: VecDeque<String>,
    left_out: usize,
    /// When a part is to be written; None once it is.
    part_due: Option<Instant>,
    /// Lines of that part.
    written: usize,
    /// What the central log is to be told; None without one.
    central: Option<Box<Entry>>,
}

impl RequestLog {
    /// The log of a request that begins now, for LOG_PATH and REMOTE_ADDR.
    /// Nothing is opened yet. Without a folder, or where that cannot be
    /// written, the lines go to standard error.
    pub fn begin(folder: Option<&Path>, remote_addr: &str) -> RequestLog {
        RequestLog {
            folder: folder.map(Path::to_path_buf),
            remote_addr: remote_addr.to_owned(),
            started: SystemTime::now(),
            lines: Vec::new(),
            size: 0,
            last_lines: VecDeque::new(),
            left_out: 0,
            part_due: Instant::now().checked_add(LONG),
            written: 0,
            central: None,
        }
    }

    /// Has the request noted in the central log too, which is in the same
    /// folder.
    pub fn note_centrally(&mut self) {
        let started = DateTime::<Local>::from(self.started).naive_local();
        self.central = Some(Box::new(Entry::new(started, std::process::id())));
    }

    /// The folder, for a request that has begun before the configuration with
    /// LOG_PATH was read.
    pub fn set_folder(&mut self, folder: Option<&Path>) {
        self.folder = folder.map(Path::to_path_buf);
    }

    /// When the request began.
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// One line, whatever is in the text. Blank ones are left out.
    pub fn line(&mut self, text: impl fmt::Display) {
        let mut bounded = Bounded::new(LONGEST_LINE);
        // Neither part of this can fail.
        let _ = write!(bounded, "{text}");
        self.push(&bounded.text, bounded.left_out);
    }

    /// A text of several lines, as programs write to standard error. Each is a
    /// line of the log, a little indented.
    pub fn text(&mut self, text: &str) {
        for line in text.lines() {
            let kept = line.floor_char_boundary(LONGEST_LINE.min(line.len()));
            let (line, rest) = line.split_at_checked(kept).unwrap_or((line, ""));
            if !line.trim().is_empty() {
                self.push(&format!("      {line}"), rest.len());
            }
        }
    }

    fn push(&mut self, text: &str, left_out: usize) {
        if text.trim().is_empty() {
            return;
        }
        let mut line = String::with_capacity(text.len());
        let _ = write!(line, "{}", Printable(text));
        if left_out > 0 {
            let _ = write!(line, " [{left_out} bytes left out]");
        }
        if self.size + line.len() <= LONGEST_BLOCK {
            self.size += line.len();
            return self.lines.push(line);
        }
        // From the first one that has no room, in order.
        self.size = LONGEST_BLOCK;
        self.last_lines.push_back(line);
        if self.last_lines.len() > LAST_LINES {
            self.last_lines.pop_front();
            self.left_out += 1;
        }
    }

    /// To be called now and then while something runs. When the request has
    /// taken long it writes the lines so far, once; those that follow are
    /// numbered on. Lines of other requests may come to stand between: all have
    /// their process id.
    pub fn still_running(&mut self, what: impl fmt::Display) {
        if self.part_due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        self.part_due = None;
        self.line(format_args!("Still running: {what}"));
        let lines = self.lines.len();
        self.write();
        self.written += lines;
    }

    /// Has a part written at the next occasion, however long it has taken.
    #[cfg(test)]
    pub fn is_taking_long(&mut self) {
        self.part_due = Some(Instant::now());
    }

    /// Writes the block.
    pub fn end(mut self) {
        self.finish();
    }

    /// Forgets the lines: for requests that are not logged.
    pub fn discard(mut self) {
        self.lines.clear();
        self.last_lines.clear();
        self.central = None;
    }

    fn finish(&mut self) {
        self.write();
        if let (Some(entry), Some(folder)) = (self.central.take(), &self.folder) {
            let row = json(&self.remote_addr, &entry, Some(self.started.into()));
            if let Err(error) = file::append_central(folder, &row, self.started) {
                // There is no other place for it: the request's own log has it.
                let _ = writeln!(
                    std::io::stderr(),
                    "das2-server: the central log cannot be written: {error}"
                );
            }
        }
    }

    fn write(&mut self) {
        let block = self.block();
        if let Some(entry) = &mut self.central {
            let lines = self.lines.iter().chain(&self.last_lines);
            lines.for_each(|line| entry.line(line));
        }
        self.lines.clear();
        self.last_lines.clear();
        if block.is_empty() {
            return;
        }
        let Some(folder) = &self.folder else {
            return to_stderr("LOG_PATH is not set", block.as_bytes());
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if let Err((error, rest)) = file::append(folder, &self.remote_addr, block.as_bytes(), now) {
            to_stderr(
                &format!("LOG_PATH {} cannot be written: {error}", folder.display()),
                rest,
            );
        }
    }

    fn block(&self) -> String {
        if self.lines.is_empty() && self.last_lines.is_empty() {
            return String::new();
        }
        let time = DateTime::<Local>::from(self.started).format("%a %b %e %H:%M:%S %Y");
        let prefix = format!("{time} {}", std::process::id());
        let left_out =
            (self.left_out > 0).then(|| format!("   [{} lines left out]", self.left_out));
        let room = self.lines.iter().map(|line| line.len() + 2 * prefix.len());
        let mut block = String::with_capacity(room.sum());
        let lines = self.lines.iter().chain(&left_out).chain(&self.last_lines);
        for (number, line) in lines.enumerate() {
            let _ = writeln!(block, "[{prefix} {:4}] {line}", self.written + number);
        }
        block
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The last resort: if that is closed as well, there is nobody to tell.
fn to_stderr(why: &str, block: &[u8]) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(
        stderr,
        "das2-server: {}, so the request's log follows here",
        Printable(why)
    );
    let _ = stderr.write_all(block);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(log: RequestLog) -> Vec<String> {
        let folder = log.folder.clone().unwrap();
        log.end();
        let entry = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        assert!(text.ends_with('\n'));
        text.split_terminator('\n').map(String::from).collect()
    }

    fn begin(folder: &tempfile::TempDir) -> RequestLog {
        RequestLog::begin(Some(folder.path()), "192.0.2.7")
    }

    #[test]
    fn lines_look_as_the_log_page_of_das2_pyserver_expects() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = begin(&folder);
        log.started = DateTime::parse_from_rfc3339("2026-11-04T16:03:14Z")
            .unwrap()
            .into();
        log.line("Input:");
        log.line("  \t ");
        log.line(format_args!("   Parameters: {}", "a=b"));
        log.text("first\n\n  second\r\n");
        let time = DateTime::<Local>::from(log.started);
        let prefix = format!(
            "[{} {}",
            time.format("%a %b  4 %H:%M:%S 2026"),
            std::process::id()
        );
        let expected = [
            "    0] Input:",
            "    1]    Parameters: a=b",
            "    2]       first",
            "    3]         second",
        ];
        assert_eq!(
            lines_of(log),
            expected.map(|rest| format!("{prefix}{rest}"))
        );
    }

    #[test]
    fn nothing_in_a_text_makes_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = begin(&folder);
        let forged =
            "x\n[Tue Nov 24 16:03:14 2026 1    0] Input\r[a\u{85}[b\u{2028}[c\u{b}[d\u{1c}[e";
        log.line(forged);
        log.text(forged);
        log.text("\u{1b}[31m");
        let lines = lines_of(log);
        assert_eq!(lines.len(), 4, "{lines:?}");
        let start = format!(" {} ", std::process::id());
        assert!(lines.iter().all(|line| line.contains(&start)), "{lines:?}");
        assert!(
            lines.iter().all(|line| !line.contains(char::is_control)),
            "{lines:?}"
        );
    }

    #[test]
    fn size_is_bounded_and_the_end_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = begin(&folder);
        log.line("x".repeat(1 << 20));
        log.text(&"é".repeat(1 << 20));
        for n in 0..100_000 {
            log.line(format_args!("line {n}"));
        }
        log.line("the end");
        let lines = lines_of(log);
        let size: usize = lines.iter().map(String::len).sum();
        assert!(size < 1 << 20, "{size}");
        assert!(lines[0].ends_with(" [1032192 bytes left out]"));
        assert!(lines.last().unwrap().ends_with("] the end"));
        assert!(lines[lines.len() - 2].ends_with("] line 99999"));
        assert!(lines[lines.len() - LAST_LINES - 1].ends_with(" lines left out]"));
    }

    #[test]
    fn a_part_can_be_written_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = begin(&folder);
        log.line("one");
        log.still_running("early");
        log.is_taking_long();
        log.still_running("two");
        log.still_running("again");
        let mut other = begin(&folder);
        other.line("another request");
        other.end();
        log.line("three");
        let numbered = lines_of(log);
        let ends = [
            "   0] one",
            "   1] Still running: two",
            "   0] another request",
            "   2] three",
        ];
        assert_eq!(numbered.len(), ends.len());
        for (line, end) in numbered.iter().zip(ends) {
            assert!(line.ends_with(end), "{line}");
        }
    }

    #[test]
    fn dropped_logs_are_written_and_discarded_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = begin(&folder);
        log.line("not this");
        log.discard();
        begin(&folder).end();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut log = begin(&folder);
        log.line("this");
        drop(log);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_log_that_cannot_be_written_stops_nothing() {
        for folder in [None, Some(Path::new("/proc/no/such/folder"))] {
            let mut log = RequestLog::begin(folder, "192.0.2.7");
            log.line("this goes to standard error");
            log.end();
        }
    }

    const FOLDER: &str = "DAS2_TEST_LOG_FOLDER";

    /// Files of this process end at 100 bytes, as on a disk that is full.
    #[test]
    #[ignore = "the test of a full disk runs it as a program"]
    fn role_of_a_program_with_a_full_disk() {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let full = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, full).unwrap();
        setrlimit(
            Resource::Fsize,
            Rlimit {
                current: Some(100),
                maximum: None,
            },
        )
        .unwrap();
        let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
        for text in ["first", "second"] {
            let mut log = RequestLog::begin(Some(&folder), "a");
            log.line(format_args!("{text} {}", "x".repeat(100)));
            log.line(format_args!("{text} end"));
            log.end();
        }
    }

    #[test]
    fn what_a_full_disk_does_not_take_goes_to_standard_error() {
        let folder = tempfile::tempdir().unwrap();
        let role = "log::request_log::tests::role_of_a_program_with_a_full_disk";
        let ended = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", role])
            .env(FOLDER, folder.path())
            .output()
            .unwrap();
        assert!(ended.status.success());
        let entry = std::fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(std::fs::read(entry.path()).unwrap().len(), 100);
        let complaints = String::from_utf8(ended.stderr).unwrap();
        for expected in ["] first end\n", "] second x", "] second end\n"] {
            assert!(complaints.contains(expected), "{expected}: {complaints}");
        }
        assert!(!complaints.contains("] first x"), "{complaints}");
    }
}
