//! The command line of das2_psd.

use crate::filter::program::StreamArgs;
use crate::stream::PacketId;

/// The longest transform: its spectra fill the largest packet that is read.
const LONGEST: usize = 1 << 22;
const SHORTEST: usize = 16;

/// Turns waveforms into power spectral densities.
///
/// Reads a das2 stream and transforms each waveform: the items of a yscan, or
/// the values of successive packets where these have only y planes. Each
/// window of LENGTH samples gives LENGTH/2 + 1 densities.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "das2_psd",
    args_override_self = true,
    version,
    disable_version_flag = true,
    allow_negative_numbers = true
)]
pub struct PsdArgs {
    /// Keep the mean of each window instead of taking it away.
    #[arg(short = 'd', long)]
    keep_dc: bool,
    /// The xTagWidth to write, such as "0.5 s".
    #[arg(short = 'c', long, value_name = "DATUM")]
    cadence: Option<Datum>,
    /// Stop at packet types and planes that cannot be transformed, instead of
    /// leaving them out.
    #[arg(short = 'n', long)]
    no_skip: bool,
    /// How far, as a fraction, the steps of x may differ.
    #[arg(short = 'j', long, value_name = "BREAK", default_value = "0.01", value_parser = jitter)]
    max_jitter: f64,
    /// Transform each item of successive yscans along x.
    #[arg(short = 'x', long)]
    trans_x: bool,
    /// The packet ID of spectra of samples that lie DATUM apart in x, such as
    /// "7,10 ms"; may be given again.
    #[arg(
        short = 'm',
        long = "map",
        value_name = "ID,DATUM",
        value_parser = mapped,
        action = clap::ArgAction::Append
    )]
    ids: Vec<(PacketId, Datum)>,
    /// Samples of a window: an even number, at least 16.
    #[arg(value_name = "LENGTH", value_parser = length)]
    length: usize,
    /// The next window begins LENGTH / SLIDE samples later: 1 for windows side
    /// by side, 2 for those that overlap by half.
    #[arg(value_name = "SLIDE")]
    slide: usize,
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// A number and its unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// The number, above zero.
    pub value: f64,
    /// The unit's text.
    pub units: String,
    /// As it was written.
    pub text: String,
}

impl std::str::FromStr for Datum {
    type Err = String;

    fn from_str(text: &str) -> Result<Datum, String> {
        let text = text.trim();
        let unit_at = text
            .find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)))
            .unwrap_or(text.len());
        let (number, units) = text.split_at_checked(unit_at).unwrap_or((text, ""));
        match (number.parse::<f64>(), units.trim()) {
            (Ok(value), units) if value > 0.0 && value.is_finite() && !units.is_empty() => {
                Ok(Datum {
                    value,
                    units: units.to_owned(),
                    text: format!("{number} {units}"),
                })
            }
            _ => Err("a number above zero and a unit are wanted, such as \"0.5 s\"".into()),
        }
    }
}

fn length(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(length) if length % 2 == 0 && (SHORTEST..=LONGEST).contains(&length) => Ok(length),
        _ => Err(format!(
            "the length must be an even number from {SHORTEST} to {LONGEST}"
        )),
    }
}

fn jitter(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(jitter) if jitter >= 0.0 && jitter.is_finite() => Ok(jitter),
        _ => Err("the jitter must be a number from 0 up".into()),
    }
}

fn mapped(text: &str) -> Result<(PacketId, Datum), String> {
    let wrong = || "a packet ID from 1 to 99, a comma and a sample time are wanted".to_owned();
    let (id, datum) = text.split_once(',').ok_or_else(wrong)?;
    let id = id.trim().parse::<u8>().map_err(|_| wrong())?;
    let id = PacketId::new(id).filter(|id| id.index() > 0);
    Ok((id.ok_or_else(wrong)?, datum.parse()?))
}

/// How to make spectra.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectra {
    /// Samples of a window, an even number.
    pub length: usize,
    /// Windows begin `length / slide` samples apart.
    pub slide: usize,
    /// The mean is not taken away.
    pub keep_dc: bool,
    /// The xTagWidth to write.
    pub cadence: Option<Datum>,
    /// What cannot be transformed is an error.
    pub no_skip: bool,
    /// How far the steps of x may differ, as a fraction of them.
    pub jitter: f64,
    /// Scans are transformed along x.
    pub along_x: bool,
    /// Packet IDs that belong to sample times.
    pub ids: Vec<(PacketId, Datum)>,
    /// An exception in the input is an error at its end.
    pub exception_fails: bool,
}

impl Spectra {
    /// Samples from the beginning of one window to that of the next.
    pub fn step(&self) -> usize {
        (self.length / self.slide.max(1)).max(1)
    }
}

impl TryFrom<&PsdArgs> for Spectra {
    type Error = String;

    fn try_from(args: &PsdArgs) -> Result<Spectra, String> {
        if !(1..args.length).contains(&args.slide) {
            return Err(format!(
                "SLIDE must be a number from 1 to {}",
                args.length - 1
            ));
        }
        Ok(Spectra {
            length: args.length,
            slide: args.slide,
            keep_dc: args.keep_dc,
            cadence: args.cadence.clone(),
            no_skip: args.no_skip,
            jitter: args.max_jitter,
            along_x: args.trans_x,
            ids: args.ids.clone(),
            exception_fails: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn of(line: &str) -> Result<Spectra, String> {
        let args = PsdArgs::try_parse_from(line.split(' ')).map_err(|e| e.to_string())?;
        Spectra::try_from(&args)
    }

    #[test]
    fn every_spelling_of_every_option() {
        let plain = of("das2_psd 64 3").unwrap();
        assert_eq!((plain.length, plain.slide, plain.step()), (64, 3, 21));
        assert_eq!((plain.jitter, plain.keep_dc), (0.01, false));
        let short = of("das2_psd -d -c 5s -n -j 0.2 -x -m 7,10ms 64 3").unwrap();
        let long = of(
            "das2_psd --keep-dc --cadence=5s --no-skip --max-jitter=0.2 --trans-x --map=7,10ms 64 3",
        )
        .unwrap();
        assert_eq!(short, long);
        assert!(short.keep_dc && short.no_skip && short.along_x);
        assert_eq!(short.cadence.unwrap().text, "5 s");
        assert_eq!(short.ids[0].0.index(), 7);
        assert_eq!((short.ids[0].1.value, short.jitter), (10.0, 0.2));
        assert_eq!("2.5e-2 V m**-1".parse::<Datum>().unwrap().units, "V m**-1");
    }

    #[test]
    fn bad_arguments() {
        for bad in [
            "das2_psd",
            "das2_psd 64",
            "das2_psd 15 1",
            "das2_psd 14 1",
            "das2_psd 17 1",
            "das2_psd -64 1",
            "das2_psd 64 0",
            "das2_psd 64 64",
            "das2_psd 64 -1",
            "das2_psd 64 x",
            "das2_psd 99999999999999 1",
            "das2_psd -j -1 64 1",
            "das2_psd -j nan 64 1",
            "das2_psd -c 5 64 1",
            "das2_psd -c 0s 64 1",
            "das2_psd -c s 64 1",
            "das2_psd -m 0,1s 64 1",
            "das2_psd -m 100,1s 64 1",
            "das2_psd -m 5 64 1",
            "das2_psd -m 5,x 64 1",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
        assert!(of("das2_psd 64 63").is_ok());
    }
}
