//! das2_csv: a das2 stream as a table.
//!
//! In comes a stream, out go rows: one of headings for each packet type, one
//! for each data packet. The one idea: a block of rows begins with the headings
//! of all packet types known so far, which wait until the first row is there,
//! since only then it is known whether rows begin with the packet ID.

mod args;
mod cell;
mod column;
mod heading;
mod rows;

use std::io::Write;
use std::sync::Arc;

use crate::stream::{
    Error, Exception, PacketHeader, PacketId, Plane, PlaneKind, Result, Run, Sink, StreamHeader,
    sink_ignores,
};

pub use args::{CsvArgs, Layout};

use column::Column;
use rows::Rows;

/// A stage that writes the stream as a table.
pub struct ToCsv<W: Write> {
    layout: Layout,
    stream: StreamHeader,
    types: Vec<Option<Type>>,
    /// Headings are to be written before the next row.
    new_block: bool,
    with_id: bool,
    rows: Rows<W>,
    /// The first exception of the stream.
    exception: Option<Exception>,
}

/// A packet type.
struct Type {
    header: Arc<PacketHeader>,
    /// The planes in the order of the columns: x, then all others.
    order: Vec<usize>,
    columns: Vec<Column>,
}

impl<W: Write> ToCsv<W> {
    /// A stage in front of where the table goes.
    pub fn new(layout: Layout, output: W) -> ToCsv<W> {
        ToCsv {
            stream: StreamHeader::new(),
            types: (0..PacketId::COUNT).map(|_| None).collect(),
            new_block: false,
            with_id: layout.with_id,
            rows: Rows::new(layout.delimiter, output),
            exception: None,
            layout,
        }
    }

    /// Headings of all packet types, behind an empty row where rows came before.
    fn begin_block(&mut self) -> Result<()> {
        self.new_block = false;
        if self.layout.no_header {
            return Ok(());
        }
        if self.rows.have_begun() {
            self.rows.end_row(true)?;
        }
        for (number, kind) in self.types.iter().enumerate() {
            let Some(kind) = kind else {
                continue;
            };
            if self.with_id {
                self.rows.id(number);
            }
            let names = heading::names(&kind.header);
            for &index in &kind.order {
                if let (Some(name), Some(plane)) = (names.get(index), kind.header.planes.get(index))
                {
                    heading::headings(name, plane, |text| self.rows.heading(text))?;
                }
            }
            self.rows.end_row(false)?;
        }
        Ok(())
    }

    /// An exception that is more than a lack of data.
    fn failure(&self) -> Option<&Exception> {
        let failed = |found: &&Exception| found.kind() != Exception::NO_DATA;
        self.exception.as_ref().filter(failed)
    }
}

impl Type {
    fn new(header: &Arc<PacketHeader>, stream: &StreamHeader, layout: &Layout) -> Type {
        let is_x = |index: &usize| header.planes.get(*index).map(|p| p.kind) == Some(PlaneKind::X);
        let count = header.planes.len();
        let first_x = (0..count).find(is_x);
        let others = (0..count).filter(|index| Some(*index) != first_x);
        let order: Vec<usize> = first_x.into_iter().chain(others).collect();
        let mut end = Run::TAG;
        let begin = |plane: &Plane| {
            let begin = end;
            end += plane.width();
            begin
        };
        let begins: Vec<usize> = header.planes.iter().map(begin).collect();
        let mut columns = Vec::new();
        for &index in &order {
            if let (Some(plane), Some(&at)) = (header.planes.get(index), begins.get(index)) {
                let fill = (!is_x(&index)).then(|| header.fill(plane, stream));
                columns.push(Column::new(plane, at, fill, layout));
            }
        }
        Type {
            header: Arc::clone(header),
            order,
            columns,
        }
    }
}

impl<W: Write> Sink for ToCsv<W> {
    sink_ignores!(comment, unknown);

    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        Ok(())
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let kind = Type::new(header, &self.stream, &self.layout);
        let others = self.types.iter().enumerate();
        let mut others = others.filter(|(index, _)| *index != id.index());
        self.with_id |= others.any(|(_, kind)| kind.is_some());
        if let Some(slot) = self.types.get_mut(id.index()) {
            let is_same = |old: &Type| heading::same_columns(&old.header, header);
            self.new_block |= !slot.as_ref().is_some_and(is_same);
            *slot = Some(kind);
        }
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        if self.new_block {
            self.begin_block()?;
        }
        let Some(Some(kind)) = self.types.get_mut(run.id.index()) else {
            return Ok(());
        };
        for (index, packet) in run.bytes.chunks_exact(run.stride).enumerate() {
            if self.with_id {
                self.rows.id(run.id.index());
            }
            for column in &mut kind.columns {
                self.rows
                    .cells(column, packet)
                    .map_err(|error| super::x_time::at(error, run, index))?;
            }
            self.rows.end_row(false)?;
        }
        Ok(())
    }

    /// No row says so: it is given back at the end.
    fn exception(&mut self, exception: &Exception) -> Result<()> {
        if self.failure().is_none() {
            self.exception = Some(exception.clone());
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.rows.flush()
    }

    fn finish(&mut self) -> Result<()> {
        if let Some(failure) = self.failure() {
            return Err(Error::Exception(failure.clone()));
        }
        // A table without rows has headings.
        if self.new_block {
            self.begin_block()?;
        }
        self.rows.flush()?;
        match self.exception.take() {
            Some(exception) => Err(Error::Exception(exception)),
            None => Ok(()),
        }
    }

    fn abort(&mut self, _: &Exception) -> Result<()> {
        self.rows.flush()
    }
}
