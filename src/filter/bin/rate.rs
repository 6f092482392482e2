//! How much there is in each bin of time: das2_bin_ratesec.
//!
//! Packets come in, one number a bin goes out: how many packets of any type,
//! or how many bytes of data, lie in it.

use std::sync::Arc;

use crate::filter::program::StreamArgs;
use crate::filter::progress::Progress;
use crate::filter::x_time::{XTime, rest};
use crate::stream::{
    Comment, Encoding, Error, Exception, PacketHeader, PacketId, Plane, PlaneKind, Result, Run,
    Sink, StreamHeader,
};
use crate::time::Time;

use super::clock::Clock;
use super::header::datum;
use super::options::{begin, seconds};

const PROGRAM: &str = "das2_bin_ratesec";

/// Bins that are held where times may go back; 16 bytes each.
const MAX_BINS: usize = 600_000;
/// Stretches that wait to be put in order with the bins.
const UNSORTED: usize = 1 << 15;
/// Empty bins that are written between others, in all.
const MAX_EMPTY: f64 = 1e6;
/// Exceptions that wait for the bins before them.
const MAX_EXCEPTIONS: usize = 16;
/// Records are handed on at the latest at so many bytes.
const FULL: usize = 64 << 10;

/// Properties of y and z, which mean the data that are counted.
const OF_THE_DATA: [&str; 14] = [
    "yFill",
    "yLabel",
    "yRange",
    "yScaleType",
    "ySummary",
    "yValidMin",
    "yValidMax",
    "zFill",
    "zLabel",
    "zRange",
    "zScaleType",
    "zSummary",
    "zValidMin",
    "zValidMax",
];

/// Counts the packets in bins of time.
///
/// Reads a das2 stream and writes one record a bin: how many packets of any
/// type it holds, or how many bytes of data.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "das2_bin_ratesec",
    args_override_self = true,
    version,
    disable_version_flag = true,
    allow_negative_numbers = true
)]
pub struct RateArgs {
    /// Write each bin when the next one begins; times must not go back.
    #[arg(short = 'm', long)]
    monotonic: bool,
    /// Count bytes of data instead of packets: bytes, kB, MB or GB (of 1024).
    #[arg(long, value_name = "UNITS", value_parser = volume)]
    volume: Option<Volume>,
    /// Only say which bins have data, by the number 1.
    #[arg(short = 'e', long)]
    events: bool,
    /// Start of bin 0, a time; the first time in the data otherwise.
    #[arg(short = 'b', long, value_name = "BEGIN", value_parser = begin)]
    begin: Option<Time>,
    /// The title to write.
    #[arg(short = 't', long, value_name = "TITLE")]
    title: Option<String>,
    /// The label of y to write.
    #[arg(short = 'y', long, value_name = "LABEL")]
    ylabel: Option<String>,
    /// Length of a bin in seconds, above zero.
    #[arg(value_name = "SECONDS", value_parser = seconds)]
    seconds: f64,
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// A unit of volume, and the bytes in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volume {
    name: &'static str,
    bytes: f64,
}

fn volume(text: &str) -> std::result::Result<Volume, String> {
    let units = [("bytes", 0), ("kB", 10), ("MB", 20), ("GB", 30)];
    let found = units.into_iter().find(|(name, _)| *name == text);
    found
        .map(|(name, bits)| Volume {
            name,
            bytes: 2f64.powi(bits),
        })
        .ok_or_else(|| "the unit must be bytes, kB, MB or GB".into())
}

/// What to count, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Counting {
    seconds: f64,
    begin: Option<Time>,
    monotonic: bool,
    volume: Option<Volume>,
    events: bool,
    title: Option<String>,
    ylabel: Option<String>,
}

impl From<&RateArgs> for Counting {
    fn from(args: &RateArgs) -> Counting {
        Counting {
            seconds: args.seconds,
            begin: args.begin,
            monotonic: args.monotonic,
            volume: args.volume,
            events: args.events,
            title: args.title.clone(),
            ylabel: args.ylabel.clone(),
        }
    }
}

