//! Answers out of the cache, against `cat` of the same files.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use das2_server::cache::build::set_file_time;
use das2_server::cache::{Block, Form, LevelFolder, Origin, Plan, Stamp};
use das2_server::config::Config;
use das2_server::source::{CacheLevel, Period, Tree};
use das2_server::stream::{Element, HeaderTag, PacketHeader, PacketId, StreamHeader, header_tag};
use das2_server::time::Time;

use crate::Setting;
use crate::measure::{Job, medians, ratio};
use crate::request::high_water;
use crate::startup::{CGI, c_program, cgi, site};
use crate::table::Row;
use crate::through_apache::{Apache, swallow};

const DAYS: u32 = 30;

/// What the system takes at least for files that go into a pipe made large. `cat` of them
/// takes three times as long where the two ends of the pipe are on two processors as on
/// one, since each wakes the other ten thousand times; this does not depend on it.
const SENDFILE: &str = "#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/sendfile.h>
int main(int count, char **files) {
  fcntl(1, F_SETPIPE_SZ, 1 << 20);
  for (int i = 1; i < count; i++) {
    int file = open(files[i], O_RDONLY);
    while (sendfile(1, file, 0, 768 << 10) > 0) {}
  }
  return 0;
}
";

pub fn rows(setting: &Setting) -> Vec<Row> {
    let conf = site(&setting.folder);
    let ours = source(&conf, "Known", Period::Day, 64);
    let theirs = source(&conf, "Foreign", Period::Day, 64);
    let seconds = source(&conf, "Seconds", Period::Second, 1);
    for (source, period) in [(&ours, Period::Day), (&seconds, Period::Second)] {
        source.remove_stale(&blocks(period, 1)[0]);
    }
    let days: Vec<Block> = blocks(Period::Day, DAYS);
    for (folder, stamped) in [(&ours, true), (&theirs, false)] {
        for block in &days {
            block_file(folder, block, 64, stamped.then_some(&ours.origin));
        }
    }
    for block in blocks(Period::Second, 86_400) {
        block_file(&seconds, &block, 1, Some(&seconds.origin));
    }
    let range = |name: &str, days: u32| {
        format!(
            "server=dataset&dataset=Bench/{name}&start_time=2000-01-01&end_time=2000-01-{:02}",
            days + 1
        )
    };
    let hour =
        "server=dataset&dataset=Bench/Known&start_time=2000-01-10T05:00&end_time=2000-01-10T06:00";
    let cat = |folder: &Source| format!("find '{}' -name '*.d2s' | xargs cat", folder.path());
    let mut jobs: Vec<Job<'_>> = vec![
        to_pipe(sh(&cat(&ours))),
        to_pipe(query(&conf, &range("Known", DAYS))),
        to_pipe(sh(&cat(&theirs))),
        to_pipe(query(&conf, &range("Foreign", DAYS))),
        to_pipe(sh(&cat(&seconds))),
        to_pipe(query(&conf, &range("Seconds", 1))),
        to_pipe(query(&conf, "server=id")),
        to_pipe(query(&conf, hour)),
        plan(&seconds),
    ];
    if let Some(loop_of_sendfile) = c_program(&setting.folder, "sendfile", SENDFILE) {
        jobs.push(to_pipe(sh(&format!(
            "find '{}' -name '*.d2s' | xargs '{}'",
            ours.path(),
            loop_of_sendfile.display()
        ))));
    }
    let times = medians(&mut jobs, setting.runs);
    drop(jobs);
    let row = |what: &str, index: usize, against: usize, limit| Row {
        what: what.into(),
        yardstick: "cat of the same files".into(),
        figure: format!("{:.1} ms", times[index].as_secs_f64() * 1e3),
        ratio: Some(ratio(times[index], times[against])),
        limit: Some(limit),
        over_das2c: None,
    };
    let planned = Row {
        yardstick: "xargs cat over these files".into(),
        ..row("planning that day", 8, 4, 0.04)
    };
    let extra = times[7].saturating_sub(times[6]).as_secs_f64() * 1e3;
    let mut rows = vec![row("30 daily blocks of 23 MB", 1, 0, 0.15)];
    if times.len() > 9 {
        rows.push(Row {
            yardstick: "nothing but sendfile, in C".into(),
            ..row("the same", 1, 9, 1.2)
        });
    }
    rows.extend([
        row("the same as das2-pyserver writes them", 3, 2, 0.6),
        row("a day of 86,400 blocks", 5, 4, 0.25),
        planned,
        Row {
            what: "an hour out of a block, beyond server=id".into(),
            yardstick: "1 ms".into(),
            figure: format!("{extra:.2} ms"),
            ratio: Some(extra),
            limit: Some(1.0),
            over_das2c: None,
        },
        peak_memory(query(&conf, &range("Known", DAYS))),
        with_a_gap(setting, &conf, &ours),
    ]);
    rows.extend(through_apache(setting, &range("Known", DAYS), &cat(&ours)));
    rows
}

