//! Runs of real programs.

mod arguments;
mod ending;
mod output;

use std::fs;
use std::time::Duration;

use super::*;

/// Far above what anything here takes, far below what a person waits.
const PATIENCE: Duration = Duration::from_secs(30);

fn environment() -> Environment {
    Environment::new([("PATH".into(), "/usr/bin:/bin".into())], None, None)
}

fn start(commands: &[&str], limits: Limits) -> Running {
    let programs: Vec<_> = commands
        .iter()
        .map(|text| Program::from_command(text).unwrap())
        .collect();
    Running::start(&programs, &environment(), limits).unwrap()
}

fn read_all(running: &mut Running) -> std::io::Result<Vec<u8>> {
    let (mut all, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        match running.read(&mut buffer, &mut || Ok(()))? {
            0 => return Ok(all),
            count => all.extend(&buffer[..count]),
        }
    }
}

fn run(commands: &[&str]) -> (String, Outcome) {
    let mut running = start(commands, Limits::default());
    let output = read_all(&mut running).unwrap();
    (String::from_utf8(output).unwrap(), running.finish())
}

fn output_of(program: Program) -> String {
    let mut running = Running::start(&[program], &environment(), Limits::default()).unwrap();
    let output = read_all(&mut running).unwrap();
    let outcome = running.finish();
    assert!(
        outcome.is_success(),
        "{outcome}: {}",
        outcome.complaints.text()
    );
    String::from_utf8(output).unwrap()
}
