//! Connections in, programs run, answers out.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{ChildStdin, Command};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use super::answer::answer;
use super::environment::{Ends, environment};
use super::host;
use super::process::Running;
use super::route::{HOME, Program, Route, route};

/// A client has so long to send the headers of a request, and again for its body.
const FOR_HEADERS: Duration = Duration::from_secs(30);

/// Forms are what is sent to the programs, and at most so long (bytes).
const LONGEST_BODY: usize = 64 * 1024;

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
    /// A client that takes nothing of its answer for so long is given up.
    pub client_timeout: Duration,
    /// Where their standard error goes; this server's own if None.
    pub errors: Option<File>,
}

/// The body of any answer.
type AnyBody = BoxBody<Bytes, hyper::Error>;

struct Shared {
    front: Front,
    places: Arc<Semaphore>,
}

/// A program and its client are four files, and systems begin with a thousand.
const FILES: u64 = 8192;

/// Serves what comes to `listener` until `stop` is there, then ends the
/// programs that run.
pub async fn serve(listener: TcpListener, front: Front, stop: impl Future<Output = ()>) {
    allow_files();
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

/// Without more files there are fewer clients, that is all.
fn allow_files() {
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES, |most| most.min(FILES));
    if limit.current.is_some_and(|now| now < wanted) {
        limit.current = Some(wanted);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            log::debug!("no more files: {error}");
        }
    }
}

fn ends_of(stream: &TcpStream, remote: std::net::SocketAddr) -> io::Result<Ends> {
    let local = stream.local_addr()?;
    Ok(Ends { local, remote })
}

async fn connection(stream: TcpStream, ends: Ends, shared: Arc<Shared>) {
    // Small packets of a live stream are worth more than full segments.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(shared.front.client_timeout));
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
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .await;
    if let Err(error) = served {
        log::debug!("{}: {error}", ends.remote);
    }
}

async fn respond(request: Request<Incoming>, ends: Ends, shared: &Shared) -> Response<AnyBody> {
    let (parts, body) = request.into_parts();
    let response = match (host::wrong(&parts), route(parts.uri.path())) {
        (Some(wrong), _) => plain(StatusCode::BAD_REQUEST, wrong),
        (None, Route::Home) => redirect(HOME),
        (None, Route::Nothing) => plain(
            StatusCode::NOT_FOUND,
            "There is nothing here; see /das/server",
        ),
        (None, Route::Program(program)) => run(&program, &parts, body, ends, shared).await,
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
    // Before a place is taken: who sends it a byte at a time keeps none.
    let body = match timeout(FOR_HEADERS, Limited::new(body, LONGEST_BODY).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "Please send less"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "Please send it faster"),
    };
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

/// Passes the body of a request on; a program may not want it.
async fn feed(body: Bytes, mut stdin: ChildStdin) {
    if let Err(error) = stdin.write_all(&body).await {
        log::debug!("input of a program: {error}");
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
