//! What can go wrong with a request: what the client is told, what the log is
//! told, and the status.

use std::io;

use super::answer::data_request::asks_for_csv;
use super::request::Request;
use super::response::{CLIENT_TEXT, Response, Status};
use crate::log::error_id;
use crate::stream::Exception;

/// Why a request has no answer. `Display` is the text for the client: what to
/// change, and never a command, a path or a trace.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is wrong.
    #[error("{0}")]
    BadRequest(String),
    /// There is no such data source.
    #[error("{0}")]
    NoSuchSource(String),
    /// There is no such page.
    #[error("{0}")]
    NotFound(String),
    /// Not for this client.
    #[error("{0}")]
    Forbidden(String),
    /// A user and a password are needed.
    #[error("This data source needs a user and a password")]
    Unauthorized {
        /// What they are for.
        realm: String,
    },
    /// More of something than this server does at a time.
    #[error("{0}")]
    Busy(String),
    /// Another method than the address has.
    #[error("Only GET, HEAD and OPTIONS are answered here")]
    MethodNotAllowed,
    /// As that, on the log page; also for a link that is to do what only the
    /// page's button does.
    #[error("The log page answers GET and HEAD, and deletes a log by the button on it (POST)")]
    MustPost,
    /// The answer's address would be longer than clients take.
    #[error("The request is too long to be sent on: shorten it")]
    TooLong,
    /// Part of das2, not of this server.
    #[error("{0}")]
    NotImplemented(String),
    /// A good request for times without data.
    #[error("{0}")]
    NoData(String),
    /// This server is to blame, or the site's settings.
    #[error("{message}. This is error {id} in the server's log: please tell the people who run it")]
    Internal {
        /// What the client may know, without an end stop.
        message: String,
        /// What the log has to know.
        log: String,
        /// What finds the line of the log.
        id: String,
    },
    /// The client has gone, or this process was told to end: nobody reads an
    /// answer.
    #[error("nobody waits for the answer: {0}")]
    Gone(io::Error),
}

/// When to come again, in seconds.
const BUSY_SECONDS: &str = "2";

/// One row a kind: type of the exception, status.
const UNAUTHORIZED: (&str, Status) = ("Unauthorized", Status(401, "Authorization Required"));

impl Error {
    /// An error of the server's. `message` is for the client, without an end
    /// stop; `log` is what is needed to mend it.
    pub fn internal(message: impl Into<String>, log: impl ToString) -> Error {
        Error::Internal {
            message: message.into(),
            log: log.to_string(),
            id: error_id(),
        }
    }

    /// What a reader tells in its stream, for an answer that has no place for it.
    pub fn of_exception(exception: &Exception) -> Error {
        let message = exception.message().to_owned();
        match exception.kind() {
            _ if exception.is_no_data() => Error::NoData(message),
            Exception::ILLEGAL_ARGUMENT => Error::BadRequest(message),
            kind => Error::internal(
                format!("The reader of this data source tells of an error: {message}"),
                format!("exception {kind}: {message}"),
            ),
        }
    }

    /// The type that das2 clients know it by, and its status.
    pub fn kind(&self) -> (&'static str, Status) {
        match self {
            Error::BadRequest(_) => ("BadRequest", Status(400, "Bad Request")),
            Error::NoSuchSource(_) => ("NoSuchDatasource", Status(404, "Not Found")),
            Error::NotFound(_) => ("BadRequest", Status(404, "Not Found")),
            Error::Forbidden(_) => ("Forbidden", Status(403, "Forbidden")),
            Error::Unauthorized { .. } => UNAUTHORIZED,
            Error::Busy(_) => ("ServerBusy", Status(503, "Service Unavailable")),
            Error::MethodNotAllowed | Error::MustPost => {
                ("BadRequest", Status(405, "Method Not Allowed"))
            }
            Error::TooLong => ("BadRequest", Status(414, "URI Too Long")),
            Error::NotImplemented(_) => ("NotImplemented", Status(501, "Not Implemented")),
            // Clients read the body of a 200 only.
            Error::NoData(_) => ("NoDataInInterval", Status::OK),
            Error::Internal { .. } | Error::Gone(_) => {
                ("InternalServerError", Status(500, "Internal Server Error"))
            }
        }
    }

