//! A small generator of the same pseudo-random times and texts in every run.

use super::Time;
use super::instant::NS_PER_DAY;
use std::ops::RangeInclusive;

pub(super) struct Sample(u64);

impl Sample {
    pub(super) fn new(seed: u64) -> Sample {
        Sample(seed)
    }

    /// SplitMix64.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len() as u64);
        from[index as usize]
    }

    /// A time of these years, seldom near the end of a day or within a leap second.
    pub(super) fn time(&mut self, years: RangeInclusive<i32>) -> Time {
        let span = (years.end() - years.start() + 1) as u64;
        let year = years.start() + self.below(span) as i32;
        let day = 1 + self.below(365) as u32;
        let ns = match self.below(10) {
            0 => NS_PER_DAY - 1 - self.below(2_000_000),
            1 => NS_PER_DAY + self.below(1_000_000_000),
            2 => self.below(86_400) * 1_000_000_000,
            _ => self.below(NS_PER_DAY),
        };
        let t = Time::from_ordinal(year, day, ns).unwrap();
        // us2000 cannot tell a leap second from the next: keep those apart.
        if ns >= NS_PER_DAY {
            Time::from_ns2000(t.ns2000()).unwrap()
        } else {
            t
        }
    }
}
