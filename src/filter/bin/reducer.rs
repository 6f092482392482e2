//! The stage: packets in, one record a bin out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::filter::progress::Progress;
use crate::filter::ready::{Held, Ready};
use crate::filter::x_time::{XTime, first, rest};
use crate::stream::{
    Comment, Encoding, Exception, PacketHeader, PacketId, PlaneKind, Result, Run, Sink,
    StreamHeader,
};

use super::clock::Clock;
use super::column::{
    Column, Statistic, own_unit, own_x_written_as, write_centre, write_own_centre, x_written_as,
};
use super::header;
use super::options::{Binning, Planes};

/// Bins a stream and pushes the records into the next stage.
pub struct Reducer<N> {
    next: N,
    binning: Binning,
    clock: Clock,
    stream: StreamHeader,
    /// The stream header of bins in x's own units, until it is known whether
    /// these are a time.
    waits: Option<StreamHeader>,
    /// What clients are told, in seconds.
    resolution: f64,
    types: BTreeMap<PacketId, PacketType>,
    closed: Ready,
    held: Held,
    progress: Progress,
}

/// A packet type, and its open bin.
struct PacketType {
    header: Arc<PacketHeader>,
    x: XTime,
    /// In the order of the planes; None stands for x.
    columns: Vec<Option<Column>>,
    /// What is written of which column, in order, after the encodings of the
    /// output are known. Empty: its header has not been sent.
    layout: Vec<Slot>,
    open: Option<f64>,
    /// x is binned, and written, in its own units.
    own_units: bool,
}

/// One plane of an output record.
struct Slot {
    /// The input's plane; x has no statistic.
    plane: usize,
    statistic: Option<Statistic>,
    encoding: Encoding,
}

impl<N: Sink> Reducer<N> {
    /// A stage in front of `next`.
    pub fn new(binning: Binning, next: N) -> Reducer<N> {
        Reducer {
            next,
            clock: match binning.own_units {
                true => Clock::of_units(binning.seconds),
                false => Clock::new(binning.begin.map(|time| time.us2000()), binning.seconds),
            },
            waits: None,
            progress: Progress::new(binning.program(), binning.no_progress),
            resolution: binning.seconds,
            binning,
            stream: StreamHeader::new(),
            types: BTreeMap::new(),
            closed: Ready::default(),
            held: Held::default(),
        }
    }

    /// The stage behind it.
    pub fn output(&mut self) -> &mut N {
        &mut self.next
    }

    /// Sends the headers that wait for the start of bin 0: the width of text
    /// times depends on it.
    fn send_headers(&mut self) -> Result<()> {
        let digits = self.clock.digits();
        for (id, packets) in &mut self.types {
            if packets.layout.is_empty() {
                let out = header::packet(
                    &packets.header,
                    &packets.columns,
                    &self.binning,
                    self.resolution,
                    digits,
                );
                self.next.packet(*id, &Arc::new(out))?;
                packets.layout = layout(packets, &self.binning, digits);
            }
        }
        Ok(())
    }

    /// Sends the stream header if it waits; `first` is the packet header
    /// behind it, if one is.
    fn begin(&mut self, first: Option<&PacketHeader>) -> Result<()> {
        if let Some(mut stream) = self.waits.take() {
            if let Some(first) = first {
                header::tell_own_width(&mut stream, first, self.binning.seconds);
            }
            self.next.stream(&stream)?;
        }
        Ok(())
    }

    fn close(&mut self, id: PacketId) -> Result<()> {
        if let Some(packets) = self.types.get_mut(&id)
            && let Some(bin) = packets.open.take()
        {
            let centre = self.clock.centre(bin);
            let record = |bytes: &mut Vec<u8>| packets.write(centre, bytes);
            self.closed.record(id, &mut self.next, record)?;
        }
        Ok(())
    }

    /// What is held when the input ends in good order.
    fn close_all(&mut self) -> Result<()> {
        self.send_headers()?;
        let ids: Vec<PacketId> = self.types.keys().copied().collect();
        for id in ids {
            self.close(id)?;
        }
        self.closed.pass(&mut self.next)
    }

    fn pass_held(&mut self) -> Result<()> {
        if !self.held.is_empty() {
            self.begin(None)?;
        }
        self.held.pass(&mut self.next)
    }
}

impl PacketType {
    fn new(header: &Arc<PacketHeader>, stream: &StreamHeader, binning: &Binning) -> Result<Self> {
        let x = match binning.own_units {
            true => XTime::in_own_units(header)?,
            false => XTime::new(header)?,
        };
        let mut offset = 0;
        let mut columns = Vec::new();
        for plane in &header.planes {
            columns.push(
                (plane.kind != PlaneKind::X)
                    .then(|| Column::new(plane, offset, header, stream, binning)),
            );
            offset += plane.width();
        }
        Ok(PacketType {
            header: Arc::clone(header),
            x,
            columns,
            layout: Vec::new(),
            open: None,
            own_units: binning.own_units,
        })
    }

    fn add(&mut self, run: Run<'_>) -> Result<()> {
        for column in self.columns.iter_mut().flatten() {
            column.add(run)?;
        }
        Ok(())
    }

