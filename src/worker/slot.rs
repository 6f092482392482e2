//! The place for one task at a time: it takes a task, holds the lease while
//! another thread does the work, and says what became of it.

mod room;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::queue::{self, Broker, Finish, Lease, QueueError, Rules, StillOurs, WorkerId};

use super::crew::{Order, Shared};
use super::runner::{Outcome, TaskWatch};

/// How long a place waits for a task before it looks around.
const WAIT: Duration = Duration::from_secs(1);

/// The pauses between attempts to reach a queue that is away.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a task that is to stop at once is waited for. Readers are gone
/// within a second; a file system that hangs is not.
const STOPS_WITHIN: Duration = Duration::from_secs(5);

/// How long an ending worker tries to reach a queue that is away.
const LAST_TRIES: Duration = Duration::from_secs(2);

/// With `--once`: so many times the queue may be away.
const AWAY_AT_MOST: u32 = 5;

/// What a place hears of.
pub enum Poke {
    /// There are new orders.
    Look,
    /// Its task's work has ended.
    Ended(Outcome),
}

/// Why a place ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotEnd {
    /// It was told to, or is not wanted any more.
    Told,
    /// Nothing waits in the queue.
    Empty,
    /// With `--once`: there is no room on the disk.
    NoRoom,
    /// The queue cannot be reached.
    Away,
    /// By a fault of its own.
    Broken,
}

/// How the work on a task ended, as far as the place goes on differently.
#[derive(PartialEq, Eq)]
enum Worked {
    ToAnEnd,
    NoRoom,
}

/// A place.
pub struct Slot {
    number: u32,
    shared: Arc<Shared>,
    pokes: Receiver<Poke>,
    tell: Sender<Poke>,
    worker: WorkerId,
    settings: Arc<Config>,
    broker: Option<Box<dyn Broker>>,
    /// The queue was away when it was last asked.
    away: bool,
    failures: u32,
}

impl Slot {
    /// Place number `number` of a crew; what it hears comes by `pokes`, and
    /// `tell` leads there.
    pub fn new(
        number: u32,
        shared: Arc<Shared>,
        (tell, pokes): (Sender<Poke>, Receiver<Poke>),
    ) -> Slot {
        Slot {
            number,
            settings: shared.settings(),
            shared,
            pokes,
            tell,
            worker: WorkerId::new(number),
            broker: None,
            away: false,
            failures: 0,
        }
    }

    /// Works tasks until there is a reason to end.
    pub fn run(mut self) -> SlotEnd {
        let end = loop {
            self.shared.is_alive(self.number);
            if self.shared.order() != Order::Work || !self.shared.wants(self.number) {
                break SlotEnd::Told;
            }
            self.follow_settings();
            match self.take() {
                Ok(Some(lease)) => {
                    self.is_back();
                    if self.work(lease) == Worked::NoRoom && self.shared.once() {
                        break SlotEnd::NoRoom;
                    }
                }
                Ok(None) => {
                    self.is_back();
                    if self.shared.once() {
                        if self.shared.nobody_works() {
                            break SlotEnd::Empty;
                        }
                        self.pause(FIRST_PAUSE);
                    }
                }
                Err(error) => {
                    self.is_away(&error);
                    if self.shared.once() && self.failures > AWAY_AT_MOST {
                        break SlotEnd::Away;
                    }
                    self.pause(self.next_pause());
                }
            }
        };
        self.leave();
        end
    }

    /// New settings may mean another queue.
    fn follow_settings(&mut self) {
        let settings = self.shared.settings();
        if !Arc::ptr_eq(&settings, &self.settings) {
            self.leave();
            self.settings = settings;
        }
    }

    fn leave(&mut self) {
        if let Some(mut broker) = self.broker.take() {
            // The lease lapses by itself if this is not heard.
            let _ = broker.leave(&self.worker);
        }
    }

    fn rules(&self) -> Rules {
        Rules::of(&self.settings)
    }

    fn broker(&mut self) -> Result<&mut dyn Broker, QueueError> {
        let broker = match self.broker.take() {
            Some(broker) => broker,
            None => queue::connect(&self.settings)?,
        };
        Ok(&mut **self.broker.insert(broker))
    }

    fn take(&mut self) -> Result<Option<Lease>, QueueError> {
        let wait = match self.shared.once() {
            true => Duration::ZERO,
            false => WAIT,
        };
        let worker = self.worker.clone();
        self.broker()?.take(&worker, wait)
    }

    fn is_away(&mut self, error: &QueueError) {
        self.failures = self.failures.saturating_add(1);
        if !self.away {
            self.away = true;
            self.shared.journal.line(format_args!("{error}"));
        }
    }

    fn is_back(&mut self) {
        self.failures = 0;
        if self.away {
            self.away = false;
            self.shared.journal.line("The work queue is back");
        }
    }

    fn next_pause(&self) -> Duration {
        let doubled = 1u32 << self.failures.clamp(1, 10).saturating_sub(1);
        (FIRST_PAUSE * doubled).min(LONGEST_PAUSE)
    }

    /// Waits, unless there are new orders.
    fn pause(&self, time: Duration) {
        let _ = self.pokes.recv_timeout(time);
    }

