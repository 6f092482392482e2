// This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
// change it, use it for anything.

//! `das2_ex_voyager DIR BEGIN END`
//!
//! Waveforms of the Voyager 1 plasma wave receiver (PWS) from the files of the
//! PDS data set VG1-J/S/SS-PWS-1-EDR-WFRM-60MS-V1.0: the pattern of readers of
//! binary archive files. DIR, or a folder in it, holds files named by the time
//! at which they begin:
//!
//! ```text
//! VG1_1979-03-01_12-26-11-956.DAT
//! das2_ex_voyager /data/vgpws 1979-03-01T12:26 1979-03-01T12:30
//! ```
//!
//! A file is a *frame* of 48 s: an engineering record, then up to 800 lines of
//! 60 ms, all of 1,024 bytes. Its label (PDSFORMAT.LBL, WFENGHDR.FMT and
//! WFROWPFX.FMT in the archive) says where everything is; the constants below
//! carry its names. A line becomes one das2 packet: the time of the line, and
//! a yscan of samples whose tags are seconds after that time.
//!
//! The values have no unit: the receiver's gain was automatic and was not sent
//! down with the data.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// RECORD_BYTES of the label.
const RECORD_BYTES: usize = 1024;
/// DATA_LINES of the label: lines of a frame.
const LINES: u16 = 800;
/// Time from line to line: 1,600 samples in 55.56 ms, then a gap of 4.44 ms.
const LINE_NS: i128 = 60_000_000;
const FRAME_NS: i128 = LINES as i128 * LINE_NS;
/// START_BYTE of fields, counted from 1 as labels do.
const PWS_LABEL: (usize, usize) = (249, 52);
const LINE_NUMBER: usize = 117;
const FIRST_VALID_PIXEL: usize = 217;
const LAST_VALID_PIXEL: usize = 219;
const TIME_SERIES: (usize, usize) = (221, 800);
/// The first samples of every line carry no signal: they are zero throughout.
const LEAD_IN: usize = 16;
/// Samples of a line that are sent, and samples a second.
const ITEMS: usize = 2 * TIME_SERIES.1 - LEAD_IN;
const RATE: f64 = 28_800.0;
const FILL: f32 = -1.0e31;
/// Folders below DIR that are searched, and files that are looked at, at most:
/// a wrong DIR must not keep the server busy.
const MAX_DEPTH: usize = 5;
const MAX_FILES: usize = 500_000;
const PROGRAM: &str = "das2_ex_voyager";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let [dir, begin, end, ..] = args.as_slice() else {
        eprintln!("Usage: {PROGRAM} DIR BEGIN END");
        return ExitCode::from(2);
    };
    match serve(Path::new(dir), begin, end) {
        Ok(()) => ExitCode::SUCCESS,
        // The client went away: nothing is left to say, and nobody to hear it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{PROGRAM}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers one request on standard output.
fn serve(dir: &Path, begin: &str, end: &str) -> io::Result<()> {
    // A file of its own instead of io::stdout, which looks for line ends.
    let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut out = BufWriter::with_capacity(1 << 16, out);
    send_header(&mut out, "00", STREAM)?;
    send_header(&mut out, "01", &packet_header())?;
    // At once: the client, and whoever waits for it, sees that data are coming.
    out.flush()?;

    let (Some(begin), Some(end)) = (parse_time(begin), parse_time(end)) else {
        let message = "The begin or end time is not a time this reader understands, \
                       try 1979-03-01T12:26";
        return refuse(&mut out, "IllegalArgument", message);
    };
    if end <= begin {
        let message = "The end time must be later than the begin time";
        return refuse(&mut out, "IllegalArgument", message);
    }

    let frames = find_frames(dir);
    if frames.is_empty() {
        // The folder's name is for the log, not for the client.
        eprintln!("{PROGRAM}: no file VG1_*.DAT in {}", dir.display());
        let message = "This server has no Voyager files yet. Whoever runs it: set readerFolder in \
                       the DSDF of this source to the folder with the VG1_*.DAT files of the PDS \
                       data set VG1-J/S/SS-PWS-1-EDR-WFRM-60MS-V1.0";
        return refuse(&mut out, "ServerError", message);
    }
    let wanted: Vec<&Frame> = frames
        .iter()
        .filter(|frame| frame.begin + FRAME_NS > begin && frame.begin < end)
        .collect();
    let sent = send_frames(&mut out, &wanted, begin, end)?;
    if sent == 0 {
        return refuse(
            &mut out,
            "NoDataInInterval",
            "No Voyager waveform in this range",
        );
    }
    out.flush()
}

/// Sends the lines of the frames with begin <= time < end; returns their count.
fn send_frames(out: &mut impl Write, frames: &[&Frame], begin: i128, end: i128) -> io::Result<u64> {
    let size = frames.len() * 10;
    if size > 0 {
        send_comment(out, "taskSize", &size.to_string())?;
    }
    let mut sent = 0;
    let mut last = i128::MIN;
    for (done, frame) in frames.iter().enumerate() {
        let mut lines = match Lines::open(frame) {
            Ok(lines) => lines,
            Err(error) => {
                eprintln!("{PROGRAM}: {}: {error}", frame.path.display());
                send_comment(
                    out,
                    "log:warning",
                    &format!("{} cannot be read", frame.name()),
                )?;
                continue;
            }
        };
        while let Some(line) = lines.next_line() {
            // Frames may overlap, in a damaged archive; times never go back.
            if line.time < begin || line.time >= end || line.time <= last {
                continue;
            }
            last = line.time;
            sent += 1;
            out.write_all(&line.packet())?;
            if line.number % 80 == 0 {
                let progress = done * 10 + usize::from(line.number / 80);
                send_comment(out, "taskProgress", &progress.to_string())?;
            }
        }
        if lines.damaged > 0 {
            let text = format!("{}: {} damaged lines left out", frame.name(), lines.damaged);
            eprintln!("{PROGRAM}: {text}");
            send_comment(out, "log:warning", &text)?;
        }
    }
    Ok(sent)
}

// ---- Files ----

/// A file, and the time at which it begins, in ns since 2000.
struct Frame {
    begin: i128,
    path: PathBuf,
}

impl Frame {
    /// The name without its folder, as may be told to clients.
    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// All frames in a folder and the folders in it, in order of time.
fn find_frames(dir: &Path) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut folders = vec![(dir.to_path_buf(), 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MAX_FILES {
                eprintln!("{PROGRAM}: more than {MAX_FILES} files, the rest is left out");
                folders.clear();
                break;
            }
            if let Some(begin) = entry.file_name().to_str().and_then(time_of_name) {
                frames.push(Frame {
                    begin,
                    path: entry.path(),
                });
            } else if depth < MAX_DEPTH && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push((entry.path(), depth + 1));
            }
        }
    }
    frames.sort_by(|a, b| (a.begin, &a.path).cmp(&(b.begin, &b.path)));
    frames
}