    /// Appends the data of the open bin's record.
    fn write(&mut self, centre: f64, out: &mut Vec<u8>) {
        for slot in &self.layout {
            match (slot.statistic, self.columns.get(slot.plane)) {
                (Some(statistic), Some(Some(column))) => {
                    column.write(statistic, slot.encoding, out);
                }
                _ => match self
                    .header
                    .planes
                    .get(slot.plane)
                    .filter(|_| self.own_units)
                {
                    Some(x) => write_own_centre(centre, x, slot.encoding, out),
                    None => write_centre(centre, slot.encoding, out),
                },
            }
        }
        if let (Some(last), Some(slot)) = (out.last_mut(), self.layout.last())
            && slot.encoding.is_text()
        {
            *last = b'\n';
        }
        for column in self.columns.iter_mut().flatten() {
            column.clear();
        }
    }
}

/// Which statistics of which planes make up a record.
fn layout(packets: &PacketType, binning: &Binning, digits: u8) -> Vec<Slot> {
    let added: &[Statistic] = match binning.planes {
        Planes::Peaks => &[Statistic::Max],
        Planes::Means { range, deviation } => match (range, deviation) {
            (true, true) => &[Statistic::Min, Statistic::Max, Statistic::Deviation],
            (true, false) => &[Statistic::Min, Statistic::Max],
            (false, true) => &[Statistic::Deviation],
            (false, false) => &[],
        },
    };
    let mut slots = Vec::new();
    let mut more = Vec::new();
    for (plane, (column, input)) in packets
        .columns
        .iter()
        .zip(&packets.header.planes)
        .enumerate()
    {
        let Some(_) = column else {
            slots.push(Slot {
                plane,
                statistic: None,
                encoding: match binning.own_units {
                    true => own_x_written_as(input.encoding(), &own_unit(input), binning.seconds),
                    false => x_written_as(input.encoding(), digits),
                },
            });
            continue;
        };
        let slot = |statistic| Slot {
            plane,
            statistic: Some(statistic),
            encoding: input.encoding().of_results(),
        };
        slots.push(slot(Statistic::Mean));
        more.extend(added.iter().map(|&statistic| slot(statistic)));
    }
    slots.append(&mut more);
    slots
}

impl<N: Sink> Sink for Reducer<N> {
    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        let out = header::stream(header, &self.binning);
        if self.binning.own_units {
            self.waits = Some(out);
            return Ok(());
        }
        self.resolution = header::resolution(header, &self.binning);
        self.next.stream(&out)
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        self.begin(Some(header))?;
        if let Some(old) = self.types.get(&id) {
            // The same layout said again: the open bin goes on.
            if old.header == *header {
                return Ok(());
            }
            if self.clock.start().is_some() {
                self.send_headers()?;
            }
            self.close(id)?;
            self.closed.pass(&mut self.next)?;
        }
        header::check(header, &self.binning)?;
        let packets = PacketType::new(header, &self.stream, &self.binning)?;
        self.types.insert(id, packets);
        if self.clock.start().is_some() {
            self.closed.pass(&mut self.next)?;
            self.send_headers()?;
        }
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        self.pass_held()?;
        let mut left = run;
        while !left.is_empty() {
            let Some(packets) = self.types.get_mut(&run.id) else {
                return Ok(());
            };
            if !self.clock.start_at(&packets.x, left)? {
                return Ok(());
            }
            if packets.layout.is_empty() {
                self.send_headers()?;
                continue;
            }
            let stretch = self.clock.stretch(&packets.x, left)?;
            let now = first(left, stretch.count);
            left = rest(left, stretch.count);
            // Packets without a time belong to no bin.
            let Some(bin) = stretch.bin else { continue };
            if packets.open.is_some_and(|open| open != bin) {
                self.close(run.id)?;
            }
            if let Some(packets) = self.types.get_mut(&run.id) {
                packets.open = Some(bin);
                packets.add(now)?;
            }
        }
        self.closed.pass(&mut self.next)
    }

    fn comment(&mut self, comment: &Comment) -> Result<()> {
        self.begin(None)?;
        match self.progress.pass(comment) {
            Some(comment) => self.next.comment(&comment),
            None => Ok(()),
        }
    }

    /// An exception ends most streams, and clients stop reading there: it
    /// waits until the bins that are open before it have been written.
    fn exception(&mut self, exception: &Exception) -> Result<()> {
        self.held.hold(exception, &mut self.next)
    }

    fn unknown(&mut self, body: &[u8]) -> Result<()> {
        self.begin(None)?;
        self.next.unknown(body)
    }

    /// A header that waits is not sent: where the input pauses must not change it.
    fn flush(&mut self) -> Result<()> {
        self.next.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.begin(None)?;
        self.close_all()?;
        self.pass_held()?;
        self.next.finish()
    }

    /// Bins that were closed in the very run that broke are complete.
    fn abort(&mut self, exception: &Exception) -> Result<()> {
        self.begin(None)?;
        self.closed.pass(&mut self.next)?;
        self.pass_held()?;
        self.next.abort(exception)
    }
}
