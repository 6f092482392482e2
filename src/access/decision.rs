//! Trying the parts of a rule.

use std::net::IpAddr;
use std::ops::Deref;

use super::bytes_of::FileError;
use super::credentials::{Authorization, Credentials};
use super::group_file::{GroupError, is_member};
use super::password_file::PasswordFile;
use super::rule::{Condition, RuleError, conditions};
use super::turn::{self, Turn};
use crate::config::Config;
use crate::source::Definition;
use crate::time::Time;

/// The definition of a source that the one who asks may read. Only
/// [`decide`] makes one.
#[derive(Debug, Clone)]
pub struct Permitted {
    definition: Definition,
    until: Option<Time>,
    by_address: bool,
}

impl Permitted {
    /// Whether nothing but the address (TEST_FROM) has opened it: whatever a browser
    /// there is made to ask gets in.
    pub fn by_address(&self) -> bool {
        self.by_address
    }

    /// Where the age of the data is what opens them: the time from which on
    /// nothing is open, also not as a part of a mean. Not before the end of what
    /// was asked for. None where all times are open.
    pub fn until(&self) -> Option<Time> {
        self.until
    }
}

impl Deref for Permitted {
    type Target = Definition;

    fn deref(&self) -> &Definition {
        &self.definition
    }
}

/// Who asks, and for what.
#[derive(Debug, Clone)]
pub struct Asker<'a> {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The Authorization header.
    pub authorization: Option<&'a Authorization>,
    /// Begin and end of what is asked for, as they were asked for; None where
    /// that is not a range of time. AGE holds for none.
    pub range: Option<(Time, Time)>,
    /// The present.
    pub now: Time,
}

/// Why somebody may not read.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// A user and a password are needed, or other ones.
    #[error("a user and a password are needed")]
    Unauthorized,
    /// Too many attempts from the same address are under way.
    #[error("too many passwords are tried from this address")]
    Busy,
    /// The rule has a part that is none.
    #[error("the rule of who may read: {0}")]
    Rule(#[from] RuleError),
    /// The password file cannot be used.
    #[error(transparent)]
    Passwords(#[from] FileError),
    /// The group file cannot be used.
    #[error(transparent)]
    Groups(#[from] GroupError),
}

/// What was decided.
#[derive(Debug)]
pub struct Decision {
    /// The definition, if it may be read.
    pub result: Result<Permitted, Denied>,
    /// What the log is told about it: no password, and nothing that tells
    /// whether there is a user of a name.
    pub notes: Vec<String>,
}

/// Decides whether somebody may read a source. A wrong password takes a second.
pub fn decide(config: &Config, definition: Definition, asker: &Asker<'_>) -> Decision {
    let mut hearing = Hearing {
        config,
        asker,
        user: None,
        until: None,
        by_address: false,
        notes: Vec::new(),
    };
    let granted = match &definition.read_access {
        None => Ok(true),
        Some(rule) => hearing.try_rule(rule),
    };
    let result = match granted {
        Ok(true) => Ok(Permitted {
            definition,
            until: hearing.until,
            by_address: hearing.by_address,
        }),
        Ok(false) => Err(Denied::Unauthorized),
        Err(denied) => Err(denied),
    };
    Decision {
        result,
        notes: hearing.notes,
    }
}

struct Hearing<'a> {
    config: &'a Config,
    asker: &'a Asker<'a>,
    /// The user whose password was right, once that has been looked at.
    user: Option<Option<String>>,
    /// Where an age opens: up to what time.
    until: Option<Time>,
    by_address: bool,
    notes: Vec<String>,
}

impl Hearing<'_> {
    /// Whether a part of the rule holds.
    fn try_rule(&mut self, rule: &str) -> Result<bool, Denied> {
        for condition in conditions(rule) {
            // Test hosts pass at parts that have a mistake, but not where there
            // is no rule to see.
            if let Err(error @ RuleError::NoMethod(_)) = condition {
                return Err(error.into());
            }
            if self.is_test_host() {
                self.by_address = true;
                self.notes
                    .push("Access: this address is in TEST_FROM".to_owned());
                return Ok(true);
            }
            let condition = condition?;
            if self.holds(&condition)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_test_host(&self) -> bool {
        let is_in = |address| {
            self.config
                .test_from
                .iter()
                .any(|range| range.contains(address))
        };
        self.asker.address.is_some_and(is_in)
    }

    fn holds(&mut self, condition: &Condition) -> Result<bool, Denied> {
        match condition {
            Condition::Age(age) => {
                let lock = age.lock(self.asker.now);
                let is_old = |(begin, end)| begin <= end && lock.is_some_and(|lock| end < lock);
                let holds = self.asker.range.is_some_and(is_old);
                if holds {
                    self.until = lock;
                    self.notes
                        .push("Access: the data are old enough".to_owned());
                }
                Ok(holds)
            }
            Condition::User(name) => {
                // The password first: else the time would tell the name.
                let user = self.user()?;
                Ok(self.note_grant(user.filter(|user| user == name), ""))
            }
            Condition::Group(name) => {
                let Some(user) = self.user()? else {
                    return Ok(false);
                };
                let file = self.config.user_group.as_deref();
                let is_in = is_member(file, name, &user)?;
                Ok(self.note_grant(Some(user).filter(|_| is_in), name))
            }
        }
    }

    fn note_grant(&mut self, user: Option<String>, group: &str) -> bool {
        let Some(user) = user else {
            return false;
        };
        self.notes.push(match group {
            "" => format!("Access: user {user}"),
            group => format!("Access: user {user} in group {group}"),
        });
        true
    }

    /// The user who asks. Names and passwords are compared once for a request.
    fn user(&mut self) -> Result<Option<String>, Denied> {
        if self.user.is_none() {
            self.user = Some(self.look_up()?);
        }
        Ok(self.user.clone().flatten())
    }

    fn look_up(&mut self) -> Result<Option<String>, Denied> {
        let Some(authorization) = self.asker.authorization else {
            return Ok(None);
        };
        let Some(credentials) = authorization.credentials() else {
            let note = "Access: the Authorization header holds no user and password";
            self.notes.push(note.to_owned());
            return Ok(None);
        };
        let file = PasswordFile::read(self.config.user_passwd.as_deref())?;
        self.notes.extend(
            file.findings()
                .into_iter()
                .map(|finding| format!("USER_PASSWD: {finding}")),
        );
        match self.is_right(&file, &credentials)? {
            true => Ok(Some(credentials.user)),
            false => {
                self.notes.push(format!(
                    "Access: wrong user or password for user {}",
                    credentials.user
                ));
                Ok(None)
            }
        }
    }

    fn is_right(&mut self, file: &PasswordFile, credentials: &Credentials) -> Result<bool, Denied> {
        let folder = turn::folder(self.config);
        if folder.is_none() {
            self.notes.push(
                "Access: no folder `access` can be written in STATE_PATH, so many passwords \
                 may be tried at a time"
                    .to_owned(),
            );
        }
        let (address, user) = (self.asker.address, &credentials.user);
        let turn = Turn::take(folder.as_deref(), file.secret(), address, user)
            .map_err(|_| Denied::Busy)?;
        let is_right = turn.compute(|| file.is_right(credentials));
        match is_right {
            true => turn.succeed(),
            false => turn.fail(),
        }
        Ok(is_right)
    }
}

#[cfg(test)]
mod tests;
