//! From a reader's pipe to the client.
//!
//! What comes in: the stages to run, and the headers for when the first bytes
//! are there. What goes out: the stream, or an [`Error`] when there never was
//! a first byte. The one idea: stages run as programs up to the last one that
//! has to, those behind it run here, and where nothing is left to do here the
//! bytes are passed on as they are, with only their framing followed, so that
//! a stream that breaks ends at the end of a packet.

mod body;
mod cached;
mod ending;
mod framing;
mod outlet;
mod passing;
mod place;
mod plan;
mod reader_input;

use std::time::Instant;

use self::body::Body;
use self::place::take_place;
use self::reader_input::ReaderInput;
use super::error::Error;
use super::exchange::{Answer, Exchange};
use super::response::Head;
use crate::access::Permitted;
use crate::exec::{Client, ClientPipe, ExecError, Limits, Running, end_readers_on_signals};
use crate::stream::{self, Exception, Reader, Sink, Writer};

pub use cached::{CachedDelivery, deliver_cached};
pub use plan::{Plan, Stage};

/// Data for the client.
pub struct Delivery<'a> {
    /// Whose they are: nothing is sent of a source that may not be read.
    pub source: &'a Permitted,
    /// What to run.
    pub plan: Plan,
    /// Whether there is a reader in it, which needs a place, or only programs that
    /// look at the cache.
    pub with_reader: bool,
    /// Whether a stream is to come out, and no table or text.
    pub is_stream: bool,
    /// Headers, for when there are data.
    pub head: Head,
    /// What to say when there are none.
    pub no_data: String,
}

/// Runs the stages and sends what comes out.
///
/// # Errors
/// Everything that goes wrong before the first byte is sent, and
/// [`Error::Gone`] also after it.
pub fn deliver(exchange: &mut Exchange<'_>, delivery: &Delivery<'_>) -> Result<Answer, Error> {
    let _place = match delivery.with_reader {
        true => Some(take_place(exchange)?),
        false => None,
    };
    exchange
        .log
        .line(format_args!("Exec Cmd: {}", delivery.plan));
    let started = Instant::now();
    let mut running = start(exchange, &delivery.plan)?;
    let mut client = ClientPipe::stdout().map_err(Error::Gone)?;
    client.set_time_limit(exchange.config.reader_time_limit);
    if delivery.plan.own().is_empty() && !delivery.head.is_gzip() {
        running.tap(client.tap());
    }
    let input = ReaderInput::new(running, exchange.log);
    let outlet = Body::new(client, &delivery.head);
    let sent = outlet.sent();
    let mut flow = Flow {
        delivery,
        started,
        input,
    };
    let error = match delivery.plan.own().is_empty() {
        true => flow.pass(outlet),
        false => flow.filter(outlet),
    };
    match error {
        None => Ok(Answer::Sent(sent.bytes())),
        Some(error @ Error::Gone(_)) => Err(error),
        Some(error) if sent.bytes() > 0 => {
            exchange.log.line(error.for_log());
            Ok(Answer::Sent(sent.bytes()))
        }
        Some(error) => Err(error),
    }
}

fn start(exchange: &Exchange<'_>, plan: &Plan) -> Result<Running, Error> {
    let config = exchange.config;
    end_readers_on_signals().map_err(|reason| start_failed(&ExecError::Pipe(reason)))?;
    let limits = Limits {
        time: config.reader_time_limit,
        silence: config.reader_silence_limit,
        ..Limits::default()
    };
    let environment = crate::reading::environment(config);
    let mut running = Running::start(plan.programs(), &environment, limits)
        .map_err(|error| start_failed(&error))?;
    let (address, port) = (&exchange.request.remote_addr, &exchange.request.remote_port);
    running.watch(Box::new(Client::of_request(Some(address), Some(port))));
    Ok(running)
}

/// Why a program could not be started, as an answer.
pub fn start_failed(error: &ExecError) -> Error {
    match error.is_clients() {
        true => Error::BadRequest(error.for_client().to_owned()),
        false => Error::internal(error.for_client(), error),
    }
}

/// A delivery under way.
struct Flow<'a> {
    delivery: &'a Delivery<'a>,
    started: Instant,
    input: ReaderInput<'a>,
}

impl Flow<'_> {
    /// Bytes as they are.
    fn pass(&mut self, mut outlet: Body) -> Option<Error> {
        let (passed, framing) =
            passing::pass(&mut self.input, &mut outlet, self.delivery.head.is_gzip());
        let error = self.end(passed);
        if let Some(offset) = framing.stray().filter(|_| self.delivery.is_stream) {
            self.input.log().line(format_args!(
                "No das2.2 packet at byte {offset} of the stream: from there on it went out unread; \
                 das2_check says more"
            ));
        }
        let error = error?;
        // Behind half a packet there is no place for a message, and a stream
        // that has told of its error itself needs no other.
        let is_told = framing.has_exception() || !framing.is_at_boundary();
        if outlet.sent().bytes() > 0
            && !is_told
            && let Some(exception) = in_stream(&error)
        {
            let mut writer = Writer::new(&mut outlet);
            let _ = writer.exception(&exception).and_then(|()| writer.finish());
        }
        Some(error)
    }

    /// Through the chain of the plan.
    fn filter(&mut self, outlet: Body) -> Option<Error> {
        let sent = outlet.sent();
        let chain = self.delivery.plan.own();
        let mut sink = chain.sink(outlet);
        let mut reader = Reader::of(chain.dialect(), &mut self.input);
        let passed = reader.pump(&mut *sink);
        // A reader that tells why it fails needs no other exception.
        let is_told = passed.is_err() && reader.push_early(&mut *sink).unwrap_or(false);
        let error = self.end(passed)?;
        if is_told {
            let _ = sink.finish();
        } else if let Some(exception) = in_stream(&error) {
            // What has been made of the stream so far counts as sent, if it can
            // tell of the error. A table cannot, but a status can.
            if chain.end().has_exceptions() {
                let _ = sink.flush();
            }
            if sent.bytes() > 0 {
                let _ = sink.abort(&exception);
            }
        }
        Some(error)
    }

    /// Ends what still runs, notes it, and says what went wrong.
    fn end(&mut self, passed: Result<(), stream::Error>) -> Option<Error> {
        let ending = self.input.end(passed);
        ending.note(self.input.log(), self.started);
        ending.error(&self.delivery.no_data)
    }
}

/// An error in the form it has inside a stream, if somebody is there to read it.
fn in_stream(error: &Error) -> Option<Exception> {
    match error {
        Error::Gone(_) => None,
        error => Some(Exception::new(error.kind().0, &error.to_string())),
    }
}
