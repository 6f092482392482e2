//! What is in a block that says nothing of itself, or whose file was changed since it
//! was made: one look through all of it before anything of it goes out.

use std::fs::File;
use std::sync::Arc;

use super::{dialect_of, first_header};
use crate::cache::stamp::Form;
use crate::filter::x_time::{Window, XTime, at, rest};
use crate::qstream::Packet;
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

/// Looks through a block from its beginning, whose records are to lie in `times`. One that
/// was made in a known form has to be in it still.
///
/// # Errors
/// Why it is no sound stream, or what is not as its form says.
pub fn survey(file: &File, times: Window, form: Form) -> std::result::Result<Survey, String> {
    let deflated = first_header(file).is_some_and(|header| header.is_deflated().unwrap_or(true));
    let copy = file.try_clone().map_err(|error| error.to_string())?;
    let mut look = Look {
        stream: StreamHeader::new(),
        packets: Vec::new(),
        times: (0..PacketId::COUNT).map(|_| None).collect(),
        begin: times.low,
        end: times.high,
        data: None,
        plain: !deflated,
        inside: true,
        last: (form == Form::Sorted).then_some(f64::NEG_INFINITY),
    };
    Reader::of(dialect_of(file), FileInput::new(copy))
        .pump(&mut look)
        .map_err(|error| error.to_string())?;
    if form.is_known() && !look.inside {
        return Err("there are records outside of its span".into());
    }
    let (begin, end) = look.data.unwrap_or_default();
    Ok(Survey {
        stream: look.stream,
        packets: look.packets,
        data: (look.plain && look.inside).then(|| (begin, end - begin)),
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
    /// The data lie in one piece behind all headers.
    plain: bool,
    /// All records so far lie in the block's span.
    inside: bool,
    /// The latest time so far, where they have to be in order.
    last: Option<f64>,
}

impl Look {
    /// Looks at the times of a run, each of which has to be one.
    fn look_at(&mut self, run: Run<'_>) -> Result<()> {
        let Some(Some(x)) = self.times.get(run.id.index()) else {
            // What has no time lies nowhere; it is sent once, so it is read.
            self.plain = false;
            return Ok(());
        };
        let surely = Window::surely_within(self.begin, self.end);
        let mut left = run;
        while !left.is_empty() {
            // Where order matters every time has to be looked at.
            if self.last.is_none() {
                left = rest(left, x.count_inside(left, surely));
                if left.is_empty() {
                    break;
                }
            }
            let time = x.us2000(left.bytes).map_err(|error| at(error, left, 0))?;
            let within = time.filter(|t| t.reaches(self.begin) && !t.reaches(self.end));
            self.inside &= within.is_some();
            if let (Some(last), Some(time)) = (&mut self.last, time) {
                if time.side < *last {
                    let error = Error::Unfit("its records are not in order of time".into());
                    return Err(at(error, left, 0));
                }
                *last = time.side;
            }
            left = rest(left, 1);
        }
        Ok(())
    }
}

impl Sink for Look {
    sink_ignores!(comment, flush, finish, abort);

    /// Labels of a QStream's units have to be read.
    fn unknown(&mut self, _: &[u8]) -> Result<()> {
        self.plain = false;
        Ok(())
    }

    /// What a reader said when it failed is no block, nor what came before.
    fn exception(&mut self, exception: &Exception) -> Result<()> {
        match exception.is_no_data() {
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
        Packet::check_for_blocks(header)?;
        self.plain &= self.data.is_none();
        if let Some(slot) = self.times.get_mut(id.index()) {
            *slot = XTime::find(header)?;
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
        self.look_at(run)
    }
}