/// The most memory that the CGI program has while it sends blocks.
fn peak_memory(mut command: Command) -> Row {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut answer = child.stdout.take().expect("a pipe");
    let (mut buffer, mut most) = (vec![0; 1 << 20], 0);
    while answer.read(&mut buffer).expect("an answer") > 0 {
        most = most.max(high_water(&child));
    }
    assert!(child.wait().expect("an end").success());
    Row {
        what: "peak memory of sending 30 daily blocks".into(),
        yardstick: "10 MB".into(),
        figure: format!("{:.1} MB", most as f64 / 1e6),
        ratio: Some(most as f64 / 10e6),
        limit: Some(1.0),
        over_das2c: None,
    }
}

/// 30 days of which one has no block, against an answer out of 29 blocks and the reader's
/// run for that day, by itself into a pipe.
///
/// The three take turns, since machines slow down for seconds at a time, and of each the
/// shortest time counts: what disturbs only ever adds, and it must not be added to one side
/// more often than to the other because that side is two programs. 29 blocks in a row
/// stand for the other 29, as all are of one size; the reader's run is timed without any
/// server, so that all that the server does to fill the gap counts against it.
fn with_a_gap(setting: &Setting, conf: &Path, source: &Source) -> Row {
    let missing = blocks(Period::Day, 16)[15];
    let file = source.folder.file_of(&missing);
    let aside = setting.folder.join("day.d2s");
    let _ = std::fs::remove_file(&aside);
    std::fs::hard_link(&file, &aside).expect("a block");
    let runs = setting.folder.join("runs");
    let reader = write_reader(setting);
    let ask = |end: u32| {
        let text = format!(
            "server=dataset&dataset=Bench/Known&start_time=2000-01-01&end_time=2000-01-{end:02}"
        );
        to_pipe(query(conf, &text))
    };
    let (mut others, mut all) = (ask(30), ask(31));
    let mut alone = Command::new(reader);
    alone.args(["2000-01-16", "2000-01-17"]);
    let mut alone = to_pipe(alone);
    let time = |job: &mut Job<'_>| {
        let begin = Instant::now();
        job();
        begin.elapsed()
    };
    let mut shortest = [Duration::MAX; 3];
    for _ in 0..=setting.runs.max(15) {
        let parts = [time(&mut others), time(&mut alone)];
        let _ = std::fs::remove_file(&runs);
        std::fs::remove_file(&file).expect("a block");
        let whole = time(&mut all);
        std::fs::hard_link(&aside, &file).expect("a block");
        let seen = std::fs::read_to_string(&runs).expect("a reader run");
        assert_eq!(seen, "2000-01-16 2000-01-17\n");
        for (least, time) in shortest.iter_mut().zip([whole, parts[0], parts[1]]) {
            *least = time.min(*least);
        }
    }
    let [whole, others, alone] = shortest;
    Row {
        what: "30 daily blocks, one missing".into(),
        yardstick: "29 blocks, and that reader run alone".into(),
        figure: format!("{:.1} ms", whole.as_secs_f64() * 1e3),
        ratio: Some(ratio(whole, others + alone)),
        limit: Some(1.05),
        over_das2c: None,
    }
}

