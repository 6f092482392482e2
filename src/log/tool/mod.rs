//! das2_srv_log: the request logs of a server, for people.
//!
//! What comes in are words of a command line and a configuration; what goes
//! out is a line for each request, oldest first, so that the newest stands
//! where one looks; or totals; or JSON, one object a line.

mod follow;
mod show;
mod totals;

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Parser;

use crate::config::Config;
use crate::log::Printable;
use crate::log::read::{ClientLogs, StatusWanted, Wanted, clients};

use totals::By;

/// The most requests that are held at a time.
const MOST: usize = 100_000;

/// Shows what a das2 server was asked, and how it went.
///
/// Exit status: 0; 1 the logs cannot be read; 2 the words or the configuration
/// are wrong.
#[derive(Debug, Parser)]
#[command(name = "das2_srv_log", version)]
pub struct Options {
    /// The server's configuration, instead of the one beside the program
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only requests with this text in any line; the case of letters does not
    /// matter
    #[arg(short, long, default_value = "", hide_default_value = true)]
    text: String,
    /// Only those that ended so: a number, 2xx to 5xx, good, failed, gone,
    /// running, or stderr for those with standard error
    #[arg(short, long, value_parser = status)]
    status: Option<StatusWanted>,
    /// Only for this data source, or for those in this folder
    #[arg(short, long, value_name = "NAME")]
    dataset: Option<String>,
    /// Only of this day and later, as 2026-11-24, local time
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<NaiveDate>,
    /// Only of this day and earlier
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<NaiveDate>,
    /// How many: the last ones, and of totals the largest ones
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    last: usize,
    /// Go on with new requests as they are logged
    #[arg(short, long, conflicts_with = "totals")]
    follow: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
    /// Print all lines of each request
    #[arg(short, long, conflicts_with = "json")]
    lines: bool,
    /// Print sums instead: by dataset, client, hour, status, or by all of them
    #[arg(long, value_name = "BY", num_args = 0.., value_delimiter = ',')]
    totals: Option<Vec<By>>,
    /// Clients, by the address that names their log; all by default
    #[arg(value_name = "CLIENT")]
    clients: Vec<String>,
}

fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse()
        .map_err(|_| "write a day, such as 2026-11-24".to_owned())
}

fn status(text: &str) -> Result<StatusWanted, String> {
    StatusWanted::parse(text).ok_or_else(|| {
        let words: Vec<&str> = StatusWanted::words().collect();
        format!("use a number, or one of {}", words.join(", "))
    })
}

/// Why there is nothing to see, or no more of it.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The configuration has no logs.
    #[error("LOG_PATH is not set in the configuration, so there are no logs")]
    NoFolder,
    /// They cannot be read.
    #[error("{0}: {1}")]
    Unreadable(PathBuf, io::Error),
    /// Nobody reads the output any more, or it cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// What an option means.
struct Job<'a> {
    options: &'a Options,
    wanted: Wanted,
    folder: &'a Path,
}

impl Job<'_> {
    /// Whose logs are looked at, as there are at this moment.
    fn clients(&self) -> Result<Vec<String>, ToolError> {
        match self.options.clients.as_slice() {
            [] => self.all_clients(),
            named => Ok(named.iter().map(|name| name_of(name)).collect()),
        }
    }

    fn all_clients(&self) -> Result<Vec<String>, ToolError> {
        let found = clients(self.folder).map_err(|error| self.unreadable(error))?;
        Ok(found.into_iter().map(|client| client.name).collect())
    }

    /// Those of the clients that were named who have no log.
    fn missing(&self) -> Result<Vec<String>, ToolError> {
        let mut missing = Vec::new();
        for client in self.clients()? {
            let opened = ClientLogs::open(self.folder, &client, None);
            if opened.map_err(|error| self.unreadable(error))?.size() == 0 {
                missing.push(client);
            }
        }
        Ok(missing)
    }

    fn unreadable(&self, error: io::Error) -> ToolError {
        ToolError::Unreadable(self.folder.to_owned(), error)
    }
}

/// The name of a client's log: there is one, however the address is written.
fn name_of(client: &str) -> String {
    let address = client.parse::<IpAddr>();
    address.map_or(client.to_owned(), |address| {
        address.to_canonical().to_string()
    })
}

/// Does what the options say.
///
/// # Errors
/// No LOG_PATH, logs that cannot be read, output that cannot be written.
pub fn run(options: &Options, config: &Config, out: &mut dyn Write) -> Result<(), ToolError> {
    let folder = config.log_path.as_deref().ok_or(ToolError::NoFolder)?;
    let mut wanted = Wanted::default().with_text(&options.text);
    wanted.status = options.status.unwrap_or_default();
    wanted.dataset = options.dataset.clone();
    if options.since.is_some() || options.until.is_some() {
        let first = options.since.unwrap_or(NaiveDate::MIN);
        wanted.days = Some((first, options.until.unwrap_or(NaiveDate::MAX)));
    }
    let job = Job {
        options,
        wanted,
        folder,
    };
    if !options.clients.is_empty() {
        for client in job.missing()? {
            let name = Printable(&client);
            // Nothing is to be seen of it, and that may be a slip in the address.
            let _ = writeln!(io::stderr(), "das2_srv_log: there is no log of {name}");
        }
    }
    match &options.totals {
        Some(by) => totals::print(&job, by, out),
        None => {
            let shown = show::last(&job, options.last.min(MOST))?;
            shown.print(&job, out)?;
            match options.follow {
                true => follow::follow(&job, shown, out),
                false => Ok(()),
            }
        }
    }
}