    fn work(&mut self, lease: Lease) -> Worked {
        let key = lease.task.key();
        self.shared.journal.line(format_args!(
            "{key}: begun, attempt {} of {}",
            lease.attempt,
            self.rules().attempts
        ));
        let begin = Instant::now();
        let shared = Arc::clone(&self.shared);
        let _busy = shared.busy();
        let (outcome, ours) = self.try_until_there_is_room(&lease);
        let ours = match ours {
            StillOurs::Yes => self.finish(&lease, &finish_of(&outcome)),
            lost => lost,
        };
        self.shared.ended(&outcome, ours);
        self.shared.journal.line(format_args!(
            "{key}: {} ({:.1} s)",
            account_of(&outcome, ours),
            begin.elapsed().as_secs_f64()
        ));
        match outcome {
            Outcome::NoRoom(_) => Worked::NoRoom,
            _ => Worked::ToAnEnd,
        }
    }

    fn attempt(&mut self, lease: &Lease) -> (Outcome, StillOurs) {
        let watch = Arc::new(TaskWatch::default());
        match self.start(lease, &watch) {
            Ok(()) => self.hold(lease, &watch),
            Err(error) => {
                let reason = format!("the worker has no thread left: {error}");
                (Outcome::Failed(reason), StillOurs::Yes)
            }
        }
    }

    fn start(&self, lease: &Lease, watch: &Arc<TaskWatch>) -> std::io::Result<()> {
        let (shared, settings) = (Arc::clone(&self.shared), Arc::clone(&self.settings));
        let (task, watch) = (lease.task.clone(), Arc::clone(watch));
        let tell = self.tell.clone();
        let work = move || {
            let run = || shared.runner.run(&settings, &task, &watch);
            let outcome = catch_unwind(AssertUnwindSafe(run));
            let broken = |_| Outcome::Failed("a fault of the worker's own".to_owned());
            // A place that waits for this no longer has said so.
            let _ = tell.send(Poke::Ended(outcome.unwrap_or_else(broken)));
        };
        let thread = std::thread::Builder::new().name(format!("task-{}", self.number));
        thread.spawn(work).map(drop)
    }

    /// Beats until the work has ended. When the task is not ours any more, or
    /// there is no more time, the work is stopped.
    fn hold(&mut self, lease: &Lease, watch: &TaskWatch) -> (Outcome, StillOurs) {
        let every = self.rules().beat_every();
        let mut ours = StillOurs::Yes;
        let mut next = Instant::now();
        let mut given_up = None;
        loop {
            self.shared.is_alive(self.number);
            if ours == StillOurs::Yes && Instant::now() >= next {
                next = Instant::now() + every;
                ours = self.beat(lease, watch);
            }
            let stop = ours != StillOurs::Yes || self.shared.order() == Order::Stop;
            if stop && given_up.is_none() {
                watch.stop();
                given_up = Some(Instant::now() + STOPS_WITHIN);
            }
            let until = match given_up {
                // Without the lease nothing is to be hurried for.
                Some(limit) if self.shared.order() == Order::Stop => limit.min(next),
                _ => next,
            };
            let wait = until.saturating_duration_since(Instant::now());
            match self.pokes.recv_timeout(wait.max(Duration::from_millis(1))) {
                Ok(Poke::Ended(outcome)) => return (outcome, ours),
                Ok(Poke::Look) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return (Outcome::Stopped, ours),
            }
            if ours != StillOurs::Yes {
                next = Instant::now() + every;
            }
            let late = given_up.is_some_and(|limit| Instant::now() >= limit);
            if late && self.shared.order() == Order::Stop {
                return (Outcome::Stopped, ours);
            }
        }
    }

    /// A queue that is away is no reason to stop: it takes the task in again
    /// when it is back.
    fn beat(&mut self, lease: &Lease, watch: &TaskWatch) -> StillOurs {
        let (status, done) = watch.told();
        let beaten = match self.broker() {
            Ok(broker) => broker.beat(lease, &status, done),
            Err(error) => Err(error),
        };
        match beaten {
            Ok(ours) => {
                self.is_back();
                ours
            }
            Err(error) => {
                self.is_away(&error);
                StillOurs::Yes
            }
        }
    }

    /// Says what became of the task, however long the queue is away.
    fn finish(&mut self, lease: &Lease, finish: &Finish) -> StillOurs {
        let mut limit = None;
        loop {
            self.shared.is_alive(self.number);
            let said = match self.broker() {
                Ok(broker) => broker.finish(lease, finish),
                Err(error) => Err(error),
            };
            match said {
                Ok(ours) => {
                    self.is_back();
                    return ours;
                }
                Err(error) => self.is_away(&error),
            }
            if self.shared.order() == Order::Stop {
                let limit = *limit.get_or_insert_with(|| Instant::now() + LAST_TRIES);
                if Instant::now() >= limit {
                    return StillOurs::TakenAway;
                }
            }
            self.pause(self.next_pause());
        }
    }
}

fn finish_of(outcome: &Outcome) -> Finish {
    match outcome.clone() {
        Outcome::Done(status) => Finish::Done { status },
        Outcome::Failed(reason) => Finish::Failed { reason },
        Outcome::Hopeless(reason) => Finish::Hopeless { reason },
        Outcome::NoRoom(_) | Outcome::Stopped => Finish::PutBack,
    }
}

fn account_of(outcome: &Outcome, ours: StillOurs) -> String {
    match (ours, outcome) {
        (StillOurs::Cancelled, _) => "cancelled".to_owned(),
        (StillOurs::TakenAway, _) => "taken away; another worker has it".to_owned(),
        (_, Outcome::Done(status)) => status.clone(),
        (_, Outcome::Failed(reason)) => format!("failed: {reason}"),
        (_, Outcome::Hopeless(reason)) => format!("cannot be done: {reason}"),
        (_, Outcome::NoRoom(reason)) => format!("put back: {reason}"),
        (_, Outcome::Stopped) => "put back".to_owned(),
    }
}
