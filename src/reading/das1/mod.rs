//! das2_from_das1: the reader of a das1 source as a das2 stream.
//!
//! A das1 reader writes bare numbers, big-endian reals of four bytes, a record
//! after the other; what they mean stands in the definition alone. Out of that
//! come the headers (`layout`), and the numbers follow as they arrive.

mod layout;
mod options;

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;
use std::sync::Arc;

use crate::exec::{
    ClientPipe, Environment, Limits, Program, Running, Stop, Watch, end_readers_on_signals,
};
use crate::source::Definition;
use crate::stream::{Error, Exception, Input, PacketId, Place, Run, Sink, Writer};

use super::{Account, ReaderInput};
use layout::Layout;
use options::Call;
pub use options::Das1Args;

const PROGRAM: &str = "das2_from_das1";

/// Status of a run that failed, and of one that was called wrongly.
const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// How much is read at once, in bytes.
const CHUNK: usize = 256 << 10;

/// Why there is no (more) stream.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The call or the definition is wrong; nothing was written.
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Stream(#[from] Error),
}

/// Runs the program.
pub fn run(args: &Das1Args) -> ExitCode {
    match convert(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Stream(error)) if is_gone(&error) => {
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
            ExitCode::from(FAILED)
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{PROGRAM}: {error}");
            ExitCode::from(match error {
                Failure::Usage(_) => USAGE,
                Failure::Stream(_) => FAILED,
            })
        }
    }
}

fn is_gone(error: &Error) -> bool {
    match error {
        Error::Output(error) | Error::Input(error) => {
            Stop::of(error) == Some(Stop::ClientGone) || error.kind() == io::ErrorKind::BrokenPipe
        }
        _ => false,
    }
}

fn convert(args: &Das1Args) -> Result<(), Failure> {
    let definition = Definition::of_file(&args.dsdf).map_err(Failure::Usage)?;
    let call = Call::new(&definition, args.words()).map_err(Failure::Usage)?;
    let layout = Layout::new(&definition, &call)
        .map_err(|what| Failure::Usage(format!("{}: {what}", args.dsdf.display())))?;
    let started = start(&definition, &call.words)?;
    let output = ClientPipe::stdout().map_err(Error::Output)?;
    let mut writer = Writer::new(output);
    let mut input = ReaderInput::new(started);
    let result = pass(&layout, &mut input, &mut writer);
    let complaints = complaints(input.end());
    let _ = io::stderr().write_all(complaints.as_bytes());
    if let Err(error) = &result
        && !matches!(error, Error::Output(_))
    {
        // What the reader said is for the log; a client is told that it failed.
        let text = format!("{PROGRAM}: {error}");
        writer.abort(&Exception::new(Exception::SERVER_ERROR, &text))?;
    }
    Ok(result?)
}

/// Starts the reader, which ends when whoever reads our output has gone.
fn start(definition: &Definition, words: &[String]) -> Result<Running, Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
    let Some(command) = &definition.reader else {
        return Err(Failure::Usage("the definition has no reader".into()));
    };
    let mut reader: Program = super::program(command).map_err(|e| usage(&e))?;
    for word in words {
        reader.arg(word.clone()).map_err(|e| usage(&e))?;
    }
    end_readers_on_signals().map_err(|e| usage(&e))?;
    let environment = Environment::new(std::env::vars_os(), None, None);
    let mut running =
        Running::start(&[reader], &environment, Limits::default()).map_err(|e| usage(&e))?;
    if let Ok(output) = io::stdout().as_fd().try_clone_to_owned() {
        running.watch(Box::new(Output(output)));
    }
    Ok(running)
}

/// Whoever reads our output.
struct Output(OwnedFd);

impl Watch for Output {
    /// The pipe tells.
    fn client_gone(&mut self) -> bool {
        false
    }

    fn output(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

fn complaints(account: Account) -> String {
    let outcome = account.outcome;
    outcome.map_or_else(String::new, |outcome| outcome.complaints.text())
}

/// Records that a das1 reader wrote for `words` (`[INTERVAL] BEGIN END`), as a
/// stream. No reader is started.
///
/// # Errors
/// The words or the definition are wrong (then nothing has gone to `sink`); or,
/// as the inner result, what the input and the sink say, or a record that is cut off.
pub fn records_to_stream(
    definition: &Definition,
    words: &[String],
    mut records: impl Input,
    sink: &mut dyn Sink,
) -> Result<Result<(), Error>, String> {
    let call = Call::new(definition, words)?;
    let layout = Layout::new(definition, &call)?;
    Ok(pass(&layout, &mut records, sink))
}

/// The reader's numbers behind the headers.
fn pass(layout: &Layout, input: &mut dyn Input, writer: &mut dyn Sink) -> Result<(), Error> {
    writer.stream(&layout.stream)?;
    writer.packet(PacketId::FIRST, &Arc::new(layout.packet.clone()))?;
    let mut bytes = vec![0; CHUNK];
    let (mut held, mut done) = (0, 0);
    let mut records = Vec::new();
    loop {
        if input.would_wait() {
            writer.flush()?;
        }
        let space = bytes.get_mut(held..).unwrap_or_default();
        let count = input.read(space).map_err(Error::Input)?;
        if count == 0 {
            break;
        }
        held += count;
        let whole = held - held % layout.record();
        records.clear();
        let complete = bytes.get(..whole).unwrap_or_default();
        for record in complete.chunks_exact(layout.record()) {
            layout.write(record, &mut records);
        }
        if whole > 0 {
            writer.run(Run {
                id: PacketId::FIRST,
                bytes: &records,
                stride: layout.packet.data_size() + Run::TAG,
                offset: done,
            })?;
        }
        bytes.copy_within(whole..held, 0);
        held -= whole;
        done += whole as u64;
    }
    match held {
        0 if done == 0 => {
            // Only the headers would tell nobody that the reader found nothing.
            let what = "There are no data in this range";
            writer.exception(&Exception::new(Exception::NO_DATA, what))?;
            writer.finish()
        }
        0 => writer.finish(),
        held => Err(Error::CutOff {
            place: Place {
                offset: done,
                packet: None,
            },
            what: format!(
                "a record has {} bytes, the last one {held}",
                layout.record()
            ),
        }),
    }
}
