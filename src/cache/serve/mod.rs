//! Answers a request out of the cache: blocks, and a reader for the gaps, in
//! order of time, as one stream.
//!
//! Blocks in known form are not read: their data go from the file to the
//! client as they lie there, cut at the ends of the range by halving. All
//! others are read, cut to their span, and written. What tells that nobody has
//! written into a block since it was made is the time of its file; a block with
//! another one is looked through first, as one that knows nothing of itself. A
//! block that turns out to be stale or damaged is a gap like any other.

mod join;
mod known;
pub mod program;
mod survey;

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

pub use join::{Joiner, Title};
pub use known::{Known, Opened, open_block};

use self::survey::Survey;
pub(crate) use self::survey::survey;
use super::block::{Block, Blocks};
use super::folder::LevelFolder;
use super::plan::{Plan, Segment};
use super::stamp::{Form, Freshness, Stamp, Standard, changed};
use crate::filter::cut::Cut;
use crate::qstream;
use crate::stream::{
    self, Dialect, Element, FileInput, PacketHeader, PacketId, Reader, Sink, StreamHeader, Writer,
};
use crate::time::Time;

/// Where a joined stream can go without passing through this process.
pub trait Client: Write {
    /// Sends a part of a file.
    ///
    /// # Errors
    /// The system's.
    fn send_file(&mut self, file: &File, offset: u64, length: u64) -> io::Result<()>;
}

/// Where a joined stream goes.
pub enum Target<'a, C: Client> {
    /// To the client as it is.
    Direct(Writer<C>),
    /// Through further stages.
    Filtered(Box<dyn Sink + 'a>),
}

/// Runs a reader for a gap.
pub trait GapReader {
    /// What can go wrong with it.
    type Error: From<stream::Error>;

    /// Pushes the data of `begin <= t < end`, with bins aligned to `block`,
    /// into a sink, the stream's end included.
    ///
    /// # Errors
    /// Whatever it says; the answer ends with it.
    fn read(
        &mut self,
        block: Block,
        begin: Time,
        end: Time,
        sink: &mut dyn Sink,
    ) -> Result<(), Self::Error>;
}

/// What an answer out of the cache was made of.
#[derive(Debug, Default)]
pub struct Served {
    /// Blocks that were used.
    pub blocks: u64,
    /// Stretches that were read, in whole blocks: they want to be built.
    pub missing: Vec<(Time, Time)>,
    /// Blocks that exist and could not be used, and why, the first few.
    pub unusable: Vec<(PathBuf, String)>,
}

/// How many unusable blocks are told.
const MAX_TOLD: usize = 20;

/// Sends what a plan says.
///
/// # Errors
/// Those of the gap reader, and of the target in its type. The target is then
/// left without an end, for the caller to say why.
pub fn serve<C: Client, G: GapReader>(
    plan: &Plan,
    standard: &Standard,
    joiner: &mut Joiner<Target<'_, C>>,
    gaps: &mut G,
    served: &mut Served,
) -> Result<(), G::Error> {
    let mut server = Server {
        plan,
        blocks: Opener::new(&plan.folder, standard),
        joiner,
        gaps,
        served,
        gap: None,
        last_packets: Vec::new(),
    };
    for segment in &plan.segments {
        match segment {
            Segment::Gap { first, end, .. } => server.extend_gap(*first, *end),
            Segment::Blocks { first, end, .. } => {
                for block in Blocks::covering(first.period(), first.begin(), *end) {
                    server.block(block)?;
                }
            }
        }
    }
    server.read_gap()?;
    joiner.end().map_err(G::Error::from)
}