impl Counting {
    /// The length of time that a rate is for, and its seconds: the bin where it
    /// is a minute, an hour or a day.
    fn per(&self) -> (&'static str, f64) {
        [("minute", 60.0), ("hour", 3600.0), ("day", 86_400.0)]
            .into_iter()
            .find(|(_, seconds)| *seconds == self.seconds)
            .unwrap_or(("s", 1.0))
    }

    fn what(&self) -> &'static str {
        self.volume.map_or("packets", |volume| volume.name)
    }

    fn stream(&self, header: &StreamHeader) -> StreamHeader {
        let mut header = header.clone();
        let properties = &mut header.properties;
        OF_THE_DATA.iter().for_each(|name| properties.remove(name));
        let title = match (&self.title, properties.value("title")) {
            (Some(title), _) => title.clone(),
            (None, Some(title)) => format!("{title} (coverage)"),
            (None, None) => "Data Coverage".to_owned(),
        };
        properties.set("String", "title", title);
        let label = match (&self.ylabel, self.events) {
            (Some(label), _) => label.clone(),
            (None, true) => "Coverage".to_owned(),
            (None, false) => format!("Stream Volume ({}/{})", self.what(), self.per().0),
        };
        properties.set("String", "yLabel", label);
        properties.set("Datum", "xTagWidth", datum(self.seconds));
        properties.set("Datum", "xCacheResolution", datum(self.seconds));
        properties.set("String", "renderer", "stairSteps");
        if properties.value("sourceId").is_none() {
            properties.set("String", "sourceId", PROGRAM);
        }
        header
    }

    fn packet(&self) -> PacketHeader {
        let (name, units) = match self.events {
            true => ("coverage", String::new()),
            false => ("rate", format!("{} {}**-1", self.what(), self.per().0)),
        };
        PacketHeader::new(vec![
            Plane::new(PlaneKind::X, "", "us2000", Encoding::HOST_REAL8),
            Plane::new(PlaneKind::Y, name, &units, Encoding::HOST_REAL4),
        ])
    }
}

fn goes_back() -> Error {
    Error::Unfit("times go back, which -m does not allow".into())
}

/// Counts what a stream holds and pushes the counts into the next stage.
pub struct Counter<N> {
    next: N,
    counting: Counting,
    clock: Clock,
    types: Vec<Option<(Arc<PacketHeader>, XTime)>>,
    /// Bins and their counts, in order but for the last UNSORTED at most.
    bins: Vec<(f64, f64)>,
    sorted: usize,
    /// The last bin that was written.
    written: Option<f64>,
    empty: f64,
    records: Vec<u8>,
    held: Vec<Exception>,
    progress: Progress,
}

impl<N: Sink> Counter<N> {
    /// A stage in front of `next`.
    pub fn new(counting: Counting, next: N) -> Counter<N> {
        let begin = counting.begin.map(|time| time.us2000());
        Counter {
            next,
            clock: Clock::new(begin, counting.seconds),
            counting,
            types: (0..PacketId::COUNT).map(|_| None).collect(),
            bins: Vec::new(),
            sorted: 0,
            written: None,
            empty: 0.0,
            records: Vec::new(),
            held: Vec::new(),
            progress: Progress::new(PROGRAM, false),
        }
    }

    fn add(&mut self, bin: f64, count: f64) -> Result<()> {
        match self.bins.last_mut() {
            Some((last, sum)) if *last == bin => {
                *sum += count;
                return Ok(());
            }
            Some((last, _)) if self.counting.monotonic && bin < *last => return Err(goes_back()),
            None if self.written.is_some_and(|last| bin < last) => return Err(goes_back()),
            _ => {}
        }
        if self.counting.monotonic {
            self.write_open()?;
        }
        self.bins.push((bin, count));
        if self.bins.len() - self.sorted >= UNSORTED {
            self.put_in_order()?;
        }
        Ok(())
    }

    /// Writes the one bin that is open where times do not go back.
    fn write_open(&mut self) -> Result<()> {
        match self.bins.pop() {
            Some((bin, count)) => self.write(bin, count),
            None => Ok(()),
        }
    }

