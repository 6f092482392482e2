//! Building blocks: one reader run over a stretch of time, its stream split
//! into the blocks of all levels at once.
//!
//! What comes in is a [`Request`]; what goes out are files, and a [`Report`].
//! The one idea: a block is written only when it is sure, that is, when data
//! of a later block, or the reader's good end, have come after it. So a
//! reader that fails half way loses nothing but the block it failed in, and
//! what is left is tried again in smaller parts, down to single blocks.
//!
//! | file | holds |
//! |---|---|
//! | place | unfinished files, and how they get to their places |
//! | writer | one block on its way into its file |
//! | split | one stream into the blocks of one level |
//! | recipe | how the blocks of a level are made |
//! | work | stretches of time, and how they get smaller |
//! | attempt | one reader run, and what comes after it |
//! | sinks | where the streams of reader runs go |
//! | telling | progress, and being told to stop |
//! | by_program | blocks made by a site's own reducer |

mod attempt;
mod by_program;
mod place;
mod recipe;
mod sinks;
mod split;
mod telling;
mod work;
mod writer;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::config::Config;
use crate::source::{CacheLevel, Definition};
use crate::time::Time;

pub use place::{Unfinished, set_file_time, sweep};
pub use recipe::can_build;
pub use writer::BlockWriter;

/// Blocks that are wanted.
pub struct Request<'a> {
    /// The source.
    pub definition: &'a Definition,
    /// The site's settings.
    pub config: &'a Config,
    /// The levels whose blocks are wanted. Those with the same params share
    /// reader runs.
    pub levels: Vec<CacheLevel>,
    /// The beginning of the stretch, which is widened to whole blocks.
    pub begin: Time,
    /// Its end.
    pub end: Time,
    /// The present: a block whose span is not over is not built, and this is
    /// what blocks say of when they were made.
    pub now: Time,
    /// Set from elsewhere to end the build within a second or so, also while
    /// a reader is silent.
    pub stop: Option<Arc<AtomicBool>>,
}

impl Request<'_> {
    /// How many blocks are wanted.
    pub fn blocks(&self) -> u64 {
        let spans = self.levels.iter().filter_map(|level| {
            let (begin, end, now) = (self.begin, self.end, self.now);
            work::Span::covering(0, level.period, begin, end, now)
        });
        spans.map(|span| span.count()).sum()
    }
}

/// How far a build has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Blocks that are in their places.
    pub blocks: u64,
    /// Blocks that are wanted.
    pub of: u64,
    /// Bytes of those in their places.
    pub bytes: u64,
    /// The time that the data have come to.
    pub reached: Time,
}

/// Whether a build goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continue {
    /// It does.
    Yes,
    /// It ends: the reader is killed, and what is not complete goes away.
    Stop,
}

/// How a build went.
#[derive(Debug, Default)]
pub struct Report {
    /// Blocks that are in their places.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How often a reader was run.
    pub runs: u64,
    /// Blocks that could not be made, stretch by stretch, the first thousand.
    pub failed: Vec<Failed>,
    /// All blocks that could not be made.
    pub failed_blocks: u64,
    /// Levels that cannot be built, by number, and why.
    pub off: Vec<(u32, String)>,
    /// It was told to stop before it was done.
    pub stopped: bool,
    /// What ended it before it was done.
    pub error: Option<BuildError>,
}

impl Report {
    /// Whether all that was wanted is there.
    pub fn is_complete(&self) -> bool {
        self.failed_blocks == 0 && self.off.is_empty() && !self.stopped && self.error.is_none()
    }
}

/// Blocks of a level that could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The level's number.
    pub level: u32,
    /// The beginning of the first.
    pub begin: Time,
    /// The end of the last.
    pub end: Time,
    /// Why: what the reader said, or what is wrong with its stream. For the
    /// site, not for clients.
    pub reason: String,
}

/// What makes building impossible.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no place for blocks.
    #[error("CACHE_ROOT is not set: name the folder of the cache in the configuration")]
    NoCache,
    /// The definition has no reader.
    #[error("{0} has no reader: write a keyword reader in its definition")]
    NoReader(String),
    /// A block cannot be written: the disk is full, or this account may not.
    #[error("the cache cannot be written: {0}")]
    Write(std::io::Error),
    /// The reader, or a site's own reducer, cannot be started.
    #[error(transparent)]
    Start(#[from] crate::exec::ExecError),
}

impl BuildError {
    /// Whether it is over as soon as somebody makes room on the disk, or makes it writable.
    pub fn is_for_want_of_room(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        matches!(self, BuildError::Write(error)
            if matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem))
    }
}

/// Builds blocks. `step` is called after each block, and several times a
/// second while data come.
pub fn run(request: &Request<'_>, step: &mut dyn FnMut(Progress) -> Continue) -> Report {
    let mut build = match attempt::Build::new(request, step) {
        Ok(build) => build,
        Err(error) => {
            return Report {
                error: Some(error),
                ..Report::default()
            };
        }
    };
    build.run();
    build.report()
}
