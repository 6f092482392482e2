//! Answers out of the cache that are made by programs: by a reader of the
//! cache that is the site's own, or by ours where text is made of its stream
//! by a program of the site. Programs know no gaps, so they are used only
//! where every block is there and can be used.

use super::data_request::DataRequest;
use super::from_cache::FromCache;
use super::stages;
use crate::access::Permitted;
use crate::cache::CACHE_DATA;
use crate::config::Config;
use crate::filter::Chain;
use crate::reading;
use crate::source::{Command, Format};
use crate::web::Error;
use crate::web::delivery::{Plan, start_failed};

/// The readers of the cache that this server is itself.
const OURS: [&str; 2] = ["das2_cache_rdr", "qds_cache_rdr"];

/// How blocks become an answer.
pub enum Reading {
    /// Here, and on through this chain.
    Here(Chain),
    /// By programs.
    Programs(Plan),
}

/// How the blocks of a request are read.
///
/// # Errors
/// 500 for commands that cannot be run.
pub fn reading(
    config: &Config,
    definition: &Permitted,
    asked: &DataRequest,
    from_cache: &FromCache,
) -> Result<Reading, Error> {
    let command = definition
        .cache_reader
        .clone()
        .filter(|command| !command.is_empty())
        .unwrap_or_else(|| {
            Command::from_text(match definition.format {
                Format::QStream => &config.qds_cache_reader,
                _ => &config.d2s_cache_reader,
            })
        });
    let ours = OURS.contains(&command.shell_text(reading::VARIABLE).trim());
    match stages::own_chain(config, definition, asked)? {
        Some(chain) if ours => Ok(Reading::Here(chain)),
        _ => programs(config, definition, asked, from_cache, &command).map(Reading::Programs),
    }
}

/// `COMMAND DSDF FOLDER NORMPARAMS BEGIN END RESOLUTION`, and what makes text
/// of it.
fn programs(
    config: &Config,
    definition: &Permitted,
    asked: &DataRequest,
    from_cache: &FromCache,
    command: &Command,
) -> Result<Plan, Error> {
    let failed = |error| start_failed(&error);
    let mut program = reading::program(command).map_err(failed)?;
    let mut folder = config.cache_root.clone().unwrap_or_default();
    folder.push(CACHE_DATA);
    folder.push(definition.name.as_str());
    let level = &from_cache.level;
    program.arg(definition.path.clone()).map_err(failed)?;
    program.arg(folder).map_err(failed)?;
    for word in [
        level.norm_params.clone(),
        asked.begin.text.clone(),
        from_cache.end.text.clone(),
        five_digits(asked.resolution.unwrap_or(0.0)),
    ] {
        program.arg(word).map_err(failed)?;
    }
    let converter = stages::converter(config, definition, asked.form)?;
    let plan = Plan::new(program, converter.into_iter().collect());
    Ok(match asked.compress {
        true => plan.deflated(),
        false => plan,
    })
}

/// A number as C's `%.5e` writes it, which these programs have always been
/// given.
fn five_digits(number: f64) -> String {
    let text = format!("{number:.5e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_cache_readers_know_them() {
        for (number, text) in [
            (0.0, "0.00000e+00"),
            (1.5, "1.50000e+00"),
            (123_456.0, "1.23456e+05"),
            (0.000_1, "1.00000e-04"),
            (1e-300, "1.00000e-300"),
        ] {
            assert_eq!(five_digits(number), text);
        }
    }
}
