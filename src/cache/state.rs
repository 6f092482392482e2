//! What there is of a block, and which blocks want to be built.

use std::fs::File;
use std::io;

use super::block::Block;
use super::folder::LevelFolder;
use super::plan::{Plan, Segment};
use super::serve::{Known, Opened, freshness, open_block, stamp_of, survey};
use super::stamp::{Form, Stamp, Standard, changed};
use crate::cache::Blocks;
use crate::config::Config;
use crate::source::{CacheLevel, Definition};
use crate::time::Time;

/// What there is of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// No file.
    Missing,
    /// A block that may be served, of this many bytes. Of one in foreign form
    /// only the front has been looked at; one in known form whose file was
    /// changed since has been looked through.
    Fresh(u64),
    /// A block of this many bytes that is out of date, and why.
    Stale(u64, String),
    /// A file that is no block, and why.
    Damaged(String),
}

impl State {
    /// The state of one block, as a request would find it.
    pub fn of(folder: &LevelFolder, block: &Block, standard: &Standard) -> State {
        match State::look(folder, block, standard) {
            (fresh @ State::Fresh(_), Some(known)) => match known.check(folder.record_times(block))
            {
                Ok(()) => fresh,
                Err(reason) => State::Damaged(reason),
            },
            (state, _) => state,
        }
    }

    /// The same from the front of its file alone.
    pub fn by_front(folder: &LevelFolder, block: &Block, standard: &Standard) -> State {
        State::look(folder, block, standard).0
    }

    fn look(folder: &LevelFolder, block: &Block, standard: &Standard) -> (State, Option<Known>) {
        let damaged = |reason: String| (State::Damaged(reason), None);
        let opened = match open(folder, block) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (State::Missing, None),
            Err(error) => return damaged(error.to_string()),
        };
        let judge = |file: &File, stamp: Option<&Stamp>| {
            let size = size_of(file);
            match freshness(standard.judge(block, stamp, changed(file))) {
                Ok(()) => State::Fresh(size),
                Err(reason) => State::Stale(size, reason),
            }
        };
        match opened {
            Opened::Bad(reason) => damaged(reason),
            Opened::Known(known) => (judge(&known.file, Some(&known.stamp)), Some(known)),
            Opened::Foreign(file) => {
                let stamp = stamp_of(&file);
                if stamp.is_some_and(|stamp| stamp.size != size_of(&file)) {
                    return damaged("it is not as long as it was".into());
                }
                (judge(&file, stamp.as_ref()), None)
            }
        }
    }
}

fn open(folder: &LevelFolder, block: &Block) -> io::Result<Opened> {
    let place = File::open(folder.path().join(block.folder()))?;
    open_block(place, &folder.name_of(block), &mut Vec::new())
}

fn size_of(file: &File) -> u64 {
    file.metadata().map_or(0, |data| data.len())
}

/// Whether a request would use a block. One in foreign form is looked through
/// to its end, as a request does: else what is broken behind its front would
/// be asked for for ever and never be made again.
fn is_good(folder: &LevelFolder, block: &Block, standard: &Standard) -> bool {
    if !matches!(State::of(folder, block, standard), State::Fresh(_)) {
        return false;
    }
    match open(folder, block) {
        Ok(Opened::Foreign(file)) => {
            survey(&file, folder.record_times(block), Form::Unknown).is_ok()
        }
        Ok(Opened::Known(_)) => true,
        Ok(Opened::Bad(_)) | Err(_) => false,
    }
}

/// The stretches of a level that want to be built: blocks that are not there,
/// out of date, or damaged, and whose span is over.
pub fn missing_or_stale(
    definition: &Definition,
    config: &Config,
    level: &CacheLevel,
    begin: Time,
    end: Time,
    now: Time,
) -> Vec<(Time, Time)> {
    let Some(root) = &config.cache_root else {
        return Vec::new();
    };
    let folder = LevelFolder::of_definition(root, definition, level);
    let standard = Standard::of(definition, config, level, &folder, now);
    let over = Block::at(level.period, now).map_or(now, |block| block.begin());
    let mut wanted: Vec<(Time, Time)> = Vec::new();
    let mut want = |begin: Time, end: Time| {
        let end = end.min(over);
        match wanted.last_mut() {
            _ if end <= begin => {}
            Some(last) if last.1 == begin => last.1 = end,
            _ => wanted.push((begin, end)),
        }
    };
    for segment in Plan::new(folder.clone(), begin, end).segments {
        match segment {
            Segment::Gap { first, end, .. } => want(first.begin(), end),
            Segment::Blocks { first, end, .. } => {
                for block in Blocks::covering(first.period(), first.begin(), end) {
                    if !is_good(&folder, &block, &standard) {
                        want(block.begin(), block.end());
                    }
                }
            }
        }
    }
    wanted
}
