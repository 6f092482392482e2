//! The shape of records: the planes of one packet type, as columns.

use crate::stream::{
    Encoding, Error, PacketHeader, PacketId, PlaneKind, Result, Run, StreamHeader,
};
use crate::time::{Time, seconds_per_unit};

use super::args::Options;
use super::clock::Clock;
use super::column::Column;
use super::names::Names;
use super::parameter::{Parameter, Source};
use super::plain::plain;

/// Records of a packet type.
pub(super) struct Shape {
    /// Reads x.
    pub(super) clock: Clock,
    x: std::ops::Range<usize>,
    /// All others that are wanted, in their order.
    pub(super) columns: Vec<Column>,
    /// What clients are told of x and of these.
    pub(super) parameters: Vec<Parameter>,
    planes: Vec<usize>,
    /// Where in its measurement a time lies, if that is known.
    pub(super) time_stamp: Option<&'static str>,
    /// The title of the stream as plain text.
    pub(super) title: Option<String>,
}

impl Shape {
    /// # Errors
    /// [`Error::Unfit`]: x is no time, or not exact enough for one; a name that
    /// no plane has.
    pub(super) fn new(
        header: &PacketHeader,
        stream: &StreamHeader,
        options: &Options,
    ) -> Result<Shape> {
        let (x, offset) = header.x()?;
        let names = Names::of(header, options.time_name.as_deref());
        let wanted = names.wanted(header, &options.names)?;
        let is_y = |(_, plane): &(usize, &crate::stream::Plane)| plane.kind == PlaneKind::Y;
        let y = header.planes.iter().enumerate().find(is_y);
        let y = y.map(|(index, _)| names.hapi(index));
        let (mut x_clock, mut others, mut x_parameter) = (None, Vec::new(), Vec::new());
        let mut planes = Vec::new();
        let mut columns = Vec::new();
        let mut at = Run::TAG;
        for (index, plane) in header.planes.iter().enumerate() {
            let source = Source {
                stream,
                header,
                plane,
            };
            if index == x {
                let clock = Clock::new(plane, options.digits)
                    .filter(|_| !matches!(plane.encoding(), Encoding::Real4 { .. }))
                    .ok_or_else(|| no_time(plane))?;
                let name = names.hapi(index);
                x_parameter.push(Parameter::new(&source, name, Some(&clock), None));
                x_clock = Some(clock);
            } else if wanted.get(index) == Some(&true) {
                let clock = Clock::new(plane, None);
                let parameter = Parameter::new(&source, names.hapi(index), clock.as_ref(), y);
                let fill = header.fill(plane, stream);
                columns.push(Column::new(plane, at, fill, clock, &parameter));
                others.push(parameter);
                planes.push(index);
            }
            at += plane.width();
        }
        let x_plane = header.planes.get(x);
        let width = x_plane.map_or(0, crate::stream::Plane::width);
        let clock = x_clock.ok_or_else(|| Error::Unfit("the packets have no x plane".into()))?;
        x_parameter.append(&mut others);
        let title = plain(
            stream.properties.value("title").unwrap_or_default(),
            |name| {
                header
                    .properties
                    .value(name)
                    .or(stream.properties.value(name))
            },
        );
        Ok(Shape {
            clock,
            x: offset + Run::TAG..offset + Run::TAG + width,
            columns,
            parameters: x_parameter,
            time_stamp: has_waveform(header, stream, &planes).then_some("begin"),
            planes,
            title: Some(title).filter(|title| !title.is_empty()),
        })
    }

    /// The time of a packet, as it will be written.
    pub(super) fn time(&mut self, packet: &[u8]) -> Result<Option<Time>> {
        let raw = packet.get(self.x.clone()).unwrap_or_default();
        self.clock.read(raw)
    }

    /// A header that comes later: clients keep what they were told.
    ///
    /// # Errors
    /// [`Error::Unfit`]: its records would have another shape.
    pub(super) fn followed_by(
        self,
        new: Shape,
        header: &PacketHeader,
        stream: &StreamHeader,
        id: PacketId,
    ) -> Result<Shape> {
        let same = self.parameters.len() == new.parameters.len()
            && self
                .parameters
                .iter()
                .zip(&new.parameters)
                .all(|(old, new)| old.has_rows_of(new));
        if !same {
            return Err(Error::Unfit(format!(
                "packets of ID {id} change their layout in the middle of the stream, \
                 and the records of a HAPI response cannot"
            )));
        }
        let mut columns = Vec::new();
        for (&index, told) in new.planes.iter().zip(self.parameters.iter().skip(1)) {
            let before = header.planes.iter().take(index);
            let at = Run::TAG + before.map(|plane| plane.width()).sum::<usize>();
            if let Some(plane) = header.planes.get(index) {
                let fill = header.fill(plane, stream);
                columns.push(Column::new(plane, at, fill, Clock::new(plane, None), told));
            }
        }
        Ok(Shape {
            columns,
            parameters: self.parameters,
            ..new
        })
    }
}

fn no_time(plane: &crate::stream::Plane) -> Error {
    let units: String = plane.units().chars().take(40).collect();
    Error::Unfit(match plane.encoding() {
        Encoding::Real4 { .. } => {
            "x has four bytes, too few for times: write it as an eight-byte real".into()
        }
        _ => format!(
            "x must be a time for HAPI, but its units are '{}'",
            units.escape_debug()
        ),
    })
}

/// Whether one of these planes holds samples that follow the packet's time.
fn has_waveform(header: &PacketHeader, stream: &StreamHeader, planes: &[usize]) -> bool {
    let mut planes = planes.iter().filter_map(|&index| header.planes.get(index));
    planes.any(|plane| {
        let renderer = header.cascade(plane, stream, "renderer");
        let is_waveform = renderer.is_some_and(|renderer| renderer.value == "waveform");
        let in_time = plane.tag_units().and_then(seconds_per_unit).is_some();
        plane.kind == PlaneKind::XScan || plane.kind == PlaneKind::YScan && is_waveform && in_time
    })
}
