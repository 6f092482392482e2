//! One task.

use crate::log::Printable;
use crate::queue::broker::{Hold, Listed, Which};

use super::{Desk, TodoError, find, json};

/// Where a name is looked for, what is still to happen first.
pub(super) const EVERYWHERE: [Which; 4] =
    [Which::Working, Which::Todo, Which::Failed, Which::Finished];

/// `show ID`.
pub(super) fn show(desk: &mut Desk, words: &[String]) -> Result<(), TodoError> {
    let [id] = words else {
        let advice = "show takes one ID, as list shows them";
        return Err(TodoError::Usage(advice.to_owned()));
    };
    let (which, listed) = find::one(desk, id, &EVERYWHERE)?;
    let object = json::object(which, &listed);
    if desk.wishes.json {
        writeln!(desk.out, "{object}")?;
        return Ok(());
    }
    let pairs = object.as_object().into_iter().flatten();
    for (key, value) in pairs {
        let text = value.as_str().map(str::to_owned);
        let text = text.unwrap_or_else(|| value.to_string());
        writeln!(desk.out, "{key:12}{}", Printable(&text))?;
    }
    if let Some(advice) = advice(&listed) {
        writeln!(desk.out, "\n{advice}")?;
    }
    Ok(())
}

fn advice(listed: &Listed) -> Option<&'static str> {
    match listed.hold {
        Hold::Unleased => Some(
            "A worker of das2-pyserver has it, which gives no sign of life. If that worker is \
             dead, das2_srv_todo purge working removes the task.",
        ),
        Hold::Lapsed => Some("Its worker gives no sign of life; another one takes it over."),
        Hold::Leased(_) | Hold::Nobody => None,
    }
}
