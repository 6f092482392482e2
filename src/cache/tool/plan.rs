//! What would answer a request.

use super::{Desk, ToolError};
use crate::cache::plan::{Plan, choose_level};
use crate::source::norm_params;

pub(super) fn run(
    desk: &mut Desk<'_>,
    dataset: &str,
    (begin, end): (&str, &str),
    resolution: &str,
    params: &str,
) -> Result<bool, ToolError> {
    let definition = desk.source(dataset)?;
    let (begin, end) = desk.range(begin, end)?;
    let wrong = || ToolError::Usage(format!("{resolution} is no resolution: write seconds"));
    let resolution = match resolution {
        "intrinsic" => None,
        text => {
            let seconds = text.parse().ok();
            let seconds = seconds.filter(|s: &f64| s.is_finite() && *s >= 0.0);
            Some(seconds.ok_or_else(wrong)?)
        }
    };
    let params = Some(params).filter(|params| !params.is_empty());
    let norm = norm_params(params).map_err(|error| ToolError::Usage(error.to_string()))?;
    let Some(level) = choose_level(&definition, &norm, resolution) else {
        writeln!(desk.out, "no level serves this: the reader runs")?;
        return Ok(true);
    };
    let folder = desk.folder(&definition, level)?;
    let path = folder.path().display().to_string();
    writeln!(desk.out, "level {}, {path}", level.number)?;
    write!(desk.out, "{}", Plan::new(folder, begin, end))?;
    Ok(true)
}
