//! Steps of ours in a row.

use std::io::Write;

use crate::stream::{Dialect, Sink};

use super::{End, Filter, Step};

/// What a stream goes through in this process: filters, then an end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chain {
    filters: Vec<Filter>,
    end: End,
}

impl Chain {
    /// One step alone.
    pub fn of(step: Step) -> Chain {
        Chain::default().then(step)
    }

    /// Nothing is done to a QStream.
    pub fn of_qstream() -> Chain {
        Chain::of(Step::End(End::QStream))
    }

    /// With one step more. An end takes the place of the one that is there, so
    /// it comes last.
    #[must_use]
    pub fn then(mut self, step: Step) -> Chain {
        match step {
            Step::Filter(filter) => {
                if filter.is_of_qstreams() {
                    self.end = End::QStream;
                }
                self.filters.push(filter);
            }
            Step::End(end) => self.end = end,
        }
        self
    }

    /// With the steps of another chain behind it.
    #[must_use]
    pub fn then_all(mut self, more: Chain) -> Chain {
        self.filters.extend(more.filters);
        if more.end != End::Das2 {
            self.end = more.end;
        }
        self
    }

    /// The same, deflated at its end if that is a das2 stream.
    #[must_use]
    pub fn deflated(mut self) -> Chain {
        if self.end == End::Das2 {
            self.end = End::Deflated;
        }
        self
    }

    /// Whether a stream comes out of it as it goes in.
    pub fn is_empty(&self) -> bool {
        self.filters.is_empty() && matches!(self.end, End::Das2 | End::QStream)
    }

    /// The kind of stream that goes in.
    pub fn dialect(&self) -> Dialect {
        self.end.dialect()
    }

    /// What the stream goes through before its end.
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// Whether what comes out is a plain stream, for others to follow.
    pub fn makes_stream(&self) -> bool {
        matches!(self.end, End::Das2 | End::QStream)
    }

    /// The form in which the stream leaves.
    pub fn end(&self) -> &End {
        &self.end
    }

    /// The first sink of the chain; the last writes to `output`.
    pub fn sink<'a>(&self, output: impl Write + 'a) -> Box<dyn Sink + 'a> {
        self.stages(self.end.sink(output))
    }

    /// The filters alone, in front of a sink.
    pub fn stages<'a>(&self, next: Box<dyn Sink + 'a>) -> Box<dyn Sink + 'a> {
        let filters = self.filters.iter().rev();
        filters.fold(next, |next, filter| filter.stage(next))
    }
}
