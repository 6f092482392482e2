//! das2_csv: a das2 stream as a table.
//!
//! In comes a stream, out go rows: one of headings for each packet type, one
//! for each data packet. The one idea: headings wait for a row. The first row brings
//! those of all packet types known so far, since only then it is known whether rows
//! begin with the packet ID; later ones come in front of a row of their own type, so
//! that a stream of headers does not become a flood of headings.

mod args;
mod cell;
mod column;
mod heading;
mod rows;

use std::io::Write;
use std::sync::Arc;

use crate::filter::ready::Untold;
use crate::stream::{
    Exception, PacketHeader, PacketId, Plane, PlaneKind, Result, Run, Sink, StreamHeader,
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
    /// The next headings are those of all types.
    all: bool,
    with_id: bool,
    rows: Rows<W>,
    exception: Untold,
}

/// A packet type.
struct Type {
    header: Arc<PacketHeader>,
    /// The planes in the order of the columns: x, then all others.
    order: Vec<usize>,
    columns: Vec<Column>,
    /// Its headings are to be written before its next row.
    is_due: bool,
}

/// So many headings at most are written for types of which there is no row yet: each
/// column costs a few bytes in a header that has many.
const MOST_EARLY: usize = 1 << 20;

impl<W: Write> ToCsv<W> {
    /// A stage in front of where the table goes.
    pub fn new(layout: Layout, output: W) -> ToCsv<W> {
        ToCsv {
            stream: StreamHeader::new(),
            types: (0..PacketId::COUNT).map(|_| None).collect(),
            all: true,
            with_id: layout.with_id,
            rows: Rows::new(layout.delimiter, output),
            exception: Untold::default(),
            layout,
        }
    }

    /// The headings that are due, behind an empty row where rows came before: those of
    /// `own`, and at the beginning of all others.
    fn begin_block(&mut self, own: Option<usize>) -> Result<()> {
        if self.rows.have_begun() && !self.layout.no_header {
            self.rows.end_row(true)?;
        }
        let mut early = 0;
        for (number, kind) in self.types.iter_mut().enumerate() {
            let Some(kind) = kind.as_mut().filter(|kind| kind.is_due) else {
                continue;
            };
            if own != Some(number) {
                let planes = kind.header.planes.iter();
                early += planes.map(Plane::items).sum::<usize>();
                if !self.all || early > MOST_EARLY {
                    continue;
                }
            }
            kind.is_due = false;
            if !self.layout.no_header {
                let id = self.with_id.then_some(number);
                kind.write_headings(id, &mut self.rows)?;
            }
        }
        self.all = false;
        Ok(())
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
            is_due: true,
        }
    }

    fn write_headings<W: Write>(&self, id: Option<usize>, rows: &mut Rows<W>) -> Result<()> {
        if let Some(id) = id {
            rows.id(id);
        }
        let names = heading::names(&self.header);
        let y = heading::first_y(&self.header).and_then(|index| names.get(index));
        let y = y.map(String::as_str);
        for &index in &self.order {
            if let (Some(name), Some(plane)) = (names.get(index), self.header.planes.get(index)) {
                heading::headings(name, plane, y, |text| rows.heading(text))?;
            }
        }
        rows.end_row(false)
    }
}

impl<W: Write> Sink for ToCsv<W> {
    sink_ignores!(comment, unknown);

    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        Ok(())
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let mut kind = Type::new(header, &self.stream, &self.layout);
        let others = self.types.iter().enumerate();
        let mut others = others.filter(|(index, _)| *index != id.index());
        if !self.with_id && others.any(|(_, kind)| kind.is_some()) {
            self.with_id = true;
            self.all = true;
            for kind in self.types.iter_mut().flatten() {
                kind.is_due = true;
            }
        }
        if let Some(slot) = self.types.get_mut(id.index()) {
            if let Some(old) = slot.as_ref()
                && heading::same_columns(&old.header, header)
            {
                kind.is_due = old.is_due;
            }
            *slot = Some(kind);
        }
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let is_due = |kind: &Option<Type>| kind.as_ref().is_some_and(|kind| kind.is_due);
        if self.types.get(run.id.index()).is_some_and(is_due) {
            self.begin_block(Some(run.id.index()))?;
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

    fn exception(&mut self, exception: &Exception) -> Result<()> {
        self.exception.keep(exception);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.rows.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.exception.check()?;
        // A table without rows has headings.
        if !self.rows.have_begun() {
            self.begin_block(None)?;
        }
        self.rows.flush()?;
        self.exception.end()
    }

    fn abort(&mut self, _: &Exception) -> Result<()> {
        self.rows.flush()
    }
}