/// Whether every block of a plan is there and may be used, found out without
/// sending any: what is not stands in [`Served::missing`].
pub fn examine(plan: &Plan, standard: &Standard) -> Served {
    let mut served = Served::default();
    let mut opener = Opener::new(&plan.folder, standard);
    let want = |missing: &mut Vec<(Time, Time)>, begin, end| match missing.last_mut() {
        Some((_, reached)) if *reached == begin => *reached = end,
        _ => missing.push((begin, end)),
    };
    for segment in &plan.segments {
        match segment {
            Segment::Gap { first, end, .. } => want(&mut served.missing, first.begin(), *end),
            Segment::Blocks { first, end, .. } => {
                for block in Blocks::covering(first.period(), first.begin(), *end) {
                    match opener.usable(&block) {
                        Ok(_) => served.blocks += 1,
                        Err(reason) => {
                            want(&mut served.missing, block.begin(), block.end());
                            served.tell(plan.folder.file_of(&block), reason);
                        }
                    }
                }
            }
        }
    }
    served
}

impl Served {
    /// Notes a block that exists and cannot be used.
    fn tell(&mut self, path: PathBuf, reason: String) {
        if self.unusable.len() < MAX_TOLD {
            self.unusable.push((path, reason));
        }
    }
}

/// A block that may be sent.
enum Usable {
    Known(Known),
    Foreign(File, Survey),
}

/// Opens the blocks of a level.
struct Opener<'a> {
    level: &'a LevelFolder,
    standard: &'a Standard,
    /// The folder of the last block, and the end of the time of its blocks.
    folder: Option<(Time, File)>,
    /// What the names of the level's blocks end in.
    ending: String,
    /// The name of the last block, and the front of its file.
    name: String,
    front: Vec<u8>,
}

impl Opener<'_> {
    fn new<'a>(level: &'a LevelFolder, standard: &'a Standard) -> Opener<'a> {
        Opener {
            level,
            standard,
            folder: None,
            ending: level.ending(),
            name: String::new(),
            front: Vec::new(),
        }
    }

    /// Opens a block's file. Its folder is opened once for all its blocks.
    fn open(&mut self, block: &Block) -> io::Result<Opened> {
        let level = self.level;
        let folder = match &self.folder {
            Some((end, folder)) if block.begin() < *end => folder,
            _ => {
                let path = level.path().join(block.folder());
                let end = block.folder_end().unwrap_or(block.end());
                &self.folder.insert((end, File::open(path)?)).1
            }
        };
        self.name.clear();
        block.write_time(&mut self.name);
        self.name.push_str(&self.ending);
        open_block(folder, &self.name, &mut self.front)
    }

    /// A block that may be sent; the error says why it may not.
    fn usable(&mut self, block: &Block) -> Result<Usable, String> {
        match self.open(block).map_err(|error| error.to_string())? {
            Opened::Known(known) => {
                freshness(self.standard.judge(block, Some(&known.stamp), block.end()))?;
                known.check(self.level.record_times(block))?;
                Ok(Usable::Known(known))
            }
            // One that says nothing of itself is looked through first: it must
            // not be found out to be broken when half of it has gone out.
            Opened::Foreign(file) => {
                let stamp = stamp_of(&file);
                freshness(self.standard.judge(block, stamp.as_ref(), changed(&file)))?;
                let survey = survey(&file, self.level.record_times(block), Form::Unknown)?;
                Ok(Usable::Foreign(file, survey))
            }
            Opened::Bad(reason) => Err(reason),
        }
    }
}

struct Server<'a, 't, C: Client, G> {
    plan: &'a Plan,
    blocks: Opener<'a>,
    joiner: &'a mut Joiner<Target<'t, C>>,
    gaps: &'a mut G,
    served: &'a mut Served,
    /// The stretch that a reader has to run for before anything else is sent.
    gap: Option<(Block, Time)>,
    /// The packet headers of the last block that went out as it lies.
    last_packets: Vec<u8>,
}

impl<C: Client, G: GapReader> Server<'_, '_, C, G> {
    fn extend_gap(&mut self, block: Block, end: Time) {
        match &mut self.gap {
            Some((_, reached)) => *reached = end,
            none => *none = Some((block, end)),
        }
    }

