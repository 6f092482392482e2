//! All places of a worker process, and the orders they get.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::queue::StillOurs;

use super::journal::Journal;
use super::notify::Notifier;
use super::runner::{Outcome, Runner};
use super::slot::{Poke, Slot, SlotEnd};

/// A place that gave no sign of life for so long hangs: the service manager
/// is told nothing any more.
const HANGS: Duration = Duration::from_secs(60);

/// The longest pause between two looks at the clock.
const LOOK: Duration = Duration::from_secs(60);

/// How a worker works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Tasks at a time, whatever the settings say.
    pub tasks: Option<u32>,
    /// It ends when nothing waits any more.
    pub once: bool,
    /// How long running tasks may go on once it is told to end.
    pub grace: Duration,
}

/// What a worker hears of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// End: the first time when the running tasks are done, the second time
    /// at once.
    End,
    /// Read the settings again.
    Reload,
    /// A place has ended.
    Place(u32, SlotEnd),
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct End {
    /// Attempts that failed.
    pub failed: usize,
    /// With [`Manner::once`]: the queue could not be reached.
    pub away: bool,
}

/// Reads the settings again; or why they stay.
pub type Reload = Box<dyn FnMut() -> Result<Config, String> + Send>;

/// What places are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Take tasks and work them.
    Work,
    /// Take no more.
    Finish,
    /// Put back what is there.
    Stop,
}

/// What all places see.
pub struct Shared {
    /// Does the work.
    pub runner: Arc<dyn Runner>,
    /// The log.
    pub journal: Journal,
    settings: Mutex<Arc<Config>>,
    order: Mutex<Order>,
    once: AtomicBool,
    wanted: AtomicU32,
    busy: AtomicUsize,
    failed: AtomicUsize,
    alive: Mutex<BTreeMap<u32, Instant>>,
}

impl Shared {
    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Config> {
        Arc::clone(&locked(&self.settings))
    }

    /// What to do.
    pub fn order(&self) -> Order {
        *locked(&self.order)
    }

    /// Whether to end when nothing waits any more.
    pub fn once(&self) -> bool {
        self.once.load(Ordering::SeqCst)
    }

    /// Whether there is to be a place of this number.
    pub fn wants(&self, number: u32) -> bool {
        number < self.wanted.load(Ordering::SeqCst)
    }

    /// Whether no place has a task.
    pub fn nobody_works(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
    }

    /// Lives as long as a place has a task.
    pub fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Busy(&self.busy)
    }

    /// A place shows that it does not hang.
    pub fn is_alive(&self, number: u32) {
        locked(&self.alive).insert(number, Instant::now());
    }

    /// A task is over.
    pub fn ended(&self, outcome: &Outcome, ours: StillOurs) {
        use Outcome::{Failed, Hopeless, NoRoom};
        let failed = matches!(outcome, Failed(_) | Hopeless(_) | NoRoom(_));
        if failed && ours == StillOurs::Yes {
            self.failed.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn hangs(&self) -> Option<u32> {
        let alive = locked(&self.alive);
        let mut late = alive.iter().filter(|(_, at)| at.elapsed() > HANGS);
        late.next().map(|(number, _)| *number)
    }
}

/// Counts a task.
pub struct Busy<'a>(&'a AtomicUsize);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A worker process.
pub struct Crew {
    shared: Arc<Shared>,
    manner: Manner,
    notifier: Notifier,
    reload: Reload,
    places: BTreeMap<u32, Sender<Poke>>,
    tell: Sender<Event>,
    events: Receiver<Event>,
    /// When running tasks are stopped.
    deadline: Option<Instant>,
    end: End,
}

impl Crew {
    /// A worker that has not begun.
    pub fn new(
        config: Config,
        runner: Arc<dyn Runner>,
        manner: Manner,
        journal: Journal,
        notifier: Notifier,
        reload: Reload,
    ) -> Crew {
        let (tell, events) = mpsc::channel();
        let shared = Shared {
            runner,
            journal,
            wanted: AtomicU32::new(manner.tasks.unwrap_or(config.worker_tasks).max(1)),
            settings: Mutex::new(Arc::new(config)),
            order: Mutex::new(Order::Work),
            once: AtomicBool::new(manner.once),
            busy: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            alive: Mutex::default(),
        };
        Crew {
            shared: Arc::new(shared),
            manner,
            notifier,
            reload,
            places: BTreeMap::new(),
            tell,
            events,
            deadline: None,
            end: End::default(),
        }
    }

    /// Where events are sent.
    pub fn events(&self) -> Sender<Event> {
        self.tell.clone()
    }

