//! das2-server: space-physics measurements for a time range at a resolution,
//! streamed by small executables that live as long as one request.
//!
//! # The map
//!
//! The rooms stand below in the order in which data flow. A room knows those before it,
//! not those after it; [`time`], [`stream`], [`qstream`], [`filter`] and [`check`] know
//! nothing of servers. They are for programs of your own, too.
//!
//! # Read a stream
//!
//! [`filter::records::for_each_record`] gives record after record, with times and numbers
//! out of whatever form the stream has:
//!
//! ```
//! use das2_server::filter::records::for_each_record;
//!
//! # let input = &b"[00]000017<stream></stream>\
//! #     [01]000088<packet><x type='time11' units='us2000'/><y name='b' type='ascii4' units='nT'/></packet>\
//! #     :01:2024-01-01 1.5 :01:2024-01-02 2.5 "[..];
//! let mut largest = f64::NEG_INFINITY;
//! for_each_record(input, |record| {
//!     for (plane, values) in record.planes().skip(1) {
//!         // None is fill: nothing was measured.
//!         largest = values.flatten().fold(largest, f64::max);
//!         assert_eq!(plane.units(), "nT");
//!     }
//!     Ok(())
//! })?;
//! assert_eq!(largest, 2.5);
//! # Ok::<(), das2_server::stream::Error>(())
//! ```
//!
//! An input is a slice of bytes, [`stream::stdin_input`], or a [`stream::FileInput`]: a
//! file, a pipe or a socket. Deflated streams are inflated on the way. A whole program is
//! `examples/library/das2_ex_mean.rs`.
//!
//! # Write one: a reader
//!
//! [`stream::Writer`] is told headers and records, and makes packets of them:
//!
//! ```
//! use std::sync::Arc;
//! use das2_server::stream::{Encoding, PacketHeader, PacketId, Plane, PlaneKind, Sink};
//! use das2_server::stream::{StreamHeader, Writer};
//! use das2_server::time::parse_query;
//!
//! let real8 = Encoding::HOST_REAL8;
//! let header = PacketHeader::new(vec![
//!     Plane::new(PlaneKind::X, "time", "us2000", real8),
//!     Plane::new(PlaneKind::Y, "b", "nT", real8),
//! ]);
//! let id = PacketId::new(1).unwrap();
//!
//! let mut bytes = Vec::new();
//! let mut out = Writer::new(&mut bytes);
//! out.stream(&StreamHeader::new())?;
//! out.packet(id, &Arc::new(header.clone()))?;
//! let mut values = Vec::new();
//! real8.write_number(parse_query("2024-001T12:30", None).unwrap().us2000(), &mut values);
//! real8.write_number(50.25, &mut values);
//! out.record(id, &header, &values)?;
//! out.finish()?;
//! drop(out);
//! assert!(das2_server::check::check_stream(&bytes[..]).is_conforming());
//! # Ok::<(), das2_server::stream::Error>(())
//! ```
//!
//! A whole reader is `examples/library/das2_ex_field.rs`; docs/readers.md says how servers
//! call one, docs/stream-format.md what it may write.
//!
//! # Change one: a filter
//!
//! A filter is a [`stream::Sink`] that holds the next one. It is told headers, and *runs* of
//! records as they lie in memory, and tells the next one; what it is not about it hands on
//! with [`hand_on!`]. [`filter::program::run_sink`] makes a program of it that ends as a
//! filter should. A whole one is `examples/library/das2_ex_detrend.rs`. The filters of
//! the suite ([`filter::Filter`]) can be put in front of it or behind it.
//!
//! # Times
//!
//! A [`time::Time`] is exact to the nanosecond. [`time::parse_query`] reads what people
//! write, [`time::parse_field`] what stands in streams, [`time::TimeUnit`] knows the units
//! of numbers:
//!
//! ```
//! use das2_server::time::{Style, TimeUnit, parse_query};
//!
//! let time = parse_query("1 Mar 1979 12:26:11.956", None).unwrap();
//! assert_eq!(time.iso(Style::Ordinal, 3).to_string(), "1979-060T12:26:11.956");
//! let unit = TimeUnit::parse("TT2000").unwrap();
//! assert_eq!(unit.from_time_i64(time), Some(-657_588_777_860_000_000));
//! ```
//!
//! # The rooms

pub mod time;

pub mod stream;

pub mod qstream;

pub mod filter;

pub mod check;

pub mod config;

pub mod source;

pub mod access;

pub mod exec;

pub mod reading;

pub mod log;

pub mod cache;

pub mod queue;

pub mod worker;

pub mod review;

pub mod web;

pub mod httpd;
