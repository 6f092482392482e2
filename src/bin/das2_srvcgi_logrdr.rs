//! The request logs as a CGI program, which do not show themselves yet.

use std::process::ExitCode;

fn main() -> ExitCode {
    das2_server::web::serve_log_pages()
}
