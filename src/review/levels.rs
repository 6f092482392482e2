//! The cache levels of one DSDF.

use std::collections::HashMap;

use super::definition::Desk;
use crate::source::{CacheLevel, Definition, Period};

/// Levels that are the same, and levels whose bins fit into no block.
pub(super) fn check(definition: &Definition, desk: &mut Desk<'_>) {
    let levels = &definition.cache_levels;
    let keys = definition.numbered("cacheLevel").into_iter();
    let keys: HashMap<u32, &str> = keys
        .filter_map(|(suffix, entry)| {
            let digits = suffix.strip_prefix('_').unwrap_or("0");
            Some((digits.parse().ok()?, entry.key.as_str()))
        })
        .collect();
    let mut seen: HashMap<(String, &str), u32> = HashMap::new();
    for level in levels {
        let kind = (level.resolution.to_string(), level.norm_params.as_str());
        match (seen.get(&kind), keys.get(&level.number)) {
            (Some(other), Some(key)) => {
                let what = format!("has the resolution and the params of level {other}");
                desk.warn(key, &what, "remove one of them: only one is served");
            }
            _ => {
                seen.insert(kind, level.number);
            }
        }
        if let Some(key) = keys.get(&level.number) {
            longer_than_a_block(level, key, desk);
        }
    }
    if definition.get("cacheExpire").is_some() && levels.is_empty() {
        desk.warn(
            "cacheExpire",
            "has no effect without a cacheLevel",
            "write one, or remove it",
        );
    }
}

/// A bin ends with its block, whatever its length, and has its time at the middle of that.
fn longer_than_a_block(level: &CacheLevel, key: &str, desk: &mut Desk<'_>) {
    let bin = level.resolution.seconds();
    if bin <= level.period.longest() {
        return;
    }
    let word = level.period.word();
    let what = format!(
        "has bins of {bin} s, which are longer than its blocks ({word}): each block has one \
         bin, cut short, whose time is the middle of its full length"
    );
    let instead = match Period::holding(bin) {
        Some(period) => format!("write shorter bins, or {} for {word}", period.word()),
        None => "write shorter bins".to_owned(),
    };
    desk.warn(key, &what, &instead);
}