    fn read_gap(&mut self) -> Result<(), G::Error> {
        let Some((block, end)) = self.gap.take() else {
            return Ok(());
        };
        self.served.missing.push((block.begin(), end));
        if self.plan.folder.bins_fit() {
            return self.read_part(block, end);
        }
        // Bins begin anew with each block.
        for block in Blocks::covering(block.period(), block.begin(), end) {
            self.read_part(block, block.end())?;
        }
        Ok(())
    }

    /// Runs the reader from the beginning of a block.
    fn read_part(&mut self, block: Block, end: Time) -> Result<(), G::Error> {
        let begin = block.begin().max(self.plan.begin);
        let until = end.min(self.plan.end);
        self.joiner.next_stream(true);
        self.last_packets.clear();
        // The last bin may have its time behind the end.
        let low = begin.us2000_in_day();
        let high = match end == block.end() {
            true => self.plan.folder.record_times(&block).high,
            false => end.us2000_in_day(),
        };
        let high = high.min(self.plan.end.us2000_in_day());
        let mut cut = Cut::new(low, high, &mut *self.joiner);
        self.gaps.read(block, begin, until, &mut cut)
    }

    /// Sends a block, or makes it part of a gap.
    fn block(&mut self, block: Block) -> Result<(), G::Error> {
        let usable = match self.blocks.usable(&block) {
            Ok(usable) => usable,
            Err(reason) => {
                self.served.tell(self.plan.folder.file_of(&block), reason);
                self.extend_gap(block, block.end());
                return Ok(());
            }
        };
        self.read_gap()?;
        self.served.blocks += 1;
        match usable {
            Usable::Known(known) => self.known(block, known),
            Usable::Foreign(file, survey) => self.foreign(block, file, &survey),
        }
        .map_err(G::Error::from)
    }

    /// A block that was looked through: as it lies where that is possible.
    fn foreign(&mut self, block: Block, file: File, survey: &Survey) -> stream::Result<()> {
        let inside = self.is_inside(&block);
        self.last_packets.clear();
        self.begin_stream(&survey.stream, &survey.packets)?;
        let keeps = survey.packets.iter().all(|(id, _)| self.joiner.keeps(*id));
        if let (Some((offset, length)), true) = (survey.data, inside && keeps)
            && let Target::Direct(writer) = self.joiner.output()
        {
            if length > 0 {
                send(writer, &file, offset, length)?;
                self.joiner.note_data();
            }
            return Ok(());
        }
        self.reread(block, file)
    }

    /// Whether all of a block's records are in the range.
    fn is_inside(&self, block: &Block) -> bool {
        let end = self.plan.folder.record_times(block).high;
        self.plan.begin <= block.begin() && end <= self.plan.end.us2000_in_day()
    }

    /// Headers of a block whose data go out past the joiner.
    fn begin_stream(
        &mut self,
        stream: &StreamHeader,
        packets: &[(PacketId, Arc<PacketHeader>)],
    ) -> stream::Result<()> {
        self.joiner.stream(stream)?;
        self.joiner.next_stream(false);
        for (id, header) in packets {
            self.joiner.packet(*id, header)?;
        }
        Ok(())
    }

