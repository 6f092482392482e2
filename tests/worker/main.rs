//! das2_srv_arbiter: what it does with tasks, signals and deaths, under both
//! keepers of the queue.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod background;
mod disk;
mod hosts;
#[allow(dead_code)] // the rest is for the tests of the queue
#[path = "../queue/keeper.rs"]
mod keeper;
mod killed;
mod signals;
mod site;
mod tasks;

/// Each test, on each keeper.
macro_rules! on_both_keepers {
    ($($module:ident::$test:ident,)*) => {
        mod under_redis { $(
            #[test]
            fn $test() {
                if let Some(site) = crate::site::Site::with_redis() {
                    crate::$module::$test(site);
                }
            }
        )* }
        mod embedded { $(
            #[test]
            fn $test() {
                crate::$module::$test(crate::site::Site::embedded());
            }
        )* }
    };
}

on_both_keepers!(
    tasks::once_through_the_queue,
    tasks::what_is_there_is_not_built_again,
    tasks::what_lies_outside_of_the_valid_range_is_not_built,
    tasks::a_long_block_does_not_bring_all_short_ones,
    tasks::two_at_the_same_blocks,
    tasks::a_failing_reader_parks_its_task,
    tasks::what_cannot_be_done_is_parked_at_once,
    disk::a_full_disk_counts_as_no_attempt,
    disk::a_read_only_disk_counts_as_no_attempt,
    tasks::a_definition_edited_while_its_blocks_are_built,
    signals::one_word_and_it_finishes_its_task,
    signals::two_words_and_it_puts_its_task_back,
    signals::the_end_of_grace_puts_back,
    signals::a_cancelled_task_ends_its_reader,
    signals::new_settings_on_sighup,
    signals::a_killed_worker_leaves_no_silent_reader,
    killed::killed_at_random_moments,
);