/// The time in VG1_1979-03-01_12-26-11-956.DAT.
fn time_of_name(name: &str) -> Option<i128> {
    let stem = name.strip_prefix("VG1_")?;
    let stem = stem
        .strip_suffix(".DAT")
        .or_else(|| stem.strip_suffix(".dat"))?;
    let (date, clock) = stem.split_once('_')?;
    let (clock, millis) = clock.rsplit_once('-')?;
    parse_time(&format!("{date}T{}.{millis}", clock.replace('-', ":")))
}

/// The lines of a frame.
struct Lines {
    file: io::Take<BufReader<File>>,
    begin: i128,
    /// The highest line number so far: they rise from 1 to 800.
    number: u16,
    /// Lines that were left out.
    damaged: u32,
}

impl Lines {
    fn open(frame: &Frame) -> io::Result<Lines> {
        let file = BufReader::with_capacity(1 << 16, File::open(&frame.path)?);
        let mut file = file.take((u64::from(LINES) + 1) * RECORD_BYTES as u64);
        let mut engineering = [0; RECORD_BYTES];
        file.read_exact(&mut engineering)?;
        let begin = match label_time(&engineering) {
            Some(time) if (time - frame.begin).abs() < 1_000_000_000 => time,
            // The label is damaged, or not that of this file: the name decides.
            _ => frame.begin,
        };
        Ok(Lines {
            file,
            begin,
            number: 0,
            damaged: 0,
        })
    }

    /// The next good line; a file that is cut off ends where it is cut.
    fn next_line(&mut self) -> Option<Line> {
        let mut record = [0; RECORD_BYTES];
        while self.file.read_exact(&mut record).is_ok() {
            match Line::parse(&record, self.begin) {
                Some(line) if line.number > self.number => {
                    self.number = line.number;
                    return Some(line);
                }
                _ => self.damaged += 1,
            }
        }
        None
    }
}

/// The spacecraft event time in the text PWS_LABEL, as in
/// `VOYAGER-1 PWS  2/16269:51 1979-03-01T12:26:11.956Z`. The binary fields for
/// it are "not always reliable".
fn label_time(record: &[u8; RECORD_BYTES]) -> Option<i128> {
    let label = field(record, PWS_LABEL.0, PWS_LABEL.1)?;
    let text = String::from_utf8_lossy(label);
    let time = text
        .split([' ', '\0'])
        .find(|word| word.contains('T') && word.contains(':'))?;
    parse_time(time)
}

/// The bytes of a field, given as labels do, the first byte being 1.
fn field(record: &[u8; RECORD_BYTES], start_byte: usize, bytes: usize) -> Option<&[u8]> {
    record.get(start_byte - 1..start_byte - 1 + bytes)
}