    /// Bins in order, each once.
    fn put_in_order(&mut self) -> Result<()> {
        self.bins.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        self.bins.dedup_by(|(bin, more), (kept, count)| {
            let same = bin == kept;
            if same {
                *count += *more;
            }
            same
        });
        self.sorted = self.bins.len();
        if self.sorted > MAX_BINS {
            return Err(Error::Unfit(format!(
                "the data lie in more than {MAX_BINS} bins; make them longer, or use -m where \
                 times do not go back"
            )));
        }
        Ok(())
    }

    /// Writes a bin, after the empty ones before it.
    fn write(&mut self, bin: f64, count: f64) -> Result<()> {
        let gap = self.written.map_or(0.0, |last| bin - last - 1.0);
        if !self.counting.events && gap > 0.0 && self.empty + gap <= MAX_EMPTY {
            self.empty += gap;
            let first = self.written.unwrap_or(bin) + 1.0;
            for number in 0..gap as usize {
                self.record(first + number as f64, 0.0)?;
            }
        }
        self.written = Some(bin);
        let rate = count / self.counting.seconds * self.counting.per().1;
        self.record(bin, if self.counting.events { 1.0 } else { rate })
    }

    fn record(&mut self, bin: f64, value: f64) -> Result<()> {
        self.records.extend(PacketId::FIRST.data_tag());
        Encoding::HOST_REAL8.write_number(self.clock.centre(bin), &mut self.records);
        Encoding::HOST_REAL4.write_number(value, &mut self.records);
        match self.records.len() >= FULL {
            true => self.pass(),
            false => Ok(()),
        }
    }

    fn pass(&mut self) -> Result<()> {
        if self.records.is_empty() {
            return Ok(());
        }
        let passed = self.next.run(Run {
            id: PacketId::FIRST,
            bytes: &self.records,
            stride: Run::TAG + 12,
            offset: 0,
        });
        self.records.clear();
        passed
    }

    fn pass_held(&mut self) -> Result<()> {
        for exception in std::mem::take(&mut self.held) {
            self.next.exception(&exception)?;
        }
        Ok(())
    }
}

impl<N: Sink> Sink for Counter<N> {
    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.next.stream(&self.counting.stream(header))?;
        let packet = Arc::new(self.counting.packet());
        self.next.packet(PacketId::FIRST, &packet)
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let x = XTime::new(header)?;
        if let Some(slot) = self.types.get_mut(id.index()) {
            *slot = Some((Arc::clone(header), x));
        }
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let mut left = run;
        while !left.is_empty() {
            let Some(Some((header, x))) = self.types.get(run.id.index()) else {
                return Ok(());
            };
            if !self.clock.start_at(x, left)? {
                return Ok(());
            }
            let stretch = self.clock.stretch(x, left)?;
            let each = self
                .counting
                .volume
                .map_or(1.0, |volume| header.data_size() as f64 / volume.bytes);
            if let Some(bin) = stretch.bin {
                self.add(bin, stretch.count as f64 * each)?;
            }
            left = rest(left, stretch.count);
        }
        self.pass()
    }

    fn comment(&mut self, comment: &Comment) -> Result<()> {
        match self.progress.pass(comment) {
            Some(comment) => self.next.comment(&comment),
            None => Ok(()),
        }
    }

    /// It waits until the bins that are held before it have been written. Where one
    /// is open at a time that is written, so that nobody has to wait for the end.
    fn exception(&mut self, exception: &Exception) -> Result<()> {
        if self.counting.monotonic {
            self.write_open()?;
            self.pass()?;
            return self.next.exception(exception);
        }
        match self.held.len() < MAX_EXCEPTIONS {
            true => {
                self.held.push(exception.clone());
                Ok(())
            }
            false => self.next.exception(exception),
        }
    }

    fn unknown(&mut self, body: &[u8]) -> Result<()> {
        self.next.unknown(body)
    }

    fn flush(&mut self) -> Result<()> {
        self.next.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.put_in_order()?;
        for (bin, count) in std::mem::take(&mut self.bins) {
            self.write(bin, count)?;
        }
        self.pass()?;
        self.pass_held()?;
        self.next.finish()
    }

    /// Bins that were written before the stream broke are complete.
    fn abort(&mut self, exception: &Exception) -> Result<()> {
        self.pass()?;
        self.pass_held()?;
        self.next.abort(exception)
    }
}
