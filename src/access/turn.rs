//! Attempts at passwords take turns, so that whoever tries many gets through few
//! of them and keeps nobody else waiting.
//!
//! A CGI program remembers nothing, so what there is to know is in a folder of
//! empty files, STATE_PATH/access. An attempt belongs to a lane, and a lane has
//! four places. Whoever tries holds a place while the hash is computed, and after a
//! wrong password for a second more; who finds no place waits for one on one of four chairs,
//! and who finds no chair is sent away. A place or chair is a lock on a file, which the system lets
//! go of when a process ends, however it does.
//!
//! The lane is that of the client's address. One name gets half of it, so that whoever
//! tries one name leaves room for the others; a place holds the number of the name that
//! has it. And a user who has logged in from
//! there within a month has a lane of their own, so that a stranger behind
//! the same address (a proxy, a campus) does not keep them out. Strangers'
//! hashes are computed in a thread with the lowest priority, so that these take time that
//! nobody else wants.
//!
//! Where no such folder can be made, there are no lanes, but all else.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::OFlags;

use crate::config::Config;

/// Attempts of a lane at a time, and those that wait for them to end.
const PLACES: usize = 4;
const CHAIRS: usize = 4;

/// How many of either one name may have in a lane that others use too.
const OF_ONE_NAME: usize = 2;

/// How long who has a chair waits for a place.
const WAIT: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(20);

/// What a wrong password costs.
const PENALTY: Duration = Duration::from_secs(1);

/// How long a user is known after having logged in, and after what time that is
/// noted anew.
const KNOWN: Duration = Duration::from_secs(30 * 86_400);
const NOTED: Duration = Duration::from_secs(86_400);

/// Addresses share this many lanes.
const LANES: u64 = 4096;

/// Too many attempts are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy;

/// A turn: what one attempt holds.
#[derive(Debug)]
pub(super) struct Turn {
    /// The locked file; None where there are no lanes.
    place: Option<File>,
    /// The file that says that the user is known here.
    mark: Option<PathBuf>,
    is_known: bool,
}

impl Turn {
    /// Waits for a turn of the user at the address. `secret` is a number that
    /// clients do not know: who has many addresses cannot choose one that shares
    /// its lane with somebody else's.
    ///
    /// # Errors
    /// Too many are waiting already.
    pub(super) fn take(
        folder: Option<&Path>,
        secret: u64,
        address: Option<IpAddr>,
        user: &str,
    ) -> Result<Turn, Busy> {
        let without = Turn {
            place: None,
            mark: None,
            is_known: false,
        };
        let Some(folder) = folder else {
            return Ok(without);
        };
        let address = address.map(network);
        let pair = number(&(address, user));
        let mark = folder.join(format!("known-{pair:016x}"));
        let is_known = age(&mark).is_some_and(|age| age < KNOWN);
        let lane = match is_known {
            true => format!("own-{pair:016x}"),
            false => lane_of(secret, address),
        };
        let name = (!is_known).then_some(pair);
        let place = match place(folder, &lane, name) {
            Ok(place) => Some(place?),
            Err(_) => return Ok(without),
        };
        Ok(Turn {
            place,
            mark: Some(mark),
            is_known,
        })
    }

    /// Computes what tells whether the password is right.
    pub(super) fn compute(&self, compute: impl FnOnce() -> bool + Send) -> bool {
        if self.is_known {
            return compute();
        }
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                // Linux gives every thread a priority of its own.
                let _ = rustix::process::setpriority_process(None, 19);
                compute()
            });
            thread.join().unwrap_or(false)
        })
    }

    /// Notes that the user is known here.
    pub(super) fn succeed(self) {
        if let Some(mark) = self
            .mark
            .filter(|mark| age(mark).is_none_or(|age| age > NOTED))
        {
            let noted = open(&mark).and_then(|file| file.set_modified(SystemTime::now()));
            // Without the note the user is a stranger, and no more.
            let _ = noted;
            forget_old(&mark);
        }
    }

    /// Takes its time, and keeps the place meanwhile.
    pub(super) fn fail(self) {
        sleep(PENALTY);
        drop(self.place);
    }
}

/// Removes the notes beside this one whose time is over, and the lanes that
/// belonged to them. Who is in such a lane just now keeps the turn.
fn forget_old(mark: &Path) {
    let entries = mark.parent().and_then(|folder| fs::read_dir(folder).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let Some(pair) = name.to_str().and_then(|name| name.strip_prefix("known-")) else {
            continue;
        };
        if age(&path).is_some_and(|age| age > KNOWN) {
            let _ = fs::remove_file(&path);
            for at in 0..PLACES {
                let _ = fs::remove_file(path.with_file_name(format!("own-{pair}.{at}")));
            }
            for at in 0..CHAIRS {
                let _ = fs::remove_file(path.with_file_name(format!("own-{pair}.chair{at}")));
            }
        }
    }
}

