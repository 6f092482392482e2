//! Every block looked through.

use std::fs::{self, File};

use super::inspect::{findings, open_plain};
use super::{Desk, ToolError};
use crate::cache::serve::stamp_of;
use crate::cache::stamp::Standard;
use crate::cache::state::State;

pub(super) fn run(desk: &mut Desk<'_>, dataset: Option<&str>) -> Result<bool, ToolError> {
    let (sources, wrong) = desk.sources(dataset)?;
    let (mut blocks, mut bad) = (0_u64, wrong.len() as u64);
    for text in wrong {
        writeln!(desk.out, "{text}")?;
    }
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
            for block in folder.all() {
                blocks += 1;
                let path = folder.file_of(&block);
                let mut found = match State::of(&folder, &block, &standard) {
                    State::Missing => continue,
                    State::Fresh(_) => Vec::new(),
                    State::Stale(_, reason) | State::Damaged(reason) => vec![reason],
                };
                if let Ok(file) = open_plain(&path) {
                    let stamp = stamp_of(&file);
                    if stamp.is_none() && newer(&file) {
                        found.push("the definition is newer than it; expire decides".into());
                    }
                    found.extend(findings(&file, &block, stamp.as_ref()));
                }
                bad += u64::from(!found.is_empty());
                for text in found {
                    writeln!(desk.out, "{}: {text}", path.display())?;
                }
            }
        }
    }
    writeln!(desk.out, "{blocks} blocks, {bad} with findings")?;
    Ok(bad == 0)
}
