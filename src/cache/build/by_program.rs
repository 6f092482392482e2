//! Blocks made by a site's own reducer, a run for each.

use super::attempt::{Build, GIVE_UP, ended};
use super::recipe::program_words;
use super::sinks::Alone;
use super::work::Span;
use super::writer::BlockWriter;
use crate::cache::block::{Block, Blocks};
use crate::exec::{ExecError, Program};
use crate::reading;
use crate::source::{CacheLevel, Command, Format};
use crate::stream::Reader;

impl Build<'_> {
    /// Runs reader and reducer for every block of a span.
    pub(super) fn blocks_by_program(&mut self, span: Span, command: &Command) {
        self.failures = 0;
        for block in Blocks::covering(span.period, span.begin, span.end) {
            let begin = block.begin();
            if self.is_over() {
                return;
            }
            if self.failures >= GIVE_UP {
                return self.give_up(&[Span { begin, ..span }]);
            }
            match self.block_by_program(span.level, &block, command) {
                Some(reason) => {
                    self.failures += 1;
                    let end = block.end();
                    self.fail(&[Span { begin, end, ..span }], &reason);
                }
                None => self.failures = 0,
            }
        }
    }

    /// Why the block cannot be made; None if it was, or the build is over.
    fn block_by_program(
        &mut self,
        index: usize,
        block: &Block,
        command: &Command,
    ) -> Option<String> {
        let reader = self.reader(index, block, block.begin(), block.end())?;
        let format = &self.request.definition.format;
        let reducer = reducer(command, block, self.levels.get(index)?.level, format);
        let reducer = reducer.map_err(|error| self.report.error = Some(error.into()));
        let mut input = self.start(&[reader, reducer.ok()?])?;
        let level = self.levels.get(index)?;
        let path = level.folder.file_of(block);
        let folder = path.parent().map(ToOwned::to_owned).unwrap_or_default();
        super::place::sweep(&folder);
        let mut alone = Alone {
            writer: BlockWriter::new(&level.folder, *block, level.stamp),
            until: block.end(),
            telling: &mut self.telling,
        };
        let dialect = reading::dialect(&self.request.definition.format);
        let passed = Reader::of(dialect, &mut input).pump(&mut alone);
        let (passed, account) = ended(passed, &mut input, &mut alone);
        let _ = super::place::sync_folder(&folder);
        match passed {
            Ok(()) => None,
            Err(error) => self.reason(error, &account),
        }
    }
}

/// The reducer with its arguments.
fn reducer(
    command: &Command,
    block: &Block,
    level: &CacheLevel,
    format: &Format,
) -> Result<Program, ExecError> {
    let mut program = reading::program(command)?;
    for word in program_words(block, level, format) {
        program.arg(word)?;
    }
    Ok(program)
}
