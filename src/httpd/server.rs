//! Connections in, programs run, answers out.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{ChildStdin, Command};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::answer::answer;
use super::environment::{Ends, environment};
use super::process::Running;
use super::route::{HOME, Program, Route, route};

/// A client has so long to send the headers of a request.
const FOR_HEADERS: Duration = Duration::from_secs(30);

/// Request line and headers together are at most so long (bytes).
const LONGEST_HEAD: usize = 64 * 1024;

/// At the end, programs have so long to be gone.
const FOR_THE_END: Duration = Duration::from_secs(3);

/// What the server needs to know.
#[derive(Debug)]
pub struct Front {
    /// The folder of the CGI programs.
    pub programs: PathBuf,
    /// DAS2_SERVER_CONF for them, if it is to be set.
    pub conf: Option<PathBuf>,
    /// How many of them may run at once; further requests wait.
    pub at_once: u32,
    /// Where their standard error goes; this server's own if None.
    pub errors: Option<File>,
}

/// The body of any answer.
type AnyBody = BoxBody<Bytes, hyper::Error>;

struct Shared {
    front: Front,
    places: Arc<Semaphore>,
}

/// Serves what comes to `listener` until `stop` is there, then ends the
/// programs that run.
pub async fn serve(listener: TcpListener, front: Front, stop: impl Future<Output = ()>) {
    let at_once = front.at_once.max(1);
    let places = usize::try_from(at_once)
        .unwrap_or(1)
        .min(Semaphore::MAX_PERMITS);
    let shared = Arc::new(Shared {
        front,
        places: Arc::new(Semaphore::new(places)),
    });
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted.and_then(|(stream, remote)| Ok((ends_of(&stream, remote)?, stream))) {
            Ok((ends, stream)) => {
                connections.spawn(connection(stream, ends, Arc::clone(&shared)));
            }
            Err(error) => {
                // Out of file descriptors, most likely: some will come back.
                log::warn!("a connection could not be accepted: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    connections.shutdown().await;
    // Every place is free again when every program is gone.
    let all = shared.places.acquire_many(at_once);
    if timeout(FOR_THE_END, all).await.is_err() {
        log::warn!("some programs have not ended");
    }
}

fn ends_of(stream: &TcpStream, remote: std::net::SocketAddr) -> io::Result<Ends> {
    let local = stream.local_addr()?;
    Ok(Ends { local, remote })
}

async fn connection(stream: TcpStream, ends: Ends, shared: Arc<Shared>) {
    // Small packets of a live stream are worth more than full segments.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, std::convert::Infallible>(respond(request, ends, &shared).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(FOR_HEADERS)
        .max_buf_size(LONGEST_HEAD)
        // For names that hyper adds; those of the programs stay as they are.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        log::debug!("{}: {error}", ends.remote);
    }
}

async fn respond(request: Request<Incoming>, ends: Ends, shared: &Shared) -> Response<AnyBody> {
    let (parts, body) = request.into_parts();
    let response = match route(parts.uri.path()) {
        Route::Home => redirect(HOME),
        Route::Nothing => plain(
            StatusCode::NOT_FOUND,
            "There is nothing here; see /das/server",
        ),
        Route::Program(program) => run(&program, &parts, body, ends, shared).await,
    };
    log::info!(
        "{} {} {:?} {}",
        ends.remote.ip().to_canonical(),
        parts.method,
        parts.uri,
        response.status().as_u16()
    );
    response
}

async fn run(
    program: &Program<'_>,
    parts: &Parts,
    body: Incoming,
    ends: Ends,
    shared: &Shared,
) -> Response<AnyBody> {
    let unsized_body = parts.headers.contains_key(TRANSFER_ENCODING)
        && !parts.headers.contains_key(CONTENT_LENGTH);
    if unsized_body {
        // CGI tells a program the length of its input beforehand.
        return plain(StatusCode::LENGTH_REQUIRED, "Please send a Content-Length");
    }
    let Ok(place) = Arc::clone(&shared.places).acquire_owned().await else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "This server is ending");
    };
    let mut command = Command::new(shared.front.programs.join(program.name));
    command.env_clear().envs(environment(parts, program, ends));
    if let Some(conf) = &shared.front.conf {
        command.env("DAS2_SERVER_CONF", conf);
    }
    let errors = shared.front.errors.as_ref();
    if let Some(errors) = errors.and_then(|errors| errors.try_clone().ok()) {
        command.stderr(Stdio::from(errors));
    }
    let failed = |why: &dyn std::fmt::Display| {
        log::error!("{}: {why}", program.name);
        plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The program behind this address does not work. Please tell the people who run this server.",
        )
    };
    let (running, stdin, stdout) = match Running::start(command, place) {
        Ok(started) => started,
        Err(error) => return failed(&error),
    };
    // Beside the answer: a program may answer before it has read everything,
    // or without reading.
    tokio::spawn(feed(body, stdin));
    match answer(running, stdout, &parts.method).await {
        Ok(response) => response.map(BodyExt::boxed),
        Err(error) => failed(&error),
    }
}

/// Passes the body of a request on as it comes.
async fn feed(mut body: Incoming, mut stdin: ChildStdin) {
    if body.is_end_stream() {
        return;
    }
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data()
            && stdin.write_all(&data).await.is_err()
        {
            return;
        }
    }
}

fn redirect(target: &'static str) -> Response<AnyBody> {
    let mut response = plain(StatusCode::FOUND, target);
    let location = HeaderValue::from_static(target);
    response.headers_mut().insert(LOCATION, location);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<AnyBody> {
    let line = Bytes::from(format!("{text}\r\n"));
    let body = Full::new(line).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
