//! What a stream is pushed into.

use std::sync::Arc;

use super::error::Result;
use super::frame::PacketId;
use super::header::{Comment, Exception, PacketHeader, StreamHeader};

/// Consecutive data packets of one ID, tags and all, as they lie in memory.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The ID of every packet of the run.
    pub id: PacketId,
    /// The packets: each a tag `:NN:` and its data, nothing between them.
    /// A whole number of strides, at least one.
    pub bytes: &'a [u8],
    /// Bytes of one packet, its tag included.
    pub stride: usize,
    /// Where the run begins in the (inflated) stream, in bytes.
    pub offset: u64,
}

impl<'a> Run<'a> {
    /// Bytes of the tag before each packet's data.
    pub const TAG: usize = 4;

    /// The data of each packet, tags left out.
    pub fn records(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.bytes
            .chunks_exact(self.stride.max(1))
            .map(|packet| packet.get(Self::TAG..).unwrap_or_default())
    }

    /// How many packets there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.stride.max(1)
    }

    /// True for a run of no packets, which a reader never makes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// A stage: something a stream is pushed into, call by call, in the order of
/// the stream. A filter is a sink that holds the next one.
///
/// The first call is [`Sink::stream`] or, when there is nothing but an
/// exception, [`Sink::exception`]; the last is [`Sink::finish`] or
/// [`Sink::abort`].
pub trait Sink {
    /// The stream header. Comes once.
    fn stream(&mut self, header: &StreamHeader) -> Result<()>;

    /// A packet header: the layout of the data of `id` from here on.
    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()>;

    /// Data packets; the header of their ID has been given before.
    fn run(&mut self, run: Run<'_>) -> Result<()>;

    /// A comment: progress, a log line, anything.
    fn comment(&mut self, comment: &Comment) -> Result<()>;

    /// An exception. More may follow.
    fn exception(&mut self, exception: &Exception) -> Result<()>;

    /// A header with an unknown root: not understood, only passed on.
    fn unknown(&mut self, body: &[u8]) -> Result<()>;

    /// The input pauses: what is complete should reach the reader now.
    fn flush(&mut self) -> Result<()>;

    /// The end of a complete stream: what is held goes out.
    fn finish(&mut self) -> Result<()>;

    /// The end of a stream that broke: what is held is incomplete and is
    /// dropped, then the exception goes out, and nothing after it.
    fn abort(&mut self, exception: &Exception) -> Result<()>;

    /// True when nothing that comes now could change what goes out: the
    /// reader may end the stream here.
    fn wants_no_more(&self) -> bool {
        false
    }
}

/// All methods of a [`Sink`] that hands every call on to another one.
macro_rules! sink_passes_to {
    ($self:ident => $next:expr) => {
        fn stream(&mut $self, header: &$crate::stream::StreamHeader) -> $crate::stream::Result<()> {
            $next.stream(header)
        }
        fn packet(
            &mut $self,
            id: $crate::stream::PacketId,
            header: &std::sync::Arc<$crate::stream::PacketHeader>,
        ) -> $crate::stream::Result<()> {
            $next.packet(id, header)
        }
        fn run(&mut $self, run: $crate::stream::Run<'_>) -> $crate::stream::Result<()> {
            $next.run(run)
        }
        fn comment(&mut $self, comment: &$crate::stream::Comment) -> $crate::stream::Result<()> {
            $next.comment(comment)
        }
        fn exception(
            &mut $self,
            exception: &$crate::stream::Exception,
        ) -> $crate::stream::Result<()> {
            $next.exception(exception)
        }
        fn unknown(&mut $self, body: &[u8]) -> $crate::stream::Result<()> {
            $next.unknown(body)
        }
        fn flush(&mut $self) -> $crate::stream::Result<()> {
            $next.flush()
        }
        fn finish(&mut $self) -> $crate::stream::Result<()> {
            $next.finish()
        }
        fn abort(&mut $self, exception: &$crate::stream::Exception) -> $crate::stream::Result<()> {
            $next.abort(exception)
        }
    };
}
pub(crate) use sink_passes_to;

/// Methods of a [`Sink`] that does nothing at these calls. They are named one
/// by one, and not left out: a filter that forgot one would lose what clients
/// want to see.
macro_rules! sink_ignores {
    ($($call:ident),+) => { $($crate::stream::sink_ignores!(@$call);)+ };
    (@stream) => { $crate::stream::sink_ignores!(@ stream, &$crate::stream::StreamHeader); };
    (@comment) => { $crate::stream::sink_ignores!(@ comment, &$crate::stream::Comment); };
    (@exception) => { $crate::stream::sink_ignores!(@ exception, &$crate::stream::Exception); };
    (@unknown) => { $crate::stream::sink_ignores!(@ unknown, &[u8]); };
    (@flush) => { $crate::stream::sink_ignores!(@ flush,); };
    (@finish) => { $crate::stream::sink_ignores!(@ finish,); };
    (@abort) => { $crate::stream::sink_ignores!(@ abort, &$crate::stream::Exception); };
    (@ $call:ident, $($what:ty)?) => {
        fn $call(&mut self $(, _: $what)?) -> $crate::stream::Result<()> {
            Ok(())
        }
    };
}
pub(crate) use sink_ignores;

/// Methods of a [`Sink`] that hand their calls on to the next stage, which is a
/// field: a filter writes only those that it is about.
///
/// ```
/// use das2_server::stream::{Result, Run, Sink};
///
/// /// Drops the data and keeps the headers.
/// struct HeadersOnly<N>(N);
///
/// impl<N: Sink> Sink for HeadersOnly<N> {
///     das2_server::hand_on!(0: stream, packet, comment, exception, unknown, flush, finish, abort);
///
///     fn run(&mut self, _: Run<'_>) -> Result<()> {
///         Ok(())
///     }
/// }
/// ```
#[macro_export]
macro_rules! hand_on {
    ($next:tt: $($call:ident),+ $(,)?) => { $($crate::hand_on!(@$call $next);)+ };
    (@stream $next:tt) => { $crate::hand_on!(@method stream $next header: &$crate::stream::StreamHeader); };
    (@packet $next:tt) => {
        fn packet(
            &mut self,
            id: $crate::stream::PacketId,
            header: &::std::sync::Arc<$crate::stream::PacketHeader>,
        ) -> $crate::stream::Result<()> {
            self.$next.packet(id, header)
        }
    };
    (@run $next:tt) => { $crate::hand_on!(@method run $next run: $crate::stream::Run<'_>); };
    (@comment $next:tt) => { $crate::hand_on!(@method comment $next comment: &$crate::stream::Comment); };
    (@exception $next:tt) => { $crate::hand_on!(@method exception $next exception: &$crate::stream::Exception); };
    (@unknown $next:tt) => { $crate::hand_on!(@method unknown $next body: &[u8]); };
    (@flush $next:tt) => { $crate::hand_on!(@method flush $next); };
    (@finish $next:tt) => { $crate::hand_on!(@method finish $next); };
    (@abort $next:tt) => { $crate::hand_on!(@method abort $next exception: &$crate::stream::Exception); };
    (@method $call:ident $next:tt $($what:ident: $type:ty)?) => {
        fn $call(&mut self $(, $what: $type)?) -> $crate::stream::Result<()> {
            self.$next.$call($($what)?)
        }
    };
}

impl<S: Sink + ?Sized> Sink for &mut S {
    sink_passes_to!(self => (**self));

    fn wants_no_more(&self) -> bool {
        (**self).wants_no_more()
    }
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    sink_passes_to!(self => (**self));

    fn wants_no_more(&self) -> bool {
        (**self).wants_no_more()
    }
}
