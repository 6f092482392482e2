//! Stream in, stream or table out.
//!
//! A filter is a stage: a [`Sink`] in front of another. An end is the last
//! sink: it makes bytes for whoever reads, a das2 stream or something else.
//! The same code serves a program of its name (das2_bin_avgsec and so on,
//! [`program`]) and the server, which puts a [`Chain`] between a reader's pipe
//! and the client without starting a process: [`Step::from_words`]
//! understands the command line that a data source definition holds.
//!
//! | room | program |
//! |---|---|
//! | [`bin`] | das2_bin_avgsec, das2_bin_peakavgsec, das2_bin_avg, das2_bin_ratesec |
//! | [`ascii`] | das2_ascii |
//! | [`binary`] | das2_binary |
//! | [`zlib`] | das2_deflate, an end; das2_inflate |
//! | [`csv`] | das2_csv, an end |
//! | [`hapi`] | das2_hapi, an end |
//! | [`histo`] | das2_histo |
//! | [`psd`] | das2_psd |
//! | [`qds`] | qds_bin_avgsec, qds_ascii, the filters of QStreams |

pub mod ascii;
pub mod bin;
pub mod binary;
mod chain;
pub mod csv;
pub mod cut;
pub mod hapi;
pub mod histo;
pub mod program;
mod progress;
pub mod psd;
pub mod qds;
mod ready;
pub mod records;
mod text;
mod times;
pub mod x_time;
pub mod zlib;

use std::io::Write;

use clap::Parser;

use crate::stream::{Dialect, Sink, Writer};

pub use chain::Chain;

/// A filter with its settings: a stream in, a stream of the same kind out.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// das2_bin_avgsec, das2_bin_peakavgsec, das2_bin_avg.
    Bin(bin::Binning),
    /// das2_ascii.
    Ascii(ascii::Layout),
    /// das2_binary.
    Binary,
    /// das2_inflate: every stream is read inflated.
    Inflate,
    /// das2_bin_ratesec.
    Rate(bin::Counting),
    /// das2_histo.
    Histo(histo::Shown),
    /// das2_psd.
    Psd(psd::Spectra),
    /// qds_bin_avgsec.
    QBin(qds::Binning),
    /// qds_ascii.
    QAscii,
}

impl Filter {
    /// Puts the stage in front of the next one.
    pub fn stage<'a>(&self, next: Box<dyn Sink + 'a>) -> Box<dyn Sink + 'a> {
        match self {
            Filter::Bin(binning) => Box::new(bin::Reducer::new(*binning, next)),
            Filter::Ascii(layout) => Box::new(ascii::ToText::new(*layout, next)),
            Filter::Binary => Box::new(binary::ToBinary::new(next)),
            Filter::Inflate => next,
            Filter::Rate(counting) => Box::new(bin::Counter::new(counting.clone(), next)),
            Filter::Histo(shown) => Box::new(histo::Histogram::new(*shown, next)),
            Filter::Psd(spectra) => Box::new(psd::ToSpectra::new(spectra.clone(), next)),
            Filter::QBin(binning) => Box::new(qds::Reducer::new(*binning, next)),
            Filter::QAscii => Box::new(qds::ToText::new(next)),
        }
    }

    /// Whether it reads and writes QStreams.
    pub fn is_of_qstreams(&self) -> bool {
        matches!(self, Filter::QBin(_) | Filter::QAscii)
    }
}

/// The form in which a stream leaves as bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum End {
    /// A das2 stream.
    #[default]
    Das2,
    /// das2_deflate: a das2 stream whose bytes after the header are one zlib
    /// stream.
    Deflated,
    /// das2_csv.
    Csv(csv::Layout),
    /// das2_hapi.
    Hapi(Box<hapi::Options>),
    /// A QStream.
    QStream,
}