/// A reader that notes what it is asked for and copies the day that is set
/// aside.
fn write_reader(setting: &Setting) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = setting.folder.join("reader");
    let at = setting.folder.display();
    let text = format!("#!/bin/sh\necho \"$*\" >>'{at}/runs'\nexec cat '{at}/day.d2s'\n");
    std::fs::write(&path, text).expect("a reader");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("a reader");
    path
}

/// One client, a request after the other, against a CGI that is `exec cat`.
fn through_apache(setting: &Setting, query: &str, cat: &str) -> Option<Row> {
    let Some(apache) = Apache::start(setting) else {
        eprintln!("no Apache with mod_cgid, or no C compiler: not measured");
        return None;
    };
    let files = sh(&cat.replace("xargs cat", "sort"))
        .output()
        .expect("files");
    let files = String::from_utf8(files.stdout).expect("names");
    let names: Vec<&str> = files.lines().collect();
    apache.add_script(setting, "cat", &format!("cat '{}'", names.join("' '")));
    let ours = format!("/cgi/server?{query}");
    let paths = ["/cgi/cat", &ours];
    let least = std::cell::Cell::new(u64::MAX);
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for path in &paths {
        jobs.push(Box::new(|| {
            let bytes = swallow(apache.address, path).expect("an answer");
            least.set(least.get().min(bytes));
        }));
    }
    let times = medians(&mut jobs, setting.runs);
    assert!(least.get() > 600_000_000, "{}", least.get());
    Some(Row {
        what: "30 daily blocks through Apache".into(),
        yardstick: "a CGI that is exec cat".into(),
        figure: format!("{:.1} ms", times[1].as_secs_f64() * 1e3),
        ratio: Some(ratio(times[1], times[0])),
        limit: Some(1.0),
        over_das2c: None,
    })
}

/// The plan of a day, as a request makes it.
fn plan<'a>(source: &'a Source) -> Job<'a> {
    let time = |day| Time::new(2000, 1, day, 0).expect("a time");
    Box::new(move || {
        let plan = Plan::new(source.folder.clone(), time(1), time(2));
        assert_eq!(plan.counts(), (86_400, 0));
    })
}

struct Source {
    folder: LevelFolder,
    origin: Origin,
}

impl Source {
    /// Removes the blocks of an earlier run that were made from something
    /// else, judged by the first one.
    fn remove_stale(&self, first: &Block) {
        let Ok(file) = File::open(self.folder.file_of(first)) else {
            return;
        };
        let mut front = Vec::new();
        (&file).take(4096).read_to_end(&mut front).expect("a block");
        let is_ours =
            |stamp: Stamp| stamp.origin == self.origin.of_block(first) && stamp.is_time_of(&file);
        if !Stamp::find(&front).is_some_and(is_ours) {
            std::fs::remove_dir_all(self.folder.path()).expect("no folder");
        }
    }

    fn path(&self) -> String {
        self.folder.path().display().to_string()
    }
}

/// A source with blocks of this length.
fn source(conf: &Path, name: &str, period: Period, channels: usize) -> Source {
    let word = match period {
        Period::Second => "persecond",
        _ => "daily",
    };
    // Where blocks are there, it is not run.
    let reader = conf.with_file_name("../../reader").display().to_string();
    let datasets = conf.with_file_name("../datasets/Bench");
    let text = format!(
        "description = '{channels} channels'\nreader = '{reader}'\ndas2Stream = 1\ncacheLevel_00 = 'intrinsic | {word}'\n"
    );
    std::fs::write(datasets.join(format!("{name}.dsdf")), text).expect("a source");
    let config = Config::load(conf).expect("a configuration");
    let tree = Tree::new(config.dsdf_root.as_deref().expect("a tree"));
    let definition = tree
        .load(&format!("Bench/{name}"), &|_| None, &config)
        .expect("a definition");
    let level: &CacheLevel = &definition.cache_levels[0];
    let root = config.cache_root.as_deref().expect("a cache");
    Source {
        folder: LevelFolder::new(root, &definition.name, level),
        origin: Origin::of(&definition, level, ""),
    }
}

