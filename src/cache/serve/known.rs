//! A block's file, opened: what it is, and where in it the data are.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use rustix::buffer::spare_capacity;
use rustix::fd::AsFd;
use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::{Errno, pread};

use super::survey::survey;
use crate::cache::stamp::{Form, MOST_HEADERS, Stamp};
use crate::filter::x_time::{Window, XTime};
use crate::qstream;
use crate::stream::{
    Element, HeaderTag, PacketHeader, PacketId, Run, StreamHeader, Tag, parse_tag,
};

/// Bytes that are read at the front of a file at once. Small blocks are then
/// in memory as a whole.
const FRONT: usize = 64 << 10;

/// What the stream headers of QStreams have and others do not. Searches are prepared
/// once: days are made of many small blocks.
static OF_QSTREAMS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(" dataset_id=\""));

/// A file that may be a block.
pub enum Opened {
    /// A block of ours, whose headers have been found.
    Known(Known),
    /// A stream of whatever form: it has to be read.
    Foreign(File),
    /// No stream at all, and why.
    Bad(String),
}

/// A block in known form: stream header, packet headers, then nothing but
/// data of its span; or no data at all.
pub struct Known {
    /// The file.
    pub file: File,
    /// What it says of itself.
    pub stamp: Stamp,
    /// Its first bytes; all of them where it is small.
    front: Vec<u8>,
    /// Where the stream header's body is.
    stream: (usize, usize),
    /// Where the packet headers are, tags and all.
    packets: (usize, usize),
    /// Where the data begin.
    data: usize,
    /// It says that there are no data in its span.
    pub is_empty: bool,
    /// Its file has the time that it got when it was made: nobody has written
    /// into it since.
    untouched: bool,
}

/// Opens a block's file by its name in a folder. Nothing that may stand in
/// its place makes this wait. `space` is memory for its front, of which large files
/// take possession.
pub fn open_block(folder: impl AsFd, name: &str, space: &mut Vec<u8>) -> std::io::Result<Opened> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(openat(folder, name, flags, Mode::empty())?);
    space.clear();
    read_on(&file, space, FRONT)?;
    let mut front = match space.len() < FRONT / 4 {
        true => space.clone(),
        false => std::mem::take(space),
    };
    let Some(layout) = layout(&file, &mut front)? else {
        return Ok(Opened::Bad("its headers are no stream's".into()));
    };
    let header = front.get(layout.stream.0..layout.stream.1);
    // In values quotes are escaped.
    let is_qstream = header.is_some_and(|header| OF_QSTREAMS.find(header).is_some());
    if is_qstream != name.ends_with(".qds") {
        return Ok(Opened::Bad("it is of another kind of stream".into()));
    }
    match header.and_then(Stamp::find) {
        None => Ok(Opened::Foreign(file)),
        Some(stamp) if stamp.form.is_known() || layout.is_empty => {
            let status = fstat(&file)?;
            let known = Known {
                untouched: (status.st_mtime, status.st_mtime_nsec) == (stamp.file_time(), 0),
                file,
                stamp,
                front,
                stream: layout.stream,
                packets: layout.packets,
                data: layout.packets.1,
                is_empty: layout.is_empty,
            };
            match u64::try_from(status.st_size) == Ok(stamp.size) {
                true => Ok(Opened::Known(known)),
                false => Ok(Opened::Bad("it is not as long as it was".into())),
            }
        }
        Some(stamp) if stamp.form == Form::Unknown => Ok(Opened::Bad("it is not complete".into())),
        Some(_) => Ok(Opened::Foreign(file)),
    }
}

/// The front of a file.
struct Layout {
    stream: (usize, usize),
    packets: (usize, usize),
    is_empty: bool,
}

/// Walks over the headers, reading more of the file where they are long.
fn layout(file: &File, front: &mut Vec<u8>) -> std::io::Result<Option<Layout>> {
    const TAG: usize = 10;
    let mut at = 0;
    let mut stream = None;
    loop {
        let have = front.len();
        let rest = front.get(at..).unwrap_or_default();
        match parse_tag(rest) {
            Ok(Tag::Header { tag, length }) => {
                let end = at + TAG + length;
                if end + TAG > have && have >= FRONT {
                    read_on(file, front, end + FRONT)?;
                }
                match (tag, stream) {
                    _ if end > front.len() => return Ok(None),
                    (HeaderTag::Stream, None) => stream = Some((at + TAG, end)),
                    (HeaderTag::Packet(_), Some(_)) => {}
                    (HeaderTag::Extra, Some(stream)) => {
                        // QStreams have labels of units there, too.
                        let body = front.get(at + TAG..end).unwrap_or_default();
                        return Ok(Some(Layout {
                            stream,
                            packets: (stream.1, at),
                            is_empty: memchr::memmem::find(body, b"<exception").is_some(),
                        }));
                    }
                    _ => return Ok(None),
                }
                at = end;
                if at > MOST_HEADERS {
                    return Ok(None);
                }
            }
            Ok(Tag::Data(_) | Tag::NeedBytes(_)) => break,
            // What is compressed behind the stream header looks like nothing.
            _ if stream.is_some_and(|(from, _)| front.get(from..at).is_some_and(is_deflated)) => {
                break;
            }
            Ok(Tag::Stray) | Err(_) => return Ok(None),
        }
    }
    Ok(stream.map(|stream| Layout {
        stream,
        packets: (stream.1, at),
        is_empty: false,
    }))
}