impl End {
    /// The last sink, in front of where the bytes go.
    ///
    /// Where the form has no place for an exception, [`Sink::finish`] gives it
    /// back as [`Error::Exception`](crate::stream::Error::Exception);
    /// [`Sink::abort`] then writes what is complete, and nothing more.
    pub fn sink<'a>(&self, output: impl Write + 'a) -> Box<dyn Sink + 'a> {
        match self {
            End::Das2 => Box::new(Writer::new(output)),
            End::Deflated => Box::new(Writer::deflated(output)),
            End::QStream => Box::new(Writer::of_qstream(output)),
            End::Csv(layout) => Box::new(csv::ToCsv::new(layout.clone(), output)),
            End::Hapi(options) => Box::new(hapi::ToHapi::new((**options).clone(), output)),
        }
    }

    /// Whether an exception can be part of what goes out.
    pub fn has_exceptions(&self) -> bool {
        matches!(self, End::Das2 | End::Deflated | End::QStream)
    }

    /// The kind of stream that comes to it.
    pub fn dialect(&self) -> Dialect {
        match self {
            End::QStream => crate::qstream::DIALECT,
            _ => Dialect::Das2,
        }
    }
}

/// What one of our programs does, as a part of this process.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It makes a das2 stream, which others can follow.
    Filter(Filter),
    /// It makes bytes: nothing of ours follows.
    End(End),
}

impl From<Filter> for Step {
    fn from(filter: Filter) -> Step {
        Step::Filter(filter)
    }
}

impl From<End> for Step {
    fn from(end: End) -> Step {
        Step::End(end)
    }
}

impl Step {
    /// The step that a command line names, its first word a bare program
    /// name. None: none of ours. An error: ours, but called in a way it does
    /// not understand, or with a file to read.
    pub fn from_words<S: AsRef<str>>(words: &[S]) -> Option<Result<Step, Misuse>> {
        let name = words.first()?.as_ref();
        let (_, parse) = PROGRAMS.iter().find(|(known, _)| *known == name)?;
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        Some(parse(&words))
    }

    /// Whether it is made for QStreams.
    pub fn is_of_qstreams(&self) -> bool {
        match self {
            Step::Filter(filter) => filter.is_of_qstreams(),
            Step::End(end) => *end == End::QStream,
        }
    }
}

/// Why words do not make a step.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Misuse {
    /// The program does not know them.
    #[error("{0}")]
    Words(String),
    /// They name a file. What a site has not written is the resolution, behind a reducer
    /// that wants none or has its own.
    #[error(
        "'{0}' would be a file to read, but here it reads the stream before it; the server puts \
         the seconds behind a reducer"
    )]
    File(String),
}

impl From<String> for Misuse {
    fn from(reason: String) -> Misuse {
        Misuse::Words(reason)
    }
}

type Parse = fn(&[&str]) -> Result<Step, Misuse>;

/// The programs that are also steps.
const PROGRAMS: [(&str, Parse); 14] = [
    ("das2_bin_avgsec", |words| {
        let args: bin::AverageArgs = parse(words)?;
        no_file(&args.input, Filter::Bin((&args).into()))
    }),
    ("das2_bin_peakavgsec", |words| {
        let args: bin::PeakArgs = parse(words)?;
        no_file(&args.input, Filter::Bin((&args).into()))
    }),
    ("das2_ascii", |words| {
        let args: ascii::AsciiArgs = parse(words)?;
        no_file(&args.input, Filter::Ascii((&args).into()))
    }),
    ("das2_binary", |words| {
        let args: binary::BinaryArgs = parse(words)?;
        no_file(&args.input, Filter::Binary)
    }),
    ("das2_deflate", |words| {
        let args: zlib::DeflateArgs = parse(words)?;
        no_file(&args.input, End::Deflated)
    }),
    ("das2_inflate", |words| {
        let args: zlib::InflateArgs = parse(words)?;
        no_file(&args.input, Filter::Inflate)
    }),
    ("das2_csv", |words| {
        let args: csv::CsvArgs = parse(words)?;
        no_file(&args.input, End::Csv((&args).into()))
    }),
    ("das2_bin_avg", |words| {
        let args: bin::UnitAverageArgs = parse(words)?;
        no_file(&args.input, Filter::Bin((&args).into()))
    }),
    ("das2_bin_ratesec", |words| {
        let args: bin::RateArgs = parse(words)?;
        no_file(&args.input, Filter::Rate((&args).into()))
    }),
    ("das2_histo", |words| {
        let args: histo::HistoArgs = parse(words)?;
        no_file(&args.input, Filter::Histo((&args).into()))
    }),
    ("das2_psd", |words| {
        let args: psd::PsdArgs = parse(words)?;
        let spectra = psd::Spectra::try_from(&args)?;
        no_file(&args.input, Filter::Psd(spectra))
    }),
    ("das2_hapi", |words| {
        let args: hapi::HapiArgs = parse(words)?;
        let step = End::Hapi(Box::new((&args).into()));
        no_path(args.dsdf.as_deref(), step)
    }),
    ("qds_bin_avgsec", |words| {
        let args: qds::AverageArgs = parse(words)?;
        no_file(&args.input, Filter::QBin((&args).into()))
    }),
    ("qds_ascii", |words| {
        let args: qds::AsciiArgs = parse(words)?;
        no_file(&args.input, Filter::QAscii)
    }),
];

