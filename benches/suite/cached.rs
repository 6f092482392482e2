//! Answers out of the cache, against `cat` of the same files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use das2_server::cache::{Block, Form, LevelFolder, Origin, Stamp};
use das2_server::config::Config;
use das2_server::source::{CacheLevel, Period, Tree};
use das2_server::stream::{Element, HeaderTag, PacketHeader, PacketId, StreamHeader, header_tag};
use das2_server::time::Time;

use crate::Setting;
use crate::measure::{Job, medians, ratio};
use crate::startup::{cgi, site};
use crate::table::Row;

const DAYS: u32 = 30;

pub fn rows(setting: &Setting) -> Vec<Row> {
    let conf = site(&setting.folder);
    let ours = source(&conf, "Known", Period::Day, 64);
    let theirs = source(&conf, "Foreign", Period::Day, 64);
    let seconds = source(&conf, "Seconds", Period::Second, 1);
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
    ];
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
    let extra = times[7].saturating_sub(times[6]).as_secs_f64() * 1e3;
    vec![
        row("30 daily blocks of 23 MB", 1, 0, 0.15),
        row("the same as das2-pyserver writes them", 3, 2, 0.6),
        row("a day of 86,400 blocks", 5, 4, 0.25),
        Row {
            what: "an hour out of a block, beyond server=id".into(),
            yardstick: "1 ms".into(),
            figure: format!("{extra:.2} ms"),
            ratio: Some(extra),
            limit: Some(1.0),
            over_das2c: None,
        },
    ]
}

struct Source {
    folder: LevelFolder,
    origin: Origin,
}

impl Source {
    fn path(&self) -> String {
        self.folder.path().display().to_string()
    }
}

/// A source whose reader must not be needed.
fn source(conf: &Path, name: &str, period: Period, channels: usize) -> Source {
    let word = match period {
        Period::Second => "persecond",
        _ => "daily",
    };
    let datasets = conf.with_file_name("../datasets/Bench");
    let text = format!(
        "description = '{channels} channels'\nreader = 'false'\ndas2Stream = 1\ncacheLevel_00 = 'intrinsic | {word}'\n"
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
    if let Some(origin) = origin {
        let mut stamp = Stamp::new(Time::now(), *origin);
        stamp.form = Form::Sorted;
        stamp.write(&mut stream);
        stamp.size = size(&stream.to_xml()) as u64;
        stamp.write(&mut stream);
    }
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
}

fn sh(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

fn query(conf: &Path, query: &str) -> Command {
    let mut command = cgi(conf);
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
