//! The stage: packets in, one record a bin out.
//!
//! Bins are counted from the zero of the unit of the times, or from a time that
//! is given, so that all packet types share their edges and blocks of a cache
//! go on where the one before ends. An edge belongs to the bin that begins
//! there. One bin a packet type is open, and a packet of another one, earlier or
//! later, closes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::filter::bin::clock::Clock;
use crate::filter::progress::Progress;
use crate::filter::ready::{Held, Ready};
use crate::filter::x_time::{XTime, first, rest};
use crate::qstream::{Encoding, Packet};
use crate::stream::{Comment, Descriptor, Exception, PacketHeader, PacketId, Result, Run, Sink};
use crate::time::TimeUnit;

use super::column::{Column, Rule};
use super::header;
use super::links::Links;
use super::options::Binning;

/// Bins a QStream and pushes the records into the next stage.
pub struct Reducer<N> {
    next: N,
    binning: Binning,
    links: Links,
    /// The packet types that have times; all others pass as they are.
    types: BTreeMap<PacketId, PacketType>,
    closed: Ready,
    held: Held,
    progress: Progress,
}

/// A packet type, and its open bin.
struct PacketType {
    header: Arc<PacketHeader>,
    packet: Packet,
    x: XTime,
    clock: Clock,
    /// None: its descriptor has not been sent.
    out: Option<Vec<Out>>,
    open: Option<f64>,
}

/// One dataset of an output record.
struct Out {
    column: Column,
    encoding: Encoding,
    is_time: bool,
}

impl<N: Sink> Reducer<N> {
    /// A stage in front of `next`.
    pub fn new(binning: Binning, next: N) -> Reducer<N> {
        Reducer {
            next,
            binning,
            links: Links::default(),
            types: BTreeMap::new(),
            closed: Ready::default(),
            held: Held::default(),
            progress: Progress::new("qds_bin_avgsec", false),
        }
    }

    /// The stage behind it.
    pub fn output(&mut self) -> &mut N {
        &mut self.next
    }

    /// Sends a descriptor. It waits for the first data: which datasets run
    /// along the times may be said by descriptors that come after it.
    fn send(&mut self, id: PacketId) -> Result<()> {
        let Some(packets) = self.types.get_mut(&id) else {
            return Ok(());
        };
        if packets.out.is_none() {
            let (out, header) = packets.out(&self.links, self.binning.seconds)?;
            packets.out = Some(out);
            self.closed.pass(&mut self.next)?;
            self.next.packet(id, &header)?;
        }
        Ok(())
    }

    fn close(&mut self, id: PacketId) -> Result<()> {
        if let Some(packets) = self.types.get_mut(&id)
            && let Some(bin) = packets.open.take()
        {
            let record = |bytes: &mut Vec<u8>| packets.write(bin, bytes);
            self.closed.record(id, &mut self.next, record)?;
        }
        Ok(())
    }

    /// What is held when the input ends in good order, by packet ID.
    fn close_all(&mut self) -> Result<()> {
        let ids: Vec<PacketId> = self.types.keys().copied().collect();
        for id in ids {
            self.send(id)?;
            self.close(id)?;
        }
        self.closed.pass(&mut self.next)
    }

    /// What comes next must not overtake what is closed.
    fn pass_before(&mut self) -> Result<()> {
        self.closed.pass(&mut self.next)?;
        self.held.pass(&mut self.next)
    }
}

impl PacketType {
    fn new(header: &Arc<PacketHeader>, packet: Packet, x: XTime, binning: &Binning) -> PacketType {
        let unit = packet.tag().and_then(|(_, _, times)| times.time_unit());
        let zero = match binning.begin {
            Some(begin) => begin.us2000(),
            None => zero_near_2000(&unit.unwrap_or(TimeUnit::US2000), binning.seconds),
        };
        PacketType {
            header: Arc::clone(header),
            x,
            clock: Clock::new(Some(zero), binning.seconds),
            packet,
            out: None,
            open: None,
        }
    }

