//! The cache: data that readers have made before, in blocks of time.
//!
//! A *level* of a source says what its blocks hold (every record, or one
//! record a bin) and how long they are; a *block* is one das2 stream in one
//! file that covers one second, minute, hour, day, month or year. What comes
//! in is a time range and a resolution; what goes out is a [`Plan`]: which
//! blocks there are, and for which gaps a reader has to run. The one idea: a
//! plan is a value, made from nothing but the listings of folders, so it can
//! be printed, tested and logged before anything is read.
//!
//! | file | holds |
//! |---|---|
//! | block | the span of a block, and the name of its file |
//! | folder | where the blocks of a level are, and which exist |
//! | coverage | which stretches exist |
//! | plan | level, hits and gaps of a request |
//! | stamp | what a block knows of itself: made when, from what |
//! | state | what there is of a block, and which want to be built |
//! | expired | what an operator declared to be out of date |
//! | build | a reader's stream into blocks |
//! | tool | das2_srv_cache |
//! | serve | blocks and gaps as one stream |

mod block;
pub mod build;
mod coverage;
mod expired;
mod folder;
mod plan;
pub mod serve;
mod stamp;
mod state;
pub mod tool;

pub use block::{Block, Blocks};
pub use coverage::Coverage;
pub use expired::Expired;
pub use folder::{CACHE_DATA, LevelFolder};
pub use plan::{Plan, Segment, Way, can_fill, choose_level};
pub use stamp::{Form, Freshness, Origin, Stamp, Standard, changed};
pub use state::{State, missing_or_stale};
