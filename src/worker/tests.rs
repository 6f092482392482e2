//! The loop with work that is none.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::config::{self, Config};
use crate::queue::embedded::EmbeddedBroker;
use crate::queue::{
    Broker, Cancelled, Entry, LevelChoice, Requester, Rules, Stage, Task, Which, Work, WorkerId,
};

use super::*;

struct Fake<F>(F);

impl<F: Fn(&Config, &Task, &TaskWatch) -> Outcome + Send + Sync> Runner for Fake<F> {
    fn run(&self, config: &Config, task: &Task, watch: &TaskWatch) -> Outcome {
        self.0(config, task, watch)
    }
}

const GRACE: Duration = Duration::from_secs(3600);

fn manner() -> Manner {
    Manner {
        tasks: None,
        once: false,
        grace: GRACE,
    }
}

fn once() -> Manner {
    Manner {
        once: true,
        ..manner()
    }
}

struct Place {
    state: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place {
            state: tempfile::tempdir().unwrap(),
        }
    }

    fn config(&self) -> Config {
        Place::config_at(self.state.path())
    }

    fn config_at(state: &Path) -> Config {
        Config {
            work_queue_broker: config::Broker::Embedded,
            state_path: Some(state.to_owned()),
            // Longer than a busy machine holds anybody up.
            task_lease: Duration::from_secs(10),
            ..Config::default()
        }
    }

    fn broker(&self) -> EmbeddedBroker {
        EmbeddedBroker::open(self.state.path(), Rules::of(&self.config())).unwrap()
    }

    fn queue(&self, names: &[&str]) {
        let tasks: Vec<Task> = names.iter().map(|name| task(name)).collect();
        self.broker().submit(&tasks).unwrap();
    }

    /// The names and last words of a list, sorted.
    fn list(&self, which: Which) -> Vec<String> {
        let all = self.broker().list(which).unwrap();
        let mut all: Vec<String> = all
            .into_iter()
            .map(|listed| told(&listed.entry.unwrap()))
            .collect();
        all.sort();
        all
    }

    fn logged(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.state.path()).unwrap().flatten();
        let mut logs = files.filter(|file| {
            let name = file.file_name();
            name.to_string_lossy().starts_with("das2.arbiter_")
        });
        logs.any(|log| std::fs::read_to_string(log.path()).unwrap().contains(text))
    }

    fn start(&self, manner: Manner, runner: impl Runner + 'static) -> Running {
        self.start_with(self.config(), manner, runner, |_| Err("none".to_owned()))
    }

    fn start_with(
        &self,
        config: Config,
        manner: Manner,
        runner: impl Runner + 'static,
        reload: fn(&Path) -> Result<Config, String>,
    ) -> Running {
        let state = self.state.path().to_owned();
        let crew = Crew::new(
            config,
            Arc::new(runner),
            manner,
            Journal::in_folder(Some(self.state.path())),
            Notifier::none(),
            Box::new(move || reload(&state)),
        );
        Running {
            tell: crew.events(),
            thread: std::thread::spawn(move || crew.run()),
        }
    }
}

struct Running {
    tell: Sender<Event>,
    thread: JoinHandle<End>,
}

impl Running {
    fn tell(&self, event: Event) {
        self.tell.send(event).unwrap();
    }

    fn end(self) -> End {
        until("the crew ends", || self.thread.is_finished());
        self.thread.join().unwrap()
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < limit, "in 60 s not yet: {what}");
        std::thread::yield_now();
    }
}

fn task(name: &str) -> Task {
    let work = Work::cache(name, "2020-01-01", "2020-01-02", LevelChoice::All).unwrap();
    Requester::tool("test").task(work)
}

fn name(task: &Task) -> String {
    task.work.arguments()[0].clone()
}

fn told(entry: &Entry) -> String {
    let name = name(&entry.task);
    match &entry.stage {
        Stage::Waiting => name,
        Stage::Running {
            status, progress, ..
        } => format!("{name} {status} {progress}"),
        Stage::Ended { status, code, .. } => format!("{name} {status} {code}"),
    }
}

/// Work that says that it has begun, and goes on until it is told how to end,
/// or to stop.
fn held() -> (
    impl Runner + 'static,
    Receiver<String>,
    impl Fn(Outcome) + Send,
) {
    let (begun, begins) = channel();
    let (end, ends) = channel::<Outcome>();
    let ends = Mutex::new(ends);
    let runner = Fake(move |_: &Config, task: &Task, watch: &TaskWatch| {
        begun.send(name(task)).unwrap();
        loop {
            if !watch.tell("Writing: x", 0.25) {
                return Outcome::Stopped;
            }
            let wait = Duration::from_millis(10);
            if let Ok(outcome) = ends.lock().unwrap().recv_timeout(wait) {
                return outcome;
            }
        }
    });
    (runner, begins, move |outcome| end.send(outcome).unwrap())
}

