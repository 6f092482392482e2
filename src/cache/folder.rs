//! Where the blocks of a level are, and which of them exist.
//!
//! Existence is found by listing folders, and only those that exist: one
//! listing tells of up to 60 blocks, where asking for each would take a call
//! a block, also for the centuries in which there are none.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::filter::x_time::Window;
use crate::qstream;
use crate::source::{CacheLevel, Definition, Format, Period, Resolution, SourceName};
use crate::stream::Dialect;
use crate::time::Time;

use super::block::Block;

/// The folder in CACHE_ROOT that holds blocks.
pub const CACHE_DATA: &str = "data";

/// What the names of blocks end in.
const DAS2: &str = "d2s";
pub(super) const QSTREAM: &str = "qds";

/// The folder of one level of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelFolder {
    path: PathBuf,
    resolution: Resolution,
    period: Period,
    extension: &'static str,
}

impl LevelFolder {
    /// The folder `CACHE_ROOT/data/SOURCE/NORMPARAMS/RESOLUTION`.
    pub fn new(cache_root: &Path, source: &SourceName, level: &CacheLevel) -> LevelFolder {
        let mut path = cache_root.join(CACHE_DATA);
        path.push(source.as_str());
        LevelFolder::of_source(&path, level)
    }

    /// The same for a level of a source, whose blocks are of its kind of stream.
    pub fn of_definition(
        cache_root: &Path,
        definition: &Definition,
        level: &CacheLevel,
    ) -> LevelFolder {
        LevelFolder::new(cache_root, &definition.name, level).holding(&definition.format)
    }

    /// The same folder, with blocks of another kind of stream.
    #[must_use]
    pub fn holding(mut self, format: &Format) -> LevelFolder {
        self.extension = match format {
            Format::QStream => QSTREAM,
            Format::Das2 | Format::Das1 { .. } => DAS2,
        };
        self
    }

    /// The kind of stream that its blocks are.
    pub fn dialect(&self) -> Dialect {
        match self.extension {
            QSTREAM => qstream::DIALECT,
            _ => Dialect::Das2,
        }
    }