/// The lane of strangers at an address.
fn lane_of(secret: u64, address: Option<IpAddr>) -> String {
    format!("from-{:03x}", number(&(secret, address)) % LANES)
}

/// The folder for lanes; None where there can be none. In one of somebody else's
/// all places could be taken, so that nobody logs in.
pub(super) fn folder(config: &Config) -> Option<PathBuf> {
    let state = config.state_path.iter().map(|path| path.join("access"));
    let log = config.log_path.iter().map(|path| path.join(".access"));
    state.chain(log).find(|folder| {
        let made = DirBuilder::new().mode(0o700).create(folder);
        let own = rustix::process::geteuid().as_raw();
        let is_own = |at: fs::Metadata| at.is_dir() && at.uid() == own;
        let is_there = made.is_ok() || fs::symlink_metadata(folder).is_ok_and(is_own);
        is_there && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
    })
}

/// A place of the lane for the name, after some waiting; without a name the lane
/// belongs to one.
fn place(folder: &Path, lane: &str, name: Option<u64>) -> io::Result<Result<File, Busy>> {
    let place = || free(folder, lane, "", PLACES, name);
    if let Some(place) = place()? {
        return Ok(Ok(place));
    }
    let Some(_chair) = free(folder, lane, "chair", CHAIRS, name)? else {
        return Ok(Err(Busy));
    };
    let begin = Instant::now();
    while begin.elapsed() < WAIT {
        sleep(LOOK);
        if let Some(place) = place()? {
            return Ok(Ok(place));
        }
    }
    Ok(Err(Busy))
}

/// The first of so many files that nobody has locked, locked; None also where the
/// name has its share of them.
fn free(
    folder: &Path,
    lane: &str,
    kind: &str,
    count: usize,
    name: Option<u64>,
) -> io::Result<Option<File>> {
    let (mut free, mut taken) = (None, 0);
    for at in 0..count {
        let file = open(&folder.join(format!("{lane}.{kind}{at}")))?;
        let is_of_name = name.is_some() && number_in(&file) == name;
        // A name that is left from before matters only while the file is locked.
        if free.is_some() && !is_of_name {
            continue;
        }
        match file.try_lock() {
            Ok(()) if free.is_none() => free = Some(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => taken += usize::from(is_of_name),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if name.is_none() && free.is_some() {
            break;
        }
    }
    if let (Some(file), Some(name)) = (&free, name) {
        if taken >= OF_ONE_NAME {
            return Ok(None);
        }
        // Where there is no room on the disk for it, the share is not kept.
        let _ = file.write_all_at(&name.to_le_bytes(), 0);
    }
    Ok(free)
}

/// The name that has, or had, a place.
fn number_in(file: &File) -> Option<u64> {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, 0).ok()?;
    Some(u64::from_le_bytes(bytes))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options.create(true).truncate(false).mode(0o600);
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed()).open(path)
}

fn age(path: &Path) -> Option<Duration> {
    let modified = fs::symlink_metadata(path).ok()?.modified().ok()?;
    // A time in the future is no age.
    SystemTime::now().duration_since(modified).ok()
}

/// What one household has of IPv6 is one address.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

/// A number for an address, the same in every process that knows the secret.
pub(crate) fn address_number(secret: impl Hash, address: Option<IpAddr>) -> u64 {
    number(&(secret, address))
}

