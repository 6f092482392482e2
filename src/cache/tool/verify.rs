//! Every block looked through.

use std::fs::{self, File};

use super::bar::Bar;
use super::inspect::{findings, open_plain};
use super::sources::shown;
use super::{Desk, ToolError};
use crate::cache::expired::Expired;
use crate::cache::serve::stamp_of;
use crate::cache::stamp::{Stamp, Standard};
use crate::cache::state::State;

/// With `expire`, what is broken is declared out of date: then requests read
/// around it, and the next build makes it again.
pub(super) fn run(
    desk: &mut Desk<'_>,
    dataset: Option<&str>,
    expire: bool,
) -> Result<bool, ToolError> {
    let (sources, wrong) = desk.sources(dataset)?;
    let (mut blocks, mut bad, mut undated) = (0_u64, wrong.len() as u64, 0_u64);
    for text in wrong {
        writeln!(desk.out, "{text}")?;
    }
    let mut bar = Bar::new(desk.out)?;
    bar.out_of(|| sources.iter().map(|source| desk.blocks_of(source)).sum());
    for definition in &sources {
        let newer = |file: &File| {
            let source = fs::metadata(&definition.path).and_then(|data| data.modified());
            let block = file.metadata().and_then(|data| data.modified());
            source
                .ok()
                .zip(block.ok())
                .is_some_and(|(source, block)| source > block)
        };
        for level in &definition.cache_levels {
            let folder = desk.folder(definition, level)?;
            let standard = Standard::of(definition, desk.config, level, &folder, desk.now);
            let (all, unreadable) = folder.all_readable();
            bad += unreadable.len() as u64;
            for text in unreadable {
                bar.line(desk.out, text)?;
            }
            for block in all {
                blocks += 1;
                bar.step(|| format!("{} {}", definition.name, shown(block.begin())));
                let path = folder.file_of(&block);
                let mut found = match State::by_front(&folder, &block, &standard) {
                    State::Missing => continue,
                    State::Fresh(_) => Vec::new(),
                    State::Stale(_, reason) | State::Damaged(reason) => vec![reason],
                };
                if let Ok(file) = open_plain(&path) {
                    let stamp = stamp_of(&file);
                    if stamp.is_none() && newer(&file) {
                        found.push("the definition is newer than it; expire decides".into());
                    }
                    let broken = findings(&file, folder.record_times(&block), stamp.as_ref());
                    if expire && !broken.is_empty() {
                        Expired::declare(folder.path(), block.begin(), block.end(), desk.now)
                            .map_err(|error| ToolError::Failed(error.to_string()))?;
                    }
                    let has_time = |stamp: &Stamp| stamp.is_time_of(&file);
                    let known = stamp.filter(|stamp| stamp.form.is_known());
                    undated += u64::from(broken.is_empty() && !known.as_ref().is_none_or(has_time));
                    found.extend(broken);
                }
                bad += u64::from(!found.is_empty());
                for text in found {
                    bar.line(desk.out, format_args!("{}: {text}", path.display()))?;
                }
            }
        }
    }
    bar.end();
    writeln!(desk.out, "{blocks} blocks, {bad} with findings")?;
    if undated > 0 {
        writeln!(
            desk.out,
            "{undated} blocks were copied or changed since they were made, so requests look \
             through them; das2_srv_cache import DATASET ends that"
        )?;
    }
    Ok(bad == 0)
}