/// An MSB_INTEGER of two bytes.
fn integer(record: &[u8; RECORD_BYTES], start_byte: usize) -> Option<i16> {
    let bytes = field(record, start_byte, 2)?;
    Some(i16::from_be_bytes(bytes.try_into().ok()?))
}

/// One line of a frame.
struct Line {
    number: u16,
    time: i128,
    /// Numbers of the first and the last valid byte ("pixel") of the samples.
    valid: (usize, usize),
    samples: [u8; TIME_SERIES.1],
}

impl Line {
    /// Nothing, if the record is no line or holds no samples.
    fn parse(record: &[u8; RECORD_BYTES], begin: i128) -> Option<Line> {
        let number = u16::try_from(integer(record, LINE_NUMBER)?).ok()?;
        if !(1..=LINES).contains(&number) {
            return None;
        }
        let valid = match (
            integer(record, FIRST_VALID_PIXEL)?,
            integer(record, LAST_VALID_PIXEL)?,
        ) {
            // Both zero is no statement.
            (0, 0) => (1, TIME_SERIES.1),
            (first, last) => (usize::try_from(first).ok()?, usize::try_from(last).ok()?),
        };
        if valid.0 < 1 || valid.0 > valid.1 || valid.1 > TIME_SERIES.1 {
            return None;
        }
        let samples: [u8; TIME_SERIES.1] = field(record, TIME_SERIES.0, TIME_SERIES.1)?
            .try_into()
            .ok()?;
        if samples.iter().all(|&byte| byte == 0) {
            return None;
        }
        let time = begin + i128::from(number - 1) * LINE_NS;
        Some(Line {
            number,
            time,
            valid,
            samples,
        })
    }

    /// The das2 packet. Each byte holds two samples, the first one in its upper
    /// half; 0 to 15 stand for -7.5 to 7.5.
    fn packet(&self) -> Vec<u8> {
        let mut packet = Vec::with_capacity(28 + 4 * ITEMS);
        packet.extend_from_slice(format!(":01:{} ", format_time(self.time)).as_bytes());
        for (pixel, byte) in (1..).zip(self.samples).skip(LEAD_IN / 2) {
            let valid = (self.valid.0..=self.valid.1).contains(&pixel);
            for sample in [byte >> 4, byte & 15] {
                let value = if valid { f32::from(sample) - 7.5 } else { FILL };
                packet.extend_from_slice(&value.to_le_bytes());
            }
        }
        packet
    }
}

// ---- Packets ----

/// The tag width, beyond which clients leave a gap, is twice the line spacing.
const STREAM: &str = r#"<stream version="2.2">
  <properties String:title="Voyager 1 PWS Wideband Waveform" String:renderer="waveform"
              String:xLabel="SCET (UTC)" Datum:xTagWidth="0.12 s"/>
</stream>
"#;

fn packet_header() -> String {
    format!(
        r#"<packet>
  <x type="time24" units="t2000"></x>
  <yscan name="relative_deflection" type="little_endian_real4" nitems="{ITEMS}" yUnits="s"
         yTagInterval="{:e}" yTagMin="{:e}" zUnits="">
    <properties String:yLabel="Relative Deflection" String:yScaleType="linear"
                String:zLabel="Relative Deflection" double:zFill="-1.0e+31"/>
  </yscan>
</packet>
"#,
        1.0 / RATE,
        LEAD_IN as f64 / RATE,
    )
}

/// A header packet: [TAG], six digits that count the bytes, the text.
fn send_header(out: &mut impl Write, tag: &str, xml: &str) -> io::Result<()> {
    write!(out, "[{tag}]{:06}{xml}", xml.len())
}

/// A comment. The texts of this program need no escapes but for file names.
fn send_comment(out: &mut impl Write, kind: &str, value: &str) -> io::Result<()> {
    let value: String = value
        .chars()
        .filter(|c| !"<>&\"".contains(*c) && !c.is_control())
        .collect();
    let xml = format!("<comment type=\"{kind}\" value=\"{value}\" source=\"{PROGRAM}\"/>\n");
    send_header(out, "xx", &xml)
}

/// Ends the stream with an exception packet; the message is for the user.
fn refuse(out: &mut impl Write, kind: &str, message: &str) -> io::Result<()> {
    eprintln!("{PROGRAM}: {message}");
    send_header(
        out,
        "xx",
        &format!("<exception type=\"{kind}\" message=\"{message}\"/>\n"),
    )?;
    out.flush()
}

