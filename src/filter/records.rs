//! A stream record by record, for programs that want its values.
//!
//! Filters work on whole runs; this is the slower and easier way: each record
//! comes with its headers, and gives its time and the numbers of its planes.

use std::sync::Arc;

use crate::stream::{
    Exception, Input, PacketHeader, PacketId, Plane, Reader, Result, Run, Sink, StreamHeader,
    sink_ignores,
};
use crate::time::Time;

use super::x_time::XTime;

/// One data packet with what its headers say about it.
pub struct Record<'a> {
    /// Which packet type.
    pub id: PacketId,
    /// The header of the stream.
    pub stream: &'a StreamHeader,
    /// The header of its packet type.
    pub header: &'a PacketHeader,
    /// Its fill values, one a plane.
    fills: &'a [f64],
    x: Option<&'a XTime>,
    /// Tag and values.
    packet: &'a [u8],
}

impl<'a> Record<'a> {
    /// The time of the record. None: x is no time, or no number.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::stream::Error::Malformed): text that is no time.
    pub fn time(&self) -> Result<Option<Time>> {
        let Some(x) = self.x else {
            return Ok(None);
        };
        let instant = x.us2000(self.packet)?;
        Ok(instant.and_then(|instant| Time::from_us2000(instant.us)))
    }

    /// Each plane with its numbers in the plane's units, x too where it is a
    /// number. None stands for fill, NaN and text that is no number.
    pub fn planes(
        &self,
    ) -> impl Iterator<Item = (&'a Plane, impl Iterator<Item = Option<f64>> + use<'a>)> + use<'a>
    {
        let mut rest = self.packet.get(Run::TAG..).unwrap_or_default();
        let planes = self.header.planes.iter().zip(self.fills);
        planes.map(move |(plane, &fill)| {
            let (bytes, after) = rest.split_at_checked(plane.width()).unwrap_or((rest, &[]));
            rest = after;
            let encoding = plane.encoding();
            let values = bytes.chunks_exact(encoding.width().max(1));
            let values = values.map(move |bytes| {
                let number = encoding.number(bytes)?;
                (!number.is_nan() && !is_fill(number, fill)).then_some(number)
            });
            (plane, values)
        })
    }
}

/// Whether a value is fill: equal, or within a hundred-thousandth of it, since
/// fill such as -1e31 is not exact in four bytes.
pub fn is_fill(value: f64, fill: f64) -> bool {
    value == fill || ((fill - value) / fill).abs() < 1e-5
}

/// Reads a das2 stream to its end and calls `each` with every record. Gives
/// back the exceptions in it, with which a stream says that there are no data,
/// or no more.
///
/// ```
/// use das2_server::filter::records::for_each_record;
///
/// let stream = b"[00]000017<stream></stream>\
///     [01]000088<packet><x type='time11' units='us2000'/><y name='b' type='ascii4' units='nT'/></packet>\
///     :01:2024-01-01 1.5 :01:2024-01-02 2.5 ";
/// let mut sum = 0.0;
/// let exceptions = for_each_record(&stream[..], |record| {
///     let values = record.planes().last().map(|(_, values)| values);
///     sum += values.into_iter().flatten().flatten().sum::<f64>();
///     Ok(())
/// })?;
/// assert_eq!(sum, 4.0);
/// assert!(exceptions.is_empty());
/// # Ok::<(), das2_server::stream::Error>(())
/// ```
///
/// # Errors
/// The stream is broken (records before that place have been given), or what
/// `each` says.
pub fn for_each_record<I: Input>(
    input: I,
    each: impl FnMut(&Record<'_>) -> Result<()>,
) -> Result<Vec<Exception>> {
    let mut sink = Records {
        each,
        stream: StreamHeader::default(),
        types: (0..PacketId::COUNT).map(|_| None).collect(),
        exceptions: Vec::new(),
    };
    Reader::new(input).pump(&mut sink)?;
    Ok(sink.exceptions)
}

struct Records<F> {
    each: F,
    stream: StreamHeader,
    types: Vec<Option<PacketType>>,
    exceptions: Vec<Exception>,
}

struct PacketType {
    header: Arc<PacketHeader>,
    fills: Vec<f64>,
    x: Option<XTime>,
}

impl<F: FnMut(&Record<'_>) -> Result<()>> Sink for Records<F> {
    sink_ignores!(comment, unknown, flush, finish, abort);

    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        Ok(())
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let fill = |plane| header.fill(plane, &self.stream);
        let fills = header.planes.iter().map(fill).collect();
        if let Some(slot) = self.types.get_mut(id.index()) {
            *slot = Some(PacketType {
                header: Arc::clone(header),
                fills,
                x: XTime::new(header).ok(),
            });
        }
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let Some(Some(of)) = self.types.get(run.id.index()) else {
            return Ok(());
        };
        for packet in run.bytes.chunks_exact(run.stride.max(1)) {
            (self.each)(&Record {
                id: run.id,
                stream: &self.stream,
                header: &of.header,
                fills: &of.fills,
                x: of.x.as_ref(),
                packet,
            })?;
        }
        Ok(())
    }

    fn exception(&mut self, exception: &Exception) -> Result<()> {
        self.exceptions.push(exception.clone());
        Ok(())
    }
}
