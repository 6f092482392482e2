//! Removing blocks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::bar::Bar;
use super::sources::bytes;
use super::{Desk, ToolError};
use crate::cache::build::sweep;
use crate::source::SourceName;
use crate::time::seconds_per_unit;

/// Which blocks are to go.
pub(super) struct Wish {
    age: Option<Duration>,
    size: Option<u64>,
}

struct Found {
    path: PathBuf,
    written: SystemTime,
    bytes: u64,
}

impl Wish {
    pub(super) fn new(age: Option<&str>, size: Option<&str>) -> Result<Wish, ToolError> {
        let wrong = |what: &str| ToolError::Usage(what.to_owned());
        let age = age.map(|text| {
            duration(text).ok_or_else(|| wrong("write an age as '90 days' or '12 hours'"))
        });
        let size = size.map(|text| {
            size_of(text).ok_or_else(|| wrong("write a size as 200G, 500M or in bytes"))
        });
        Ok(Wish {
            age: age.transpose()?,
            size: size.transpose()?,
        })
    }
}

pub(super) fn run(
    desk: &mut Desk<'_>,
    wish: &Wish,
    source: Option<&str>,
    yes: bool,
) -> Result<bool, ToolError> {
    if wish.age.is_none() && wish.size.is_none() && source.is_none() {
        let advice = "say which blocks: --older-than, --max-size, --source";
        return Err(ToolError::Usage(advice.into()));
    }
    let mut top = desk.root()?.join("data");
    if let Some(source) = source {
        let name = SourceName::parse(source);
        let name = name.map_err(|error| ToolError::Usage(error.to_string()))?;
        top.push(name.as_str());
    }
    let mut search = Search {
        others: source.map_or_else(Vec::new, |source| others_below(desk, source, &top)),
        seen: vec![fs::canonicalize(&top).unwrap_or_else(|_| top.clone())],
        ..Search::default()
    };
    let mut bar = Bar::new(desk.out)?;
    search.gather(&top, &mut bar);
    let Search {
        mut found,
        folders,
        unreadable,
        ..
    } = search;
    for text in &unreadable {
        bar.line(desk.out, text)?;
    }
    found.sort_by_key(|file| file.written);
    let total: u64 = found.iter().map(|file| file.bytes).sum();
    let (mut left, mut removed, mut failed) = (total, 0_u64, !unreadable.is_empty());
    match yes {
        true => bar.out_of(|| found.len() as u64),
        // What is left to do is to print.
        false => bar.end(),
    }
    for file in &found {
        bar.step(|| format!("{} left", bytes(left)));
        let old = |age: Duration| file.written.elapsed().is_ok_and(|since| since > age);
        let goes = match (wish.age, wish.size) {
            (None, None) => true,
            (age, size) => age.is_some_and(old) || size.is_some_and(|size| left > size),
        };
        if !goes {
            continue;
        }
        if yes && let Err(error) = fs::remove_file(&file.path) {
            bar.line(desk.out, format_args!("{}: {error}", file.path.display()))?;
            failed = true;
            continue;
        }
        left -= file.bytes;
        removed += 1;
        if !yes {
            bar.line(desk.out, file.path.display())?;
        }
    }
    let mut swept = 0_u64;
    if yes {
        swept = folders.iter().map(|folder| sweep(folder)).sum();
        remove_empty(&top);
    }
    bar.end();
    let what = if yes {
        "removed"
    } else {
        "would go; --yes removes them"
    };
    let (gone, left) = (bytes(total - left), bytes(left));
    writeln!(desk.out, "{removed} blocks, {gone}, {what}; {left} left")?;
    if swept > 0 {
        writeln!(desk.out, "{swept} unfinished files of dead workers removed")?;
    }
    Ok(!failed)
}