// ---- Times: nanoseconds since 2000-01-01T00:00, every day having 86,400 s ----

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// Reads a time as people and clients write it: 2017-01-01T12:30:15.5Z,
/// 2017-001, 2017/1/1 12:30, 1 Jan 2017. The server has looked at it before, so
/// this is lenient.
fn parse_time(text: &str) -> Option<i128> {
    let text = text.split('Z').next()?;
    let (date, clock) = split_date(text);
    let clock = clock.replace(',', ".");
    let mut words = date
        .split(is_separator)
        .filter(|word| !word.is_empty() && !word.starts_with('('));
    let mut day = Date::default();
    while !day.complete() {
        let Some(word) = words.next() else { break };
        day.take(word)?;
    }
    let clock = words
        .chain(clock.split(is_separator))
        .filter(|word| !word.is_empty());
    Some(day.number()? * DAY + parse_clock(clock)?)
}

/// Splits at a T behind a digit, if there is one.
fn split_date(text: &str) -> (&str, &str) {
    text.match_indices('T')
        .find_map(|(at, _)| {
            let (date, clock) = text.split_at_checked(at)?;
            let digit = date.ends_with(|c: char| c.is_ascii_digit());
            digit.then(|| (date, clock.strip_prefix('T').unwrap_or(clock)))
        })
        .unwrap_or((text, ""))
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || "/-:_;,".contains(c)
}

/// A date of which some words are known.
#[derive(Default)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
    day_of_year: i64,
    /// A small number that may turn out to be a month or a day.
    held: i64,
}

impl Date {
    fn complete(&self) -> bool {
        self.year > 0 && (self.day_of_year > 0 || (self.month > 0 && self.day > 0))
    }

    fn take(&mut self, word: &str) -> Option<()> {
        const MONTHS: &str = "janfebmaraprmayjunjulaugsepoctnovdec";
        if word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let at = MONTHS.find(&word.get(..3)?.to_ascii_lowercase())?;
            if at % 3 != 0 {
                return None;
            }
            self.month = i64::try_from(at / 3 + 1).ok()?;
            if self.held > 0 {
                self.day = std::mem::take(&mut self.held);
            }
            return Some(());
        }
        match word.parse::<u16>().ok().map(i64::from)? {
            0 => return None,
            n if word.len() == 4 && self.year == 0 => self.year = n,
            n if n > 31 && self.year == 0 => self.year = if n < 1000 { n + 1900 } else { n },
            n if n > 31 || (word.len() == 3 && self.year > 0 && self.month == 0) => {
                self.day_of_year = n;
            }
            n if n > 12 => {
                self.day = n;
                if self.held > 0 {
                    self.month = std::mem::take(&mut self.held);
                }
            }
            n if self.month > 0 => self.day = n,
            n if self.day > 0 || self.year > 0 => self.month = n,
            n if self.held > 0 => (self.month, self.day, self.held) = (self.held, n, 0),
            n => self.held = n,
        }
        Some(())
    }

    /// Days since 2000-01-01, by the Gregorian calendar.
    fn number(&self) -> Option<i128> {
        let (month, day) = match self.day_of_year {
            0 => (self.month, self.day.max(1)),
            day => (1, day),
        };
        if !(1..=9999).contains(&self.year) || !(1..=12).contains(&month) || day > 366 {
            return None;
        }
        let year = if month > 2 { self.year } else { self.year - 1 };
        let days = 365 * year + year / 4 - year / 100 + year / 400;
        Some(i128::from(
            days + (153 * ((month + 9) % 12) + 2) / 5 + day - 1 - 730_425,
        ))
    }
}

/// Hour, minute, second; a word with a point is the seconds wherever it stands.
fn parse_clock<'a>(words: impl Iterator<Item = &'a str>) -> Option<i128> {
    let mut units = [3600, 60, 1].into_iter();
    let mut total = 0;
    for word in words {
        let unit = units.next()?;
        if let Some((whole, fraction)) = word.split_once('.') {
            let digits: String = fraction
                .chars()
                .chain("000000000".chars())
                .take(9)
                .collect();
            total += i128::from(whole.parse::<u16>().ok()?) * SECOND;
            total += i128::from(digits.parse::<u32>().ok()?);
            units.by_ref().last(); // nothing may follow
        } else if unit == 3600 && word.len() == 4 {
            let number = word.parse::<u16>().ok()?;
            total += i128::from(number / 100 * 60 + number % 100) * 60 * SECOND;
            units.next();
        } else {
            total += i128::from(word.parse::<u16>().ok()?) * unit * SECOND;
        }
    }
    Some(total)
}

/// yyyy-mm-ddThh:mm:ss.fff, exact for the times of this data set.
fn format_time(time: i128) -> String {
    let (days, rest) = (time.div_euclid(DAY) + 730_425, time.rem_euclid(DAY));
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let (seconds, millis) = (rest / SECOND, rest % SECOND / 1_000_000);
    format!(
        "{:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}",
        year + 400 * era + carry,
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
    )
}
