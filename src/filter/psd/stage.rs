//! The stage: waveforms in, spectra out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::filter::x_time::rest;
use crate::stream::{
    Comment, Error, Exception, PacketHeader, PacketId, PlaneKind, Result, Run, Sink, StreamHeader,
};

use super::along_x::AlongX;
use super::along_y::AlongY;
use super::header::{self, PROGRAM};
use super::options::Spectra;
use super::outlet::Outlet;
use super::transform::Transform;

/// Samples that may wait for their windows to be full, of all packet types
/// together: 128 MiB.
const MAX_HELD: usize = 16 << 20;

/// Values of a packet for which they may wait: the header of more spectra
/// would be too long.
const MAX_WIDE: usize = 10_000;

/// Notes that are written as comments; the rest is only counted.
const MAX_NOTES: u64 = 16;

/// Transforms a stream and pushes the spectra into the next stage.
pub struct ToSpectra<N> {
    next: N,
    spectra: Spectra,
    stream: StreamHeader,
    types: BTreeMap<PacketId, (Arc<PacketHeader>, Option<Way>)>,
    transform: Transform,
    outlet: Outlet,
    notes: u64,
    any_data: bool,
    exception: Option<Exception>,
    ended: bool,
}

/// How a packet type is transformed.
enum Way {
    Y(AlongY),
    X(AlongX),
}

impl<N: Sink> ToSpectra<N> {
    /// A stage in front of `next`.
    pub fn new(spectra: Spectra, next: N) -> ToSpectra<N> {
        ToSpectra {
            next,
            stream: StreamHeader::new(),
            types: BTreeMap::new(),
            transform: Transform::new(spectra.length, spectra.keep_dc),
            outlet: Outlet::new(spectra.ids.iter().map(|(id, _)| *id).collect()),
            spectra,
            notes: 0,
            any_data: false,
            exception: None,
            ended: false,
        }
    }

    /// How a packet type can be transformed, if it can.
    fn way(&self, header: &Arc<PacketHeader>, notes: &mut Vec<String>) -> Result<Option<Way>> {
        if header.planes.iter().any(|p| p.kind == PlaneKind::Z) {
            return Err(Error::Unfit(
                "scattered data (z planes) have no spectra along an axis".into(),
            ));
        }
        if self.is_along_y(header) {
            let way = AlongY::new(header, &self.stream, &self.spectra, notes)?;
            return Ok(way.map(Way::Y));
        }
        let way = AlongX::new(header, &self.stream, &self.spectra, notes)?;
        Ok(way.map(Way::X))
    }

    /// # Errors
    /// [`Error::Unfit`] when the windows of all packet types would not fit.
    fn room_for(&self, id: PacketId, header: &PacketHeader) -> Result<()> {
        let others: usize = self
            .types
            .iter()
            .filter(|(other, _)| **other != id)
            .map(|(_, (header, _))| self.width(header))
            .sum();
        let wide = others.saturating_add(self.width(header));
        let fits = wide.saturating_mul(self.spectra.length) <= MAX_HELD && wide <= MAX_WIDE;
        match fits {
            true => Ok(()),
            false => Err(Error::Unfit(format!(
                "{wide} spectra of {} points at a time are more than can be held",
                self.spectra.length
            ))),
        }
    }

    /// Values of a packet for which samples are held.
    fn width(&self, header: &PacketHeader) -> usize {
        if self.is_along_y(header) {
            return 0;
        }
        let held = header.planes.iter().filter(|p| p.kind != PlaneKind::X);
        held.fold(0, |sum: usize, plane| sum.saturating_add(plane.items()))
    }

    fn is_along_y(&self, header: &PacketHeader) -> bool {
        !self.spectra.along_x && header.planes.iter().any(|plane| plane.kind.is_scan())
    }

    fn tell(&mut self, notes: Vec<String>) -> Result<()> {
        for note in notes {
            self.notes += 1;
            if self.notes <= MAX_NOTES {
                self.outlet.pass(&mut self.next)?;
                let comment = Comment::new("log:warning", &note, PROGRAM);
                self.next.comment(&comment)?;
            }
        }
        Ok(())
    }

    /// What is said at the end of a stream without any spectrum.
    fn nothing(&self) -> Option<Exception> {
        if self.outlet.any || self.exception.is_some() {
            return None;
        }
        Some(match self.any_data {
            false => Exception::new(Exception::NO_DATA, "There are no data in this range"),
            true => Exception::new(
                Exception::SERVER_ERROR,
                &format!(
                    "All input data segments were too short for a DFT of {} points, or held fill",
                    self.spectra.length
                ),
            ),
        })
    }
}

impl<N: Sink> Sink for ToSpectra<N> {
    crate::hand_on!(next: comment, unknown, flush);

    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        self.next.stream(&header::stream(header, &self.spectra))
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        if let Some((old, _)) = self.types.get(&id)
            && old == header
        {
            return Ok(());
        }
        self.room_for(id, header)?;
        let mut notes = Vec::new();
        let mut way = self.way(header, &mut notes)?;
        if way.is_none() {
            let what = format!("nothing in packets {id} can be transformed");
            if self.spectra.no_skip {
                return Err(Error::Unfit(what));
            }
            notes.push(format!("{what}; they are left out"));
        }
        self.tell(notes)?;
        if let Some(Way::Y(along_y)) = &mut way {
            along_y.open(&mut self.outlet, &mut self.next)?;
        }
        self.types.insert(id, (Arc::clone(header), way));
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        self.any_data = true;
        let mut left = run;
        while !left.is_empty() {
            let mut notes = Vec::new();
            let Some((_, Some(way))) = self.types.get_mut(&run.id) else {
                return Ok(());
            };
            let (transform, outlet) = (&mut self.transform, &mut self.outlet);
            let next = &mut self.next;
            let took = match way {
                Way::Y(along_y) => along_y
                    .add(left, transform, outlet, next)
                    .map(|()| left.len()),
                Way::X(along_x) => {
                    along_x.add(left, &self.spectra, transform, outlet, next, &mut notes)
                }
            };
            // What is complete goes out, whatever came behind it.
            self.outlet.pass(&mut self.next)?;
            self.tell(notes)?;
            left = rest(left, took?);
        }
        Ok(())
    }

    fn exception(&mut self, exception: &Exception) -> Result<()> {
        self.exception = Some(exception.clone());
        self.next.exception(exception)
    }

    fn finish(&mut self) -> Result<()> {
        if self.notes > MAX_NOTES {
            let text = format!("{} notes like these in all", self.notes);
            self.next
                .comment(&Comment::new("log:warning", &text, PROGRAM))?;
        }
        if let Some(nothing) = self.nothing() {
            self.next.exception(&nothing)?;
        }
        self.next.finish()?;
        self.ended = true;
        match &self.exception {
            Some(exception) if self.spectra.exception_fails => {
                Err(Error::Exception(exception.clone()))
            }
            _ => Ok(()),
        }
    }

    fn abort(&mut self, exception: &Exception) -> Result<()> {
        match self.ended {
            true => Ok(()),
            false => self.next.abort(exception),
        }
    }
}
