//! Tables: das2-pyserver's three, and one of this program's own.

use std::io::{self, Write};

use crate::log::Printable;
use crate::queue::broker::{Listed, Which};
use crate::queue::entry::{Entry, Stage};
use crate::queue::task::Work;

use super::{Desk, TodoError, find, json};

/// Text in columns. Rows may be shorter than the heads. What other programs have put
/// into the queue stays in its cell.
pub(super) struct Table {
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// Heads, dashes, rows; each column as wide as its widest cell.
    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let printable = |cell: &String| Printable(cell).to_string();
        let rows = self.rows.iter();
        let rows: Vec<Vec<String>> = rows
            .map(|row| row.iter().map(printable).collect())
            .collect();
        let widths: Vec<usize> = self
            .heads
            .iter()
            .enumerate()
            .map(|(at, head)| {
                let cells = rows.iter().filter_map(|row| row.get(at));
                cells
                    .chain([head])
                    .map(|cell| width(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        for row in [&self.heads, &dashes].into_iter().chain(&rows) {
            let mut line = String::new();
            for (at, width) in widths.iter().enumerate() {
                let cell = row.get(at).map_or("", String::as_str);
                let gap = if at == 0 { "" } else { " " };
                line.push_str(&format!("{gap}{cell:<width$}"));
            }
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// How das2-pyserver lays out one of its lists.
pub(super) struct Layout {
    /// Heads in front of the common ones, and behind the parameters.
    front: &'static [&'static str],
    back: &'static [&'static str],
}

const COMMON: [&str; 3] = ["Submitted On", "Entered By", "Job Type"];

impl Layout {
    pub(super) fn of(which: Which) -> Layout {
        let (front, back): (&[&str], &[&str]) = match which {
            Which::Todo => (&[], &[]),
            Which::Working => (&[], &["Started On", "Status", "Progress"]),
            Which::Finished | Which::Failed => (&["Status"], &["Finished On"]),
        };
        Layout { front, back }
    }

    /// Prints the list so; an empty one is told on standard error.
    pub(super) fn print(&self, desk: &mut Desk, which: Which) -> Result<(), TodoError> {
        let all = desk.list(which)?;
        if desk.wishes.json {
            return print_json(desk, &[(which, all)]);
        }
        let entries: Vec<&Entry> = all
            .iter()
            .filter_map(|one| one.entry.as_ref().ok())
            .collect();
        for text in all.iter().filter_map(|one| one.entry.as_ref().err()) {
            eprintln!("no task: '{}'", text.escape_debug());
        }
        if entries.is_empty() {
            let list = find::LISTS.iter().find(|(.., other)| *other == which);
            eprintln!(
                "{} list contains no tasks",
                list.map_or("", |(_, name, _)| name)
            );
            return Ok(());
        }
        self.table(&entries).print(desk.out)?;
        Ok(())
    }

    fn table(&self, entries: &[&Entry]) -> Table {
        let arguments = |entry: &Entry| entry.task.work.arguments();
        let most = entries.iter().map(|entry| arguments(entry).len()).max();
        let most = most.unwrap_or(0);
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let mut heads: Vec<String> = own(self.front);
        heads.extend(own(&COMMON) as Vec<String>);
        heads.extend((1..=most).map(|number| format!("Param {number}")));
        heads.extend(own(self.back) as Vec<String>);
        let row = |entry: &&Entry| {
            let (front, back) = stage_cells(&entry.stage);
            let mut row = front;
            row.push(entry.task.submitted.clone());
            row.push(entry.task.requester.clone());
            row.push(job_type(&entry.task.work));
            let mut arguments = arguments(entry);
            arguments.resize(most, String::new());
            row.extend(arguments);
            row.extend(back);
            row
        };
        Table {
            heads,
            rows: entries.iter().map(row).collect(),
        }
    }
}

/// The cells in front and behind.
fn stage_cells(stage: &Stage) -> (Vec<String>, Vec<String>) {
    match stage {
        Stage::Waiting => (vec![], vec![]),
        Stage::Running {
            started,
            status,
            progress,
        } => (
            vec![],
            vec![started.clone(), status.clone(), progress.clone()],
        ),
        Stage::Ended { ended, code, .. } => {
            let status = match code {
                0 => "OKAY".to_owned(),
                code => format!("ERROR {code}"),
            };
            (vec![status], vec![ended.clone()])
        }
    }
}

fn job_type(work: &Work) -> String {
    work.category().to_lowercase().replace("task_", "")
}

/// `list [LIST]`.
pub(super) fn list(desk: &mut Desk, words: &[String]) -> Result<(), TodoError> {
    let lists = match words {
        [] => vec![Which::Working, Which::Todo, Which::Failed],
        [list] => vec![find::which(list)?],
        _ => {
            let advice = "list takes one list: todo, working, finished or failed";
            return Err(TodoError::Usage(advice.to_owned()));
        }
    };
    let all = gather(desk, &lists)?;
    if desk.wishes.json {
        return print_json(desk, &all);
    }
    overview(&all).print(desk.out)?;
    Ok(())
}

pub(super) type Gathered = Vec<(Which, Vec<Listed>)>;

pub(super) fn gather(desk: &mut Desk, lists: &[Which]) -> Result<Gathered, TodoError> {
    let mut all = Vec::new();
    for which in lists {
        all.push((*which, desk.list(*which)?));
    }
    Ok(all)
}

/// One line a task, oldest last as in the lists.
pub(super) fn overview(all: &Gathered) -> Table {
    let heads = [
        "ID",
        "List",
        "Submitted On",
        "Task",
        "Tries",
        "Progress",
        "Status",
    ];
    let rows = all.iter().flat_map(|(which, listed)| {
        listed.iter().map(|one| {
            let (submitted, what, progress, status) = match &one.entry {
                Err(text) => (
                    String::new(),
                    text.clone(),
                    String::new(),
                    "no task".to_owned(),
                ),
                Ok(entry) => {
                    let work = &entry.task.work;
                    let what = format!("{} {}", job_type(work), work.arguments().join(" "));
                    let (progress, status) = progress_and_status(one, entry);
                    (entry.task.submitted.clone(), what, progress, status)
                }
            };
            vec![
                find::id(one),
                find::name(*which).to_owned(),
                submitted,
                what,
                match which {
                    Which::Todo | Which::Working => one.attempts.to_string(),
                    // The count begins anew when a task has ended.
                    Which::Finished | Which::Failed => String::new(),
                },
                progress,
                status,
            ]
        })
    });
    Table {
        heads: heads.iter().map(|head| (*head).to_owned()).collect(),
        rows: rows.collect(),
    }
}

fn progress_and_status(listed: &Listed, entry: &Entry) -> (String, String) {
    match &entry.stage {
        Stage::Waiting => match listed.worker {
            Some(_) => (String::new(), json::hold(listed.hold).to_owned()),
            None => (String::new(), String::new()),
        },
        Stage::Running {
            progress, status, ..
        } => {
            let worker = listed.worker.as_deref().unwrap_or_default();
            let hold = json::hold(listed.hold);
            (progress.clone(), format!("{status} ({hold} by {worker})"))
        }
        Stage::Ended { status, code, .. } => (String::new(), format!("{code}: {status}")),
    }
}

/// One object a line.
pub(super) fn print_json(desk: &mut Desk, all: &[(Which, Vec<Listed>)]) -> Result<(), TodoError> {
    for (which, listed) in all {
        for one in listed {
            writeln!(desk.out, "{}", json::object(*which, one))?;
        }
    }
    Ok(())
}
