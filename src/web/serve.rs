//! From the environment to the last byte: what every request goes through.

use std::fs::File;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::encoding::Accepted;
use super::error::Error;
use super::exchange::{Answer, Exchange};
use super::log_page;
use super::request::{Method, Request};
use super::response::{Head, Status};
use super::routes::route;
use super::standard_output::StandardOutput;
use crate::config::{Config, ConfigError, locate};
use crate::log::RequestLog;

/// Answers the request that this process was started for. An error of a
/// request is an answer too: nothing is left for an exit status to say.
pub fn serve() {
    serve_with(&|exchange| {
        let route = route(exchange.request)?;
        exchange.log_wanted = route.is_logged;
        exchange.log.line(format_args!("Routing: {}", route.name));
        (route.handler)(exchange)
    })
}

/// Answers for the program that shows the request logs.
pub fn serve_log_pages() {
    serve_with(&log_page::answer)
}

fn serve_with(answer: &dyn Fn(&mut Exchange<'_>) -> Result<Answer, Error>) {
    let started = Instant::now();
    let request = Request::of_this_process();
    let mut log = RequestLog::begin(None, &request.remote_addr);
    note_input(&request, &mut log);
    let mut log_wanted = true;
    let result = match locate().and_then(|path| Config::load(&path)) {
        Ok(config) => {
            log.set_folder(config.log_path.as_deref());
            if config.central_log {
                log.note_centrally();
            }
            config.warnings.iter().for_each(|warning| log.line(warning));
            let (request, config) = (&request, &config);
            let mut exchange = Exchange {
                request,
                config,
                log: &mut log,
                log_wanted,
            };
            let result = answer_or_panic(answer, &mut exchange);
            log_wanted = exchange.log_wanted || result.is_err();
            result
        }
        Err(error) => Err(unconfigured(&error)),
    };
    let failed = result.is_err();
    let status = status_of(&result);
    let sent = send(&request, result, &mut log);
    match &sent {
        Ok(bytes) => match status {
            Some(status) => log.line(format_args!("Status {status}, {bytes} bytes sent")),
            None => log.line(format_args!("{bytes} bytes sent")),
        },
        Err(reason) => log.line(format_args!("The answer could not be sent: {reason}")),
    }
    // In integers: tables for printing doubles are a page of their own.
    let took = started.elapsed().as_micros();
    let (took, tenths) = (took / 1000, took / 100 % 10);
    log.line(match failed {
        false => format!("Query handled without error in {took}.{tenths} milliseconds."),
        true => format!("Error handling query, after {took}.{tenths} milliseconds."),
    });
    match log_wanted {
        true => log.end(),
        false => log.discard(),
    }
}

/// The status that goes out; None when there is nobody to get it.
fn status_of(result: &Result<Answer, Error>) -> Option<u16> {
    match result {
        Ok(Answer::Whole(response)) => Some(response.head().status().0),
        Ok(Answer::File(head, _)) => Some(head.status().0),
        Ok(Answer::Sent(_)) => Some(Status::OK.0),
        Err(Error::Gone(_)) => None,
        Err(error) => Some(error.kind().1.0),
    }
}

/// What came in.
fn note_input(request: &Request, log: &mut RequestLog) {
    log.line("Input:");
    log.line(format_args!("   Request URL: {}", request.url()));
    log.line(format_args!("   On Host: {}", request.server_name));
    log.line(format_args!("   For Program: {}", request.script_name));
    log.line(format_args!("   For Path: {}", request.path_shown()));
    log.line(format_args!(
        "   Parameters: {}",
        String::from_utf8_lossy(request.query.raw())
    ));
    log.line(format_args!("   User Agent: {}", request.user_agent));
}

/// A panic is a defect of this server; it is answered like any other.
fn answer_or_panic(
    answer: &dyn Fn(&mut Exchange<'_>) -> Result<Answer, Error>,
    exchange: &mut Exchange<'_>,
) -> Result<Answer, Error> {
    // What it broke is not looked at again but for the log's lines.
    catch_unwind(AssertUnwindSafe(|| answer(exchange))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let log = format!(
            "panic, a defect of this program: {}",
            text.unwrap_or("no text")
        );
        Err(Error::internal("This server has made a mistake", log))
    })
}

fn unconfigured(error: &ConfigError) -> Error {
    Error::internal(error.client_message(), error)
}

/// Sends an answer, whatever kind it is. Bytes of body that went out.
fn send(request: &Request, result: Result<Answer, Error>, log: &mut RequestLog) -> io::Result<u64> {
    let with_body = request.method != Method::Head;
    match result {
        Ok(Answer::Whole(response)) => {
            let accepted = Accepted::of_header(&request.accept_encoding);
            response
                .encoded(accepted)
                .send(&mut StandardOutput, with_body)
        }
        Ok(Answer::File(head, file)) => send_file(&head, file, with_body),
        Ok(Answer::Sent(bytes)) => Ok(bytes),
        Err(error) => {
            log.line(error.for_log());
            match error {
                Error::Gone(_) => Ok(0),
                error => error.response(request).send(&mut StandardOutput, with_body),
            }
        }
    }
}

fn send_file(head: &Head, mut file: File, with_body: bool) -> io::Result<u64> {
    StandardOutput.write_all(&head.to_bytes())?;
    if !with_body {
        return Ok(0);
    }
    // Two files: the system copies from one to the other by itself.
    let mut output = File::from(rustix::stdio::stdout().try_clone_to_owned()?);
    io::copy(&mut file, &mut output)
}
