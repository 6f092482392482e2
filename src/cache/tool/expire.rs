//! Blocks that an operator declares out of date.

use super::{Desk, ToolError};
use crate::cache::expired::Expired;

pub(super) fn run(
    desk: &mut Desk<'_>,
    dataset: &str,
    (begin, end): (&str, &str),
) -> Result<bool, ToolError> {
    let definition = desk.source(dataset)?;
    let (begin, end) = desk.range(begin, end)?;
    for level in &definition.cache_levels {
        let folder = desk.folder(&definition, level)?;
        if !folder.path().is_dir() {
            continue;
        }
        let mut blocks = 0_u64;
        folder.for_each(begin, end, &mut |_| blocks += 1);
        Expired::declare(folder.path(), begin, end, desk.now)
            .map_err(|error| ToolError::Failed(format!("{}: {error}", folder.path().display())))?;
        writeln!(
            desk.out,
            "level {} ({}): {blocks} blocks are out of date until they are built again",
            level.number, level.resolution
        )?;
    }
    Ok(true)
}