    fn known(&mut self, block: Block, known: Known) -> stream::Result<()> {
        if known.is_empty {
            return Ok(());
        }
        let inside = self.is_inside(&block);
        // What the headers of a QStream mean depends on the byte order before them.
        let is_das2 = matches!(self.plan.folder.dialect(), Dialect::Das2);
        let same = is_das2 && known.packet_bytes() == self.last_packets;
        let mut part = inside.then(|| known.data());
        if !same || !inside {
            let Some(headers) = known.packet_headers() else {
                return self.reread(block, known.file);
            };
            let stream = known.stream_header().unwrap_or_default();
            self.begin_stream(&stream, &headers)?;
            let keeps = headers.iter().all(|(id, _)| self.joiner.keeps(*id));
            if !inside {
                let (begin, end) = (
                    self.plan.begin.us2000_in_day(),
                    self.plan.end.us2000_in_day(),
                );
                part = known.data_between(&headers, begin, end);
            }
            if !keeps || part.is_none() {
                return self.reread(block, known.file);
            }
            self.last_packets.clear();
            self.last_packets.extend(known.packet_bytes());
        }
        let Some((offset, length)) = part else {
            return Ok(());
        };
        if length == 0 {
            return Ok(());
        }
        if let Target::Direct(writer) = self.joiner.output() {
            match known.small_data().filter(|_| inside) {
                Some(data) => writer.packets(data)?,
                None => send(writer, &known.file, offset, length)?,
            }
            self.joiner.note_data();
            return Ok(());
        }
        self.reread(block, known.file)
    }

    /// Reads a block and sends what of it lies in its span and in the range.
    fn reread(&mut self, block: Block, file: File) -> stream::Result<()> {
        rewind(&file).map_err(stream::Error::Input)?;
        self.joiner.next_stream(false);
        self.last_packets.clear();
        let times = self.plan.folder.record_times(&block);
        let low = times.low.max(self.plan.begin.us2000_in_day());
        let high = times.high.min(self.plan.end.us2000_in_day());
        let mut cut = Cut::new(low, high, &mut *self.joiner);
        Reader::of(self.plan.folder.dialect(), FileInput::new(file)).pump(&mut cut)
    }
}

fn send<C: Client>(
    writer: &mut Writer<C>,
    file: &File,
    offset: u64,
    length: u64,
) -> stream::Result<()> {
    match writer.plain_output()? {
        Some(client) => client
            .send_file(file, offset, length)
            .map_err(stream::Error::Output),
        None => Ok(()),
    }
}

fn rewind(mut file: &File) -> io::Result<()> {
    io::Seek::rewind(&mut file)
}

/// The stamp of a block that is not in known form.
pub(crate) fn stamp_of(file: &File) -> Option<Stamp> {
    let header = first_header(file)?;
    Stamp::read(&header)
}

/// The kind of stream that a file holds.
pub(crate) fn dialect_of(file: &File) -> Dialect {
    first_header(file).map_or(Dialect::Das2, |header| qstream::dialect_of(&header))
}

fn first_header(file: &File) -> Option<StreamHeader> {
    use std::os::unix::fs::FileExt;

    use crate::stream::{HeaderTag, Tag, parse_tag};
    let mut tag = [0; 10];
    file.read_exact_at(&mut tag, 0).ok()?;
    match parse_tag(&tag).ok()? {
        Tag::Header {
            tag: HeaderTag::Stream,
            length,
        } => {
            let mut body = vec![0; length];
            file.read_exact_at(&mut body, 10).ok()?;
            Element::parse(&body).ok().map(StreamHeader::from_element)
        }
        _ => None,
    }
}

pub(crate) fn freshness(found: Freshness) -> Result<(), String> {
    match found {
        Freshness::Fresh => Ok(()),
        Freshness::TooEarly => Err("it was built before its span was over".into()),
        Freshness::InFuture => Err("it was built by a clock that was ahead of time".into()),
        Freshness::OtherOrigin => {
            Err("the definition has changed since, or it is the block of another time".into())
        }
        Freshness::TooOld => Err("it is older than cacheExpire".into()),
        Freshness::Expired => Err("it has been declared out of date".into()),
    }
}

impl<C: Client> Sink for Target<'_, C> {
    stream::sink_passes_to!(self => self.sink());
}

impl<C: Client> Target<'_, C> {
    fn sink(&mut self) -> &mut dyn Sink {
        match self {
            Target::Direct(writer) => writer,
            Target::Filtered(sink) => sink,
        }
    }
}
