//! The das2 server as a CGI program: one request, one answer.
#![no_main]

das2_server::cgi_program!(das2_server::web::serve);