fn is_deflated(header: &[u8]) -> bool {
    let header = Element::parse(header).map(StreamHeader::from_element);
    header.is_ok_and(|header| header.is_deflated().unwrap_or(false))
}

/// Reads on until so many bytes are there, or the file ends.
fn read_on(file: &File, front: &mut Vec<u8>, wanted: usize) -> std::io::Result<()> {
    while front.len() < wanted {
        front.reserve(wanted - front.len());
        let at = front.len() as u64;
        // Into memory that nobody has to clear first.
        match pread(file, spare_capacity(front), at) {
            // A file gives less than was asked for only where it ends.
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

impl Known {
    /// The whole file, where it is small.
    fn in_memory(&self) -> Option<&[u8]> {
        (self.front.len() < FRONT).then_some(self.front.as_slice())
    }

    /// Whether it is still what its stamp says, as far as can be seen. A file
    /// that was changed or copied since it was made is looked through; the
    /// error says what is wrong in it. Its records are to lie in `times`.
    pub fn check(&self, times: Window) -> Result<(), String> {
        if self.untouched {
            return Ok(());
        }
        let found = survey(&self.file, times, self.stamp.form)?;
        match (found.data, self.is_empty) {
            (Some((_, 0)), true) => Ok(()),
            (data, false) if data == Some(self.data()) => Ok(()),
            _ => Err("it does not hold data and nothing else behind its headers".into()),
        }
    }

    /// The stream header, if it can be understood.
    pub fn stream_header(&self) -> Option<StreamHeader> {
        let body = self.front.get(self.stream.0..self.stream.1)?;
        Element::parse(body).ok().map(StreamHeader::from_element)
    }

    /// The bytes of all packet headers.
    pub fn packet_bytes(&self) -> &[u8] {
        self.front
            .get(self.packets.0..self.packets.1)
            .unwrap_or_default()
    }

    /// The packet headers, if they can be understood.
    pub fn packet_headers(&self) -> Option<Vec<(PacketId, Arc<PacketHeader>)>> {
        let mut rest = self.packet_bytes();
        let stream = match rest.is_empty() {
            true => StreamHeader::default(),
            false => self.stream_header()?,
        };
        let mut headers = Vec::new();
        while !rest.is_empty() {
            let Ok(Tag::Header {
                tag: HeaderTag::Packet(id),
                length,
            }) = parse_tag(rest)
            else {
                return None;
            };
            let (body, later) = rest.get(10..)?.split_at_checked(length)?;
            let element = Element::parse(body).ok()?;
            let header = qstream::packet_header(&stream, element).ok()?;
            headers.push((id, Arc::new(header)));
            rest = later;
        }
        Some(headers)
    }

    /// Its data in memory, where it is small.
    pub fn small_data(&self) -> Option<&[u8]> {
        self.in_memory()?.get(self.data..)
    }

    /// Where its data are in the file: offset and length in bytes.
    pub fn data(&self) -> (u64, u64) {
        let begin = self.data as u64;
        (begin, self.stamp.size.saturating_sub(begin))
    }

    /// Where the data of `begin <= x < end` are, found by halving: offset and
    /// length in bytes. None where there are several packet types, data out of
    /// order, or something is not as it should be: the block has to be read.
    pub fn data_between(
        &self,
        headers: &[(PacketId, Arc<PacketHeader>)],
        begin: f64,
        end: f64,
    ) -> Option<(u64, u64)> {
        // Those without data packets have their values in them.
        let mut with_data = headers.iter().filter(|(_, header)| header.data_size() > 0);
        let (Some((id, header)), None) = (with_data.next(), with_data.next()) else {
            return None;
        };
        if self.stamp.form != Form::Sorted {
            return None;
        }
        let x = XTime::new(header).ok()?;
        let stride = (Run::TAG + header.data_size()) as u64;
        let (data, length) = self.data();
        if length % stride != 0 {
            return None;
        }
        let mut packet = vec![0; stride as usize];
        let mut first_reaching = |edge: f64, from: u64| -> Option<u64> {
            let (mut low, mut high) = (from, length / stride);
            while low < high {
                let middle = low + (high - low) / 2;
                self.file
                    .read_exact_at(&mut packet, data + middle * stride)
                    .ok()?;
                if packet.first_chunk() != Some(&id.data_tag()) {
                    return None;
                }
                match x.us2000(&packet).ok()??.reaches(edge) {
                    true => high = middle,
                    false => low = middle + 1,
                }
            }
            Some(low)
        };
        let from = first_reaching(begin, 0)?;
        let to = first_reaching(end, from)?;
        Some((data + from * stride, (to - from) * stride))
    }
}
