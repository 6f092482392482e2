//! The command line of das2_hapi, and what the stage is told.

use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;

use crate::stream::PacketId;
use crate::time::{Time, parse_query};

/// Turns a das2 stream into a HAPI response.
///
/// HAPI knows records of one shape: the packets of one ID become records, the
/// first that has a header or the one that -p names. Others are left out, with
/// a warning.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "das2_hapi", version, disable_version_flag = true)]
pub struct HapiArgs {
    /// The form of the records: csv, binary, or json, which holds the info too.
    #[arg(short = 'f', long, value_name = "FORM", value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Write the info object before the records, each line with a # in front.
    #[arg(short = 'i', long = "info")]
    with_info: bool,
    /// Write no records: with -i the info object alone, as JSON.
    #[arg(short = 'n', long = "no-data")]
    no_records: bool,
    /// Take the packets of this ID, 1 to 99.
    #[arg(short = 'p', value_name = "ID", value_parser = clap::value_parser!(u8).range(1..=99))]
    packet: Option<u8>,
    /// Leave out records before this time.
    #[arg(short = 'b', value_name = "BEGIN", value_parser = time)]
    begin: Option<Time>,
    /// Leave out records at this time and after it.
    #[arg(short = 'e', value_name = "END", value_parser = time)]
    end: Option<Time>,
    /// The definition of the data source, for what the info object says of it.
    #[arg(short = 'd', value_name = "DSDF")]
    pub dsdf: Option<PathBuf>,
    /// Print the version.
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    version: (),
    /// The parameters to write, all otherwise.
    #[arg(value_name = "NAME", value_delimiter = ',')]
    names: Vec<String>,
}

fn time(text: &str) -> Result<Time, String> {
    parse_query(text, None).map_err(|error| error.to_string())
}

/// The form of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// One record a line, values with commas between them.
    #[default]
    Csv,
    /// Little-endian doubles and integers, times as text of a fixed length.
    Binary,
    /// One JSON object with the info and an array of records.
    Json,
}

impl Format {
    /// The word for it in requests and in the info object.
    pub fn word(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Binary => "binary",
            Format::Json => "json",
        }
    }
}

/// What goes out, and how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// The form of the records.
    pub format: Format,
    /// The info object comes first. JSON has it always.
    pub with_info: bool,
    /// Nothing but that.
    pub no_records: bool,
    /// The packet type; None: the first.
    pub packet: Option<PacketId>,
    /// Records from this time on.
    pub begin: Option<Time>,
    /// Records before this time.
    pub end: Option<Time>,
    /// Names of parameters; none for all. x comes always.
    pub names: Vec<String>,
    /// The name of x; None: its own, or `time`.
    pub time_name: Option<String>,
    /// Fraction digits of x; None: those of its type and units.
    pub digits: Option<u8>,
    /// What the info object says of the source.
    pub about: About,
    /// Where warnings go.
    pub warn: Warn,
}

/// What the stream itself does not know of its source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct About {
    /// The beginning of the data; None: that of the records asked for.
    pub start: Option<Time>,
    /// Their end.
    pub stop: Option<Time>,
    /// A range that has a few records.
    pub sample: Option<(Time, Time)>,
    /// What they are; None: the title of the stream.
    pub description: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// Further keys of the info object.
    pub more: Vec<(String, serde_json::Value)>,
}

/// Takes warnings; by default they go to standard error.
#[derive(Clone)]
pub struct Warn(Rc<dyn Fn(&str)>);

impl Warn {
    /// Warnings go here.
    pub fn new(take: impl Fn(&str) + 'static) -> Warn {
        Warn(Rc::new(take))
    }

    pub(super) fn say(&self, what: &str) {
        (self.0)(what);
    }
}

impl Default for Warn {
    fn default() -> Warn {
        Warn::new(|what| {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "das2_hapi: warning: {what}");
        })
    }
}

impl fmt::Debug for Warn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Warn")
    }
}

/// Where warnings go makes no difference to what is done.
impl PartialEq for Warn {
    fn eq(&self, _: &Warn) -> bool {
        true
    }
}

impl From<&HapiArgs> for Options {
    fn from(args: &HapiArgs) -> Options {
        Options {
            format: args.format,
            with_info: args.with_info,
            no_records: args.no_records,
            packet: args.packet.and_then(PacketId::new),
            begin: args.begin,
            end: args.end,
            names: args.names.clone(),
            ..Options::default()
        }
    }
}
