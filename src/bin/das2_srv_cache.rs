//! das2_srv_cache: the cache of a das2 server, for people.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use das2_server::cache::tool::{Options, Parked, Queue, ToolError, Wanted, run};
use das2_server::config::Config;
use das2_server::exec::guard;
use das2_server::log::{Printable, PrintableLines};
use das2_server::queue::{self, LevelChoice, Listed, QueueError, Requester, Stage, Which, Work};
use das2_server::time::{Style, Time, parse_query};

const NAME: &str = "das2_srv_cache";

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(token) = options.guard() {
        let done = guard(token, io::stdin().lock());
        return ExitCode::from(u8::from(done.is_err()));
    }
    let config = match Config::of_program(options.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{NAME}: {error}");
            return ExitCode::from(2);
        }
    };
    let out = io::BufWriter::new(io::stdout().lock());
    // Definitions, readers and the queue may say anything.
    let mut out: Box<dyn Write> = match options.is_json() {
        true => Box::new(out),
        false => Box::new(PrintableLines::new(out)),
    };
    let done = run(&options, &config, &mut ServersQueue(&config), &mut *out);
    let done = done.and_then(|well| Ok(out.flush().map(|()| well)?));
    match done {
        Ok(well) => ExitCode::from(u8::from(!well)),
        Err(ToolError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
            ExitCode::FAILURE
        }
        Err(error) => {
            // What was printed before belongs in front of the message.
            let _ = out.flush();
            eprintln!("{NAME}: {}", Printable(&error.to_string()));
            ExitCode::from(error.status())
        }
    }
}

/// The queue of the configuration.
struct ServersQueue<'a>(&'a Config);

impl Queue for ServersQueue<'_> {
    /// One task a stretch, for the workers.
    fn submit(&mut self, wanted: &[Wanted]) -> Result<String, String> {
        let time = |time: Time| time.iso(Style::Calendar, 0).to_string();
        let requester = Requester::tool(NAME);
        let mut tasks = Vec::new();
        for stretch in wanted {
            let level = LevelChoice::Number(stretch.level);
            let (begin, end) = (time(stretch.begin), time(stretch.end));
            let work = Work::cache(&stretch.dataset, &begin, &end, level);
            tasks.push(requester.task(work.map_err(|error| error.to_string())?));
        }
        let submitted = queue::connect(self.0).and_then(|mut broker| broker.insist(&tasks));
        let submitted = submitted.map_err(|error| format!("{error}; --now builds here"))?;
        Ok(format!(
            "{} tasks queued, {} known already",
            submitted.queued, submitted.known
        ))
    }

    fn parked(&mut self) -> Result<Vec<Parked>, String> {
        let listed = queue::connect(self.0).and_then(|mut broker| broker.list(Which::Failed));
        match listed {
            Ok(listed) => Ok(listed.into_iter().filter_map(parked).collect()),
            // Without a queue nothing is given up.
            Err(QueueError::Off(_)) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A parked task, where it is one of the cache.
fn parked(listed: Listed) -> Option<Parked> {
    let entry = listed.entry.ok()?;
    let (
        Work::Cache {
            dataset,
            begin,
            end,
            level,
        },
        Stage::Ended { status, ended, .. },
    ) = (entry.task.work, entry.stage)
    else {
        return None;
    };
    Some(Parked {
        dataset,
        level: match level {
            LevelChoice::Number(number) => Some(number),
            LevelChoice::All => None,
        },
        begin: parse_query(&begin, None).ok()?,
        end: parse_query(&end, None).ok()?,
        when: ended,
        reason: status,
    })
}
