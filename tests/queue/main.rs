//! The work queue: both keepers by the same tests, das2-pyserver's side of the
//! Redis protocol, faults, and das2_srv_todo.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod das2_pyserver;
mod failover;
mod faults;
mod keeper;
mod misses;
mod promises;
mod reaching;
mod todo;

/// Each promise, on each keeper.
macro_rules! on_both_keepers {
    ($($promise:ident,)*) => {
        mod redis_keeps { $(
            #[test]
            fn $promise() {
                if let Some(keeper) = crate::keeper::Keeper::redis() {
                    crate::promises::$promise(&keeper);
                }
            }
        )* }
        mod embedded_keeps { $(
            #[test]
            fn $promise() {
                if let Some(keeper) = crate::keeper::Keeper::embedded() {
                    crate::promises::$promise(&keeper);
                }
            }
        )* }
    };
}

on_both_keepers!(
    in_order_through_all_lists,
    equal_tasks_are_queued_once,
    what_lies_in_a_known_range_is_known,
    tasks_with_blocks_in_common_run_one_after_the_other,
    many_ask_for_the_same,
    many_workers_share,
    a_waiting_worker_gets_a_task_at_once,
    nothing_to_do_takes_as_long_as_asked,
    the_task_of_a_dead_worker_goes_to_another,
    a_beating_worker_keeps_its_task,
    a_task_that_kills_workers_is_parked,
    failing_tasks_are_parked_and_marked,
    a_hopeless_task_is_parked_at_once_and_can_be_retried,
    put_back_is_next_and_no_attempt,
    cancelled_waiting_and_running,
    lists_have_bounds,
    marks_cover_what_they_join_to,
    the_same_worker_asks_again,
);
