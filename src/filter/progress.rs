//! Progress comments, thinned out.

use std::time::{Duration, Instant};

use crate::stream::Comment;

/// Lets about one progress comment in a tenth of a second pass.
pub(super) struct Progress {
    source: &'static str,
    drop_all: bool,
    last: Option<Instant>,
}

impl Progress {
    const INTERVAL: Duration = Duration::from_millis(100);

    pub(super) fn new(source: &'static str, drop_all: bool) -> Progress {
        Progress {
            source,
            drop_all,
            last: None,
        }
    }

    /// The comment to pass on in place of this one, if any. Progress gets the
    /// program's name as its source.
    pub(super) fn pass(&mut self, comment: &Comment) -> Option<Comment> {
        if !comment.is_progress() {
            return Some(comment.clone());
        }
        if self.drop_all {
            return None;
        }
        if comment.kind().eq_ignore_ascii_case("taskProgress") {
            let now = Instant::now();
            if self.last.is_some_and(|last| now - last < Self::INTERVAL) {
                return None;
            }
            self.last = Some(now);
        }
        let mut comment = comment.clone();
        comment.set_source(self.source);
        Some(comment)
    }
}
