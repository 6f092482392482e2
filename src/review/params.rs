//! param_NN, and the words of params that examples and cache levels use.

use std::collections::HashSet;

use super::definition::Desk;
use crate::config::nearest;
use crate::source::{Definition, Param};

/// Types of the new form, `KEY | TITLE | required or optional | TYPE ...`.
const TYPES: &[&str] = &["TEXT", "BOOLEAN", "REAL", "ENUM", "FLAG_SET", "INTEGER"];

const FORMS: &str = "write TOKEN | DESCRIPTION, or KEY | TITLE | required or optional | TYPE ..";

pub(super) fn check(definition: &Definition, desk: &mut Desk<'_>) {
    let mut seen: HashSet<&str> = HashSet::new();
    for param in &definition.params {
        let key = format!("param{}", param.suffix);
        let parts: Vec<&str> = param.parts.iter().map(String::as_str).collect();
        let token = parts.first().copied().unwrap_or_default();
        if token.is_empty() {
            desk.error(&key, "has no word of params in front", FORMS);
        } else if !seen.insert(token) {
            let what = format!("describes {token}, as another param does already");
            desk.warn(&key, &what, "remove one of them");
        }
        match parts.as_slice() {
            [_] => desk.warn(&key, "has no description", FORMS),
            [_, _] => {}
            [_, _, _] => desk.warn(&key, "has three parts", FORMS),
            [_, _, need, kind, ..] => new_form(&key, need, kind, parts.len(), desk),
            [] => {}
        }
    }
    words(definition, desk);
}

fn new_form(key: &str, need: &str, kind: &str, parts: usize, desk: &mut Desk<'_>) {
    if !["required", "optional"].contains(&need) {
        let what = format!("has `{need}` for its third part");
        desk.warn(key, &what, "write required or optional");
    }
    if !TYPES.contains(&kind) {
        let what = format!("has `{kind}` for its type");
        let instead = match nearest(kind, TYPES.iter().copied()) {
            Some(meant) => format!("write {meant} if that is meant"),
            None => format!("write one of {}", TYPES.join(", ")),
        };
        desk.warn(key, &what, &instead);
    } else if ["ENUM", "FLAG_SET"].contains(&kind) && parts < 5 {
        desk.warn(
            key,
            "names no values to choose from",
            "write them behind the type",
        );
    }
}

/// Words that are nearly those of a param: `complx` for `complex`.
fn words(definition: &Definition, desk: &mut Desk<'_>) {
    let tokens = definition.params.iter().filter_map(first_part);
    let tokens: Vec<&str> = tokens
        .filter(|token| !token.contains(char::is_whitespace))
        .collect();
    let examples = definition.examples.iter().filter_map(|example| {
        let params = example.params.as_deref()?;
        Some((
            format!("exampleParams{}", example.suffix),
            params.to_owned(),
        ))
    });
    let levels = definition.numbered("cacheLevel").into_iter();
    let levels = levels.filter_map(|(_, entry)| {
        let params = entry.value.splitn(3, '|').nth(2)?;
        Some((entry.key.clone(), params.to_owned()))
    });
    let used: Vec<(String, String)> = examples.chain(levels).collect();
    for (key, params) in used {
        for word in params.split_whitespace() {
            if let Some(meant) = nearest(word, tokens.iter().copied()) {
                let what = format!("uses {word}, which no param describes");
                desk.warn(&key, &what, &format!("write {meant} if that is meant"));
            }
        }
    }
}

fn first_part(param: &Param) -> Option<&str> {
    param
        .parts
        .first()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
}
