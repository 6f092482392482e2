//! What waits to be handed on: records that are complete, which go together, and
//! exceptions, which wait for the bins that are open before them, or have no place in
//! what goes out.

use crate::stream::{Error, Exception, PacketId, Result, Run, Sink};

/// Records are handed on at the latest when so many bytes are there.
const FULL: usize = 64 << 10;

/// How many exceptions wait at most.
const MAX_HELD: usize = 16;

/// Complete records of one packet type.
#[derive(Default)]
pub(super) struct Ready {
    id: Option<PacketId>,
    bytes: Vec<u8>,
    stride: usize,
}

impl Ready {
    /// Adds a record, whose data `fill` appends. Those of another packet type, and a
    /// full load, are handed on first.
    pub(super) fn record<N: Sink + ?Sized>(
        &mut self,
        id: PacketId,
        next: &mut N,
        fill: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        if self.bytes.len() >= FULL || self.id.is_some_and(|other| other != id) {
            self.pass(next)?;
        }
        let begin = self.bytes.len();
        self.bytes.extend(id.data_tag());
        fill(&mut self.bytes);
        self.stride = self.bytes.len() - begin;
        self.id = Some(id);
        Ok(())
    }

    /// Hands on what is there.
    pub(super) fn pass<N: Sink + ?Sized>(&mut self, next: &mut N) -> Result<()> {
        let Some(id) = self.id.take() else {
            return Ok(());
        };
        let passed = next.run(Run {
            id,
            bytes: &self.bytes,
            stride: self.stride,
            offset: 0,
        });
        self.bytes.clear();
        passed
    }
}

/// Exceptions that wait: one ends most streams, and clients stop reading there.
#[derive(Default)]
pub(super) struct Held(Vec<Exception>);

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps an exception back; those before it go when there are too many.
    pub(super) fn hold<N: Sink + ?Sized>(
        &mut self,
        exception: &Exception,
        next: &mut N,
    ) -> Result<()> {
        if self.0.len() >= MAX_HELD {
            self.pass(next)?;
        }
        self.0.push(exception.clone());
        Ok(())
    }

    /// Hands on those that wait.
    pub(super) fn pass<N: Sink + ?Sized>(&mut self, next: &mut N) -> Result<()> {
        let held = std::mem::take(&mut self.0);
        held.iter().try_for_each(|held| next.exception(held))
    }
}

/// The exception of a stream where no row can say so: it is given back at the end.
#[derive(Default)]
pub(super) struct Untold(Option<Exception>);

impl Untold {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Keeps the first that is more than a lack of data, else the last.
    pub(super) fn keep(&mut self, exception: &Exception) {
        if self.failure().is_none() {
            self.0 = Some(exception.clone());
        }
    }

    fn failure(&self) -> Option<&Exception> {
        let failed = |found: &&Exception| found.kind() != Exception::NO_DATA;
        self.0.as_ref().filter(failed)
    }

    /// # Errors
    /// [`Error::Exception`] where it is more than a lack of data.
    pub(super) fn check(&self) -> Result<()> {
        match self.failure() {
            Some(failure) => Err(Error::Exception(failure.clone())),
            None => Ok(()),
        }
    }

    /// Gives it back.
    ///
    /// # Errors
    /// [`Error::Exception`] where there is one.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.0.take() {
            Some(exception) => Err(Error::Exception(exception)),
            None => Ok(()),
        }
    }
}
