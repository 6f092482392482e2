//! One stream into the blocks of one level.
//!
//! Records go to the block in whose span they lie. Two blocks are open at
//! most: streams of several packet types are often a little out of order, so
//! that a block is left open until data have come for the one after next. By
//! then it is sure: whatever happens to the reader, nothing of that block was
//! missing.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use super::writer::BlockWriter;
use crate::cache::block::{Block, Blocks};
use crate::cache::folder::LevelFolder;
use crate::cache::stamp::Stamp;
use crate::filter::bin::{Binning, Reducer};
use crate::filter::cut::stretch;
use crate::filter::qds;
use crate::filter::x_time::{Instant, Window, XTime, rest};
use crate::stream::{Error, MAX_PACKET, PacketHeader, PacketId, Result, Run, Sink, StreamHeader};
use crate::time::Time;

/// Data that come late for more blocks than this make a run useless: it is done again
/// in smaller parts.
const MOST_LATE: usize = 16;

/// How many blocks are open at the same time.
const OPEN: usize = 2;

/// What becomes of the records of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recipe {
    /// They are kept as they are.
    Copy,
    /// They are binned, bin 0 at the beginning of the block.
    Bin(Binning),
    /// The same for QStreams.
    QBin(qds::Binning),
}

impl Recipe {
    /// The time of a packet, as what is made of it knows it.
    fn time(self, x: &XTime, packet: &[u8]) -> Result<Option<Instant>> {
        let time = x.us2000(packet)?;
        Ok(match self {
            Recipe::Copy => time,
            Recipe::Bin(_) | Recipe::QBin(_) => time.map(Instant::in_bins),
        })
    }
}

/// The blocks of one level in one stretch of time, while a stream goes by.
pub struct LevelSplit<'a> {
    folder: &'a LevelFolder,
    recipe: Recipe,
    stamp: Stamp,
    begin: Time,
    end: Time,
    /// Everything before is complete.
    reached: Time,
    open: VecDeque<OpenBlock>,
    header: Option<StreamHeader>,
    packets: Vec<Option<Arc<PacketHeader>>>,
    /// What of a QStream belongs to no time: it goes into every block with data.
    timeless: Timeless,
    /// Blocks that were complete when more of their data came.
    late: Vec<Block>,
    /// The last block's folder, to be made lasting.
    last_folder: Option<PathBuf>,
}

/// Headers and data of a QStream without a time.
#[derive(Default)]
struct Timeless {
    extras: Vec<Vec<u8>>,
    runs: Vec<(PacketId, Vec<u8>, usize)>,
    bytes: usize,
}

impl Timeless {
    /// More of them, if there is room.
    fn hold(&mut self, bytes: usize) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        match self.bytes > MOST_TIMELESS {
            true => Err(Error::Unfit(format!(
                "more than {MOST_TIMELESS} bytes of the stream have no time, and would go into \
                 every block"
            ))),
            false => Ok(()),
        }
    }
}

/// Bytes of a QStream without a time that are held; one packet of the largest size.
const MOST_TIMELESS: usize = MAX_PACKET + 1024;

/// Who is told of blocks; an error ends the run.
pub trait Tally {
    /// A block is in its place.
    ///
    /// # Errors
    /// The run is to end.
    fn placed(&mut self, bytes: u64, until: Time) -> Result<()>;

    /// A block was taken away again.
    fn withdrawn(&mut self);
}

struct OpenBlock {
    block: Block,
    span: Window,
    surely: Window,
    /// None until there are data.
    stage: Option<BlockStage>,
}

enum BlockStage {
    Copy(Box<BlockWriter>),
    Bin(Box<Reducer<BlockWriter>>),
    QBin(Box<qds::Reducer<BlockWriter>>),
}

impl OpenBlock {
    fn new(block: Block) -> OpenBlock {
        let (low, high) = (block.begin().us2000(), block.end().us2000());
        OpenBlock {
            block,
            span: Window { low, high },
            surely: Window::surely_within(low, high),
            stage: None,
        }
    }

    fn holds(&self, time: &Instant) -> bool {
        time.reaches(self.span.low) && !time.reaches(self.span.high)
    }
}

impl BlockStage {
    fn sink(&mut self) -> &mut dyn Sink {
        match self {
            BlockStage::Copy(writer) => &mut **writer,
            BlockStage::Bin(reducer) => &mut **reducer,
            BlockStage::QBin(reducer) => &mut **reducer,
        }
    }

    fn size(&mut self) -> u64 {
        let writer = match self {
            BlockStage::Copy(writer) => writer,
            BlockStage::Bin(reducer) => reducer.output(),
            BlockStage::QBin(reducer) => reducer.output(),
        };
        writer.size().unwrap_or(0)
    }
}

