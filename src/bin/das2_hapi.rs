//! das2_hapi: a das2 stream in, a HAPI response out.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use das2_server::config::Config;
use das2_server::filter::hapi::{About, HapiArgs, Options};
use das2_server::filter::{End, program};
use das2_server::source::{Definition, SourceName, split_range};
use das2_server::time::{Time, parse_query};

/// Status of a run that was asked for in a wrong way.
const WRONG_USE: u8 = 2;

fn main() -> ExitCode {
    let args = HapiArgs::parse();
    let mut options = Options::from(&args);
    if let Some(path) = &args.dsdf {
        options.about = match about(path) {
            Ok(about) => about,
            Err(reason) => {
                eprintln!("das2_hapi: {}: {reason}", path.display());
                return ExitCode::from(WRONG_USE);
            }
        };
    }
    program::run("das2_hapi", End::Hapi(Box::new(options)), None)
}

/// What a definition says of its source.
fn about(path: &Path) -> Result<About, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let name = SourceName::parse("source").map_err(|error| error.to_string())?;
    let config = Config::default();
    let examination = Definition::examine(name, path, &bytes, &|_| None, &config);
    let definition = examination.definition.ok_or("it has no keywords")?;
    let text = |keys: &[&str]| {
        let mut found = keys.iter().filter_map(|key| definition.get(key));
        found.next().map(|text| text.trim().to_owned())
    };
    let range = definition.valid_range;
    let example = definition.examples.first();
    let sample = example.and_then(|example| {
        let (begin, end) = split_range(&example.range)?;
        let time = |text| parse_query(text, None).ok();
        Some((time(begin)?, time(end)?))
    });
    Ok(About {
        start: range.map(|range| range.begin),
        stop: range.map(|range| range.end(Time::now())),
        sample,
        description: text(&["description", "summary"]),
        contact: text(&["sciContact", "techContact"]),
        more: Vec::new(),
    })
}
