//! The answer of a CGI program as that of an upstream HTTP server.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper::header::CONNECTION;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::ChildStdout;
use tokio::task::AbortHandle;

use super::head;
use super::process::Running;

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// Its output cannot be read.
    #[error("its output cannot be read: {0}")]
    Pipe(#[from] io::Error),
    /// It ended, or wrote too much, before the empty line behind its headers.
    #[error("it wrote no headers")]
    NoHead,
    /// Its headers are none of HTTP.
    #[error("its headers are not those of HTTP: {0}")]
    NotHttp(#[from] hyper::Error),
}

/// What `running` answers on `stdout` to a request of `method`, its body still
/// to come.
pub(super) async fn answer(
    mut running: Running,
    mut stdout: ChildStdout,
    method: &Method,
) -> Result<Response<Answer>, NoAnswer> {
    let start = match read_head(&mut stdout).await {
        Ok(start) => start,
        Err(error) => {
            // It has said all that it has to say.
            running.answered();
            return Err(error);
        }
    };
    let upstream = Upstream {
        start: io::Cursor::new(start),
        stdout,
        asked: false,
        waiting: None,
    };
    let (mut ask, connection) = http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(upstream))
        .await?;
    // Only the method matters: whether a body follows.
    let request = Request::builder()
        .method(method)
        .body(Empty::<Bytes>::new());
    let request = request.unwrap_or_default();
    let response = ask.send_request(request);
    let connection = tokio::spawn(async move {
        if let Err(error) = connection.await {
            log::debug!("output of a program: {error}");
        }
    });
    let connection = Connection(connection.abort_handle());
    let mut response = response.await?;
    // It ended that connection, not the client's.
    response.headers_mut().remove(CONNECTION);
    if method == Method::HEAD || response.body().is_end_stream() {
        running.answered();
    }
    Ok(response.map(|body| Answer {
        body,
        _connection: connection,
        running,
    }))
}

/// The head as HTTP, and whatever of the body came with it.
async fn read_head(stdout: &mut ChildStdout) -> Result<Vec<u8>, NoAnswer> {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        if let Some((cgi, body)) = head::length(&bytes).and_then(|end| bytes.split_at_checked(end))
        {
            let mut start = head::of_http(cgi);
            start.extend_from_slice(body);
            return Ok(start);
        }
        if bytes.len() >= head::LONGEST || stdout.read_buf(&mut bytes).await? == 0 {
            return Err(NoAnswer::NoHead);
        }
    }
}

/// The body of an answer; it keeps the program running, and ends it when it is
/// dropped, because that is what happens when a client goes away.
pub(super) struct Answer {
    body: Incoming,
    _connection: Connection,
    running: Running,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.running.answered();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The task that reads the program's output; dropping this closes the pipe.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A program's output, in the place of a connection to an HTTP server: what is
/// written to it is forgotten, and the answer waits for the question.
struct Upstream {
    start: io::Cursor<Vec<u8>>,
    stdout: ChildStdout,
    asked: bool,
    waiting: Option<Waker>,
}

impl AsyncRead for Upstream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.asked {
            self.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let done = Pin::new(&mut self.start).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            return done;
        }
        Pin::new(&mut self.stdout).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Upstream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.asked = true;
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
