//! What an answer is made from, and what it may be.

use std::fs::File;

use super::error::Error;
use super::request::Request;
use super::response::{Head, Response};
use crate::config::Config;
use crate::log::RequestLog;
use crate::source::{Definition, SourceError, Tree};

/// One request on its way.
pub struct Exchange<'a> {
    /// What was asked.
    pub request: &'a Request,
    /// The site's settings.
    pub config: &'a Config,
    /// What is written about it.
    pub log: &'a mut RequestLog,
    /// Whether the log is to be kept when all goes well.
    pub log_wanted: bool,
}

/// What a request gets, when it is no error.
pub enum Answer {
    /// Headers and body.
    Whole(Response),
    /// Headers and the rest of a file.
    File(Head, File),
    /// It is on its way already: the status, and bytes of body sent.
    Sent(u64),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer::Whole(response)
    }
}

/// A function that answers.
pub type Handler = fn(&mut Exchange<'_>) -> Result<Answer, Error>;

impl Exchange<'_> {
    /// The tree of sources.
    ///
    /// # Errors
    /// No DSDF_ROOT in the configuration.
    pub fn tree(&self) -> Result<Tree, Error> {
        match &self.config.dsdf_root {
            Some(root) => Ok(Tree::new(root)),
            None => Err(Error::internal(
                "This server has no tree of data sources yet",
                "DSDF_ROOT is not set in the configuration: name the folder of the DSDFs",
            )),
        }
    }

    /// The definition of a source, with the values of the request that it asks
    /// for. What is odd in it goes to the log.
    ///
    /// # Errors
    /// 404 for no such source, 500 for a definition with errors.
    pub fn definition(&mut self, name: &str) -> Result<Definition, Error> {
        let value = |key: &str| self.request.query.other(key);
        let definition = self
            .tree()?
            .load(name, &value, self.config)
            .map_err(of_source)?;
        definition
            .findings
            .iter()
            .for_each(|finding| self.log.line(finding));
        Ok(definition)
    }
}

fn of_source(error: SourceError) -> Error {
    let message = error.client_message();
    match error {
        SourceError::NotFound(_) => Error::NoSuchSource(message),
        SourceError::RequestValue { .. } => Error::BadRequest(message),
        error => Error::internal(message, error),
    }
}
