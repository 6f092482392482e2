//! Level, hits and gaps of a request.

use std::fmt;

use crate::config::Config;
use crate::source::{CacheLevel, Definition, Period, Resolution};
use crate::time::{Style, Time};

use super::block::Block;
use super::folder::LevelFolder;

/// The level that serves a request: of those with the same params the
/// coarsest that is not coarser than what is asked for. Without a resolution
/// only a level that holds every record will do.
pub fn choose_level<'a>(
    definition: &'a Definition,
    norm_params: &str,
    resolution: Option<f64>,
) -> Option<&'a CacheLevel> {
    let wanted = resolution.unwrap_or(0.0);
    let mut best: Option<&CacheLevel> = None;
    for level in &definition.cache_levels {
        let seconds = level.resolution.seconds();
        let fits = level.norm_params == norm_params && seconds <= wanted;
        if fits && best.is_none_or(|best| seconds > best.resolution.seconds()) {
            best = Some(level);
        }
    }
    best
}

/// Whether what blocks do not hold can be had from the reader in their form.
pub fn can_fill(definition: &Definition, config: &Config, level: &CacheLevel) -> bool {
    let reducible = || {
        let reducer = definition.effective_reducer(config);
        reducer.is_some_and(|command| !command.is_empty())
    };
    !definition.requires_interval && (level.resolution == Resolution::Intrinsic || reducible())
}

/// When less than this part of the blocks exists, one reader run over the
/// whole range costs less than the runs between them: a reader takes longer
/// to start than a block to be read again.
const FEWEST: u64 = 10;

/// Where more runs than this would be needed, one over the whole range costs less as soon
/// as it reads no more than twice of what is missing.
const MOST_RUNS: usize = 20;

/// What a plan comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The reader answers as without a cache.
    Reader,
    /// One reader run over the whole range, in the form of the level.
    OneRun,
    /// The blocks that there are, and reader runs between them.
    Blocks,
}

/// A stretch of a request, in whole blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// Blocks that exist, from the first to the last.
    Blocks {
        /// The first of them.
        first: Block,
        /// How many.
        count: u64,
        /// The end of the last.
        end: Time,
    },
    /// Blocks that do not: a reader has to run.
    Gap {
        /// The first that is missing.
        first: Block,
        /// How many.
        count: u64,
        /// The end of the last.
        end: Time,
    },
}

/// What answers a request out of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Where the blocks are.
    pub folder: LevelFolder,
    /// The first time that is wanted.
    pub begin: Time,
    /// The first that is no longer wanted.
    pub end: Time,
    /// Hits and gaps, in order of time, without a hole between them.
    pub segments: Vec<Segment>,
    /// Folders that cannot be read, the first few, and why: blocks in them count as
    /// missing.
    pub unreadable: Vec<String>,
}

impl Plan {
    /// Hits and gaps of a range, from the listings of folders.
    pub fn new(folder: LevelFolder, begin: Time, end: Time) -> Plan {
        let period = folder.period();
        let mut segments: Vec<Segment> = Vec::new();
        let mut unreadable = Vec::new();
        let edges = Block::at(period, begin).zip(last_block(period, begin, end));
        if let Some((first, last)) = edges {
            let mut reached = first.begin();
            unreadable = folder.for_each(begin, end, &mut |block| {
                add_gap(&mut segments, period, reached, block.begin());
                add_block(&mut segments, block);
                reached = block.end();
            });
            add_gap(&mut segments, period, reached, last.end());
        }
        Plan {
            folder,
            begin,
            end,
            segments,
            unreadable,
        }
    }

    /// The whole range in whole blocks.
    pub fn stretch(&self) -> Option<(Time, Time)> {
        let (first, last) = (self.segments.first()?, self.segments.last()?);
        Some((first.first().begin(), last.end()))
    }

    /// The same range as one gap, whatever exists of it.
    #[must_use]
    pub fn without_blocks(self) -> Plan {
        let period = self.folder.period();
        let mut segments = Vec::new();
        if let Some((begin, end)) = self.stretch() {
            add_gap(&mut segments, period, begin, end);
        }
        Plan { segments, ..self }
    }