impl<'a> LevelSplit<'a> {
    /// The whole blocks from `begin` to `end`.
    pub fn new(
        folder: &'a LevelFolder,
        recipe: Recipe,
        stamp: Stamp,
        begin: Time,
        end: Time,
    ) -> LevelSplit<'a> {
        LevelSplit {
            folder,
            recipe,
            stamp,
            begin,
            end,
            reached: begin,
            open: VecDeque::new(),
            header: None,
            packets: vec![None; PacketId::COUNT],
            timeless: Timeless::default(),
            late: Vec::new(),
            last_folder: None,
        }
    }

    /// The end of the last block that is complete.
    pub fn reached(&self) -> Time {
        self.reached
    }

    /// Blocks before [`LevelSplit::reached`] that are not complete after all.
    pub fn late(&self) -> &[Block] {
        &self.late
    }

    /// The stream's header.
    pub fn stream(&mut self, header: &StreamHeader) {
        self.header = Some(header.clone());
    }

    /// The header of a packet type.
    ///
    /// # Errors
    /// Those of the stages.
    pub fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        if let Some(slot) = self.packets.get_mut(id.index()) {
            *slot = Some(Arc::clone(header));
        }
        for open in &mut self.open {
            if let Some(stage) = &mut open.stage {
                stage.sink().packet(id, header)?;
            }
        }
        Ok(())
    }

    /// A header that is no packet's: labels of a QStream's units are kept.
    ///
    /// # Errors
    /// Those of the stages, and too many of them.
    pub fn extra(&mut self, body: &[u8]) -> Result<()> {
        if memchr::memmem::find(body, b"<enumerationUnit").is_none() {
            return Ok(());
        }
        self.timeless.hold(body.len())?;
        self.timeless.extras.push(body.to_vec());
        for stage in self.open.iter_mut().filter_map(|open| open.stage.as_mut()) {
            stage.sink().unknown(body)?;
        }
        Ok(())
    }

    /// Data without a time.
    ///
    /// # Errors
    /// Those of the stages, and too many of them.
    pub fn timeless(&mut self, run: Run<'_>) -> Result<()> {
        self.timeless.hold(run.bytes.len())?;
        let held = (run.id, run.bytes.to_vec(), run.stride);
        self.timeless.runs.push(held);
        for stage in self.open.iter_mut().filter_map(|open| open.stage.as_mut()) {
            stage.sink().run(run)?;
        }
        Ok(())
    }

    /// Data, with what tells the times of their packet type.
    ///
    /// # Errors
    /// Times that are none, data too far out of order, what cannot be written.
    pub fn run(&mut self, run: Run<'_>, x: &XTime, tally: &mut dyn Tally) -> Result<()> {
        let mut remaining = run;
        while !remaining.is_empty() {
            let Some(time) = self.recipe.time(x, remaining.bytes)? else {
                // A record without a time belongs to no block.
                remaining = rest(remaining, 1);
                continue;
            };
            let count = match self.place_of(&time, tally)? {
                None => 1,
                Some(at) => self.add(at, x, remaining)?,
            };
            remaining = rest(remaining, count);
        }
        Ok(())
    }

    /// Which of the open blocks a record belongs to; one is opened for it
    /// where that is due.
    fn place_of(&mut self, time: &Instant, tally: &mut dyn Tally) -> Result<Option<usize>> {
        if let Some(at) = self.open.iter().rposition(|open| open.holds(time)) {
            return Ok(Some(at));
        }
        let outside = !time.reaches(self.begin.us2000()) || time.reaches(self.end.us2000());
        let block = Time::from_us2000(time.side)
            .and_then(|at| Block::at(self.folder.period(), at))
            .and_then(|block| match time.reaches(block.end().us2000()) {
                true => block.next(),
                false => Some(block),
            });
        let Some(block) = block.filter(|_| !outside) else {
            return Ok(None);
        };
        if block.begin() < self.reached {
            self.is_late(block, tally)?;
            return Ok(None);
        }
        self.open_up_to(block, tally)?;
        Ok(self.open.iter().rposition(|open| open.block == block))
    }

    fn open_up_to(&mut self, block: Block, tally: &mut dyn Tally) -> Result<()> {
        loop {
            let next = match self.open.back() {
                Some(last) if last.block.begin() >= block.begin() => return Ok(()),
                Some(last) => last.block.next(),
                None => Block::at(self.folder.period(), self.reached),
            };
            let Some(next) = next else { return Ok(()) };
            self.open.push_back(OpenBlock::new(next));
            if self.open.len() > OPEN {
                self.close_first(tally)?;
            }
        }
    }

    /// A block that has been put in its place too early must not stay there.
    fn is_late(&mut self, block: Block, tally: &mut dyn Tally) -> Result<()> {
        if self.late.contains(&block) {
            return Ok(());
        }
        if self.late.len() >= MOST_LATE {
            return Err(Error::Unfit(
                "the data are too far out of order to be split into blocks".into(),
            ));
        }
        let _ = std::fs::remove_file(self.folder.file_of(&block));
        tally.withdrawn();
        self.late.push(block);
        Ok(())
    }

    /// Takes away what the run has put in its place: it is all to be done again.
    pub fn withdraw(&mut self, tally: &mut dyn Tally) {
        self.open.clear();
        for block in Blocks::covering(self.folder.period(), self.begin, self.reached) {
            if !self.late.contains(&block) {
                let _ = std::fs::remove_file(self.folder.file_of(&block));
                tally.withdrawn();
            }
        }
        self.late.clear();
        self.reached = self.begin;
    }

    /// Gives the front of a run to an open block; how many packets.
    fn add(&mut self, at: usize, x: &XTime, run: Run<'_>) -> Result<usize> {
        let Some(mut open) = self.open.get_mut(at) else {
            return Ok(1);
        };
        if open.stage.is_none() {
            let block = open.block;
            let stage = self.stage(block, true)?;
            match self.open.get_mut(at) {
                Some(found) => open = found,
                None => return Ok(1),
            }
            open.stage = Some(stage);
        }
        let recipe = self.recipe;
        let holds = |packet: &[u8]| {
            Ok(recipe
                .time(x, packet)?
                .is_some_and(|time| open.holds(&time)))
        };
        let count = match stretch(x, run, open.surely, &holds)? {
            (true, count) => count,
            // On an edge, by less than times can say.
            (false, _) => 1,
        };
        let part = Run {
            bytes: run.bytes.get(..count * run.stride).unwrap_or_default(),
            ..run
        };
        if let Some(stage) = &mut open.stage {
            stage.sink().run(part)?;
        }
        Ok(count)
    }

    /// The stage of a block, with all headers that hold at this moment.
    fn stage(&self, block: Block, has_data: bool) -> Result<BlockStage> {
        let writer = BlockWriter::new(self.folder, block, self.stamp);
        let mut stage = match self.recipe {
            Recipe::Copy => BlockStage::Copy(Box::new(writer)),
            Recipe::QBin(binning) => {
                let binning = qds::Binning {
                    begin: Some(block.begin()),
                    ..binning
                };
                BlockStage::QBin(Box::new(qds::Reducer::new(binning, writer)))
            }
            Recipe::Bin(binning) => {
                let binning = Binning {
                    begin: Some(block.begin()),
                    ..binning
                };
                BlockStage::Bin(Box::new(Reducer::new(binning, writer)))
            }
        };
        let plain = StreamHeader::new();
        stage
            .sink()
            .stream(self.header.as_ref().unwrap_or(&plain))?;
        for (index, header) in self.packets.iter().enumerate() {
            let id = u8::try_from(index).ok().and_then(PacketId::new);
            if let (Some(id), Some(header)) = (id, header) {
                stage.sink().packet(id, header)?;
            }
        }
        if !has_data {
            return Ok(stage);
        }
        for body in &self.timeless.extras {
            stage.sink().unknown(body)?;
        }
        for (id, bytes, stride) in &self.timeless.runs {
            stage.sink().run(Run {
                id: *id,
                bytes,
                stride: *stride,
                offset: 0,
            })?;
        }
        Ok(stage)
    }

    /// Completes the first open block.
    fn close_first(&mut self, tally: &mut dyn Tally) -> Result<()> {
        let Some(first) = self.open.pop_front() else {
            return Ok(());
        };
        let path = self.folder.file_of(&first.block);
        self.enter_folder_of(path);
        let mut stage = match first.stage {
            Some(stage) => stage,
            None => self.stage(first.block, false)?,
        };
        stage.sink().finish()?;
        self.reached = first.block.end();
        tally.placed(stage.size(), self.reached)
    }

    /// Sweeps a folder before the first block is put there, and makes the one
    /// before it lasting.
    fn enter_folder_of(&mut self, path: PathBuf) {
        let folder = path.parent().map(PathBuf::from);
        if folder == self.last_folder {
            return;
        }
        self.leave_folder();
        if let Some(folder) = &folder {
            super::place::sweep(folder);
        }
        self.last_folder = folder;
    }

    fn leave_folder(&mut self) {
        if let Some(folder) = self.last_folder.take() {
            // The blocks are there; that they might not be after a loss of
            // power is no reason to build them again now.
            let _ = super::place::sync_folder(&folder);
        }
    }

    /// The stream has come to a good end: all that is left is complete.
    ///
    /// # Errors
    /// What cannot be written, and those of the tally.
    pub fn finish(&mut self, tally: &mut dyn Tally) -> Result<()> {
        while self.reached < self.end {
            if self.open.is_empty() {
                let Some(block) = Block::at(self.folder.period(), self.reached) else {
                    break;
                };
                self.open.push_back(OpenBlock::new(block));
            }
            self.close_first(tally)?;
        }
        self.leave_folder();
        Ok(())
    }
}

impl Drop for LevelSplit<'_> {
    fn drop(&mut self) {
        self.leave_folder();
    }
}