/// The same number for the same value in every process.
fn number(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    const SECRET: u64 = 7;

    fn take(folder: &Path, from: &str, user: &str) -> Result<Turn, Busy> {
        Turn::take(Some(folder), SECRET, address(from), user)
    }

    #[test]
    fn notes_whose_time_is_over_are_removed_with_their_lanes() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        take(folder, "192.0.2.1", "old").unwrap().succeed();
        // Now known, so the turn makes a lane of its own.
        drop(take(folder, "192.0.2.1", "old").unwrap());
        let names = || {
            let entries = fs::read_dir(folder).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
        };
        let own = |name: &String| name.starts_with("own-");
        let mark = names().find(|name| name.starts_with("known-")).unwrap();
        assert_eq!(names().filter(own).count(), 1);
        let long_ago = SystemTime::now() - KNOWN - NOTED;
        let file = File::options()
            .write(true)
            .open(folder.join(&mark))
            .unwrap();
        file.set_modified(long_ago).unwrap();
        take(folder, "192.0.2.2", "new").unwrap().succeed();
        let known: Vec<String> = names().filter(|name| name.starts_with("known-")).collect();
        assert!(known.len() == 1 && known[0] != mark);
        assert_eq!(names().filter(own).count(), 0);
    }

    #[test]
    fn many_attempts_from_one_address_leave_others_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let held: Vec<Turn> = (0..PLACES)
            .map(|at| take(folder, "192.0.2.1", &format!("user{at}")).unwrap())
            .collect();
        // All chairs are taken.
        let chairs: Vec<File> = (0..CHAIRS)
            .map(|_| {
                let lane = lane_of(SECRET, address("192.0.2.1"));
                free(folder, &lane, "chair", CHAIRS, None).unwrap().unwrap()
            })
            .collect();
        let begin = Instant::now();
        assert_eq!(take(folder, "192.0.2.1", "x").unwrap_err(), Busy);
        assert!(begin.elapsed() < WAIT);
        assert!(take(folder, "192.0.2.2", "x").is_ok());
        drop(chairs);
        // A place that is let go of goes to who waits.
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| take(folder, "192.0.2.1", "x").is_ok());
            drop(held);
            assert!(waiting.join().unwrap());
        });
    }

    #[test]
    fn who_tries_one_name_leaves_room_for_others() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let take = |user: &str| take(folder, "192.0.2.1", user);
        let held: Vec<Turn> = (0..OF_ONE_NAME).map(|_| take("guess").unwrap()).collect();
        let lane = lane_of(SECRET, address("192.0.2.1"));
        let name = number(&(address("192.0.2.1"), "guess"));
        let chair = || free(folder, &lane, "chair", CHAIRS, Some(name)).unwrap();
        let chairs: Vec<File> = (0..OF_ONE_NAME).map(|_| chair().unwrap()).collect();
        assert!(chair().is_none());
        // The next guess is sent away, other names come at once.
        let begin = Instant::now();
        assert_eq!(take("guess").unwrap_err(), Busy);
        let others = ["new", "newer"].map(|user| take(user).unwrap());
        assert!(begin.elapsed() < WAIT);
        // What is left of names in files that are free again counts for nothing.
        drop((held, chairs, others));
        let all: Vec<Turn> = (0..PLACES)
            .map(|at| take(&format!("user{at}")).unwrap())
            .collect();
        drop(all);
        assert!(take("guess").is_ok() && begin.elapsed() < WAIT);
    }

    #[test]
    fn a_known_user_is_not_kept_out_by_strangers_at_the_same_address() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let first = take(folder, "192.0.2.1", "me").unwrap();
        assert!(!first.is_known);
        first.succeed();
        let _held: Vec<Turn> = (0..PLACES)
            .map(|at| take(folder, "192.0.2.1", &format!("guess{at}")).unwrap())
            .collect();
        let begin = Instant::now();
        let mine = take(folder, "192.0.2.1", "me").unwrap();
        assert!(mine.is_known && begin.elapsed() < WAIT);
        assert!(!take(folder, "192.0.2.2", "me").unwrap().is_known);
        // After a month without a visit that is forgotten.
        let mark = mine.mark.clone().unwrap();
        let past = SystemTime::now() - KNOWN - Duration::from_secs(1);
        open(&mark).unwrap().set_modified(past).unwrap();
        drop(_held);
        assert!(!take(folder, "192.0.2.1", "me").unwrap().is_known);
    }

    #[test]
    fn a_computation_that_fails_is_not_right() {
        let turn = Turn::take(None, SECRET, None, "x").unwrap();
        assert!(turn.compute(|| true));
        assert!(!turn.compute(|| panic!("a defect")));
    }

    #[test]
    fn folders() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| Some(root.path().join(name));
        let config = |state, log| Config {
            state_path: state,
            log_path: log,
            ..Config::default()
        };
        assert_eq!(folder(&config(None, None)), None);
        assert_eq!(folder(&config(path("no"), path("such"))), None);
        assert_eq!(folder(&config(path(""), path(""))), path("access"));
        assert_eq!(folder(&config(path("no"), path(""))), path(".access"));
        // One that somebody else has made. Only root can make such a one here.
        if std::os::unix::fs::chown(path("access").unwrap(), Some(1), None).is_ok() {
            assert_eq!(folder(&config(path(""), path(""))), path(".access"));
        }
        // A link is not followed.
        let other = tempfile::tempdir().unwrap();
        fs::remove_dir(path("access").unwrap()).unwrap();
        std::os::unix::fs::symlink(root.path(), other.path().join("access")).unwrap();
        assert_eq!(folder(&config(Some(other.path().to_owned()), None)), None);
    }

    #[test]
    fn nobody_can_tell_who_shares_a_lane() {
        let addresses = (0..=255).map(|at| address(&format!("192.0.2.{at}")));
        let shared = |secret| {
            let lanes = addresses.clone().map(|address| lane_of(secret, address));
            let lanes: std::collections::BTreeSet<String> = lanes.collect();
            lanes
        };
        assert!(shared(1).len() > 200 && shared(1) != shared(2));
    }

    #[test]
    fn households() {
        assert_eq!(
            network("::ffff:192.0.2.1".parse().unwrap()),
            address("192.0.2.1").unwrap()
        );
        let same = |a: &str| network(a.parse().unwrap());
        assert_eq!(same("2001:db8:0:1::1"), same("2001:db8:0:1:ffff::2"));
        assert_ne!(same("2001:db8:0:1::1"), same("2001:db8:0:2::1"));
    }
}
