//! Timing whole processes, in turn, so that a machine that slows down slows
//! all of them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Something to be timed.
pub type Job<'a> = Box<dyn FnMut() + 'a>;

/// The median time of each job; all run in turn.
pub fn medians(jobs: &mut [Job<'_>], runs: usize) -> Vec<Duration> {
    let mut times = vec![Vec::new(); jobs.len()];
    for round in 0..=runs {
        for (job, times) in jobs.iter_mut().zip(&mut times) {
            let begin = Instant::now();
            job();
            // The first round warms the page cache.
            if round > 0 {
                times.push(begin.elapsed());
            }
        }
    }
    times.into_iter().map(median).collect()
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A shell command line as a job; its output is thrown away.
pub fn shell<'a>(line: String) -> Job<'a> {
    Box::new(move || {
        let status = Command::new("sh")
            .args(["-c", &line])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("sh runs");
        assert!(status.success(), "{line}: {status}");
    })
}

pub fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
