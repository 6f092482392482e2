//! The request logs of a das2 server as a CGI program: one page, one answer.
#![no_main]

das2_server::cgi_program!(das2_server::web::serve_log_pages);
