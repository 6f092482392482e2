//! Entries as JSON.

use serde_json::{Map, Value, json};

use crate::queue::broker::{Hold, Listed, Which};
use crate::queue::entry::Stage;
use crate::queue::task::{LevelChoice, Work};

use super::find;

/// An entry as one object. Times are UTC; keys without meaning for a list are
/// left out.
pub(super) fn object(which: Which, listed: &Listed) -> Value {
    let mut all = Map::new();
    let mut put = |key: &str, value: Value| all.insert(key.to_owned(), value);
    put("list", json!(find::name(which)));
    let entry = match &listed.entry {
        Ok(entry) => entry,
        Err(text) => {
            put("invalid", json!(text));
            return Value::Object(all);
        }
    };
    let task = &entry.task;
    put("id", json!(task.key().id()));
    put("submitted", json!(task.submitted));
    put("requester", json!(task.requester));
    put("host", json!(task.host));
    put("remote", json!(task.remote));
    put("user", json!(task.user));
    put("category", json!(task.work.category()));
    match &task.work {
        Work::Cache {
            dataset,
            begin,
            end,
            level,
        } => {
            put("dataset", json!(dataset));
            put("begin", json!(begin));
            put("end", json!(end));
            put("level", level_value(*level));
        }
        Work::HapiInfo { id, parameters } => {
            put("hapi_id", json!(id));
            put("parameters", json!(parameters));
        }
        Work::Other { arguments, .. } => {
            put("arguments", json!(arguments));
        }
    }
    match &entry.stage {
        Stage::Waiting => {}
        Stage::Running {
            started,
            status,
            progress,
        } => {
            put("started", json!(started));
            put("status", json!(status));
            put("progress", json!(progress));
        }
        Stage::Ended {
            started,
            status,
            ended,
            code,
        } => {
            put("started", json!(started));
            put("status", json!(status));
            put("ended", json!(ended));
            put("code", json!(code));
        }
    }
    if listed.attempts > 0 {
        put("attempts", json!(listed.attempts));
    }
    if let Some(worker) = &listed.worker {
        put("worker", json!(worker));
        put("hold", json!(hold(listed.hold)));
    }
    Value::Object(all)
}

fn level_value(level: LevelChoice) -> Value {
    match level {
        LevelChoice::Number(number) => json!(number),
        LevelChoice::All => json!("all"),
    }
}

/// How well a worker has a task, in words.
pub(super) fn hold(hold: Hold) -> &'static str {
    match hold {
        Hold::Nobody => "nobody",
        Hold::Leased(_) => "leased",
        Hold::Lapsed => "lapsed",
        Hold::Unleased => "unleased",
    }
}