    /// The folder `NORMPARAMS/RESOLUTION` in the folder of a source.
    pub fn of_source(source_folder: &Path, level: &CacheLevel) -> LevelFolder {
        let mut path = source_folder.join(&level.norm_params);
        path.push(level.resolution.to_string());
        LevelFolder {
            path,
            resolution: level.resolution,
            period: level.period,
            extension: DAS2,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What its blocks hold.
    pub fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// How long its blocks are.
    pub fn period(&self) -> Period {
        self.period
    }

    /// Where the times of a block's records lie in us2000, from `low` until before `high`:
    /// in its span, which the last bin may reach out of. That one has its time at its
    /// centre, whatever of it is the block's.
    pub(crate) fn record_times(&self, block: &Block) -> Window {
        let (low, high) = (block.begin().us2000(), block.end().us2000());
        let bin = (self.resolution.seconds() * 1e6).round();
        let high = match bin > 0.0 {
            true => low + ((high - low) / bin).ceil() * bin,
            false => high,
        };
        Window { low, high }
    }

    /// Whether bins that are counted from the beginning of a block have an edge at the end
    /// of every block that follows.
    pub(super) fn bins_fit(&self) -> bool {
        let bin = (self.resolution.seconds() * 1e3).round() as u64;
        let length = match self.period {
            Period::Second => 1_000,
            Period::Minute => 60_000,
            Period::Hour => 3_600_000,
            Period::Day | Period::Month | Period::Year => 86_400_000,
        };
        bin == 0 || length % bin == 0
    }

    /// The file of a block.
    pub fn file_of(&self, block: &Block) -> PathBuf {
        self.path.join(block.path(self.resolution, self.extension))
    }

    /// The name of a block's file within [`Block::folder`].
    pub fn name_of(&self, block: &Block) -> String {
        block.file_name(self.resolution, self.extension)
    }

    /// What the names of its blocks end in, behind their times.
    pub(super) fn ending(&self) -> String {
        format!("_{}.{}", self.resolution, self.extension)
    }

    /// Calls `found` with every block that exists and overlaps the range, in
    /// order of time. What it costs depends on what there is, not on how long
    /// the range is. Gives the folders that cannot be read, the first few, and why:
    /// blocks in them are not seen.
    pub fn for_each(&self, begin: Time, end: Time, found: &mut dyn FnMut(Block)) -> Vec<String> {
        let (_, unreadable) = self.walk(begin, end, &mut |block| {
            found(block);
            ControlFlow::Continue(())
        });
        unreadable
    }

    /// As [`LevelFolder::for_each`], until `found` has enough.
    pub fn for_each_until(
        &self,
        begin: Time,
        end: Time,
        found: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.walk(begin, end, found).0
    }

    fn walk(
        &self,
        begin: Time,
        end: Time,
        found: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> (ControlFlow<()>, Vec<String>) {
        let mut walk = Walk {
            folder: self,
            begin,
            end,
            found,
            numbers: Vec::new(),
            unreadable: Vec::new(),
        };
        (walk.go(&self.path), walk.unreadable)
    }

    /// Every block that exists, in order of time.
    pub fn all(&self) -> Vec<Block> {
        self.all_readable().0
    }

    /// How many blocks exist.
    pub fn count(&self) -> u64 {
        let mut blocks = 0;
        self.walk_all(&mut |_| blocks += 1);
        blocks
    }

    /// As [`LevelFolder::all`], with the folders that cannot be read, the
    /// first few, and why: blocks in them are not seen.
    pub fn all_readable(&self) -> (Vec<Block>, Vec<String>) {
        let mut blocks = Vec::new();
        let unreadable = self.walk_all(&mut |block| blocks.push(block));
        (blocks, unreadable)
    }

    fn walk_all(&self, found: &mut dyn FnMut(Block)) -> Vec<String> {
        let year = |year| Time::new(year, 1, 1, 0);
        match (year(1), year(10_000)) {
            (Some(first), Some(last)) => self.for_each(first, last, found),
            _ => Vec::new(),
        }
    }

    /// How many folders lie between the level's and its files.
    fn depth(&self) -> usize {
        match self.period {
            Period::Year => 0,
            Period::Month => 1,
            Period::Day => 2,
            Period::Hour => 3,
            Period::Minute => 4,
            Period::Second => 5,
        }
    }
}

/// Years, months, days, hours and minutes as folders are nested.
const NESTING: [Period; 5] = [
    Period::Year,
    Period::Month,
    Period::Day,
    Period::Hour,
    Period::Minute,
];

/// Goes through the folders of a level that overlap a range.
struct Walk<'a> {
    folder: &'a LevelFolder,
    begin: Time,
    end: Time,
    found: &'a mut dyn FnMut(Block) -> ControlFlow<()>,
    /// The numbers of the folders that lead here: year, month, day ...
    numbers: Vec<u32>,
    /// Folders that are there and cannot be read, and why.
    unreadable: Vec<String>,
}

/// So many folders that cannot be read are told.
const MOST_TOLD: usize = 20;

impl Walk<'_> {
    fn go(&mut self, path: &Path) -> ControlFlow<()> {
        let depth = self.numbers.len();
        if depth == self.folder.depth() {
            return self.files(path);
        }
        let width = if depth == 0 { 4 } else { 2 };
        for number in self.list(path, "", width, "") {
            self.numbers.push(number);
            let span = NESTING
                .get(depth)
                .and_then(|period| Block::at(*period, self.time()?));
            if span.is_some_and(|span| self.overlaps(&span)) {
                self.go(&path.join(format!("{number:0width$}")))?;
            }
            self.numbers.pop();
        }
        ControlFlow::Continue(())
    }

    /// The files of one folder. Their names differ in one number only.
    fn files(&mut self, path: &Path) -> ControlFlow<()> {
        let sample = self
            .time()
            .and_then(|time| Block::at(self.folder.period, time));
        let Some(sample) = sample else {
            return ControlFlow::Continue(());
        };
        let name = self.folder.name_of(&sample);
        let width = if self.numbers.is_empty() { 4 } else { 2 };
        let before = name.find('_').unwrap_or(0).saturating_sub(width);
        let (head, rest) = name.split_at_checked(before).unwrap_or_default();
        let tail = rest.get(width..).unwrap_or_default();
        for number in self.list(path, head, width, tail) {
            self.numbers.push(number);
            let block = self
                .time()
                .and_then(|time| Block::at(self.folder.period, time));
            if let Some(block) = block
                && self.overlaps(&block)
            {
                (self.found)(block)?;
            }
            self.numbers.pop();
        }
        ControlFlow::Continue(())
    }

    /// As [`numbers_in`]; what cannot be read is noted, as are files where folders
    /// have to be, since no block can be made there. That there is nothing of that
    /// name is not odd.
    fn list(&mut self, folder: &Path, head: &str, width: usize, tail: &str) -> Vec<u32> {
        match numbers_in(folder, head, width, tail) {
            Ok(numbers) => numbers,
            Err(error) => {
                let is_odd = error.kind() != io::ErrorKind::NotFound;
                if is_odd && self.unreadable.len() < MOST_TOLD {
                    self.unreadable
                        .push(format!("{}: {error}", folder.display()));
                }
                Vec::new()
            }
        }
    }

    fn overlaps(&self, span: &Block) -> bool {
        span.begin() < self.end && self.begin < span.end()
    }

    /// The first time that the numbers say. None for numbers of no time.
    fn time(&self) -> Option<Time> {
        let number = |at: usize, absent| self.numbers.get(at).copied().unwrap_or(absent);
        let (hour, minute, second) = (number(3, 0), number(4, 0), number(5, 0));
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = u64::from(hour) * 3600 + u64::from(minute) * 60 + u64::from(second);
        let year = i32::try_from(number(0, 1)).ok()?;
        Time::new(year, number(1, 1), number(2, 1), seconds * 1_000_000_000)
    }
}

/// The numbers, in order, of the names in a folder that are `head`, `width`
/// digits and `tail`.
fn numbers_in(folder: &Path, head: &str, width: usize, tail: &str) -> io::Result<Vec<u32>> {
    let entries = std::fs::read_dir(folder)?;
    let mut numbers: Vec<u32> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(head)?.strip_suffix(tail)?;
            let plain = number.len() == width && number.bytes().all(|b| b.is_ascii_digit());
            number.parse().ok().filter(|_| plain)
        })
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}