/// Where sources have their blocks whose names begin with that of another source and
/// a slash. A name that is a folder of sources, or nothing any more, means all below.
fn others_below(desk: &Desk<'_>, source: &str, top: &Path) -> Vec<PathBuf> {
    let is_source = |name: &str| desk.names(Some(name)).is_ok_and(|names| names == [name]);
    if !is_source(source) {
        return Vec::new();
    }
    let below = format!("{source}/");
    let names = desk.names(Some(&below)).unwrap_or_default();
    let names = names.iter().filter_map(|name| name.strip_prefix(&below));
    names.map(|name| top.join(name)).collect()
}

/// A look at all folders below one.
#[derive(Default)]
struct Search {
    /// Folders of other sources, not to be looked into.
    others: Vec<PathBuf>,
    /// Where links have led.
    seen: Vec<PathBuf>,
    /// Every block, also of sources that are no longer there.
    found: Vec<Found>,
    folders: Vec<PathBuf>,
    /// Folders that cannot be read, and why.
    unreadable: Vec<String>,
}

impl Search {
    fn gather(&mut self, folder: &Path, bar: &mut Bar) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                let told = format!("{}: {error}", folder.display());
                return self.unreadable.push(told);
            }
        };
        self.folders.push(folder.to_owned());
        for entry in entries.flatten() {
            let Ok(data) = entry.metadata() else { continue };
            let path = entry.path();
            if self.others.contains(&path) {
                continue;
            }
            // A site may have put a folder of its cache onto another disk.
            if data.is_dir() || (data.is_symlink() && leads_elsewhere(&path, &mut self.seen)) {
                self.gather(&path, bar);
            } else if data.is_file() && is_block(&path) {
                bar.step(String::new);
                self.found.push(Found {
                    path,
                    written: data.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                    bytes: data.len(),
                });
            }
        }
    }
}

/// Whether a link leads to a folder that has not been looked through, in whole
/// or in part, and is not on the way.
fn leads_elsewhere(link: &Path, seen: &mut Vec<PathBuf>) -> bool {
    let Ok(target) = fs::canonicalize(link) else {
        return false;
    };
    let overlaps = |known: &PathBuf| target.starts_with(known) || known.starts_with(&target);
    if !target.is_dir() || seen.iter().any(overlaps) {
        return false;
    }
    seen.push(target);
    true
}

/// `TIME_RESOLUTION.d2s`, as the folders of a level hold it.
fn is_block(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| {
        let stem = name.strip_suffix(".d2s").or(name.strip_suffix(".qds"));
        let known = |(time, resolution): (&str, &str)| {
            time.starts_with(|c: char| c.is_ascii_digit())
                && (resolution == "intrinsic" || resolution.starts_with("bin-"))
        };
        stem.and_then(|stem| stem.split_once('_'))
            .is_some_and(known)
    })
}

/// Removes folders in which nothing is left.
fn remove_empty(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty(&entry.path());
            let _ = fs::remove_dir(entry.path());
        }
    }
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(unit)?;
    let number: f64 = number.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * seconds_per_unit(unit)?).ok()
}

fn size_of(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches(['B', 'b']);
    let (number, factor) = match text.chars().last()?.to_ascii_uppercase() {
        'K' => (text.get(..text.len() - 1)?, 1e3),
        'M' => (text.get(..text.len() - 1)?, 1e6),
        'G' => (text.get(..text.len() - 1)?, 1e9),
        'T' => (text.get(..text.len() - 1)?, 1e12),
        _ => (text, 1.0),
    };
    let number: f64 = number.trim().parse().ok()?;
    (number >= 0.0 && number.is_finite()).then_some((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes() {
        assert_eq!(duration("90 days"), Some(Duration::from_secs(90 * 86_400)));
        assert_eq!(duration("1.5h"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("90"), None);
        assert_eq!(duration("-1 days"), None);
        for (text, size) in [
            ("200G", 200_000_000_000),
            ("5 kB", 5000),
            ("17", 17),
            ("0", 0),
        ] {
            assert_eq!(size_of(text), Some(size), "{text}");
        }
        assert_eq!(size_of("x"), None);
        assert_eq!(size_of("-1G"), None);
    }
}