    /// How the request is answered, where gaps can be filled or, as [`can_fill`] says,
    /// cannot.
    pub fn way(&self, can_fill: bool) -> Way {
        let (held, missing) = self.counts();
        let nearly_all = held.saturating_mul(FEWEST) < held.saturating_add(missing);
        match () {
            () if held == 0 || (missing > 0 && !can_fill) => Way::Reader,
            () if missing > 0 && (nearly_all || (held <= missing && self.is_in_pieces())) => {
                Way::OneRun
            }
            () => Way::Blocks,
        }
    }

    /// Whether there are many gaps, where one run can do for all of them.
    fn is_in_pieces(&self) -> bool {
        let is_gap = |segment: &&Segment| matches!(segment, Segment::Gap { .. });
        let gaps = self.segments.iter().filter(is_gap).count();
        gaps > MOST_RUNS && self.folder.bins_fit()
    }

    /// How many blocks exist, and how many do not.
    pub fn counts(&self) -> (u64, u64) {
        self.segments
            .iter()
            .fold((0, 0), |(hits, gaps), segment| match segment {
                Segment::Blocks { count, .. } => (hits + count, gaps),
                Segment::Gap { count, .. } => (hits, gaps + count),
            })
    }
}

impl Segment {
    /// The first block.
    pub fn first(&self) -> Block {
        match self {
            Segment::Blocks { first, .. } | Segment::Gap { first, .. } => *first,
        }
    }

    /// The end of the last block.
    pub fn end(&self) -> Time {
        match self {
            Segment::Blocks { end, .. } | Segment::Gap { end, .. } => *end,
        }
    }
}

/// The block that holds the last instant before `end`.
fn last_block(period: Period, begin: Time, end: Time) -> Option<Block> {
    if end <= begin {
        return None;
    }
    Block::at(period, end.plus_nanos(-1)?)
}

fn add_gap(segments: &mut Vec<Segment>, period: Period, begin: Time, end: Time) {
    if begin < end
        && let Some(first) = Block::at(period, begin)
    {
        segments.push(Segment::Gap {
            first,
            count: period.count(begin, end),
            end,
        });
    }
}

fn add_block(segments: &mut Vec<Segment>, block: Block) {
    match segments.last_mut() {
        Some(Segment::Blocks { count, end, .. }) if *end == block.begin() => {
            *count += 1;
            *end = block.end();
        }
        _ => segments.push(Segment::Blocks {
            first: block,
            count: 1,
            end: block.end(),
        }),
    }
}

