//! How far long work has come: a bar on standard error, where a terminal looks on.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::log::Printable;

/// How often it changes.
const EVERY: Duration = Duration::from_millis(100);

/// While nobody knows how many blocks there are.
const COUNTING: &str = "{pos} blocks  {elapsed}  {wide_msg}";
const OUT_OF: &str = "{bar:20} {pos}/{len} blocks  {elapsed} (ETA {eta})  {wide_msg}";

/// It goes away when it is ended or dropped, so that results stand alone.
pub(super) struct Bar {
    /// None: no terminal looks on.
    bar: Option<ProgressBar>,
    blocks: u64,
    drawn: Option<Instant>,
}

impl Bar {
    /// One that counts blocks. What was printed before it is seen before it.
    pub(super) fn new(out: &mut dyn Write) -> io::Result<Bar> {
        let mut bar = Bar {
            bar: None,
            blocks: 0,
            drawn: None,
        };
        if io::stderr().is_terminal() {
            out.flush()?;
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let shown = ProgressBar::with_draw_target(None, target);
            style(&shown, COUNTING);
            bar.bar = Some(shown);
            bar.at(0, String::new);
        }
        Ok(bar)
    }

    /// From now on it tells how many of so many blocks are done. They are counted
    /// only if somebody sees it.
    pub(super) fn out_of(&mut self, blocks: impl FnOnce() -> u64) {
        if let Some(bar) = &self.bar {
            bar.reset();
            bar.set_length(blocks());
            style(bar, OUT_OF);
            self.drawn = None;
            self.at(0, String::new);
        }
    }

    /// So many blocks are done, and what to say of that.
    pub(super) fn at(&mut self, blocks: u64, what: impl FnOnce() -> String) {
        self.blocks = blocks;
        let Some(bar) = &self.bar else { return };
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        bar.set_position(blocks);
        bar.set_message(Printable(&what()).to_string());
    }

    /// One more block is begun.
    pub(super) fn step(&mut self, what: impl FnOnce() -> String) {
        self.at(self.blocks, what);
        self.blocks += 1;
    }

    /// Prints a line of results; the bar makes room for it.
    pub(super) fn line(&self, out: &mut dyn Write, text: impl Display) -> io::Result<()> {
        match &self.bar {
            Some(bar) => bar.suspend(|| {
                writeln!(out, "{text}")?;
                out.flush()
            }),
            None => writeln!(out, "{text}"),
        }
    }

    /// Lines that come now are printed as without it.
    pub(super) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.end();
    }
}
