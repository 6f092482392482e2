//! Who may read: rules that are none, and rules that can never grant.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;

use super::definition::Desk;
use super::files::whole_file;
use super::report::Report;
use crate::access::{Condition, PasswordFile, conditions, members};
use crate::config::Config;
use crate::source::Definition;

/// The accounts of a site, looked at when the first source asks.
pub(super) struct Accounts<'a> {
    config: &'a Config,
    known: Mutex<HashMap<Condition, Option<String>>>,
}

impl Accounts<'_> {
    pub(super) fn new(config: &Config) -> Accounts<'_> {
        Accounts {
            config,
            known: Mutex::new(HashMap::new()),
        }
    }

    /// Why a condition can never hold; None if it can.
    fn fault(&self, condition: &Condition) -> Option<String> {
        if let Ok(known) = self.known.lock()
            && let Some(fault) = known.get(condition)
        {
            return fault.clone();
        }
        let fault = match condition {
            Condition::Age(_) => None,
            Condition::Group(group) => self.of_group(group),
            Condition::User(user) => self.of_user(user.as_bytes()),
        };
        if let Ok(mut known) = self.known.lock() {
            known.insert(condition.clone(), fault.clone());
        }
        fault
    }

    fn of_group(&self, group: &str) -> Option<String> {
        let users = match members(self.config.user_group.as_deref(), group) {
            Ok(users) => users,
            Err(error) => return Some(error.to_string()),
        };
        if users.is_empty() {
            return Some(format!("there is nobody in a group {group}"));
        }
        let faults: Vec<String> = users.iter().filter_map(|user| self.of_user(user)).collect();
        // One member with a password is enough.
        match faults.len() == users.len() {
            true => faults.into_iter().next(),
            false => None,
        }
    }

    fn of_user(&self, user: &[u8]) -> Option<String> {
        let file = match PasswordFile::read(self.config.user_passwd.as_deref()) {
            Ok(file) => file,
            Err(error) => return Some(error.to_string()),
        };
        let known = file.entries().any(|entry| entry.user == user);
        let user = String::from_utf8_lossy(user);
        (!known).then(|| format!("there is no user {user} in the password file"))
    }
}

/// The rule of one source.
pub(super) fn check(definition: &Definition, accounts: &Accounts<'_>, desk: &mut Desk<'_>) {
    let given = |key: &str| {
        definition
            .get(key)
            .is_some_and(|text| !text.trim().is_empty())
    };
    let key = match given("readAccess") {
        true => "readAccess",
        false => "groupAccess",
    };
    if given("readAccess") && given("groupAccess") {
        let instead = "write it into readAccess, as | GROUP:name";
        desk.warn("groupAccess", "has no effect beside readAccess", instead);
    }
    let Some(rule) = &definition.read_access else {
        if given("securityRealm") {
            let what = "has no effect without a rule";
            desk.warn("securityRealm", what, "write readAccess, or remove it");
        }
        return;
    };
    let (mut parts, mut faults) = (0, Vec::new());
    for part in conditions(rule) {
        match part {
            Ok(condition) => {
                parts += 1;
                faults.extend(accounts.fault(&condition));
            }
            Err(error) => {
                let text = error.to_string();
                let (what, instead) = text.split_once("; ").unwrap_or((&text, ""));
                desk.error(key, &format!("is no rule: {what}"), instead);
            }
        }
    }
    let never = parts == faults.len();
    for fault in faults {
        let instead = "see docs/access.md; das2_srv_passwd adds users";
        match never {
            true => desk.error(key, &format!("can never grant: {fault}"), instead),
            false => desk.warn(
                key,
                &format!("has a part that can never grant: {fault}"),
                instead,
            ),
        }
    }
}

/// What is odd in the password file, if there is one.
pub(super) fn password_file(path: Option<&Path>, report: &mut Report) {
    let Some(path) = path.filter(|path| path.exists()) else {
        return;
    };
    if let Ok(file) = PasswordFile::read(Some(path)) {
        for what in file.findings() {
            report.warn(whole_file(path, what, "mend these lines"));
        }
    }
}