fn done() -> Outcome {
    Outcome::Done("well".to_owned())
}

#[test]
fn once_through_the_queue() {
    let place = Place::new();
    place.queue(&["good", "bad", "hopeless", "broken", "flaky"]);
    let tried = Mutex::new(Vec::new());
    let config = Config {
        worker_tasks: 3,
        ..place.config()
    };
    let work = move |_: &Config, task: &Task, _: &TaskWatch| {
        let name = name(task);
        let mut tried = tried.lock().unwrap();
        tried.push(name.clone());
        let times = tried.iter().filter(|other| **other == name).count();
        drop(tried);
        match name.as_str() {
            "bad" => Outcome::Failed("the reader failed".to_owned()),
            "hopeless" => Outcome::Hopeless("no such source".to_owned()),
            // As a panic, but for its report, which takes long where it is a backtrace.
            "broken" => std::panic::resume_unwind(Box::new("expected by this test")),
            "flaky" if times < 3 => Outcome::Failed("not yet".to_owned()),
            _ => done(),
        }
    };
    let end = place
        .start_with(config, once(), Fake(work), |_| Err(String::new()))
        .end();
    assert_eq!((end.failed, end.away), (3 + 1 + 3 + 2, false));
    assert_eq!(place.list(Which::Todo), [""; 0]);
    assert_eq!(place.list(Which::Working), [""; 0]);
    let parked = [
        "bad the reader failed 13",
        "broken a fault of the worker's own 13",
        "hopeless no such source 13",
    ];
    assert_eq!(place.list(Which::Failed), parked);
    let mut ended = vec!["flaky well 0".to_owned(), "good well 0".to_owned()];
    ended.extend(parked.map(str::to_owned));
    ended.sort();
    assert_eq!(place.list(Which::Finished), ended);
}

#[test]
fn once_without_a_queue() {
    let place = Place::new();
    let config = Config {
        state_path: Some(place.state.path().join("missing")),
        ..place.config()
    };
    let work = |_: &Config, _: &Task, _: &TaskWatch| done();
    let end = place
        .start_with(config, once(), Fake(work), |_| Err(String::new()))
        .end();
    assert!(end.away);
}

#[test]
fn the_first_word_lets_running_tasks_end() {
    let place = Place::new();
    place.queue(&["one", "two"]);
    let (runner, begun, end) = held();
    let crew = place.start(manner(), runner);
    assert_eq!(begun.recv().unwrap(), "one");
    crew.tell(Event::End);
    // What is said after it has been heard when that has.
    crew.tell(Event::Reload);
    until("it is heard", || place.logged("stay as they were: none"));
    until("it is told", || {
        place.list(Which::Working) == ["one Writing: x 0.25"]
    });
    end(done());
    assert_eq!(crew.end().failed, 0);
    assert_eq!(place.list(Which::Finished), ["one well 0"]);
    assert_eq!(place.list(Which::Todo), ["two"]);
}

#[test]
fn the_second_word_and_the_end_of_grace_put_back() {
    for grace in [GRACE, Duration::ZERO] {
        let place = Place::new();
        place.queue(&["one"]);
        let (runner, begun, _end) = held();
        let crew = place.start(Manner { grace, ..manner() }, runner);
        assert_eq!(begun.recv().unwrap(), "one");
        crew.tell(Event::End);
        if grace == GRACE {
            crew.tell(Event::End);
        }
        crew.end();
        assert_eq!(place.list(Which::Todo), ["one"]);
        assert_eq!(place.list(Which::Working), [""; 0]);
        // It counts as not tried.
        let mut broker = place.broker();
        let lease = broker.take(&WorkerId::new(9), Duration::ZERO).unwrap();
        assert_eq!(lease.unwrap().attempt, 1);
    }
}

