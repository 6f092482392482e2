//! What a request missed in the cache is queued for the workers.

use super::from_cache::FromCache;
use crate::access::Permitted;
use crate::cache::Block;
use crate::queue::{LevelChoice, Requester, Task, Work, submit_miss};
use crate::time::Time;
use crate::web::Exchange;

/// Longer stretches are not queued for a request: anybody can ask for
/// everything. das2_srv_cache builds them when the site wants them.
const MOST_BLOCKS: u64 = 5000;

/// So many tasks a request leaves. More stretches are put together: who works a task
/// builds only what is missing of it.
const MOST_TASKS: usize = 50;

/// Queues the building of stretches that a reader had to read. Blocks whose
/// span is not over would be out of date at once and are left out.
pub fn queue(
    exchange: &mut Exchange<'_>,
    definition: &Permitted,
    from_cache: &FromCache,
    missing: &[(Time, Time)],
) {
    if missing.is_empty() {
        return;
    }
    let period = from_cache.level.period;
    let now = Block::at(period, Time::now()).map(|block| block.begin());
    let request = exchange.request;
    let requester = Requester::request(
        &request.server_name,
        &request.script_name,
        &request.remote_addr,
    );
    let mut stretches: Vec<(Time, Time)> = Vec::new();
    for (begin, end) in missing {
        let end = now.map_or(*end, |now| now.min(*end));
        if *begin >= end {
            continue;
        }
        let blocks = period.count(*begin, end);
        if blocks > MOST_BLOCKS {
            exchange.log.line(format_args!(
                "Cache: {blocks} blocks are missing, too many to be queued for a request; \
                 das2_srv_cache build makes them"
            ));
            continue;
        }
        stretches.push((*begin, end));
    }
    let mut tasks: Vec<Task> = Vec::new();
    for together in stretches.chunks(stretches.len().div_ceil(MOST_TASKS).max(1)) {
        let (Some((begin, _)), Some((_, end))) = (together.first(), together.last()) else {
            continue;
        };
        let Some(block) = Block::at(period, *begin) else {
            continue;
        };
        let work = Work::cache(
            definition.name.as_str(),
            &block.time_text(*begin),
            &block.time_text(*end),
            LevelChoice::Number(from_cache.level.number),
        );
        match work {
            Ok(work) => tasks.push(requester.task(work)),
            Err(error) => exchange
                .log
                .line(format_args!("Cache: not queued: {error}")),
        }
    }
    submit_miss(exchange.config, &tasks, exchange.log);
}
