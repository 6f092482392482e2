//! The request logs as a CGI program, which do not show themselves yet.
#![no_main]

das2_server::cgi_program!(das2_server::web::serve_log_pages);
