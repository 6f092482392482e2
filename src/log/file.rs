//! The file of one address and day.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

const SECONDS_A_DAY: u64 = 86_400;

/// How many files an address has: today's, and those of the days before.
pub const LOG_DAYS: u64 = 3;

/// The longest part of a file name that is made of an address: IPv6 ones have
/// at most 45 characters.
const LONGEST_ADDRESS: usize = 64;

/// How often, and at what pauses, a lock that another request holds is tried:
/// it is held for one write.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// The name of an address's log file for a day, counted in UTC from 1970. Any
/// text is safe as an address: what is neither letter nor digit nor `.`, `:`,
/// `-` becomes `_`.
pub fn file_name(remote_addr: &str, day: u64) -> String {
    let safe = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | ':' | '-' => c,
        _ => '_',
    };
    let address: String = remote_addr
        .chars()
        .map(safe)
        .take(LONGEST_ADDRESS)
        .collect();
    let address = if address.is_empty() {
        "direct_invoke"
    } else {
        address.as_str()
    };
    format!("das2.{address}_{}.log", day % LOG_DAYS)
}

/// Appends a block to the log of this address. `now` is the time of writing
/// (seconds since 1970).
///
/// # Errors
/// With what could not be written: all of it, or what did not fit on the disk.
pub(super) fn append<'a>(
    folder: &Path,
    remote_addr: &str,
    block: &'a [u8],
    now: u64,
) -> Result<(), (io::Error, &'a [u8])> {
    let today = now / SECONDS_A_DAY;
    let path = folder.join(file_name(remote_addr, today));
    let mut file = open(&path, today).map_err(|error| (error, block))?;
    if is_cut(&file) {
        file.write_all(b"\n").map_err(|error| (error, block))?;
    }
    let written = loop {
        match file.write(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((error, block)),
            Ok(written) => break written,
        }
    };
    match block.get(written..) {
        Some(rest) if !rest.is_empty() => Err((io::ErrorKind::StorageFull.into(), rest)),
        _ => Ok(()),
    }
}

/// Appends a line to the central log, which has a file for each day in UTC.
pub(super) fn append_central(folder: &Path, row: &str, started: SystemTime) -> io::Result<()> {
    let day = DateTime::<Utc>::from(started).format("%Y-%m-%d");
    let path = folder.join(format!("das2.central_{day}.jsonl"));
    let (mut file, _) = open_to_append(&path)?;
    // In one piece: others write here at the same time.
    let end = if is_cut(&file) { "\n" } else { "" };
    file.write_all(format!("{end}{row}\n").as_bytes())
}

/// Whether the last line has no end, as where the disk was full: what is written
/// behind it would be lost with it.
fn is_cut(file: &File) -> bool {
    let mut last = [0];
    let end = file.metadata().map_or(0, |metadata| metadata.len());
    let read = end.checked_sub(1).map(|at| file.read_at(&mut last, at));
    matches!(read, Some(Ok(1))) && last != *b"\n"
}

/// Opens the file, and empties it if its last line is from an earlier cycle.
///
/// Who empties it holds a lock and looks again, so that a block that another
/// request has written today is not lost: after the first write of a day the
/// file's time of change is today's, and nobody empties it any more. A time of
/// change in the future (a request that began a moment before midnight and
/// wrote after it) is not from an earlier cycle either.
fn open(path: &Path, today: u64) -> io::Result<File> {
    let (file, metadata) = open_to_append(path)?;
    if is_from_earlier_cycle(&metadata, today) && lock(&file) {
        if is_from_earlier_cycle(&file.metadata()?, today) {
            file.set_len(0)?;
        }
        // Setting the length has set the time of change as well.
        flock(&file, FlockOperation::Unlock)?;
    }
    Ok(file)
}

/// Opens a log to write behind what is there, and to look at its end where that
/// may be read.
fn open_to_append(path: &Path) -> io::Result<(File, Metadata)> {
    let open = |read| {
        let mut options = OpenOptions::new();
        options.read(read).append(true).create(true).mode(0o644);
        open_own(&mut options, path)
    };
    match open(true) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => open(false),
        opened => opened,
    }
}

/// Opens a file of the log folder that is a file there and nowhere else:
/// whoever may write to the folder could have put a link to another file in a
/// log's place, symbolic or hard, or something that never answers.
fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<(File, Metadata)> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let file = options.custom_flags(flags.cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    let wrong = match () {
        () if !metadata.is_file() => "not a plain file",
        () if metadata.nlink() > 1 => "a file with several names (hard links)",
        () => return Ok((file, metadata)),
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, wrong))
}

