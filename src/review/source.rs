//! A whole site: its configuration, then its sources.

use std::path::{Path, PathBuf};

use super::access::{self, Accounts};
use super::configuration::{self, Sources};
use super::definition::{self, Setting, Uses};
use super::files::{self, Found};
use super::programs::Programs;
use super::report::Report;
use crate::config::{Config, ConfigError, Finding};
use crate::source::Tree;

/// Looks at the configuration at `path` and all sources of its tree; with
/// names in `wanted`, at these sources and folders alone.
pub fn review(path: &Path, wanted: &[String]) -> Report {
    let mut report = Report {
        files: 1,
        ..Report::default()
    };
    let (config, errors) = match Config::examine(path) {
        Ok(examined) => examined,
        Err(error) => {
            report.error(unreadable(path, &error));
            return report;
        }
    };
    let programs = Programs::new(&config);
    let mut sources = Report::default();
    let used = match config.dsdf_root.as_deref().filter(|root| root.is_dir()) {
        Some(root) => of_tree(root, wanted, &config, &programs, &mut sources),
        None => Sources::default(),
    };
    configuration::check(&config, errors, &used, &programs, &mut report);
    access::password_file(config.user_passwd.as_deref(), &mut report);
    report.files += sources.files;
    report.told.extend(sources.told);
    report
}

fn unreadable(path: &Path, error: &ConfigError) -> Finding {
    // Its text begins with the path, which stands in front of every finding.
    let text = error.to_string();
    let path_shown = format!("{}: ", path.display());
    let text = text.strip_prefix(&path_shown).unwrap_or(&text);
    let (what, instead) = text.split_once("; ").unwrap_or((text, ""));
    files::whole_file(path, what.to_owned(), instead)
}

fn of_tree(
    root: &Path,
    wanted: &[String],
    config: &Config,
    programs: &Programs<'_>,
    report: &mut Report,
) -> Sources {
    let tree = Tree::new(root);
    let accounts = Accounts::new(config);
    let setting = Setting {
        config,
        tree: &tree,
        programs,
        accounts: &accounts,
    };
    let mut found = files::find(root, report);
    if !wanted.is_empty() {
        found.retain(|found| wanted.iter().any(|name| is_named(&found.name, name)));
        report.told.retain(|told| {
            let below = told
                .finding
                .file
                .strip_prefix(root)
                .unwrap_or(Path::new(""));
            let below = below.display().to_string();
            wanted.iter().any(|name| is_named(&below, name))
        });
        for name in wanted {
            if !found.iter().any(|found| is_named(&found.name, name)) {
                let what = format!("there is no source or folder {name}");
                report.error(files::whole_file(
                    root,
                    what,
                    "write a name as in server=list",
                ));
            }
        }
    }
    report.files = found.len();
    let mut sources = Sources::default();
    for (path, uses, told) in looked_at(&found, &setting) {
        sources.add(&path, uses);
        report.told.extend(told.told);
    }
    let place = |told: &super::Told| (told.finding.file.clone(), told.finding.line);
    report.told.sort_by_key(place);
    sources
}

/// Whether a source is the named one, or lies in the named folder.
fn is_named(source: &str, name: &str) -> bool {
    let name = name.trim_matches('/');
    let name = name.strip_suffix(".dsdf").unwrap_or(name);
    let rest = source.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest == ".dsdf")
}

/// Each file with what it uses and what is wrong with it. Readers of files
/// wait for a disk, so several look at once.
fn looked_at(found: &[Found], setting: &Setting<'_>) -> Vec<(PathBuf, Uses, Report)> {
    const AT_ONCE: usize = 8;
    const WORTH_A_THREAD: usize = 200;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = processors
        .min(AT_ONCE)
        .min(found.len() / WORTH_A_THREAD)
        .max(1);
    let share = found.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let shares: Vec<_> = found
            .chunks(share)
            .map(|share| scope.spawn(move || of_share(share, setting)))
            .collect();
        let done = shares
            .into_iter()
            .map(|share| share.join().unwrap_or_default());
        done.flatten().collect()
    })
}

fn of_share(found: &[Found], setting: &Setting<'_>) -> Vec<(PathBuf, Uses, Report)> {
    let mut bytes = Vec::with_capacity(16 << 10);
    let mut done = Vec::new();
    for found in found {
        let mut report = Report::default();
        let uses = match files::read(&found.path, &mut bytes) {
            Ok(()) => definition::check(found, &bytes, setting, &mut report),
            Err(error) => {
                let instead = "make it a DSDF that the web server's account can read";
                report.error(files::whole_file(&found.path, error.to_string(), instead));
                Uses::default()
            }
        };
        shorten(&found.path, &mut report);
        done.push((found.path.clone(), uses, report));
    }
    done
}

/// Of a file that is something else, the first findings say enough.
fn shorten(file: &Path, report: &mut Report) {
    const MOST: usize = 100;
    let more = report.told.len().saturating_sub(MOST);
    if more > 0 {
        report
            .told
            .sort_by_key(|told| (told.severity, told.finding.line));
        report.told.truncate(MOST);
        let what = format!("{more} more findings are not shown");
        report.warn(files::whole_file(file, what, "mend these first"));
    }
}
