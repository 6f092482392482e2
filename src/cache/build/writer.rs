//! One block on its way into its file.
//!
//! What comes in is a stream; what goes out is a file in known form wherever
//! the stream allows it: stream header with stamp, the headers of all packet
//! types that have data, in order of their IDs, then the data as they are.
//! Packet headers are written when their first data come, so that types
//! without any leave no trace.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::place::Unfinished;
use crate::cache::block::Block;
use crate::cache::folder::{LevelFolder, QSTREAM};
use crate::cache::stamp::{Form, MOST_HEADERS, Stamp};
use crate::filter::x_time::XTime;
use crate::stream::{
    Error, Exception, HeaderTag, MAX_HEADER, PacketHeader, PacketId, Result, Run, Sink,
    StreamHeader, header_tag, sink_ignores,
};

/// Bytes that are gathered before they are written. Blocks smaller than this
/// are put together in memory.
const FULL: usize = 64 << 10;

/// Writes one block.
pub struct BlockWriter {
    path: PathBuf,
    block: Block,
    stamp: Stamp,
    /// The stream header, tag and all.
    header: Vec<u8>,
    /// The latest header of each packet type.
    known: Vec<Option<Arc<PacketHeader>>>,
    /// What was written of each packet type that has data.
    types: Vec<Option<Written>>,
    order: Order,
    /// None until the first bytes are written.
    file: Option<Unfinished>,
    gathered: Vec<u8>,
    /// Bytes of the file, gathered ones included, without the stream header.
    position: u64,
    /// Where packet headers stand in it, each with its ID.
    headers: Vec<Part>,
    /// A packet type has changed on the way, or there is what has no time.
    redefined: bool,
    /// Headers with values in them that wait for the first data.
    inline: bool,
    /// Whether it is a QStream.
    qstream: bool,
    finished: Option<u64>,
}

struct Written {
    header: Arc<PacketHeader>,
    /// None: its packets have no time.
    x: Option<XTime>,
}

#[derive(Clone, Copy)]
struct Part {
    id: PacketId,
    at: u64,
    length: u64,
}

/// What is known of the order of the data.
struct Order {
    begin: f64,
    end: f64,
    last: f64,
    /// All in order of time.
    sorted: bool,
    /// All within the block.
    within: bool,
}

impl Order {
    fn add(&mut self, x: &XTime, run: Run<'_>) -> Result<()> {
        for packet in run.bytes.chunks_exact(run.stride) {
            if !self.within {
                return Ok(());
            }
            let time = x.us2000(packet)?;
            self.within =
                time.is_some_and(|time| time.reaches(self.begin) && !time.reaches(self.end));
            if let Some(time) = time {
                self.sorted &= time.side >= self.last;
                self.last = time.side;
            }
        }
        Ok(())
    }
}

impl BlockWriter {
    /// A block that is to be its file in the folder of its level.
    pub fn new(folder: &LevelFolder, block: Block, stamp: Stamp) -> BlockWriter {
        let path = folder.file_of(&block);
        let times = folder.record_times(&block);
        BlockWriter {
            qstream: path.extension().is_some_and(|ending| ending == QSTREAM),
            path,
            stamp,
            order: Order {
                begin: times.low,
                end: times.high,
                last: f64::NEG_INFINITY,
                sorted: true,
                within: true,
            },
            block,
            header: Vec::new(),
            known: vec![None; PacketId::COUNT],
            types: (0..PacketId::COUNT).map(|_| None).collect(),
            file: None,
            gathered: Vec::new(),
            position: 0,
            headers: Vec::new(),
            redefined: false,
            inline: false,
            finished: None,
        }
    }

    /// Bytes of the file, once it is in its place.
    pub fn size(&self) -> Option<u64> {
        self.finished
    }

    fn set_header(&mut self, header: &StreamHeader) -> Result<()> {
        let mut header = header.clone();
        self.stamp.of_block(&self.block).write(&mut header);
        self.header = framed(HeaderTag::Stream, &header.to_xml())?;
        Ok(())
    }