/// Opens a log to read it; None if there is none, or if something else has its
/// name.
pub(super) fn open_to_read(path: &Path) -> io::Result<Option<File>> {
    match open_own(OpenOptions::new().read(true), path) {
        Ok((file, _)) => Ok(Some(file)),
        Err(error) if error.raw_os_error().is_none() => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // A symbolic link; a socket.
        Err(error)
            if [Errno::LOOP, Errno::NXIO]
                .iter()
                .any(|errno| error.raw_os_error() == Some(errno.raw_os_error())) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Removes all logs of an address: how many files there were. What has a log's
/// name is removed, not what a link there leads to.
///
/// # Errors
/// The folder cannot be written.
pub fn remove(folder: &Path, remote_addr: &str) -> io::Result<usize> {
    let mut removed = 0;
    for day in 0..LOG_DAYS {
        match std::fs::remove_file(folder.join(file_name(remote_addr, day))) {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

fn is_from_earlier_cycle(metadata: &Metadata, today: u64) -> bool {
    let day = u64::try_from(metadata.mtime()).unwrap_or(0) / SECONDS_A_DAY;
    metadata.len() > 0 && day < today
}

/// Whether the lock was to be had before long. Without it the file is not
/// emptied before its day comes again.
fn lock(file: &File) -> bool {
    (0..LOCK_TRIES).any(|attempt| {
        if attempt > 0 {
            std::thread::sleep(LOCK_PAUSE);
        }
        flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::UNIX_EPOCH;

    use super::*;

    fn now() -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    }

    #[test]
    fn names_are_safe_and_cycle() {
        for (address, day, name) in [
            ("192.0.2.7", 20_781, "das2.192.0.2.7_0.log"),
            ("192.0.2.7", 20_782, "das2.192.0.2.7_1.log"),
            ("2001:db8::1", 2, "das2.2001:db8::1_2.log"),
            ("fe80::1%eth0", 3, "das2.fe80::1_eth0_0.log"),
            ("../../x/\0\n", 0, "das2..._.._x____0.log"),
            ("", 1, "das2.direct_invoke_1.log"),
        ] {
            assert_eq!(file_name(address, day), name);
        }
        assert_eq!(
            file_name(&"é".repeat(9000), 0).len(),
            64 + "das2._0.log".len()
        );
    }

    #[test]
    fn a_file_is_emptied_when_its_day_begins() {
        let folder = tempfile::tempdir().unwrap();
        let now = now();
        let path = folder.path().join(file_name("a", now / SECONDS_A_DAY));
        append(folder.path(), "a", b"one\n", now).unwrap();
        append(folder.path(), "a", b"two\n", now).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");

        let days_ago = |days: u64| UNIX_EPOCH + Duration::from_secs(now - days * SECONDS_A_DAY);
        for days in [2, 3, 300] {
            File::options()
                .append(true)
                .open(&path)
                .unwrap()
                .set_modified(days_ago(days))
                .unwrap();
            append(folder.path(), "a", b"new\n", now).unwrap();
            append(folder.path(), "a", b"day\n", now).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new\nday\n");
        }
    }

    #[test]
    fn no_block_is_lost_when_many_begin_the_day() {
        let folder = tempfile::tempdir().unwrap();
        let now = now();
        let path = folder.path().join(file_name("a", now / SECONDS_A_DAY));
        fs::write(&path, "old\n").unwrap();
        let old = UNIX_EPOCH + Duration::from_secs(now - 3 * SECONDS_A_DAY);
        File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(old)
            .unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let folder = folder.path();
                scope.spawn(move || {
                    for n in 0..50 {
                        append(folder, "a", format!("{writer} {n}\n").as_bytes(), now).unwrap();
                    }
                });
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 400);
        assert!(!text.contains("old"));
    }

    #[test]
    fn a_line_that_was_cut_takes_nothing_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let now = now();
        let path = folder.path().join(file_name("a", now / SECONDS_A_DAY));
        fs::write(&path, "[cut").unwrap();
        append(folder.path(), "a", b"[one]\n", now).unwrap();
        append(folder.path(), "a", b"[two]\n", now).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"[cut\n[one]\n[two]\n");

        let started = SystemTime::UNIX_EPOCH;
        let path = folder.path().join("das2.central_1970-01-01.jsonl");
        fs::write(&path, "{\"cut").unwrap();
        append_central(folder.path(), "{1}", started).unwrap();
        append_central(folder.path(), "{2}", started).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"{\"cut\n{1}\n{2}\n");
    }

    #[test]
    fn what_cannot_be_written_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert_eq!(
            append(&missing, "a", b"text\n", now()).unwrap_err().1,
            b"text\n"
        );

        let name = folder.path().join(file_name("a", now() / SECONDS_A_DAY));
        std::os::unix::fs::symlink("/dev/full", name).unwrap();
        assert_eq!(
            append(folder.path(), "a", b"text\n", now()).unwrap_err().1,
            b"text\n"
        );
    }
}
