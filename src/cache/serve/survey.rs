//! What is in a block that says nothing of itself: one look through all of it
//! before anything of it goes out.

use std::fs::File;
use std::sync::Arc;

use super::first_header;
use crate::cache::block::Block;
use crate::cache::build::says_no_data;
use crate::filter::x_time::{Window, XTime, rest};
use crate::stream::{
    Error, Exception, FileInput, PacketHeader, PacketId, Reader, Result, Run, Sink, StreamHeader,
    sink_ignores,
};

/// A block that was looked through and is sound.
pub struct Survey {
    /// Its stream header.
    pub stream: StreamHeader,
    /// Its packet headers.
    pub packets: Vec<(PacketId, Arc<PacketHeader>)>,
    /// Where its data are, offset and length, when they lie in one piece
    /// behind all headers and are all of the block's span: then they can go
    /// out as they lie.
    pub data: Option<(u64, u64)>,
}

/// Looks through a block from its beginning.
///
/// # Errors
/// Why it is no sound stream.
pub fn survey(file: &File, block: &Block) -> std::result::Result<Survey, String> {
    let deflated = first_header(file).is_some_and(|header| header.is_deflated().unwrap_or(true));
    let copy = file.try_clone().map_err(|error| error.to_string())?;
    let mut look = Look {
        stream: StreamHeader::new(),
        packets: Vec::new(),
        times: (0..PacketId::COUNT).map(|_| None).collect(),
        begin: block.begin().us2000(),
        end: block.end().us2000(),
        data: None,
        plain: !deflated,
    };
    Reader::new(FileInput::new(copy))
        .pump(&mut look)
        .map_err(|error| error.to_string())?;
    let (begin, end) = look.data.unwrap_or_default();
    Ok(Survey {
        stream: look.stream,
        packets: look.packets,
        data: look.plain.then(|| (begin, end - begin)),
    })
}

struct Look {
    stream: StreamHeader,
    packets: Vec<(PacketId, Arc<PacketHeader>)>,
    times: Vec<Option<XTime>>,
    begin: f64,
    end: f64,
    /// The data so far: from, to.
    data: Option<(u64, u64)>,
    plain: bool,
}

impl Look {
    /// Whether all packets of a run lie in the span.
    fn is_inside(&self, run: Run<'_>) -> Result<bool> {
        let Some(Some(x)) = self.times.get(run.id.index()) else {
            return Ok(false);
        };
        let surely = Window::surely_within(self.begin, self.end);
        let mut left = run;
        while !left.is_empty() {
            left = rest(left, x.count_inside(left, surely));
            if left.is_empty() {
                break;
            }
            let inside = x
                .us2000(left.bytes)?
                .is_some_and(|time| time.reaches(self.begin) && !time.reaches(self.end));
            if !inside {
                return Ok(false);
            }
            left = rest(left, 1);
        }
        Ok(true)
    }
}

impl Sink for Look {
    sink_ignores!(comment, unknown, flush, finish, abort);

    /// What a reader said when it failed is no block, nor what came before.
    fn exception(&mut self, exception: &Exception) -> Result<()> {
        match says_no_data(exception) {
            true => Ok(()),
            false => Err(Error::Unfit(format!(
                "it says {}: {}",
                exception.kind(),
                exception.message()
            ))),
        }
    }

    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        Ok(())
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        self.plain &= self.data.is_none();
        if let Some(slot) = self.times.get_mut(id.index()) {
            *slot = Some(XTime::new(header)?);
        }
        self.packets.push((id, Arc::clone(header)));
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let end = run.offset + run.bytes.len() as u64;
        match &mut self.data {
            None => self.data = Some((run.offset, end)),
            Some((_, reached)) if *reached == run.offset => *reached = end,
            Some(_) => self.plain = false,
        }
        if self.plain {
            self.plain = self.is_inside(run)?;
        }
        Ok(())
    }
}
