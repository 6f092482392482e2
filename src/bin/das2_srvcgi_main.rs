//! The das2 server as a CGI program: one request, one answer.

use std::process::ExitCode;

fn main() -> ExitCode {
    das2_server::web::serve()
}
