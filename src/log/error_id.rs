//! A name for one error, in the client's message and in the log.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

/// Neither I nor L, O nor U: people read it aloud.
const DIGITS: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J',
    'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

/// Eight letters and digits by which a person who has a client's message finds
/// what the log has on it. Not a secret; two of them are the same about once in
/// a million million.
pub fn error_id() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let hash = RandomState::new().hash_one((SystemTime::now(), std::process::id(), count));
    let digit = |at: u32| {
        DIGITS
            .get((hash >> (5 * at) & 31) as usize)
            .copied()
            .unwrap_or('0')
    };
    (0..8).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_plain_and_differ() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| error_id()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(
            ids.iter()
                .all(|id| id.len() == 8 && id.chars().all(|c| DIGITS.contains(&c)))
        );
    }
}
