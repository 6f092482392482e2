//! das2_srv_arbiter: a worker that fills the cache of a das2 server.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use clap::Parser;
use das2_server::config::{Config, locate};
use das2_server::exec::{guard, start_guard};
use das2_server::queue;
use das2_server::worker::{
    ArbiterArgs, BlockRunner, Crew, Event, Journal, Manner, Notifier, PidFile, background,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Exit code of `--once` when the queue could not be reached, and when it did
/// not start at all.
const AWAY: u8 = 1;
/// Exit code of `--once` when attempts at tasks failed.
const FAILED: u8 = 3;

fn main() -> ExitCode {
    let options = ArbiterArgs::parse();
    if let Some(token) = &options.guard {
        let done = guard(token, std::io::stdin().lock());
        return ExitCode::from(u8::from(done.is_err()));
    }
    let done = match options.daemon.is_some() && !options.in_background {
        true => background::start("--in-background").map_err(|error| error.to_string()),
        false => run(&options),
    };
    done.unwrap_or_else(|message| {
        eprintln!("das2_srv_arbiter: {message}");
        ExitCode::from(AWAY)
    })
}

fn run(options: &ArbiterArgs) -> Result<ExitCode, String> {
    let path = match &options.config {
        Some(path) => path.clone(),
        None => locate().map_err(text)?,
    };
    // The folder may become another one.
    let path = std::path::absolute(path).map_err(text)?;
    let config = load(&path)?;
    let pid_file = match &options.daemon {
        Some(file) => Some(PidFile::take(&std::path::absolute(file).map_err(text)?).map_err(text)?),
        None => None,
    };
    if options.in_background {
        background::enter().map_err(text)?;
    }
    // Requests go first.
    let _ = rustix::process::nice(NICE);
    let journal = match options.in_background {
        true => Journal::in_folder(config.log_path.as_deref()),
        false => Journal::stderr(),
    };
    let manner = Manner {
        tasks: options.tasks,
        once: options.once,
        grace: Duration::try_from_secs_f64(options.grace).map_err(text)?,
    };
    let tasks = options.tasks.unwrap_or(config.worker_tasks);
    journal.line(format_args!(
        "das2_srv_arbiter {} with {}: {tasks} tasks at a time",
        env!("CARGO_PKG_VERSION"),
        path.display()
    ));
    for warning in &config.warnings {
        journal.line(format_args!("{warning}"));
    }
    if let Err(error) = start_guard("--guard") {
        journal.line(format_args!(
            "Readers are not ended if this worker is killed: {error}"
        ));
    }
    let reload = Box::new(move || load(&path));
    let notifier = Notifier::from_environment();
    let crew = Crew::new(
        config,
        Arc::new(BlockRunner),
        manner,
        journal,
        notifier,
        reload,
    );
    listen(crew.events()).map_err(text)?;
    if options.in_background {
        background::detach().map_err(text)?;
    }
    let end = crew.run();
    drop(pid_file);
    Ok(match options.once {
        true if end.away => ExitCode::from(AWAY),
        true if end.failed > 0 => ExitCode::from(FAILED),
        _ => ExitCode::SUCCESS,
    })
}

/// How much a worker steps back behind other processes; das2-pyserver's too.
const NICE: i32 = 5;

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// At the start and on SIGHUP. A queue that is away comes back; one that there is none of
/// does not.
fn load(path: &Path) -> Result<Config, String> {
    let config = Config::load(path).map_err(text)?;
    queue::is_on(&config).map_err(text)?;
    Ok(config)
}

/// Signals become events.
fn listen(events: Sender<Event>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let forward = move || {
        for signal in signals.forever() {
            let event = match signal {
                SIGHUP => Event::Reload,
                _ => Event::End,
            };
            if events.send(event).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(forward)?;
    Ok(())
}
