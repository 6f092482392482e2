//! Stream in, stream out.
//!
//! A filter is a stage: a [`Sink`] in front of another. The same stage serves
//! a program of its name (das2_bin_avgsec and so on, [`program`]) and the
//! server, which puts it between a reader's pipe and the client without
//! starting a process: [`Filter::from_words`] understands the command line
//! that a data source definition holds.
//!
//! | room | program |
//! |---|---|
//! | [`bin`] | das2_bin_avgsec, das2_bin_peakavgsec |
//! | [`ascii`] | das2_ascii |

pub mod ascii;
pub mod bin;
pub mod cut;
pub mod program;
mod progress;
pub mod x_time;

use clap::Parser;

use crate::stream::Sink;

/// A filter with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// das2_bin_avgsec, das2_bin_peakavgsec.
    Bin(bin::Binning),
    /// das2_ascii.
    Ascii(ascii::Layout),
}

impl Filter {
    /// The filter that a command line names, its first word a bare program
    /// name. None: none of ours. An error: ours, but called in a way it does
    /// not understand, or with a file to read.
    pub fn from_words<S: AsRef<str>>(words: &[S]) -> Option<Result<Filter, String>> {
        let name = words.first()?.as_ref();
        let (_, parse) = PROGRAMS.iter().find(|(known, _)| *known == name)?;
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        Some(parse(&words))
    }

    /// Puts the stage in front of the next one.
    pub fn stage<'a>(&self, next: Box<dyn Sink + 'a>) -> Box<dyn Sink + 'a> {
        match self {
            Filter::Bin(binning) => Box::new(bin::Reducer::new(*binning, next)),
            Filter::Ascii(layout) => Box::new(ascii::ToText::new(*layout, next)),
        }
    }
}

type Parse = fn(&[&str]) -> Result<Filter, String>;

/// The programs that also run as stages.
const PROGRAMS: [(&str, Parse); 3] = [
    ("das2_bin_avgsec", |words| {
        let args: bin::AverageArgs = parse(words)?;
        no_file(args.file.as_deref(), Filter::Bin((&args).into()))
    }),
    ("das2_bin_peakavgsec", |words| {
        let args: bin::PeakArgs = parse(words)?;
        no_file(args.file.as_deref(), Filter::Bin((&args).into()))
    }),
    ("das2_ascii", |words| {
        let args: ascii::AsciiArgs = parse(words)?;
        no_file(args.file.as_deref(), Filter::Ascii((&args).into()))
    }),
];

fn parse<A: Parser>(words: &[&str]) -> Result<A, String> {
    A::try_parse_from(words).map_err(|error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        line.trim_start_matches("error: ").to_owned()
    })
}

fn no_file(file: Option<&std::path::Path>, filter: Filter) -> Result<Filter, String> {
    match file {
        None => Ok(filter),
        Some(_) => Err("a stage reads the stream before it, not a file".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_of_data_source_definitions() {
        let of = |line: &str| Filter::from_words(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(of("site_reducer 60"), None);
        assert_eq!(of("/usr/bin/das2_bin_avgsec 60"), None);
        let Some(Ok(Filter::Bin(binning))) = of("das2_bin_avgsec -r -b 2001-01-01 0.25") else {
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
        for bad in [
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
        ] {
            assert!(matches!(of(bad), Some(Err(_))), "{bad}");
        }
    }
}
