//! A filter of one's own: takes the mean over each record's items away from
//! its yscans of floats, so that only the shape of a spectrum is left.
//!
//!     READER BEGIN END | das2_ex_detrend | das2_bin_avgsec 60

use std::process::ExitCode;
use std::sync::Arc;

use das2_server::filter::{program, records::is_fill};
use das2_server::stream::{
    Encoding, PacketHeader, PacketId, PlaneKind, Result, Run, Sink, StreamHeader, Writer,
};

/// The filter: a sink that holds the next one.
struct Detrend<N> {
    next: N,
    stream: StreamHeader,
    /// For each packet type: where its yscans stand in a record, their types
    /// and their fill values.
    scans: Vec<Vec<(usize, usize, Encoding, f64)>>,
    /// Records that go on.
    changed: Vec<u8>,
}

impl<N: Sink> Sink for Detrend<N> {
    // What this filter is not about goes through untouched.
    das2_server::hand_on!(next: comment, exception, unknown, flush, finish, abort);

    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        self.next.stream(header)
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let mut at = Run::TAG;
        let mut scans = Vec::new();
        for plane in &header.planes {
            let binary = matches!(
                plane.encoding(),
                Encoding::Real4 { .. } | Encoding::Real8 { .. }
            );
            if plane.kind == PlaneKind::YScan && binary {
                let fill = header.fill(plane, &self.stream);
                scans.push((at, plane.width(), plane.encoding(), fill));
            }
            at += plane.width();
        }
        if let Some(slot) = self.scans.get_mut(id.index()) {
            *slot = scans;
        }
        self.next.packet(id, header)
    }

    /// Consecutive records of one type. They keep their layout, so the run that
    /// goes on is a copy of this one with other values in it.
    fn run(&mut self, run: Run<'_>) -> Result<()> {
        self.changed.clear();
        self.changed.extend(run.bytes);
        let scans = self.scans.get(run.id.index()).into_iter().flatten();
        for (at, width, encoding, fill) in scans {
            for record in self.changed.chunks_exact_mut(run.stride) {
                if let Some(scan) = record.get_mut(*at..at + width) {
                    detrend(scan, *encoding, *fill);
                }
            }
        }
        self.next.run(Run {
            bytes: &self.changed,
            ..run
        })
    }
}

fn detrend(scan: &mut [u8], encoding: Encoding, fill: f64) {
    let good = |value: &f64| value.is_finite() && !is_fill(*value, fill);
    let items = scan.chunks_exact(encoding.width());
    let values: Vec<f64> = items
        .map(|bytes| encoding.number(bytes).unwrap_or(fill))
        .collect();
    let count = values.iter().filter(|value| good(value)).count();
    let mean = values.iter().filter(|value| good(value)).sum::<f64>() / count as f64;
    let mut bytes = Vec::new();
    for value in values {
        encoding.write_number(if good(&value) { value - mean } else { value }, &mut bytes);
    }
    scan.copy_from_slice(&bytes);
}

fn main() -> ExitCode {
    program::run_sink("das2_ex_detrend", None, |output| {
        Box::new(Detrend {
            next: Writer::new(output),
            stream: StreamHeader::new(),
            scans: vec![Vec::new(); PacketId::COUNT],
            changed: Vec::new(),
        })
    })
}
