//! A reader written with the crate: a made-up field and its spectrum, once a
//! minute.
//!
//!     das2_ex_field BEGIN END

use std::error::Error;
use std::io;
use std::sync::Arc;

use das2_server::stream::{
    Encoding, Exception, PacketHeader, PacketId, Plane, PlaneKind, Sink, StreamHeader, Writer,
};
use das2_server::time::parse_query;

/// Microseconds between two records.
const STEP: f64 = 60e6;
/// Frequencies of the spectrum, in Hz.
const BANDS: [f64; 4] = [10.0, 20.0, 40.0, 80.0];

fn main() -> Result<(), Box<dyn Error>> {
    match write(&mut Writer::new(io::stdout().lock())) {
        // Nobody reads any more: that is no fault.
        Err(error)
            if error
                .downcast_ref()
                .is_some_and(das2_server::stream::Error::is_broken_pipe) =>
        {
            Ok(())
        }
        done => done,
    }
}

fn write(out: &mut Writer<io::StdoutLock<'_>>) -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(begin), Some(end)) = (words.next(), words.next()) else {
        return Err("das2_ex_field BEGIN END".into());
    };
    // Records lie at whole minutes, whatever is asked for: ranges fit together.
    let first = (parse_query(&begin, None)?.us2000() / STEP).ceil();
    let last = (parse_query(&end, None)?.us2000() / STEP).ceil();

    let mut stream = StreamHeader::new();
    stream
        .properties
        .set("String", "title", "A field that nobody measured");
    stream.properties.set("Datum", "xTagWidth", "60 s");
    out.stream(&stream)?;
    let real4 = Encoding::parse("little_endian_real4").ok_or("no such type")?;
    let real8 = Encoding::parse("little_endian_real8").ok_or("no such type")?;
    let mut field = Plane::new(PlaneKind::Y, "b", "nT", real4);
    field.properties.set("double", "yFill", "-1.0e31");
    let header = PacketHeader::new(vec![
        Plane::new(PlaneKind::X, "time", "us2000", real8),
        field,
        Plane::scan(
            PlaneKind::YScan,
            "power",
            "nT**2 Hz**-1",
            real4,
            &BANDS,
            "Hz",
        ),
    ]);
    let id = PacketId::new(1).ok_or("no such packet type")?;
    out.packet(id, &Arc::new(header.clone()))?;
    // What has been written goes out before any slow work begins.
    out.flush()?;

    if first >= last {
        let message = "there is a record every minute only";
        out.exception(&Exception::new(Exception::NO_DATA, message))?;
    }
    let mut minute = first;
    let mut values = Vec::new();
    while minute < last {
        values.clear();
        real8.write_number(minute * STEP, &mut values);
        real4.write_number(50.0 + (minute / 1440.0).sin(), &mut values);
        for band in BANDS {
            real4.write_number(
                (-band / 20.0).exp() * (2.0 + (minute / 60.0).sin()),
                &mut values,
            );
        }
        out.record(id, &header, &values)?;
        minute += 1.0;
    }
    Ok(out.finish()?)
}
