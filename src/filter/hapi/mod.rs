//! das2_hapi: a das2 stream as a HAPI response.
//!
//! In comes a stream, out go records of one shape: times in UTC, then the values
//! of the planes, as CSV, binary or JSON, with an info object before them where
//! one is wanted. The one idea: what clients are told of a parameter
//! (`parameter`) is made once, from the first header of the packet type, and its
//! values (`column`) are written to suit that, whatever header comes later. The
//! info object waits for the first record, since it says whether there is one.

mod args;
mod clock;
mod column;
mod info;
mod names;
mod parameter;
mod plain;
mod rows;
mod shape;

use std::io::Write;
use std::sync::Arc;

use crate::filter::ready::Untold;
use crate::stream::{
    Error, Exception, PacketHeader, PacketId, Result, Run, Sink, StreamHeader, sink_ignores,
};

pub use args::{About, Format, HapiArgs, Options, Warn};

use info::{Info, Status, write_status};
use rows::Rows;
use shape::Shape;

/// Items that are written before the fill of the buffer is looked at.
const PIECE: usize = 1024;

/// The last sink of a chain: it writes a HAPI response.
pub struct ToHapi<W: Write> {
    options: Options,
    stream: StreamHeader,
    /// The packet type that is written.
    chosen: Option<PacketId>,
    /// The others, each told of once.
    left_out: Vec<bool>,
    shape: Option<Shape>,
    rows: Rows<W>,
    /// The info object is out, if there is one.
    begun: bool,
    records: u64,
    without_time: u64,
    exception: Untold,
}

impl<W: Write> ToHapi<W> {
    /// A stage in front of where the response goes.
    pub fn new(options: Options, output: W) -> ToHapi<W> {
        ToHapi {
            chosen: options.packet,
            options,
            stream: StreamHeader::new(),
            left_out: vec![false; PacketId::COUNT],
            shape: None,
            rows: Rows::new(output),
            begun: false,
            records: 0,
            without_time: 0,
            exception: Untold::default(),
        }
    }

    /// Whether an info object is a part of what goes out.
    fn has_info(&self) -> bool {
        self.options.with_info || self.options.format == Format::Json
    }

    /// What stands before each line of it.
    fn prefix(&self) -> &'static str {
        match self.options.no_records || self.options.format == Format::Json {
            true => "",
            false => "# ",
        }
    }

    /// Writes the info object, if there is one.
    fn begin(&mut self, status: Status) -> Result<()> {
        self.begun = true;
        let prefix = self.prefix();
        if !self.has_info() {
            return Ok(());
        }
        let Some(shape) = &self.shape else {
            return write_status(status, prefix, &mut self.rows).map_err(Error::Output);
        };
        let options = &self.options;
        let range = (
            options.about.start.or(options.begin),
            options.about.stop.or(options.end),
        );
        if range.0.is_none() || range.1.is_none() {
            options.warn.say(
                "the info object lacks startDate and stopDate: name a DSDF, or a range with -b and -e",
            );
        }
        let info = Info {
            status,
            format: (!options.no_records).then_some(options.format),
            range,
            time_stamp: shape.time_stamp,
            title: shape.title.clone(),
            about: &options.about,
            parameters: &shape.parameters,
        };
        info.write(prefix, &mut self.rows).map_err(Error::Output)
    }

    /// Writes a packet as a record, if it lies in the range.
    fn record(&mut self, packet: &[u8]) -> Result<()> {
        let Some(shape) = &mut self.shape else {
            return Ok(());
        };
        for column in &mut shape.columns {
            column.check(packet)?;
        }
        let Some(time) = shape.time(packet)? else {
            self.without_time += 1;
            return Ok(());
        };
        let options = &self.options;
        if options.begin.is_some_and(|begin| time < begin)
            || options.end.is_some_and(|end| time >= end)
        {
            return Ok(());
        }
        if !self.begun {
            self.begin(Status::OK)?;
        }
        let format = self.options.format;
        let Some(shape) = &mut self.shape else {
            return Ok(());
        };
        let rows = &mut self.rows;
        if format == Format::Json {
            let between: &[u8] = if self.records > 0 { b",\n[" } else { b"[" };
            rows.text.push(between);
        }
        column::write_time(&mut shape.clock, time, format, &mut rows.text);
        for column in &mut shape.columns {
            match format {
                Format::Json if column.is_array => rows.text.push(b",["),
                Format::Json | Format::Csv => rows.text.push(b","),
                Format::Binary => {}
            }
            let mut first = 0;
            while column.write(packet, (first, PIECE), format, &mut rows.text)? {
                first += PIECE;
                rows.write_full()?;
            }
            if format == Format::Json && column.is_array {
                rows.text.push(b"]");
            }
        }
        match format {
            Format::Csv => rows.text.push(b"\n"),
            Format::Json => rows.text.push(b"]"),
            Format::Binary => {}
        }
        self.records += 1;
        rows.write_full()
    }

    fn tell_of_records_without_time(&self) {
        if self.without_time > 0 {
            self.options.warn.say(&format!(
                "{} packets without a time that HAPI can tell are left out",
                self.without_time
            ));
        }
    }
}

impl<W: Write> Sink for ToHapi<W> {
    sink_ignores!(comment, unknown);

    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        Ok(())
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let chosen = *self.chosen.get_or_insert(id);
        if id != chosen {
            if let Some(told @ false) = self.left_out.get_mut(id.index()) {
                *told = true;
                self.options.warn.say(&format!(
                    "packets of ID {id} are left out: HAPI has records of one shape, here of ID {chosen}"
                ));
            }
            return Ok(());
        }
        let mut shape = Shape::new(header, &self.stream, &self.options)?;
        if let Some(old) = self.shape.take() {
            shape = old.followed_by(shape, header, &self.stream, id)?;
        }
        self.shape = Some(shape);
        if self.options.no_records && !self.begun {
            self.begin(Status::OK)?;
        }
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        if self.chosen != Some(run.id) || self.options.no_records {
            return Ok(());
        }
        for (index, packet) in run.bytes.chunks_exact(run.stride).enumerate() {
            self.record(packet)
                .map_err(|error| super::x_time::at(error, run, index))?;
        }
        Ok(())
    }

    fn exception(&mut self, exception: &Exception) -> Result<()> {
        self.exception.keep(exception);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.rows.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.tell_of_records_without_time();
        self.exception.check()?;
        if self.shape.is_none()
            && let Some(wanted) = self.options.packet
            && self.left_out.contains(&true)
        {
            return Err(Error::Unfit(format!("there are no packets of ID {wanted}")));
        }
        if !self.begun {
            self.begin(match (&self.shape, self.exception.is_empty()) {
                (None, true) => Status::UPSTREAM,
                _ => Status::NO_DATA,
            })?;
        }
        if self.options.format == Format::Json && !self.options.no_records && self.shape.is_some() {
            let end: &[u8] = if self.records > 0 {
                b"\n]\n}\n"
            } else {
                b"]\n}\n"
            };
            self.rows.text.push(end);
        }
        self.rows.flush()?;
        self.exception.end()
    }

    /// Whole records are written. JSON is left open, so that nobody takes it for all.
    fn abort(&mut self, _: &Exception) -> Result<()> {
        self.rows.flush()
    }

    fn wants_no_more(&self) -> bool {
        self.options.no_records && self.begun
    }
}
