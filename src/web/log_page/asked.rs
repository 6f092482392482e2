//! What of a log is to be shown.

use chrono::NaiveDate;

use crate::log::read::{Position, StatusWanted, Wanted};
use crate::web::Error;
use crate::web::query::{Key, Query, shown};
use crate::web::request::value_encoded;

/// The keys of the page's address.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// `ip`.
    pub(super) client: Option<String>,
    /// `q`.
    pub(super) text: String,
    /// `status`, a word of [`StatusWanted`].
    pub(super) status: String,
    /// `dataset`.
    pub(super) dataset: String,
    /// `day`, as `2026-11-24`.
    pub(super) day: String,
    /// What these four mean.
    pub(super) wanted: Wanted,
    /// `before`: where the page goes on.
    pub(super) position: Option<Position>,
    /// `deleted`: how many files have just been deleted.
    pub(super) deleted: Option<u8>,
}

impl Asked {
    /// # Errors
    /// 400 for values that mean nothing.
    pub(super) fn of_query(query: &Query) -> Result<Asked, Error> {
        if query.named("action")?.is_some() {
            return Err(Error::MustPost);
        }
        let value = |name| Ok::<_, Error>(query.named(name)?.unwrap_or_default());
        let text = value("q")?;
        let status = value("status")?;
        let day = value("day")?;
        let dataset = query.get(Key::Dataset)?.unwrap_or_default();
        let mut wanted = Wanted::default().with_text(&text);
        wanted.status = StatusWanted::parse(&status).ok_or_else(|| {
            let words: Vec<&str> = StatusWanted::words().collect();
            wrong(
                "status",
                &status,
                &format!("a number, or one of {}", words.join(", ")),
            )
        })?;
        wanted.dataset = Some(dataset.clone()).filter(|name| !name.is_empty());
        if !day.is_empty() {
            let date = NaiveDate::parse_from_str(&day, "%Y-%m-%d")
                .map_err(|_| wrong("day", &day, "a day such as 2026-11-24"))?;
            wanted.days = Some((date, date));
        }
        let position = query.named("before")?.map(|text| {
            let position = text.parse();
            position.map_err(|()| wrong("before", &text, "what the page's own links have"))
        });
        Ok(Asked {
            client: query.named("ip")?,
            text,
            status,
            dataset,
            day,
            wanted,
            position: position.transpose()?,
            deleted: query.named("deleted")?.and_then(|text| text.parse().ok()),
        })
    }

    /// Whether anything is left out.
    pub(super) fn is_filtered(&self) -> bool {
        [&self.text, &self.status, &self.dataset, &self.day]
            .iter()
            .any(|text| !text.is_empty())
    }

    /// The query of the same page from another position on.
    pub(super) fn query(&self, before: Option<&str>) -> String {
        let pairs = [
            ("ip", self.client.as_deref().unwrap_or_default()),
            ("q", &self.text),
            ("status", &self.status),
            ("dataset", &self.dataset),
            ("day", &self.day),
            ("before", before.unwrap_or_default()),
        ];
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<String> = pairs
            .map(|(key, value)| format!("{key}={}", value_encoded(value)))
            .collect();
        pairs.join("&")
    }
}

fn wrong(key: &str, value: &str, instead: &str) -> Error {
    Error::BadRequest(format!(
        "{key}={} is not known here, use {instead}",
        shown(value)
    ))
}