#[test]
fn silent_work_keeps_its_lease() {
    let place = Place::new();
    place.queue(&["one"]);
    let (begun, begins) = channel();
    let (end, ends) = channel::<()>();
    let ends = Mutex::new(ends);
    let runner = Fake(move |_: &Config, _: &Task, _: &TaskWatch| {
        begun.send(()).unwrap();
        ends.lock().unwrap().recv().unwrap();
        done()
    });
    let lease = Duration::from_secs(3);
    let config = Config {
        task_lease: lease,
        ..place.config()
    };
    let crew = place.start_with(config, manner(), runner, |_| Err("none".to_owned()));
    begins.recv().unwrap();
    let mut other = place.broker();
    let begin = Instant::now();
    while begin.elapsed() < lease * 5 / 2 {
        let taken = other.take(&WorkerId::new(9), Duration::from_millis(100));
        assert_eq!(taken.unwrap(), None);
    }
    end.send(()).unwrap();
    until("it is done", || {
        place.list(Which::Finished) == ["one well 0"]
    });
    crew.tell(Event::End);
    crew.end();
}

#[test]
fn what_is_cancelled_is_stopped() {
    let place = Place::new();
    place.queue(&["one"]);
    let (runner, begun, end) = held();
    let crew = place.start(manner(), runner);
    assert_eq!(begun.recv().unwrap(), "one");
    let cancelled = place.broker().cancel(&task("one").key()).unwrap();
    let running = Cancelled {
        running: 1,
        ..Cancelled::default()
    };
    assert_eq!(cancelled, running);
    place.queue(&["two"]);
    assert_eq!(begun.recv().unwrap(), "two");
    end(done());
    crew.tell(Event::End);
    crew.end();
    let ended = place.list(Which::Finished);
    assert!(ended.contains(&"two well 0".to_owned()), "{ended:?}");
    assert!(!ended.contains(&"one well 0".to_owned()), "{ended:?}");
    assert_eq!(place.list(Which::Todo), [""; 0]);
}

#[test]
fn new_settings_while_it_works() {
    let place = Place::new();
    place.queue(&["one", "two", "three", "four"]);
    let (runner, begun, end) = held();
    let reload = |state: &Path| {
        let text = std::fs::read_to_string(state.join("tasks")).unwrap();
        let tasks = text.parse().map_err(|_| "no number".to_owned())?;
        Ok(Config {
            worker_tasks: tasks,
            log_path: Some(state.to_owned()),
            ..(Place::config_at(state))
        })
    };
    let crew = place.start_with(place.config(), manner(), runner, reload);
    let set = |text: &str| {
        std::fs::write(place.state.path().join("tasks"), text).unwrap();
        crew.tell(Event::Reload);
    };
    assert_eq!(begun.recv().unwrap(), "one");
    // Bad settings change nothing.
    set("many");
    until("they are refused", || {
        place.logged("stay as they were: no number")
    });
    set("2");
    assert_eq!(begun.recv().unwrap(), "two");
    assert_eq!(place.list(Which::Working).len(), 2);
    set("1");
    until("they are taken", || {
        place.logged("New settings; 1 tasks at a time")
    });
    end(done());
    end(done());
    assert_eq!(begun.recv().unwrap(), "three");
    end(done());
    assert_eq!(begun.recv().unwrap(), "four");
    end(done());
    crew.tell(Event::End);
    crew.end();
}

#[test]
fn without_room_it_waits_and_nothing_is_counted() {
    let place = Place::new();
    place.queue(&["one", "two"]);
    let full = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let order = std::sync::atomic::Ordering::SeqCst;
    let is_full = Arc::clone(&full);
    let work = move |_: &Config, _: &Task, _: &TaskWatch| match is_full.load(order) {
        true => Outcome::NoRoom("the disk is full".to_owned()),
        false => done(),
    };
    let end = place.start(once(), Fake(work.clone())).end();
    assert_eq!(end.failed, 1);
    assert_eq!(place.list(Which::Todo), ["one", "two"]);
    let crew = place.start(manner(), Fake(work.clone()));
    until("it says why", || {
        place.list(Which::Working) == ["one Waits for room: the disk is full 0.00"]
    });
    until("it has tried again", || {
        place.logged("the disk is full; tries again in 2 s")
    });
    // It can be told to end meanwhile.
    crew.tell(Event::End);
    crew.end();
    assert_eq!(place.list(Which::Todo), ["one", "two"]);
    let crew = place.start(manner(), Fake(work));
    until("it tries", || place.list(Which::Working).len() == 1);
    full.store(false, order);
    until("all is done", || place.list(Which::Finished).len() == 2);
    assert!(!place.logged("attempt 2"));
    assert_eq!(place.list(Which::Failed), [""; 0]);
    crew.tell(Event::End);
    crew.end();
}
