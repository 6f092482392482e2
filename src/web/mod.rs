//! The CGI side: request, response, routes, one file a kind of answer.
