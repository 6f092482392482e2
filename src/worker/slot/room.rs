//! A disk without room: the place keeps its task and waits.

use std::time::{Duration, Instant};

use super::Slot;
use crate::queue::{Lease, StillOurs};
use crate::worker::crew::Order;
use crate::worker::runner::{Outcome, TaskWatch};

/// The pauses while there is no room on the disk, each twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

impl Slot {
    /// Works a task, again and again while there is no room on the disk: every
    /// task would fail then. It stays this place's, and is shown with the reason.
    pub(super) fn try_until_there_is_room(&mut self, lease: &Lease) -> (Outcome, StillOurs) {
        let mut pause = FIRST_PAUSE;
        loop {
            let (outcome, ours) = self.attempt(lease);
            let Outcome::NoRoom(reason) = &outcome else {
                return (outcome, ours);
            };
            if self.shared.once() || ours != StillOurs::Yes {
                return (outcome, ours);
            }
            let seconds = pause.as_secs();
            self.shared.journal.line(format_args!(
                "{}: {reason}; tries again in {seconds} s",
                lease.task.key()
            ));
            match self.wait_for_room(lease, reason, pause) {
                StillOurs::Yes if self.shared.order() == Order::Work => {}
                ours => return (outcome, ours),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Keeps the lease for so long, or until there are new orders.
    fn wait_for_room(&mut self, lease: &Lease, reason: &str, pause: Duration) -> StillOurs {
        let until = Instant::now() + pause;
        let watch = TaskWatch::default();
        watch.tell(&format!("Waits for room: {reason}"), 0.0);
        loop {
            self.shared.is_alive(self.number);
            let ours = self.beat(lease, &watch);
            let left = until.saturating_duration_since(Instant::now());
            let over = left.is_zero() || self.shared.order() != Order::Work;
            if over || ours != StillOurs::Yes {
                return ours;
            }
            self.pause(left.min(self.rules().beat_every()));
        }
    }
}