    /// Works until it is told to end, or, with [`Manner::once`], until nothing
    /// waits any more.
    pub fn run(mut self) -> End {
        self.fill_places();
        self.notifier.ready();
        let mut next_sign = Instant::now();
        while !self.places.is_empty() {
            if Instant::now() >= next_sign {
                self.give_sign();
                next_sign = Instant::now() + self.sign_every();
            }
            let until = self.deadline.map_or(next_sign, |at| at.min(next_sign));
            let wait = until.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(wait) {
                Ok(Event::End) => self.end_places(),
                Ok(Event::Reload) => self.reload(),
                Ok(Event::Place(number, end)) => self.place_ended(number, end),
                Err(RecvTimeoutError::Timeout) => {}
                // This itself holds a sender.
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.deadline.is_some_and(|at| Instant::now() >= at) {
                self.stop_places("they have had their time");
            }
        }
        self.end.failed = self.shared.failed.load(Ordering::SeqCst);
        self.end
    }

    fn sign_every(&self) -> Duration {
        let period = self.notifier.watchdog().map_or(LOOK, |period| period / 3);
        period.clamp(Duration::from_millis(10), LOOK)
    }

    fn give_sign(&self) {
        match self.shared.hangs() {
            None => self.notifier.alive(),
            Some(number) => self
                .shared
                .journal
                .line(format_args!("Place {number} hangs; no sign of life")),
        }
        let busy = self.shared.busy.load(Ordering::SeqCst);
        let places = self.places.len();
        let status = format!("{busy} of {places} places have a task");
        self.notifier.status(&status);
    }

    fn fill_places(&mut self) {
        let wanted = self.shared.wanted.load(Ordering::SeqCst);
        let missing: Vec<u32> = (0..wanted)
            .filter(|number| !self.places.contains_key(number))
            .collect();
        for number in missing {
            if let Err(error) = self.fill_place(number) {
                let journal = &self.shared.journal;
                journal.line(format_args!("Place {number} cannot start: {error}"));
                break;
            }
        }
    }

    fn fill_place(&mut self, number: u32) -> std::io::Result<()> {
        let (poke, pokes) = mpsc::channel();
        let slot = Slot::new(number, Arc::clone(&self.shared), (poke.clone(), pokes));
        let tell = self.tell.clone();
        self.shared.is_alive(number);
        let thread = std::thread::Builder::new().name(format!("place-{number}"));
        thread.spawn(move || {
            let end = catch_unwind(AssertUnwindSafe(|| slot.run()));
            // The crew waits for this.
            let _ = tell.send(Event::Place(number, end.unwrap_or(SlotEnd::Broken)));
        })?;
        self.places.insert(number, poke);
        Ok(())
    }

    fn place_ended(&mut self, number: u32, end: SlotEnd) {
        self.places.remove(&number);
        locked(&self.shared.alive).remove(&number);
        self.end.away |= end == SlotEnd::Away;
        if end == SlotEnd::Broken {
            let journal = &self.shared.journal;
            journal.line(format_args!("Place {number} ended by a fault of its own"));
        }
        let goes_on = self.shared.order() == Order::Work && !self.manner.once;
        if goes_on && self.shared.wants(number) {
            // One that breaks down at once must not keep the machine busy.
            std::thread::sleep(Duration::from_millis(100));
            self.fill_places();
        }
    }

    fn end_places(&mut self) {
        if self.shared.order() != Order::Work {
            return self.stop_places("told so a second time");
        }
        self.notifier.stopping();
        let journal = &self.shared.journal;
        journal.line(format_args!(
            "Ending: no new tasks, {} s for those that run",
            self.manner.grace.as_secs_f64()
        ));
        self.deadline = Instant::now().checked_add(self.manner.grace);
        self.give_order(Order::Finish);
    }

    fn stop_places(&mut self, why: &str) {
        self.deadline = None;
        if self.shared.order() != Order::Stop {
            let journal = &self.shared.journal;
            if !self.shared.nobody_works() {
                journal.line(format_args!("Stopping running tasks: {why}"));
            }
            self.give_order(Order::Stop);
        }
    }

    fn give_order(&self, order: Order) {
        *locked(&self.shared.order) = order;
        self.poke();
    }

    fn poke(&self) {
        for place in self.places.values() {
            // One that ends at the moment needs no orders.
            let _ = place.send(Poke::Look);
        }
    }

    fn reload(&mut self) {
        let journal = &self.shared.journal;
        match (self.reload)() {
            Ok(config) => {
                journal.set_folder(config.log_path.as_deref());
                let wanted = self.manner.tasks.unwrap_or(config.worker_tasks).max(1);
                self.shared.wanted.store(wanted, Ordering::SeqCst);
                *locked(&self.shared.settings) = Arc::new(config);
                journal.line(format_args!("New settings; {wanted} tasks at a time"));
                if self.shared.order() == Order::Work {
                    self.fill_places();
                }
                self.poke();
            }
            Err(reason) => journal.line(format_args!("The settings stay as they were: {reason}")),
        }
    }
}