/// One line a segment, for people.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            let (what, count) = match segment {
                Segment::Blocks { count, .. } => ("cached", count),
                Segment::Gap { count, .. } => ("reader", count),
            };
            let begin = segment.first().begin().iso(Style::Calendar, 0);
            let end = segment.end().iso(Style::Calendar, 0);
            writeln!(f, "{what}  {begin} to {end}  {count} blocks")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Blocks;
    use crate::source::{Resolution, SourceName};
    use crate::time::parse_query;

    fn time(text: &str) -> Time {
        parse_query(text, None).unwrap()
    }

    fn folder(root: &std::path::Path, period: Period) -> LevelFolder {
        level_folder(root, period, Resolution::Intrinsic)
    }

    fn level_folder(root: &std::path::Path, period: Period, resolution: Resolution) -> LevelFolder {
        let level = CacheLevel {
            number: 0,
            resolution,
            period,
            params: None,
            norm_params: "_noparam".into(),
        };
        LevelFolder::new(root, &SourceName::parse("A/B").unwrap(), &level)
    }

    fn touch(folder: &LevelFolder, at: &str) {
        let block = Block::at(folder.period(), time(at)).unwrap();
        let file = folder.file_of(&block);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "").unwrap();
    }

    #[test]
    fn hits_and_gaps_follow_the_files() {
        let root = tempfile::tempdir().unwrap();
        for period in [Period::Day, Period::Hour, Period::Month, Period::Year] {
            let folder = folder(root.path(), period);
            let (begin, end) = (time("2019-12-30T12:00"), time("2021-01-02T06:00"));
            let all: Vec<Block> = Blocks::covering(period, begin, end).collect();
            let there = |index: usize| index % 7 < 3 || index % 31 == 20;
            for (index, block) in all.iter().enumerate() {
                if there(index) {
                    let text = block.begin().iso(Style::Calendar, 0).to_string();
                    touch(&folder, &text);
                }
            }
            let expected: Vec<bool> = (0..all.len()).map(there).collect();
            let mut found = Vec::new();
            folder.for_each(begin, end, &mut |block| found.push(block));
            let wanted = all.iter().enumerate().filter(|(index, _)| there(*index));
            assert!(
                found.iter().eq(wanted.map(|(_, block)| block)),
                "{period:?}"
            );
            let plan = Plan::new(folder.clone(), begin, end);
            let (hits, gaps) = plan.counts();
            assert_eq!(hits as usize, expected.iter().filter(|e| **e).count());
            assert_eq!((hits + gaps) as usize, all.len());
            assert_eq!(plan.segments[0].first().begin(), all[0].begin());
            for pair in plan.segments.windows(2) {
                assert_eq!(pair[0].end(), pair[1].first().begin());
            }
            assert_eq!(folder.all().len(), hits as usize);
        }
    }

    #[test]
    fn many_gaps_are_one_run_where_it_does_not_read_too_much() {
        let root = tempfile::tempdir().unwrap();
        let way = |period, bins: Option<u32>, blocks: usize, held: &dyn Fn(usize) -> bool| {
            let unit = crate::source::Unit::Second;
            let resolution = bins.map_or(Resolution::Intrinsic, |count| Resolution::Bin {
                count,
                unit,
            });
            let folder = level_folder(root.path(), period, resolution);
            let _ = std::fs::remove_dir_all(folder.path());
            let mut block = Block::at(period, time("2020-01-01")).unwrap();
            let begin = block.begin();
            for at in 0..blocks {
                if held(at) {
                    touch(&folder, &block.begin().iso(Style::Calendar, 0).to_string());
                }
                block = block.next().unwrap();
            }
            Plan::new(folder, begin, block.begin()).way(true)
        };
        let every = |n: usize| move |at: usize| at.is_multiple_of(n);
        let minute = Period::Minute;
        assert_eq!(way(minute, None, 40, &every(2)), Way::Blocks);
        assert_eq!(way(minute, None, 42, &every(2)), Way::OneRun);
        assert_eq!(way(minute, None, 90, &every(3)), Way::OneRun);
        // More is held than missing.
        assert_eq!(way(minute, None, 90, &|at| at % 3 > 0), Way::Blocks);
        assert_eq!(way(minute, Some(10), 90, &every(3)), Way::OneRun);
        // Bins begin anew with each block: there is a run for each anyway.
        assert_eq!(way(minute, Some(7), 90, &every(3)), Way::Blocks);
    }

    #[test]
    fn foreign_files_are_no_blocks() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), Period::Day);
        touch(&folder, "2020-01-02");
        let place = folder.path().join("2020/01");
        for name in [
            "2020-01-03_intrinsic.d2s.tmp",
            "2020-01-3_intrinsic.d2s",
            "2020-02-03_intrinsic.d2s",
            "2020-01-03_bin-10s.d2s",
            "2020-01-99_intrinsic.d2s",
            "x",
        ] {
            std::fs::write(place.join(name), "").unwrap();
        }
        let plan = Plan::new(folder.clone(), time("2020-01-01"), time("2020-02-01"));
        assert_eq!(plan.counts(), (1, 30));
        assert_eq!(folder.all().len(), 1);
    }

    #[test]
    fn an_endless_range_is_planned_at_once() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), Period::Second);
        touch(&folder, "2020-01-02T03:04:05");
        touch(&folder, "2020-01-02T03:04:06");
        let plan = Plan::new(folder, time("0001-01-01"), time("9999-12-31"));
        assert_eq!(plan.segments.len(), 3);
        assert_eq!(plan.counts().0, 2);
        assert!(plan.counts().1 > 300_000_000_000);
    }
}
