//! The command line of das2_srv_arbiter.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Takes tasks from the work queue of a das2 server and builds the blocks of
/// its cache. Several of them, on several machines, may share a queue.
///
/// SIGTERM and SIGINT: takes no more tasks, and ends when those that run are
/// done; a second one stops them and puts them back. SIGHUP: reads the
/// configuration again.
#[derive(Parser)]
#[command(name = "das2_srv_arbiter", version)]
pub struct ArbiterArgs {
    /// The server's configuration, instead of the one beside the program
    #[arg(short, long, value_name = "CONF")]
    pub config: Option<PathBuf>,

    /// Go into the background; PIDFILE is there as long as it runs. The log is
    /// in LOG_PATH then, in das2.arbiter_HOST_N.log
    #[arg(short = 'D', long, value_name = "PIDFILE")]
    pub daemon: Option<PathBuf>,

    /// Tasks at a time, instead of WORKER_TASKS
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub tasks: Option<u32>,

    /// End when no task waits any more
    #[arg(long)]
    pub once: bool,

    /// Seconds that running tasks may go on after the first SIGTERM
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    pub grace: f64,

    /// It ends the readers of a worker that was killed
    #[arg(long, hide = true, value_name = "TOKEN")]
    pub guard: Option<String>,

    /// It is the one in the background
    #[arg(long, hide = true, requires = "daemon")]
    pub in_background: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    let good = number.filter(|number| Duration::try_from_secs_f64(*number).is_ok());
    good.ok_or_else(|| "write a number of seconds".to_owned())
}
