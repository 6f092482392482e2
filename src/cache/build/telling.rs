//! Progress, and being told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::split::Tally;
use super::{Continue, Progress, Request};
use crate::exec::Watch;
use crate::stream::{self, Error};
use crate::time::Time;

/// How often the progress is told while no block is completed.
const TELL: Duration = Duration::from_millis(200);

/// Asked while a reader is silent.
pub struct StopFlag(pub Arc<AtomicBool>);

impl Watch for StopFlag {
    fn client_gone(&mut self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Tells the progress.
pub struct Telling<'a> {
    step: &'a mut dyn FnMut(Progress) -> Continue,
    stop: Option<Arc<AtomicBool>>,
    /// How far it has come.
    pub progress: Progress,
    told: Instant,
    /// It was told to stop.
    pub stopped: bool,
}

impl<'a> Telling<'a> {
    /// Nothing is done yet.
    pub fn new(
        request: &Request<'_>,
        step: &'a mut dyn FnMut(Progress) -> Continue,
    ) -> Telling<'a> {
        Telling {
            step,
            stop: request.stop.clone(),
            progress: Progress {
                blocks: 0,
                of: 0,
                bytes: 0,
                reached: request.begin,
            },
            told: Instant::now(),
            stopped: false,
        }
    }

    fn tell(&mut self) -> stream::Result<()> {
        self.told = Instant::now();
        let flag = self.stop.as_ref();
        let told_to_stop = flag.is_some_and(|stop| stop.load(Ordering::Relaxed));
        if (self.step)(self.progress) == Continue::Stop || told_to_stop {
            self.stopped = true;
            return Err(Error::Unfit("it was told to stop".into()));
        }
        Ok(())
    }

    /// Data have come, those at `time`.
    pub fn moved(&mut self, time: impl Fn() -> Option<Time>) -> stream::Result<()> {
        if self.told.elapsed() < TELL {
            return Ok(());
        }
        if let Some(time) = time() {
            self.progress.reached = time;
        }
        self.tell()
    }
}

impl Tally for Telling<'_> {
    fn placed(&mut self, bytes: u64, until: Time) -> stream::Result<()> {
        self.progress.blocks += 1;
        self.progress.bytes += bytes;
        self.progress.reached = self.progress.reached.max(until);
        self.tell()
    }

    fn withdrawn(&mut self) {
        self.progress.blocks = self.progress.blocks.saturating_sub(1);
    }
}
