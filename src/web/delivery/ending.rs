//! How a delivery ended: what the log is told, and what the client.

use std::time::Instant;

use crate::exec::{Outcome, Stop};
use crate::log::RequestLog;
use crate::stream;
use crate::web::error::Error;

/// What the client is told of a stream that broke.
fn of_stream(error: &stream::Error) -> String {
    match error {
        stream::Error::CutOff { place, .. } => format!(
            "The stream of this data source is cut off, in what begins at byte {}",
            place.offset
        ),
        _ => "The stream of this data source cannot be processed".to_owned(),
    }
}

/// All that is known when nothing runs any more.
pub struct Ending {
    /// How reading, filtering and sending went.
    pub passed: Result<(), stream::Error>,
    /// How the programs ended; None when that cannot be said.
    pub outcome: Option<Outcome>,
    /// Bytes that the programs wrote.
    pub read: u64,
    /// When the first of them came.
    pub first_byte: Option<Instant>,
}

impl Ending {
    /// What the programs said, how they ended, and when.
    pub fn note(&self, log: &mut RequestLog, started: Instant) {
        if let Some(first) = self.first_byte {
            let wait = first.saturating_duration_since(started);
            log.line(format_args!(
                "First bytes after {:.1} milliseconds",
                wait.as_secs_f64() * 1e3
            ));
        }
        if let Some(outcome) = &self.outcome {
            log.line(format_args!("Exec End: {outcome}"));
            log.text(&outcome.complaints.text());
        }
    }

    /// What went wrong; None for a run that came to a good end with data.
    pub fn error(self, no_data: &str) -> Option<Error> {
        match self.stop() {
            Some(stop @ (Stop::ClientGone | Stop::Terminated)) => {
                return Some(Error::Gone(stop.into()));
            }
            Some(stop @ (Stop::Time(_) | Stop::Silence(_))) => {
                return Some(Error::internal(
                    "The reader of this data source took longer than this site allows, ask for a \
                     shorter time range",
                    stop,
                ));
            }
            None => {}
        }
        let outcome = self.outcome.as_ref();
        if let Some(failed) = outcome.and_then(Outcome::failure) {
            let log = format!("{}: {}", failed.name, failed.status);
            return Some(Error::internal(
                "The reader of this data source has failed",
                log,
            ));
        }
        match self.passed {
            Err(stream::Error::Output(reason)) => Some(Error::Gone(reason)),
            Err(stream::Error::Exception(exception)) => Some(Error::of_exception(&exception)),
            _ if self.read == 0 => Some(Error::NoData(no_data.to_owned())),
            Err(error) => Some(Error::internal(of_stream(&error), error)),
            Ok(()) => None,
        }
    }

    /// What ended it from outside.
    fn stop(&self) -> Option<Stop> {
        let passed = match &self.passed {
            Err(stream::Error::Output(error) | stream::Error::Input(error)) => Stop::of(error),
            _ => None,
        };
        passed.or_else(|| self.outcome.as_ref().and_then(|outcome| outcome.stop))
    }
}