fn parse<A: Parser>(words: &[&str]) -> Result<A, String> {
    A::try_parse_from(words).map_err(|error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        line.trim_start_matches("error: ").to_owned()
    })
}

fn no_file(input: &program::StreamArgs, step: impl Into<Step>) -> Result<Step, Misuse> {
    no_path(input.file.as_deref(), step)
}

fn no_path(file: Option<&std::path::Path>, step: impl Into<Step>) -> Result<Step, Misuse> {
    match file {
        None => Ok(step.into()),
        Some(file) => Err(Misuse::File(file.display().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_of_data_source_definitions() {
        let of = |line: &str| Step::from_words(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(of("site_reducer 60"), None);
        assert_eq!(of("/usr/bin/das2_bin_avgsec 60"), None);
        let Some(Ok(Step::Filter(Filter::Bin(binning)))) =
            of("das2_bin_avgsec -r -b 2001-01-01 0.25")
        else {
            panic!()
        };
        assert_eq!(binning.seconds, 0.25);
        assert!(binning.begin.is_some());
        assert!(matches!(of("das2_bin_avgsec 60 -r"), Some(Ok(_))));
        // What the server adds to a site's own words comes last, and holds.
        let twice = of("das2_bin_avgsec -b 2001-01-01 -b 2002-01-01 60");
        assert_eq!(twice, of("das2_bin_avgsec -b 2002-01-01 60"));
        assert!(matches!(twice, Some(Ok(_))));
        assert!(matches!(of("das2_ascii -r 4 -s 3 -c"), Some(Ok(_))));
        assert_eq!(of("das2_binary"), Some(Ok(Step::Filter(Filter::Binary))));
        assert_eq!(of("das2_deflate"), Some(Ok(Step::End(End::Deflated))));
        assert_eq!(of("das2_inflate"), Some(Ok(Step::Filter(Filter::Inflate))));
        assert!(matches!(
            of("das2_csv -d ;"),
            Some(Ok(Step::End(End::Csv(_))))
        ));
        let of_qstreams = of("qds_bin_avgsec -b 2001-01-01 60").unwrap().unwrap();
        assert!(of_qstreams.is_of_qstreams());
        assert_eq!(of("qds_ascii"), Some(Ok(Filter::QAscii.into())));
        let file = of("das2_bin_avgsec 10 60");
        assert_eq!(file, Some(Err(Misuse::File("60".into()))));
        for bad in [
            "qds_bin_avgsec",
            "qds_bin_avgsec -r 60",
            "qds_ascii -r 5",
            "das2_bin_avgsec",
            "das2_bin_avgsec 0",
            "das2_bin_avgsec -5",
            "das2_bin_avgsec nan",
            "das2_bin_avgsec inf",
            "das2_bin_avgsec x",
            "das2_bin_avgsec 60 some_file",
            "das2_bin_avgsec --help",
            "das2_bin_peakavgsec -r 60",
            "das2_ascii -r 1",
            "das2_ascii -r 19",
            "das2_ascii -s 10",
            "das2_binary file",
            "das2_deflate -6",
            "das2_inflate x",
        ] {
            assert!(matches!(of(bad), Some(Err(_))), "{bad}");
        }
    }
}
