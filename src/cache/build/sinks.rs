//! Where the streams of reader runs go.

use std::sync::Arc;

use super::split::{LevelSplit, Tally};
use super::telling::Telling;
use super::writer::BlockWriter;
use crate::filter::x_time::XTime;
use crate::qstream::Packet;
use crate::stream::{
    self, Error, Exception, PacketHeader, PacketId, Run, Sink, StreamHeader, sink_ignores,
};
use crate::time::Time;

/// A reader that says that it failed has failed, whatever its exit status.
fn unless_no_data(exception: &Exception) -> stream::Result<()> {
    match exception.is_no_data() {
        true => Ok(()),
        false => Err(Error::Unfit(format!(
            "the reader says {}: {}",
            exception.kind(),
            exception.message()
        ))),
    }
}

/// One stream to the blocks of several levels.
pub struct Splitter<'f, 't, 'b> {
    /// Each level.
    pub levels: Vec<LevelSplit<'f>>,
    times: Vec<Option<XTime>>,
    telling: &'b mut Telling<'t>,
}

impl<'f, 't, 'b> Splitter<'f, 't, 'b> {
    /// To these levels.
    pub fn new(levels: Vec<LevelSplit<'f>>, telling: &'b mut Telling<'t>) -> Self {
        Splitter {
            levels,
            times: (0..PacketId::COUNT).map(|_| None).collect(),
            telling,
        }
    }
}

impl Splitter<'_, '_, '_> {
    /// The run has ended before its stream did. Where data came late in it, more of them
    /// would have come, for any of its blocks: none of these is sure.
    pub fn broken_off(&mut self) {
        if self.levels.iter().all(|level| level.late().is_empty()) {
            return;
        }
        for level in &mut self.levels {
            level.withdraw(self.telling);
        }
    }
}

impl Sink for Splitter<'_, '_, '_> {
    sink_ignores!(comment, flush, abort);

    fn unknown(&mut self, body: &[u8]) -> stream::Result<()> {
        let mut levels = self.levels.iter_mut();
        levels.try_for_each(|level| level.extra(body))
    }

    fn stream(&mut self, header: &StreamHeader) -> stream::Result<()> {
        self.levels
            .iter_mut()
            .for_each(|level| level.stream(header));
        Ok(())
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> stream::Result<()> {
        Packet::check_for_blocks(header)?;
        let x = XTime::find(header)?;
        if let Some(slot) = self.times.get_mut(id.index()) {
            *slot = x;
        }
        let mut levels = self.levels.iter_mut();
        levels.try_for_each(|level| level.packet(id, header))
    }

    fn run(&mut self, run: Run<'_>) -> stream::Result<()> {
        let Some(Some(x)) = self.times.get(run.id.index()) else {
            let mut levels = self.levels.iter_mut();
            return levels.try_for_each(|level| level.timeless(run));
        };
        for level in &mut self.levels {
            level.run(run, x, self.telling)?;
        }
        self.telling.moved(|| {
            let time = x.us2000(run.bytes).ok()??;
            Time::from_us2000(time.us)
        })
    }

    fn exception(&mut self, exception: &Exception) -> stream::Result<()> {
        unless_no_data(exception)
    }

    fn finish(&mut self) -> stream::Result<()> {
        let mut levels = self.levels.iter_mut();
        levels.try_for_each(|level| level.finish(self.telling))
    }
}

/// One stream that is one block.
pub struct Alone<'a, 'b> {
    /// The block's file.
    pub writer: BlockWriter,
    /// The block's end.
    pub until: Time,
    /// Who is told.
    pub telling: &'b mut Telling<'a>,
}

impl Sink for Alone<'_, '_> {
    sink_ignores!(comment, flush, abort);

    fn unknown(&mut self, body: &[u8]) -> stream::Result<()> {
        self.writer.unknown(body)
    }

    fn stream(&mut self, header: &StreamHeader) -> stream::Result<()> {
        self.writer.stream(header)
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> stream::Result<()> {
        Packet::check_for_blocks(header)?;
        self.writer.packet(id, header)
    }

    fn run(&mut self, run: Run<'_>) -> stream::Result<()> {
        self.writer.run(run)?;
        self.telling.moved(|| None)
    }

    fn exception(&mut self, exception: &Exception) -> stream::Result<()> {
        unless_no_data(exception)
    }

    fn finish(&mut self) -> stream::Result<()> {
        self.writer.finish()?;
        self.telling
            .placed(self.writer.size().unwrap_or(0), self.until)
    }
}
