//! das2_psd: a das2 stream of waveforms in, one of spectra out.

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use das2_server::filter::psd::{PsdArgs, Spectra};
use das2_server::filter::{Filter, program};

fn main() -> ExitCode {
    let args = PsdArgs::parse();
    match Spectra::try_from(&args) {
        Ok(spectra) => {
            let filter = Filter::Psd(Spectra {
                exception_fails: true,
                ..spectra
            });
            program::run("das2_psd", filter, args.input.file.as_deref())
        }
        Err(reason) => PsdArgs::command()
            .error(clap::error::ErrorKind::ValueValidation, reason)
            .exit(),
    }
}
