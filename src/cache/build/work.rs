//! Stretches of time, and how they get smaller.

use crate::cache::block::Block;
use crate::source::Period;
use crate::time::Time;

/// Whole blocks of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Which of the request's levels.
    pub level: usize,
    /// How long its blocks are.
    pub period: Period,
    /// The beginning of the first.
    pub begin: Time,
    /// The end of the last.
    pub end: Time,
}

impl Span {
    /// The whole blocks that a range touches, of those that are over.
    pub fn covering(
        level: usize,
        period: Period,
        begin: Time,
        end: Time,
        now: Time,
    ) -> Option<Span> {
        let last_over = Block::at(period, now)?.begin();
        let first = Block::at(period, begin)?.begin();
        let last = Block::at(period, end.plus_nanos(-1)?)?.end();
        let end_of_all = last.min(last_over);
        (begin < end && first < end_of_all).then_some(Span {
            level,
            period,
            begin: first,
            end: end_of_all,
        })
    }

    /// How many blocks.
    pub fn count(&self) -> u64 {
        self.period.count(self.begin, self.end)
    }

    fn cut(&self, begin: Time, end: Time) -> Option<Span> {
        let (begin, end) = (self.begin.max(begin), self.end.min(end));
        (begin < end).then_some(Span {
            begin,
            end,
            ..*self
        })
    }

    /// The edge between two blocks that is nearest to its middle.
    fn middle(&self) -> Option<Time> {
        let half = (self.end.ns2000() - self.begin.ns2000()) / 2;
        let middle = Time::from_ns2000(self.begin.ns2000() + half)?;
        let block = Block::at(self.period, middle)?;
        let edge = match block.begin() > self.begin {
            true => block.begin(),
            false => block.end(),
        };
        (edge < self.end).then_some(edge)
    }
}

/// The first and the last time of all.
pub fn ends(spans: &[Span]) -> Option<(Time, Time)> {
    let begin = spans.iter().map(|span| span.begin).min()?;
    let end = spans.iter().map(|span| span.end).max()?;
    Some((begin, end))
}

/// Two smaller pieces of work, the earlier one first: halves in time while
/// the level with the longest blocks has more than one, then that span and
/// the others. None for a single block.
pub fn divide(spans: &[Span]) -> Option<[Vec<Span>; 2]> {
    let by_length = |(_, span): &(usize, &Span)| (span.period, span.count());
    let (at, longest) = spans.iter().enumerate().max_by_key(by_length)?;
    if let Some(edge) = longest.middle() {
        // Blocks of a longer period end where shorter ones do.
        let part = |begin, end| {
            let parts = spans.iter().filter_map(|span| span.cut(begin, end));
            parts.collect::<Vec<Span>>()
        };
        let (begin, end) = ends(spans)?;
        return Some([part(begin, edge), part(edge, end)]);
    }
    let mut others = spans.to_vec();
    let alone = others.remove(at);
    (!others.is_empty()).then(|| [vec![alone], others])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_query;

    fn time(text: &str) -> Time {
        parse_query(text, None).unwrap()
    }

    fn span(level: usize, period: Period, begin: &str, end: &str) -> Span {
        Span::covering(level, period, time(begin), time(end), time("2030-01-01")).unwrap()
    }

    #[test]
    fn only_blocks_that_are_over() {
        let of = |period, now: &str| {
            let (begin, end) = (time("2020-01-01T12:00"), time("2020-02-02"));
            Span::covering(0, period, begin, end, time(now)).map(|s| (s.begin, s.end))
        };
        let day = time("2020-01-01");
        assert_eq!(
            of(Period::Day, "2030-01-01"),
            Some((day, time("2020-02-02")))
        );
        assert_eq!(
            of(Period::Month, "2030-01-01"),
            Some((day, time("2020-03-01")))
        );
        assert_eq!(
            of(Period::Day, "2020-01-05T23:00"),
            Some((day, time("2020-01-05")))
        );
        assert_eq!(of(Period::Day, "2020-01-01T23:59:59"), None);
        assert_eq!(of(Period::Year, "2020-12-31"), None);
    }

    #[test]
    fn work_gets_smaller_down_to_single_blocks() {
        let work = vec![
            span(0, Period::Day, "2020-01-01", "2020-03-05"),
            span(1, Period::Hour, "2020-01-01", "2020-03-05"),
            span(2, Period::Month, "2020-01-01", "2020-03-05"),
        ];
        let mut left = vec![work.clone()];
        let mut singles = Vec::new();
        while let Some(spans) = left.pop() {
            match divide(&spans) {
                Some(parts) => {
                    assert!(parts.iter().all(|part| !part.is_empty()), "{spans:?}");
                    left.extend(parts);
                }
                None => singles.extend(spans),
            }
        }
        assert!(singles.iter().all(|span| span.count() == 1));
        for span in &work {
            let of = singles.iter().filter(|single| single.level == span.level);
            let mut of: Vec<Time> = of.map(|single| single.begin).collect();
            of.sort();
            of.dedup();
            assert_eq!(of.len() as u64, span.count());
        }
        assert_eq!(singles.len(), 64 + 64 * 24 + 3);
    }
}
