//! One reader run, and what comes after it.

use std::path::Path;
use std::sync::Arc;

use super::recipe::{Making, making_of};
use super::sinks::Splitter;
use super::split::{LevelSplit, Recipe};
use super::telling::{StopFlag, Telling};
use super::work::{Span, divide, ends};
use super::{BuildError, Continue, Failed, Progress, Report, Request};
use crate::cache::block::Block;
use crate::cache::folder::LevelFolder;
use crate::cache::stamp::{Origin, Stamp};
use crate::exec::{Environment, Limits, Program, Running, Stop};
use crate::reading::{self, Account, ReaderInput};
use crate::source::CacheLevel;
use crate::stream::{self, Error, Reader, Sink};
use crate::time::Time;

/// So many single blocks may fail, one after the other, before the reader is
/// taken to be broken and all that is left fails with it.
pub(super) const GIVE_UP: u32 = 8;

/// How many stretches of failed blocks are told.
const MOST_TOLD: usize = 1000;

/// A level that can be built.
pub(super) struct Level<'a> {
    pub(super) level: &'a CacheLevel,
    pub(super) folder: LevelFolder,
    pub(super) stamp: Stamp,
    making: Making,
}

/// A build under way.
pub struct Build<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) levels: Vec<Level<'a>>,
    environment: Environment,
    pub(super) telling: Telling<'a>,
    pub(super) report: Report,
    /// Single blocks that failed since a block was last completed.
    pub(super) failures: u32,
}

/// What is left to do after a run, and why there is something left.
struct Left {
    reason: String,
    spans: Vec<Span>,
}

impl<'a> Build<'a> {
    /// Looks at what is wanted.
    pub fn new(
        request: &'a Request<'a>,
        step: &'a mut dyn FnMut(Progress) -> Continue,
    ) -> Result<Build<'a>, BuildError> {
        let (definition, config) = (request.definition, request.config);
        let root = config.cache_root.as_deref().ok_or(BuildError::NoCache)?;
        if definition.reader.is_none() {
            return Err(BuildError::NoReader(definition.name.to_string()));
        }
        let mut report = Report::default();
        let mut levels = Vec::new();
        for level in &request.levels {
            match making_of(definition, config, level) {
                Ok(making) => levels.push(Level::new(request, root, level, making)),
                Err(reason) => report.off.push((level.number, reason)),
            }
        }
        Ok(Build {
            request,
            levels,
            environment: reading::environment(config),
            telling: Telling::new(request, step),
            report,
            failures: 0,
        })
    }

    /// How it went.
    pub fn report(self) -> Report {
        Report {
            blocks: self.telling.progress.blocks,
            bytes: self.telling.progress.bytes,
            stopped: self.telling.stopped,
            ..self.report
        }
    }

    /// Does all of it.
    pub fn run(&mut self) {
        let request = self.request;
        let (mut shared, mut single) = (Vec::new(), Vec::new());
        for (index, level) in self.levels.iter().enumerate() {
            let (begin, end, now) = (request.begin, request.end, request.now);
            let Some(span) = Span::covering(index, level.level.period, begin, end, now) else {
                continue;
            };
            self.telling.progress.of += span.count();
            match &level.making {
                Making::Here(_) => shared.push(span),
                Making::Program(command) => single.push((span, command.clone())),
            }
        }
        while let Some(first) = shared.first() {
            let params = self.params(first.level);
            let (work, others): (Vec<Span>, Vec<Span>) = shared
                .iter()
                .partition(|span| self.params(span.level) == params);
            shared = others;
            self.work(work);
        }
        for (span, command) in single {
            self.blocks_by_program(span, &command);
        }
    }

    fn params(&self, level: usize) -> Option<&'a str> {
        self.levels.get(level)?.level.params.as_deref()
    }

    pub(super) fn is_over(&self) -> bool {
        self.telling.stopped || self.report.error.is_some()
    }

    /// Tries, and tries again what is left in smaller parts.
    fn work(&mut self, work: Vec<Span>) {
        let mut stack = vec![work];
        while let Some(spans) = stack.pop() {
            if self.is_over() {
                return;
            }
            if self.failures >= GIVE_UP {
                self.give_up(&spans);
                continue;
            }
            let before = self.telling.progress.blocks;
            let Some(left) = self.attempt(&spans) else {
                continue;
            };
            if self.telling.progress.blocks > before {
                self.failures = 0;
            }
            match divide(&left.spans) {
                Some([earlier, later]) => stack.extend([later, earlier]),
                None if left.spans != spans => stack.push(left.spans),
                None => {
                    self.failures += 1;
                    self.fail(&spans, &left.reason);
                }
            }
        }
    }

    /// The reader is taken to be broken.
    pub(super) fn give_up(&mut self, spans: &[Span]) {
        self.fail(spans, "not tried: the blocks before it have all failed");
    }

    pub(super) fn fail(&mut self, spans: &[Span], reason: &str) {
        for span in spans {
            self.report.failed_blocks += span.count();
            let number = self.levels.get(span.level).map_or(0, |l| l.level.number);
            let joins = |last: &&mut Failed| {
                last.level == number && last.end == span.begin && last.reason == reason
            };
            if let Some(last) = self.report.failed.last_mut().filter(joins) {
                last.end = span.end;
            } else if self.report.failed.len() < MOST_TOLD {
                self.report.failed.push(Failed {
                    level: number,
                    begin: span.begin,
                    end: span.end,
                    reason: reason.to_owned(),
                });
            }
        }
    }

    /// Runs the reader once over spans that share it. None: all is done, or
    /// the build is over.
    fn attempt(&mut self, spans: &[Span]) -> Option<Left> {
        let (begin, end) = ends(spans)?;
        let finest = spans.iter().map(|span| span.period).min()?;
        let sample = Block::at(finest, begin)?;
        let first = spans.first()?.level;
        let programs = vec![self.reader(first, &sample, begin, end)?];
        let mut input = self.start(&programs)?;
        let levels = spans.iter().filter_map(|span| {
            let level = self.levels.get(span.level)?;
            let (begin, end) = (span.begin, span.end);
            let recipe = level.recipe()?;
            Some(LevelSplit::new(
                &level.folder,
                recipe,
                level.stamp,
                begin,
                end,
            ))
        });
        let mut splitter = Splitter::new(levels.collect(), &mut self.telling);
        let dialect = reading::dialect(&self.request.definition.format);
        let passed = Reader::of(dialect, &mut input).pump(&mut splitter);
        let (passed, account) = ended(passed, &mut input, &mut splitter);
        if passed.is_err() {
            splitter.broken_off();
        }
        let mut left = Vec::new();
        for (span, level) in spans.iter().zip(&splitter.levels) {
            let late = level.late().iter().map(|block| Span {
                begin: block.begin(),
                end: block.end(),
                ..*span
            });
            left.extend(late);
            if level.reached() < span.end {
                left.push(Span {
                    begin: level.reached(),
                    ..*span
                });
            }
        }
        drop(splitter);
        let reason = match passed {
            Ok(()) => "its data came too late".to_owned(),
            Err(error) => self.reason(error, &account)?,
        };
        (!left.is_empty()).then_some(Left {
            reason,
            spans: left,
        })
    }

    /// The reader for a stretch, with times as `sample` writes them.
    pub(super) fn reader(
        &mut self,
        level: usize,
        sample: &Block,
        begin: Time,
        end: Time,
    ) -> Option<Program> {
        let times = [sample.time_text(begin), sample.time_text(end)];
        let params = self.params(level).unwrap_or_default();
        let params = params.split_whitespace().map(str::to_owned);
        let (config, definition) = (self.request.config, self.request.definition);
        match reading::reader(config, definition, times, params) {
            Ok(program) => Some(program),
            Err(error) => {
                self.report.error = Some(error.into());
                None
            }
        }
    }

    pub(super) fn start(&mut self, programs: &[Program]) -> Option<ReaderInput> {
        let limits = Limits {
            silence: self.request.config.reader_silence_limit,
            ..Limits::default()
        };
        self.report.runs += 1;
        match Running::start(programs, &self.environment, limits) {
            Ok(mut running) => {
                if let Some(stop) = &self.request.stop {
                    running.watch(Box::new(StopFlag(Arc::clone(stop))));
                }
                Some(ReaderInput::new(running))
            }
            Err(error) => {
                self.report.error = Some(error.into());
                None
            }
        }
    }

    /// Why a run failed. None: it was stopped, or cannot go on at all.
    pub(super) fn reason(&mut self, error: Error, account: &Account) -> Option<String> {
        let stop = match &error {
            Error::Input(error) => Stop::of(error),
            _ => None,
        };
        match stop {
            Some(Stop::ClientGone | Stop::Terminated) => {
                self.telling.stopped = true;
                return None;
            }
            Some(stop) => return Some(stop.to_string()),
            None if self.telling.stopped => return None,
            None => {}
        }
        match error {
            Error::Output(error) => {
                self.report.error = Some(BuildError::Write(error));
                None
            }
            error => Some(told(account).unwrap_or_else(|| error.to_string())),
        }
    }
}