    /// What becomes of each dataset, and the descriptor that says so.
    fn out(&self, links: &Links, seconds: f64) -> Result<(Vec<Out>, Arc<PacketHeader>)> {
        let mut all = Vec::new();
        let mut descriptor = self.header.descriptor().cloned();
        let times = self.packet.tag().map(|(index, _, times)| (index, times));
        for (index, at, dataset) in self.packet.columns() {
            let Some((x, x_dataset)) = times else { break };
            let reckons = !links.is_enumeration(dataset) && dataset.rank <= 2;
            let items = dataset.in_packets().map_or(0, |(_, items)| items);
            let rule = match dataset.time_unit() {
                Some(unit) if index == x && items == 1 => Rule::Centre(unit),
                _ if index == x && dataset.is_min_max => Rule::MinMax,
                _ if !reckons || index == x => Rule::First,
                _ if !links.runs_along(dataset, &x_dataset.id) => Rule::First,
                _ if dataset.is_min_max => Rule::MinMax,
                _ => Rule::Mean,
            };
            let Some(column) = Column::new(dataset, at, rule) else {
                continue;
            };
            let encoding = match column.rule() {
                Rule::Centre(unit) => header::centre_encoding(column.encoding(), unit, &self.clock),
                _ => column.encoding(),
            };
            let element = descriptor.as_mut();
            if let Some(element) = element.and_then(|d| d.element.children.get_mut(index)) {
                if encoding != column.encoding() {
                    header::set_encoding(element, encoding);
                }
                if index == x {
                    header::set_cadence(element, seconds);
                }
            }
            all.push(Out {
                column,
                encoding,
                is_time: dataset.time_unit().is_some(),
            });
        }
        let Some(descriptor) = descriptor else {
            return Ok((all, Arc::clone(&self.header)));
        };
        let packet = Packet::of_element(&descriptor.element, descriptor.big_endian)?;
        let header = PacketHeader::of_descriptor(Descriptor {
            size: packet.size(),
            ..descriptor
        })?;
        Ok((all, Arc::new(header)))
    }

    fn add(&mut self, run: Run<'_>) -> Result<()> {
        let out = self.out.iter_mut().flatten();
        out.into_iter()
            .try_for_each(|out| out.column.add(run, out.is_time))
    }

    /// Appends the data of a bin's record.
    fn write(&mut self, bin: f64, bytes: &mut Vec<u8>) {
        let centre = self.clock.centre(bin);
        let out = self.out.as_deref_mut().unwrap_or_default();
        for Out {
            column, encoding, ..
        } in &mut *out
        {
            column.close(centre, *encoding, bytes);
        }
        if let (Some(last), Some(out)) = (bytes.last_mut(), out.last())
            && out.encoding.is_text()
            && last.is_ascii_whitespace()
        {
            *last = b'\n';
        }
    }
}

/// The zero of a unit, or a time a whole number of bins from it and near 2000,
/// in us2000: numbers of bins are then small enough to be exact. Units that count
/// leap seconds begin at no round time of UTC, in which bins are counted; for
/// these it is the beginning of 2000.
fn zero_near_2000(unit: &TimeUnit, seconds: f64) -> f64 {
    let zero = match unit.linear() {
        Some((_, offset)) => offset,
        None => 0.0,
    };
    let bin = (seconds * 1e9).round();
    let is_whole = (1.0..9e18).contains(&bin) && (bin - seconds * 1e9).abs() < 1e-6 * bin;
    match is_whole && zero.abs() < 1e19 {
        true => {
            let zero = (zero * 1e3).round() as i128;
            zero.rem_euclid(bin as i128) as f64 / 1e3
        }
        false => zero,
    }
}

impl<N: Sink> Sink for Reducer<N> {
    crate::hand_on!(next: stream, flush);

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        if let Some(old) = self.types.get(&id) {
            // The same said again: the open bin goes on, unless a slice of a join
            // begins here.
            if old.header == *header && !old.packet.is_joined() {
                return Ok(());
            }
            self.send(id)?;
            self.close(id)?;
            self.types.remove(&id);
        }
        self.closed.pass(&mut self.next)?;
        let packet = Packet::of_header(header);
        if let Some(packet) = &packet {
            self.links.packet(packet);
        }
        match (packet, XTime::find(header)?) {
            (Some(packet), Some(x)) => {
                let packets = PacketType::new(header, packet, x, &self.binning);
                self.types.insert(id, packets);
                Ok(())
            }
            _ => self.next.packet(id, header),
        }
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        self.held.pass(&mut self.next)?;
        if !self.types.contains_key(&run.id) {
            self.closed.pass(&mut self.next)?;
            return self.next.run(run);
        }
        self.send(run.id)?;
        let mut left = run;
        while !left.is_empty() {
            let Some(packets) = self.types.get_mut(&run.id) else {
                return Ok(());
            };
            let stretch = packets.clock.stretch(&packets.x, left)?;
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
        match self.progress.pass(comment) {
            Some(comment) => self.next.comment(&comment),
            None => Ok(()),
        }
    }

    /// Waits until the bins that are open before it have been written.
    fn exception(&mut self, exception: &Exception) -> Result<()> {
        self.held.hold(exception, &mut self.next)
    }

    fn unknown(&mut self, body: &[u8]) -> Result<()> {
        self.links.extra(body);
        self.pass_before()?;
        self.next.unknown(body)
    }

    fn finish(&mut self) -> Result<()> {
        self.close_all()?;
        self.held.pass(&mut self.next)?;
        self.next.finish()
    }

    fn abort(&mut self, exception: &Exception) -> Result<()> {
        self.pass_before()?;
        self.next.abort(exception)
    }
}