fn blocks(period: Period, count: u32) -> Vec<Block> {
    let begin = Time::new(2000, 1, 1, 0).expect("a time");
    let mut blocks = vec![Block::at(period, begin).expect("a block")];
    while blocks.len() < count as usize {
        let next = blocks[blocks.len() - 1].next().expect("a block");
        blocks.push(next);
    }
    blocks
}

/// A block with a record a second, in known form where an origin is given.
fn block_file(source: &Source, block: &Block, channels: usize, origin: Option<&Origin>) {
    let path: PathBuf = source.folder.file_of(block);
    if path.exists() {
        return;
    }
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let data = match channels {
        1 => r#"<y type="little_endian_real4" units="V"/>"#.to_owned(),
        n => format!(r#"<yscan type="little_endian_real4" nitems="{n}" yUnits="Hz" zUnits="V"/>"#),
    };
    let xml = format!(r#"<packet><x type="little_endian_real8" units="us2000"/>{data}</packet>"#);
    let packet = PacketHeader::from_element(Element::parse(xml.as_bytes()).expect("XML"));
    let packet = Arc::new(packet.expect("a header")).to_xml();
    let mut stream = StreamHeader::new();
    let seconds = (block.end().us2000() - block.begin().us2000()) / 1e6;
    let id = PacketId::new(1).expect("an ID");
    let size =
        |header: &str| 20 + header.len() + packet.len() + seconds as usize * (4 + 8 + 4 * channels);
    let stamp = origin.map(|origin| {
        let mut stamp = Stamp::new(Time::now(), origin.of_block(block));
        stamp.form = Form::Sorted;
        stamp.write(&mut stream);
        stamp.size = size(&stream.to_xml()) as u64;
        stamp.write(&mut stream);
        stamp
    });
    let header = stream.to_xml();
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    let mut write = |bytes: &[u8]| out.write_all(bytes).expect("room");
    write(header_tag(HeaderTag::Stream, header.len()).as_bytes());
    write(header.as_bytes());
    write(header_tag(HeaderTag::Packet(id), packet.len()).as_bytes());
    write(packet.as_bytes());
    for second in 0..seconds as usize {
        write(&id.data_tag());
        write(&(block.begin().us2000() + second as f64 * 1e6).to_le_bytes());
        for channel in 0..channels {
            write(&(channel as f32).to_le_bytes());
        }
    }
    let file = out.into_inner().expect("room");
    if let Some(stamp) = stamp {
        set_file_time(&file, stamp.file_time()).expect("its time");
    }
}

fn sh(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

fn query(conf: &Path, query: &str) -> Command {
    let mut command = cgi(Path::new(CGI), conf);
    command
        .env("PATH", "/usr/bin:/bin")
        .env("QUERY_STRING", query);
    command
}

/// Runs a command into a pipe whose other end takes what comes without
/// copying it.
fn to_pipe<'a>(mut command: Command) -> Job<'a> {
    Box::new(move || {
        let (reader, writer) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).expect("a pipe");
        let null = File::options()
            .write(true)
            .open("/dev/null")
            .expect("/dev/null");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(writer)
            .spawn()
            .expect("it starts");
        // The command holds the writing end as well as the child.
        command.stdout(Stdio::null());
        let flags = rustix::pipe::SpliceFlags::MOVE;
        while rustix::pipe::splice(&reader, None, &null, None, 1 << 20, flags).expect("bytes") > 0 {
        }
        assert!(child.wait().expect("an end").success());
    })
}
