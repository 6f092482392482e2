//! Which stretches of a level are cached.

use std::ops::ControlFlow;

use super::folder::LevelFolder;
use crate::time::Time;

/// What there is of a level in a range, from the listings of folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many blocks exist.
    pub blocks: u64,
    /// The stretches that they cover, in order of time: begin, end, blocks.
    pub stretches: Vec<(Time, Time, u64)>,
}

impl Coverage {
    /// The blocks that overlap a range. None if there are more than `most`:
    /// that many are not looked for.
    pub fn of(folder: &LevelFolder, begin: Time, end: Time, most: u64) -> Option<Coverage> {
        let mut coverage = Coverage::default();
        let all = folder.for_each_until(begin, end, &mut |block| {
            coverage.blocks += 1;
            match coverage.stretches.last_mut() {
                Some((_, end, count)) if *end == block.begin() => {
                    *end = block.end();
                    *count += 1;
                }
                _ => coverage.stretches.push((block.begin(), block.end(), 1)),
            }
            match coverage.blocks > most {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        all.is_continue().then_some(coverage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{Block, Blocks};
    use crate::source::{CacheLevel, Period, Resolution};
    use crate::time::parse_query;

    #[test]
    fn stretches_and_a_bound() {
        let time = |text: &str| parse_query(text, None).unwrap();
        let top = tempfile::tempdir().unwrap();
        let level = CacheLevel {
            number: 0,
            resolution: Resolution::Intrinsic,
            period: Period::Hour,
            params: None,
            norm_params: "_noparam".into(),
        };
        let folder = LevelFolder::of_source(top.path(), &level);
        let touch = |block: Block| {
            let file = folder.file_of(&block);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        };
        let (begin, end) = (time("2019-12-31T20:00"), time("2020-01-01T06:00"));
        Blocks::covering(Period::Hour, begin, end)
            .filter(|block| block.begin() != time("2020-01-01T03:00"))
            .for_each(touch);
        let all = Coverage::of(&folder, time("0001-01-01"), time("9999-01-01"), 9);
        let edge = time("2020-01-01T03:00");
        let expected = Coverage {
            blocks: 9,
            stretches: vec![(begin, edge, 7), (time("2020-01-01T04:00"), end, 2)],
        };
        assert_eq!(all, Some(expected));
        assert_eq!(Coverage::of(&folder, begin, end, 8), None);
        assert_eq!(Coverage::of(&folder, begin, edge, 7).unwrap().blocks, 7);
    }
}
