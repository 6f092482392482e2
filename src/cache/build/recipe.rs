//! How the blocks of a level are made.

use super::split::Recipe;
use crate::cache::block::Block;
use crate::config::Config;
use crate::filter::Filter;
use crate::reading::own_chain;
use crate::source::{CacheLevel, Command, Definition, Format, Resolution};

/// How the blocks of a level are made.
#[derive(Debug, Clone, PartialEq)]
pub enum Making {
    /// Here, out of a stream that other levels may share.
    Here(Recipe),
    /// By a program of the site, which is run for every block.
    Program(Command),
}

/// How the blocks of a level can be made; the error says why they cannot.
pub fn making_of(
    definition: &Definition,
    config: &Config,
    level: &CacheLevel,
) -> Result<Making, String> {
    if level.resolution == Resolution::Intrinsic {
        return Ok(Making::Here(Recipe::Copy));
    }
    let reducer = definition
        .effective_reducer(config)
        .filter(|command| !command.is_empty())
        .ok_or("nothing reduces the data of this source")?;
    let any_block = Block::at(level.period, crate::time::Time::now()).ok_or("no such block")?;
    let words = reducer_words(&any_block, level);
    let Some(own) = own_chain(&reducer, &words, &definition.format) else {
        return Ok(Making::Program(reducer));
    };
    let own = own?;
    match own.filters() {
        _ if !own.makes_stream() => Err("its reducer makes no stream".into()),
        [Filter::Bin(binning)] => Ok(Making::Here(Recipe::Bin(*binning))),
        [Filter::QBin(binning)] => Ok(Making::Here(Recipe::QBin(*binning))),
        // What comes before the bins needs the stream as the reader writes it,
        // not cut at the edges of blocks.
        [.., Filter::Bin(_) | Filter::QBin(_)] => Ok(Making::Program(reducer)),
        _ => Err("its reducer makes no bins of time".into()),
    }
}

/// Whether the blocks of a level can be built; the error says why not.
///
/// # Errors
/// A source that cannot be reduced, a reducer that is set up wrongly.
pub fn can_build(
    definition: &Definition,
    config: &Config,
    level: &CacheLevel,
) -> Result<(), String> {
    making_of(definition, config, level).map(|_| ())
}

/// What stands behind a reducer of the site: [`reducer_words`], but for QStreams the
/// seconds alone, as such programs have always been called.
pub fn program_words(block: &Block, level: &CacheLevel, format: &Format) -> Vec<String> {
    let words = reducer_words(block, level);
    match format {
        Format::QStream => words.into_iter().skip(2).collect(),
        _ => words.into(),
    }
}

/// What stands behind the reducer: `-b BEGIN SECONDS`.
pub fn reducer_words(block: &Block, level: &CacheLevel) -> [String; 3] {
    [
        "-b".to_owned(),
        block.time_text(block.begin()),
        format!("{:.6}", level.resolution.seconds()),
    ]
}