impl<'a> Level<'a> {
    fn new(
        request: &'a Request<'a>,
        root: &Path,
        level: &'a CacheLevel,
        making: Making,
    ) -> Level<'a> {
        let definition = request.definition;
        let folder = LevelFolder::of_definition(root, definition, level);
        let origin = Origin::present(definition, request.config, level);
        Level {
            level,
            folder,
            stamp: Stamp::new(request.now, origin),
            making,
        }
    }

    fn recipe(&self) -> Option<Recipe> {
        match &self.making {
            Making::Here(recipe) => Some(*recipe),
            Making::Program(_) => None,
        }
    }
}

/// How a run ended. A reader that writes nothing and ends well has no data.
pub(super) fn ended(
    passed: stream::Result<()>,
    input: &mut ReaderInput,
    sink: &mut dyn Sink,
) -> (stream::Result<()>, Account) {
    let account = input.end();
    let good = account.outcome.as_ref().is_some_and(|end| end.is_success());
    let passed = match passed {
        Err(Error::CutOff { .. }) if account.read == 0 && good => sink.finish(),
        passed => passed,
    };
    (passed, account)
}

/// What a program that failed has to say.
fn told(account: &Account) -> Option<String> {
    const LONGEST: usize = 500;
    let outcome = account.outcome.as_ref()?;
    let failed = outcome.failure()?;
    let complaints = outcome.complaints.text();
    let words: Vec<&str> = complaints.split_whitespace().collect();
    let said = words.join(" ");
    let skipped = said.chars().count().saturating_sub(LONGEST);
    let said: String = said.chars().skip(skipped).collect();
    Some(match said.is_empty() {
        true => format!("{}: {}", failed.name, failed.status),
        false => format!("{}: {}: {said}", failed.name, failed.status),
    })
}