    /// Writes the headers with values in them that have come so far.
    fn introduce_inline(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.inline) {
            return Ok(());
        }
        let is_inline = |header: &Option<Arc<PacketHeader>>| {
            header
                .as_ref()
                .is_some_and(|header| header.data_size() == 0)
        };
        let indices = self.known.iter().enumerate();
        let inline: Vec<PacketId> = indices
            .filter(|(_, header)| is_inline(header))
            .filter_map(|(index, _)| PacketId::new(u8::try_from(index).ok()?))
            .collect();
        inline.into_iter().try_for_each(|id| self.introduce(id))
    }

    /// Writes the header of a packet type that has data now, unless it stands
    /// there already.
    fn introduce(&mut self, id: PacketId) -> Result<()> {
        let Some(Some(header)) = self.known.get(id.index()) else {
            return Ok(());
        };
        let header = Arc::clone(header);
        let Some(slot) = self.types.get_mut(id.index()) else {
            return Ok(());
        };
        match slot {
            Some(written) if Arc::ptr_eq(&written.header, &header) => return Ok(()),
            Some(written) if written.header == header => {
                written.header = header;
                return Ok(());
            }
            Some(_) => self.redefined = true,
            None => {}
        }
        let x = XTime::find(&header)?;
        let bytes = framed(HeaderTag::Packet(id), &header.to_xml())?;
        *slot = Some(Written { header, x });
        self.headers.push(Part {
            id,
            at: self.position,
            length: bytes.len() as u64,
        });
        self.write(&bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += bytes.len() as u64;
        if self.gathered.len() + bytes.len() <= FULL {
            self.gathered.extend(bytes);
            return Ok(());
        }
        self.write_gathered()?;
        if bytes.len() >= FULL {
            return self.file()?.write_all(bytes);
        }
        self.gathered.extend(bytes);
        Ok(())
    }

    fn write_gathered(&mut self) -> Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        self.file()?.write_all(&gathered)?;
        self.gathered = gathered;
        self.gathered.clear();
        Ok(())
    }

    /// The file, with the stream header in it.
    fn file(&mut self) -> Result<Output<'_>> {
        let path = &self.path;
        if self.file.is_none() {
            let begun = Unfinished::begin(path).map_err(|error| of_path(path, error))?;
            let mut output = Output {
                file: &begun.file,
                path,
            };
            output.write_all(&self.header)?;
            self.file = Some(begun);
        }
        match &self.file {
            Some(unfinished) => Ok(Output {
                file: &unfinished.file,
                path,
            }),
            None => Err(of_path(path, io::ErrorKind::NotFound.into())),
        }
    }

    /// Whether the packet headers stand in front in order of their IDs.
    fn is_in_order(&self) -> bool {
        let mut reached = 0;
        let in_front = self.headers.iter().all(|part| {
            let next = part.at == reached;
            reached = part.at + part.length;
            next
        });
        in_front && self.headers.is_sorted_by_key(|part| part.id)
    }

    /// Bytes of the headers that will stand in front of the data.
    fn front(&self) -> u64 {
        let mut reached = 0;
        let mut total = 0;
        for part in &self.headers {
            // Where a packet type changes they stay where they are.
            if self.redefined && part.at != reached {
                break;
            }
            reached = part.at + part.length;
            total += part.length;
        }
        self.header.len() as u64 + total
    }

    /// Completes the file and puts it in its place.
    fn complete(&mut self) -> Result<()> {
        if self.header.is_empty() {
            let mut header = StreamHeader::new();
            if self.qstream {
                header = StreamHeader::default();
                header.set_attr("dataset_id", "none");
            }
            self.set_header(&header)?;
        }
        if !self.headers.is_empty() {
            self.introduce_inline()?;
        }
        if self.front() > MOST_HEADERS as u64 {
            return Err(Error::Unfit(format!(
                "its headers are more than {} MB, so the block could not be used: \
                 it has too many packet types, or they say too much",
                MOST_HEADERS.div_ceil(1_000_000)
            )));
        }
        if self.headers.is_empty() {
            self.write(&self.no_data()?)?;
        } else if !self.redefined && !self.is_in_order() {
            self.bring_headers_to_front()?;
        }
        let form = match (self.order.within && !self.redefined, self.order.sorted) {
            (true, true) => Form::Sorted,
            (true, false) => Form::Within,
            (false, _) => Form::Mixed,
        };
        let size = self.header.len() as u64 + self.position;
        self.patch(form, size)?;
        self.write_gathered()?;
        if let Some(file) = self.file.take() {
            file.place(&self.path, Some(self.stamp.file_time()))
                .map_err(|error| of_path(&self.path, error))?;
        }
        self.finished = Some(size);
        Ok(())
    }

    /// What a block without data says.
    fn no_data(&self) -> Result<Vec<u8>> {
        let text = |time| self.block.time_text(time);
        let message = format!(
            "No data in the interval {} to {}",
            text(self.block.begin()),
            text(self.block.end())
        );
        let exception = Exception::new(Exception::NO_DATA, &message);
        framed(HeaderTag::Extra, &exception.to_xml())
    }

    /// Writes form and size over the places that the stream header has for
    /// them.
    fn patch(&mut self, form: Form, size: u64) -> Result<()> {
        let Some(patches) = Stamp::patches(&self.header, form, size) else {
            return Err(Error::Unfit(
                "the stream header has no place for its stamp".into(),
            ));
        };
        for (at, text) in patches {
            let bytes = text.as_bytes();
            if let Some(place) = self.header.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
            if let Some(unfinished) = &self.file {
                unfinished
                    .file
                    .write_all_at(bytes, at as u64)
                    .map_err(|error| of_path(&self.path, error))?;
            }
        }
        Ok(())
    }

    /// Makes a second file of the first one with all packet headers in front.
    fn bring_headers_to_front(&mut self) -> Result<()> {
        let mut headers = std::mem::take(&mut self.headers);
        let stream = self.header.len() as u64;
        let data = between(&headers, self.position);
        headers.sort_by_key(|part| part.id);
        let order = headers.iter().map(|part| (part.at, part.length));
        let parts: Vec<(u64, u64)> = order.chain(data).collect();
        if self.file.is_none() {
            let gathered = std::mem::take(&mut self.gathered);
            for (at, length) in parts {
                let (from, to) = (at as usize, (at + length) as usize);
                self.gathered
                    .extend(gathered.get(from..to).unwrap_or_default());
            }
            return Ok(());
        }
        self.write_gathered()?;
        let Some(first) = self.file.take() else {
            return Ok(());
        };
        self.file()?;
        if let Some(second) = &self.file {
            for (at, length) in parts {
                copy(&first.file, stream + at, length, &second.file)
                    .map_err(|error| of_path(&self.path, error))?;
            }
        }
        Ok(())
    }
}

