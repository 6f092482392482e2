//! The command line of das2_csv.

use crate::filter::program::StreamArgs;

/// Turns a das2 stream into comma-separated values.
///
/// One row of column headings for each packet type, then one row for each data
/// packet: x, then every item of every plane. Rows end in CRLF, and cells
/// stand in quotation marks where they need them (RFC 4180). Times are ISO
/// text in UTC.
///
/// Where a stream has several packet types, each row begins with the packet
/// ID, headings too. Where another type turns up after data, or a type
/// changes, an empty row and its headings stand before its next row.
///
/// An exception in the stream is no row: it goes to standard error, and the
/// exit status is 3.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "das2_csv", version, disable_version_flag = true)]
pub struct CsvArgs {
    /// What stands between cells: one character, or tab (\t), semicolon, comma,
    /// bar, blank.
    #[arg(short = 'd', long = "delimiter", value_name = "CHARACTER", default_value = ",",
          value_parser = delimiter)]
    delimiter: char,
    /// Significant digits of reals, in exponent form, 1 to 18; otherwise as
    /// many as it takes to read back the same number.
    #[arg(short = 'p', short_alias = 'r', long = "precision", value_name = "DIGITS",
          value_parser = clap::value_parser!(u8).range(1..=18))]
    digits: Option<u8>,
    /// Fraction digits of seconds, 0 to 9; 6 otherwise, 9 for units as fine as
    /// nanoseconds, and what is there for times that are text.
    #[arg(short = 's', long = "subseconds", value_name = "DIGITS",
          value_parser = clap::value_parser!(u8).range(0..=9))]
    subseconds: Option<u8>,
    /// Begin each row with the packet ID, even if there is one packet type.
    #[arg(short = 'i', long = "id")]
    with_id: bool,
    /// Leave out headings, and the empty rows before them.
    #[arg(short = 'H', long = "no-header")]
    no_header: bool,
    /// What stands for fill and NaN; nothing otherwise.
    #[arg(long = "fill", value_name = "TEXT", default_value = "")]
    fill: String,
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// How a table is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What stands between cells.
    pub delimiter: char,
    /// Significant digits of every real; None: the fewest that read back the same.
    pub digits: Option<u8>,
    /// Fraction digits of seconds; None: 6, or 9 for nanosecond units.
    pub subseconds: Option<u8>,
    /// Each row begins with the packet ID.
    pub with_id: bool,
    /// Rows of data alone.
    pub no_header: bool,
    /// What stands for fill and NaN.
    pub fill: String,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout {
            delimiter: ',',
            digits: None,
            subseconds: None,
            with_id: false,
            no_header: false,
            fill: String::new(),
        }
    }
}

impl From<&CsvArgs> for Layout {
    fn from(args: &CsvArgs) -> Layout {
        Layout {
            delimiter: args.delimiter,
            digits: args.digits,
            subseconds: args.subseconds,
            with_id: args.with_id,
            no_header: args.no_header,
            fill: args.fill.clone(),
        }
    }
}

/// Delimiters that have a name: a shell takes no offence at it.
const NAMED: [(&str, char); 6] = [
    ("tab", '\t'),
    ("\\t", '\t'),
    ("semicolon", ';'),
    ("comma", ','),
    ("bar", '|'),
    ("blank", ' '),
];

/// Characters that numbers, times and quoted cells are made of cannot stand
/// between them.
fn delimiter(text: &str) -> Result<char, String> {
    if let Some((_, named)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Ok(*named);
    }
    let mut chars = text.chars();
    match (text, chars.next(), chars.next()) {
        (_, Some(one), None) if !one.is_alphanumeric() && !"\"\r\n.+-:".contains(one) => Ok(one),
        _ => Err("write one character that no number, time or quotation has, or \\t".into()),
    }
}
