//! From what people type to a list or a task.

use crate::queue::broker::{Listed, Which};

use super::{Desk, TodoError};

/// Names of lists, the second as the keys of Redis have it.
pub(super) const LISTS: [(&str, &str, Which); 4] = [
    ("todo", "das2_todo", Which::Todo),
    ("working", "das2_working_*", Which::Working),
    ("finished", "das2_finished", Which::Finished),
    ("failed", "failed", Which::Failed),
];

/// A name that does not lead to one task.
#[derive(Debug, thiserror::Error)]
pub enum NotOne {
    /// It leads to none.
    #[error("there is no task '{0}'; das2_srv_todo list shows the IDs")]
    None(String),
    /// It leads to several.
    #[error("'{0}' is the beginning of several IDs; write more of it")]
    Several(String),
}

pub(super) fn which(name: &str) -> Result<Which, TodoError> {
    let name = name.to_lowercase();
    let found = LISTS
        .iter()
        .find(|(short, long, _)| name == *short || name == *long);
    let advice = || format!("'{name}' is no list; write todo, working, finished or failed");
    found
        .map(|(.., which)| *which)
        .ok_or_else(|| TodoError::Usage(advice()))
}

/// The short name of a list.
pub(super) fn name(which: Which) -> &'static str {
    let found = LISTS.iter().find(|(.., other)| *other == which);
    found.map_or("", |(name, ..)| name)
}

/// The id of an entry.
pub(super) fn id(listed: &Listed) -> String {
    match &listed.entry {
        Ok(entry) => entry.task.key().id(),
        Err(_) => "-".to_owned(),
    }
}

/// The task whose ID begins like that, and the list it is in. In a later list
/// it is looked for only when the earlier ones do not have it.
pub(super) fn one(
    desk: &mut Desk,
    text: &str,
    lists: &[Which],
) -> Result<(Which, Listed), TodoError> {
    let start = text.to_lowercase();
    for which in lists {
        let mut found: Vec<Listed> = desk.list(*which)?;
        found.retain(|listed| !start.is_empty() && id(listed).starts_with(&start));
        let Some(first) = found.first() else {
            continue;
        };
        if found.iter().any(|other| id(other) != id(first)) {
            return Err(NotOne::Several(text.to_owned()).into());
        }
        return Ok((*which, found.swap_remove(0)));
    }
    Err(NotOne::None(text.to_owned()).into())
}
