//! Which requests are wanted.

use chrono::NaiveDate;
use memchr::memmem;

use super::entry::{Entry, Outcome};

/// How a request has to have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatusWanted {
    /// In any way.
    #[default]
    Any,
    /// With this status.
    Number(u16),
    /// With a status of this hundred.
    Hundred(u16),
    /// As it should.
    Good,
    /// With an error, also one behind data.
    Failed,
    /// The client went away.
    Gone,
    /// Not yet.
    Running,
    /// Programs have written to standard error.
    Complaints,
}

/// Words for them.
const WORDS: &[(&str, StatusWanted)] = &[
    ("good", StatusWanted::Good),
    ("failed", StatusWanted::Failed),
    ("gone", StatusWanted::Gone),
    ("running", StatusWanted::Running),
    ("stderr", StatusWanted::Complaints),
    ("2xx", StatusWanted::Hundred(2)),
    ("3xx", StatusWanted::Hundred(3)),
    ("4xx", StatusWanted::Hundred(4)),
    ("5xx", StatusWanted::Hundred(5)),
];

impl StatusWanted {
    /// The words that there are, beside numbers.
    pub fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().map(|(word, _)| *word)
    }

    /// From `404`, `4xx`, `good`, `failed`, `gone`, `running` or `stderr`;
    /// nothing is any.
    pub fn parse(text: &str) -> Option<StatusWanted> {
        if text.is_empty() {
            return Some(StatusWanted::Any);
        }
        let word = WORDS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text));
        match word {
            Some((_, wanted)) => Some(*wanted),
            None => {
                let number = text.parse().ok();
                number
                    .filter(|number| (100..600).contains(number))
                    .map(StatusWanted::Number)
            }
        }
    }

    fn fits(self, entry: &Entry) -> bool {
        match self {
            StatusWanted::Any => true,
            StatusWanted::Number(number) => entry.status == Some(number),
            StatusWanted::Hundred(hundred) => {
                entry.status.is_some_and(|status| status / 100 == hundred)
            }
            StatusWanted::Good => entry.outcome == Outcome::Good,
            StatusWanted::Failed => entry.outcome == Outcome::Failed,
            StatusWanted::Gone => entry.outcome == Outcome::Gone,
            StatusWanted::Running => entry.outcome == Outcome::Running,
            StatusWanted::Complaints => entry.complains(),
        }
    }
}

/// What all of has to hold for a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// In any of its lines, whatever the case of its letters.
    text: String,
    /// How it ended.
    pub status: StatusWanted,
    /// A source, or a folder of sources.
    pub dataset: Option<String>,
    /// Local days, first and last.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

impl Wanted {
    /// With this text in it.
    pub fn with_text(mut self, text: &str) -> Wanted {
        self.text = text.to_ascii_lowercase();
        self
    }

    /// Whether that can be told without what the lines say; `lower` is room
    /// for a copy of them.
    pub(super) fn may_fit<'a>(
        &self,
        mut pieces: impl Iterator<Item = &'a [u8]>,
        lower: &mut Vec<u8>,
    ) -> bool {
        if self.text.is_empty() {
            return true;
        }
        pieces.any(|piece| {
            lower.clear();
            lower.extend_from_slice(piece);
            lower.make_ascii_lowercase();
            memmem::find(lower, self.text.as_bytes()).is_some()
        })
    }

    /// Whether nothing that lines say about a request matters.
    pub(super) fn is_anything(&self) -> bool {
        self.status == StatusWanted::Any && self.dataset.is_none()
    }

    /// Whether a request is wanted as far as that can be told without its text.
    pub(super) fn fits_at_a_glance(&self, entry: &Entry) -> bool {
        self.status.fits(entry) && self.is_of_dataset(entry)
    }

    /// Whether a request is wanted.
    pub fn fits(&self, entry: &Entry) -> bool {
        self.status.fits(entry)
            && self.is_of_dataset(entry)
            && self.is_of_days(entry.started.date())
            && (self.text.is_empty() || entry.text().to_ascii_lowercase().contains(&self.text))
    }

    pub(super) fn is_of_days(&self, day: NaiveDate) -> bool {
        self.days
            .is_none_or(|(first, last)| first <= day && day <= last)
    }

    fn is_of_dataset(&self, entry: &Entry) -> bool {
        let Some(wanted) = &self.dataset else {
            return true;
        };
        let wanted = wanted.trim_end_matches('/');
        entry.dataset().is_some_and(|name| {
            let rest = name.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}