/// What lies between parts that are in order, up to `end`.
fn between(parts: &[Part], end: u64) -> Vec<(u64, u64)> {
    let mut reached = 0;
    let mut gaps = Vec::new();
    let edges = parts.iter().map(|part| (part.at, part.at + part.length));
    for (at, after) in edges.chain([(end, end)]) {
        if at > reached {
            gaps.push((reached, at - reached));
        }
        reached = after;
    }
    gaps
}

/// Appends a part of a file to another.
fn copy(from: &File, at: u64, length: u64, to: &File) -> io::Result<()> {
    let (mut at, end) = (at, at + length);
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX);
        match rustix::fs::copy_file_range(from, Some(&mut at), to, None, wanted) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return copy_by_hand(from, at, end, to),
        }
    }
    Ok(())
}

/// For file systems that cannot copy by themselves.
fn copy_by_hand(from: &File, mut at: u64, end: u64, mut to: &File) -> io::Result<()> {
    let mut buffer = vec![0; FULL];
    while at < end {
        let wanted = buffer.len().min(usize::try_from(end - at).unwrap_or(FULL));
        let space = buffer.get_mut(..wanted).unwrap_or_default();
        from.read_exact_at(space, at)?;
        io::Write::write_all(&mut to, space)?;
        at += wanted as u64;
    }
    Ok(())
}

struct Output<'a> {
    file: &'a File,
    path: &'a Path,
}

impl Output<'_> {
    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        io::Write::write_all(&mut self.file, bytes).map_err(|error| of_path(self.path, error))
    }
}

/// A system's error with the name of the block that it is about.
fn of_path(path: &Path, error: io::Error) -> Error {
    Error::Output(io::Error::new(
        error.kind(),
        format!("{}: {error}", path.display()),
    ))
}

fn framed(tag: HeaderTag, xml: &str) -> Result<Vec<u8>> {
    match xml.len() > MAX_HEADER {
        true => Err(Error::Unfit(format!(
            "a header of {} bytes is more than six digits of length can say",
            xml.len()
        ))),
        false => Ok([header_tag(tag, xml.len()).as_bytes(), xml.as_bytes()].concat()),
    }
}

impl Sink for BlockWriter {
    // What was said of one run says nothing of its blocks. That there are no
    // data is seen without being told; any other exception is the end of the
    // run, and no matter of this stage.
    sink_ignores!(comment, exception, flush);

    /// Labels of a QStream's units, where they came.
    fn unknown(&mut self, body: &[u8]) -> Result<()> {
        if !self.qstream || memchr::memmem::find(body, b"<enumerationUnit").is_none() {
            return Ok(());
        }
        self.redefined = true;
        let tag = header_tag(HeaderTag::Extra, body.len());
        self.write(&[tag.as_bytes(), body].concat())
    }

    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.set_header(header)
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        if let Some(slot) = self.known.get_mut(id.index()) {
            *slot = Some(Arc::clone(header));
        }
        self.inline |= header.data_size() == 0;
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        self.introduce(run.id)?;
        self.introduce_inline()?;
        match self.types.get(run.id.index()) {
            Some(Some(Written { x: Some(x), .. })) => self.order.add(x, run)?,
            _ => self.redefined = true,
        }
        self.write(run.bytes)
    }

    fn finish(&mut self) -> Result<()> {
        self.complete()
    }

    /// A block is complete or absent.
    fn abort(&mut self, _: &Exception) -> Result<()> {
        self.file = None;
        Ok(())
    }
}