    /// The line for the log.
    pub fn for_log(&self) -> String {
        let (kind, Status(number, _)) = self.kind();
        match self {
            Error::Internal { log, id, .. } => format!("Error {id}: {log}"),
            Error::Gone(reason) => format!("Ended early: {reason}"),
            other => format!("Answered {number} {kind}: {other}"),
        }
    }

    /// The answer: an exception packet to a das2 client, text to a browser and to
    /// whoever asks for a table.
    pub fn response(&self, request: &Request) -> Response {
        let (kind, status) = self.kind();
        let message = self.to_string();
        let mut response = match request.is_browser() || asks_for_csv(&request.query) {
            true => Response::text(status, message + "\r\n"),
            false => Response::new(status, CLIENT_TEXT, exception_packet(kind, &message)),
        };
        match self {
            // Clients compare all of the value: nothing may follow the realm.
            Error::Unauthorized { realm } => {
                response.header(
                    "WWW-Authenticate",
                    format!("Basic realm=\"{}\"", safe_realm(realm)),
                );
            }
            Error::Busy(_) => response.header("Retry-After", BUSY_SECONDS),
            Error::MethodNotAllowed => response.header("Allow", "GET, HEAD, OPTIONS"),
            Error::MustPost => response.header("Allow", "GET, HEAD, POST"),
            _ => {}
        }
        response
    }
}

/// `[00]LLLLLL<exception .../>` and a line end, which the length counts.
pub fn exception_packet(kind: &str, message: &str) -> Vec<u8> {
    let mut text = String::new();
    for c in message.chars() {
        match c {
            '\n' => text.push_str("&#13;&#10;"),
            '\r' => {}
            '"' => text.push('\''),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            // What no XML holds would make all of it unreadable.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => text.push(' '),
            c => text.push(c),
        }
    }
    let xml = format!("<exception type=\"{kind}\" message=\"{text}\" />\r\n");
    format!("[00]{:06}{xml}", xml.len()).into_bytes()
}

/// A realm that is one quoted word whatever stands in it.
fn safe_realm(realm: &str) -> String {
    realm
        .chars()
        .filter(|c| !matches!(c, '"' | '\\') && !c.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_byte_for_byte() {
        let packet = |kind, message| String::from_utf8(exception_packet(kind, message)).unwrap();
        assert_eq!(
            packet(
                "BadRequest",
                "Data source Examples/Nope doesn't exist on this server"
            ),
            "[00]000098<exception type=\"BadRequest\" message=\"Data source Examples/Nope doesn't \
             exist on this server\" />\r\n"
        );
        assert_eq!(
            packet(
                "NoDataInInterval",
                "No data in the range 1999-01-01 to 1999-01-02"
            ),
            "[00]000095<exception type=\"NoDataInInterval\" message=\"No data in the range \
             1999-01-01 to 1999-01-02\" />\r\n"
        );
        let odd = packet("T", "a\r\n\"<&>\u{1}é\u{ffff}\u{fffe}");
        assert!(odd.contains("message=\"a&#13;&#10;'&lt;&amp;&gt; é  \" />\r\n"));
        assert_eq!(odd.get(4..10).unwrap().parse(), Ok(odd.len() - 10));
    }

    #[test]
    fn realms_stay_inside_their_quotes() {
        assert_eq!(safe_realm("a \"b\\\r\nc"), "a bc");
    }

    #[test]
    fn clients_get_the_id_and_the_log_the_reason() {
        let error = Error::internal("It broke", "/secret/path: no such file");
        let Error::Internal { id, .. } = &error else {
            panic!()
        };
        assert!(error.to_string().contains(id.as_str()) && !error.to_string().contains("secret"));
        assert!(error.for_log().contains(id.as_str()) && error.for_log().contains("secret"));
    }
}
