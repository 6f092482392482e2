//! What the first line of a script names.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// As much as the system looks at.
const LONGEST: u64 = 256;

/// What stands behind `#!`, for a script; None for another file.
pub fn first_line(path: &Path) -> Option<Vec<u8>> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)
        .ok()?;
    let mut start = Vec::new();
    file.take(LONGEST).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?;
    let end = line.iter().position(|byte| *byte == b'\n');
    line.get(..end.unwrap_or(line.len())).map(<[u8]>::to_vec)
}

/// The program that it names, as the system takes it: up to the first blank.
pub(super) fn interpreter(path: &Path) -> Option<String> {
    let line = first_line(path)?;
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t'));
    let program = words.find(|word| !word.is_empty())?;
    Some(String::from_utf8_lossy(program).into_owned())
}
