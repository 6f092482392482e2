//! From the cache to the client, with a reader for the gaps.

use std::time::Instant;

use super::body::Body;
use super::place::take_place;
use super::reader_input::ReaderInput;
use super::{in_stream, start};
use crate::access::Permitted;
use crate::cache::Block;
use crate::cache::serve::{GapReader, Joiner, Served, Target, serve};
use crate::exec::{ClientPipe, Place, Tap, end_readers_on_signals};
use crate::filter::Chain;
use crate::filter::cut::Cut;
use crate::reading;
use crate::stream::{self, Dialect, Reader, Sink, Writer};
use crate::time::Time;
use crate::web::answer::from_cache::FromCache;
use crate::web::answer::stages::{self, bin_edge};
use crate::web::error::Error;
use crate::web::exchange::{Answer, Exchange};
use crate::web::response::Head;

/// An answer out of the cache, on its way.
pub struct CachedDelivery<'a> {
    /// Hits, gaps, and the level they belong to.
    pub from_cache: &'a FromCache,
    /// The source.
    pub definition: &'a Permitted,
    /// Headers, for when there are data.
    pub head: Head,
    /// What the joined stream goes through here.
    pub chain: Chain,
}

/// Sends blocks and runs the reader for what they do not hold; `served` says
/// afterwards what that was.
///
/// # Errors
/// Everything that goes wrong before the first byte is sent, and
/// [`Error::Gone`] also after it.
pub fn deliver_cached(
    exchange: &mut Exchange<'_>,
    delivery: &CachedDelivery<'_>,
    served: &mut Served,
) -> Result<Answer, Error> {
    let from_cache = delivery.from_cache;
    note_plan(exchange, from_cache);
    end_readers_on_signals()
        .map_err(|error| Error::internal("This server has a problem", error))?;
    // Blocks alone need no place. What turns out to be no block after all is read
    // when half of the answer may be out.
    let (_, missing) = from_cache.plan.counts();
    let place = match missing {
        0 => None,
        _ => Some(take_place(exchange)?),
    };
    let mut client = ClientPipe::stdout().map_err(Error::Gone)?;
    client.set_time_limit(exchange.config.reader_time_limit);
    let tap = match delivery.chain.is_empty() && !delivery.head.is_gzip() {
        true => client.tap(),
        false => None,
    };
    let outlet = Body::new(client, &delivery.head);
    let sent = outlet.sent();
    let mut joiner = Joiner::new(from_cache.title.clone(), target(delivery, outlet));
    let mut gaps = Gaps {
        exchange,
        delivery,
        place,
        tap,
    };
    let result = serve(
        &from_cache.plan,
        &from_cache.standard,
        &mut joiner,
        &mut gaps,
        served,
    );
    note_served(exchange, served);
    match result {
        Ok(()) => Ok(Answer::Sent(sent.bytes())),
        Err(error @ Error::Gone(_)) => Err(error),
        Err(error) => {
            if let Some(exception) = in_stream(&error) {
                if delivery.chain.end().has_exceptions() {
                    let _ = joiner.flush();
                }
                if sent.bytes() > 0 {
                    let _ = joiner.abort(&exception);
                }
            }
            if sent.bytes() == 0 {
                return Err(error);
            }
            exchange.log.line(error.for_log());
            Ok(Answer::Sent(sent.bytes()))
        }
    }
}

fn target<'a>(delivery: &CachedDelivery<'_>, outlet: Body) -> Target<'a, Body> {
    match delivery.chain.is_empty() {
        true => Target::Direct(match delivery.chain.dialect() {
            Dialect::Das2 => Writer::new(outlet),
            Dialect::QStream(_) => Writer::of_qstream(outlet),
        }),
        false => Target::Filtered(delivery.chain.sink(outlet)),
    }
}

fn note_plan(exchange: &mut Exchange<'_>, from_cache: &FromCache) {
    let (held, missing) = from_cache.plan.counts();
    let level = &from_cache.level;
    exchange.log.line(format_args!(
        "Cache: level {} ({}), {held} blocks, {missing} missing",
        level.number, level.resolution
    ));
}

fn note_served(exchange: &mut Exchange<'_>, served: &Served) {
    for (path, reason) in &served.unusable {
        exchange.log.line(format_args!(
            "Cache: {} is not used: {reason}",
            path.display()
        ));
    }
    exchange.log.line(format_args!(
        "Cache: {} blocks sent, {} stretches read",
        served.blocks,
        served.missing.len()
    ));
}

/// Runs the source's reader for gaps.
struct Gaps<'a, 'b> {
    exchange: &'a mut Exchange<'b>,
    delivery: &'a CachedDelivery<'a>,
    /// Held from the first gap to the end.
    place: Option<Place>,
    /// For what a reader sends that goes out as it is.
    tap: Option<Tap>,
}

impl GapReader for Gaps<'_, '_> {
    type Error = Error;

    fn read(
        &mut self,
        block: Block,
        begin: Time,
        end: Time,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let level = &self.delivery.from_cache.level;
        let config = self.exchange.config;
        let plan = stages::gap_plan(config, self.delivery.definition, level, &block, begin, end)?;
        if self.place.is_none() {
            self.place = Some(take_place(self.exchange)?);
        }
        self.exchange.log.line(format_args!("Exec Cmd: {plan}"));
        let started = Instant::now();
        let mut running = start(self.exchange, &plan)?;
        running.tap(self.tap.clone());
        let mut input = ReaderInput::new(running, self.exchange.log);
        let mut stage = plan.own().stages(Box::new(sink));
        if !plan.own().is_empty() {
            // Readers may give more than they were asked for. What is not the block's is
            // in none of its bins, also where the last one reaches out of its span.
            let reached = bin_edge(level, end, true).unwrap_or(end);
            stage = Box::new(Cut::new(block.begin().us2000(), reached.us2000(), stage));
        }
        let dialect = reading::dialect(&self.delivery.definition.format);
        let passed = Reader::of(dialect, &mut input).pump(&mut *stage);
        let ending = input.end(passed);
        ending.note(self.exchange.log, started);
        match ending.error("") {
            // A gap without data is no error.
            None | Some(Error::NoData(_)) => Ok(()),
            Some(error) => Err(error),
        }
    }
}

impl From<stream::Error> for Error {
    fn from(error: stream::Error) -> Error {
        match error {
            stream::Error::Output(reason) => Error::Gone(reason),
            stream::Error::Exception(exception) => Error::of_exception(&exception),
            error => Error::internal("The cached data of this source cannot be sent", error),
        }
    }
}
