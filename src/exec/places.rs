//! How many readers run at once, in all and for one client address.
//!
//! The processes of a server know nothing of each other, so whoever runs a reader
//! holds a place: a lock on one of READER_MAX empty files under STATE_PATH/readers,
//! and on one of READER_MAX_PER_ADDRESS files for the client's address. The system
//! lets go of a lock when its process ends, however it does, so there is nothing to
//! clean up. Who finds no place waits for one on one of READER_QUEUE chairs, of which
//! an address may have a quarter, and who finds no chair is sent away.
//!
//! Where there can be no such files, nothing is limited, and the log says so.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::client::Watch;
use super::errors::Stop;
use super::signals::{self, Busy};
use crate::access::{address_number, network};
use crate::config::Config;

/// How long somebody waits at most, how often they look for a place, and how often
/// for their client.
const WAIT: Duration = Duration::from_secs(10);
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 40_000_000,
};
const LOOK_FOR_CLIENT: Duration = Duration::from_secs(1);

/// Larger limits count as this one. A process may have about a thousand files open, and
/// who waits has all of them.
pub const MOST_PLACES: u32 = 400;

/// Addresses share this many lanes.
const LANES: u64 = 4096;

/// The right to run readers, one at a time. Dropping it gives it back.
#[derive(Debug)]
pub struct Place {
    _locks: Vec<File>,
    note: Option<String>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// All places are taken, and all chairs or for too long.
    #[error("All readers of this server are at work, ask again in a few seconds")]
    All,
    /// The same for the places of the client's address.
    #[error(
        "{0} requests for data from your address are under way, as many as this site allows: ask \
         again when one has ended"
    )]
    Address(u32),
    /// Nobody waits any more.
    #[error("{0}")]
    Stopped(Stop),
}

impl Place {
    /// Waits for a place of a client at the address, watched meanwhile.
    ///
    /// # Errors
    /// There is none for now.
    pub fn take(
        config: &Config,
        address: Option<IpAddr>,
        client: &mut dyn Watch,
    ) -> Result<Place, Refused> {
        if config.reader_max.is_none() && config.reader_max_per_address.is_none() {
            return Ok(Place::free(None));
        }
        let Some(state) = &config.state_path else {
            return Ok(Place::free(Some("STATE_PATH is not set".to_owned())));
        };
        let folder = state.join("readers");
        let taken = make(&folder)
            .map_err(End::File)
            .and_then(|secret| Hall::new(&folder, secret, config, address).enter(client));
        match taken {
            Ok(place) => Ok(place),
            Err(End::Refused(refused)) => Err(refused),
            Err(End::File(error)) => {
                Ok(Place::free(Some(format!("{}: {error}", folder.display()))))
            }
        }
    }

    fn free(why: Option<String>) -> Place {
        Place {
            _locks: Vec::new(),
            note: why.map(|why| format!("not limited in number: {why}")),
        }
    }

    /// What the log is to be told: which place it is.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// Why the waiting ended.
enum End {
    Refused(Refused),
    File(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> End {
        End::File(error)
    }
}

/// The places and chairs that one request may have.
struct Hall {
    /// None where there is no limit.
    all: Option<Seats>,
    own: Option<Seats>,
    chairs: Seats,
    own_chairs: Option<Seats>,
}

impl Hall {
    fn new(folder: &Path, secret: Secret, config: &Config, address: Option<IpAddr>) -> Hall {
        let lane = address_number(secret, address.map(network)) % LANES;
        let seats = |name: String, count: u32| Seats::new(folder.join(name), count);
        let queue = config.reader_queue.unwrap_or_default().min(MOST_PLACES);
        let own = config.reader_max_per_address;
        Hall {
            all: config
                .reader_max
                .map(|most| seats("place".to_owned(), most)),
            own: own.map(|most| seats(format!("from-{lane:03x}.place"), most)),
            chairs: seats("chair".to_owned(), queue),
            own_chairs: own.map(|_| seats(format!("from-{lane:03x}.chair"), queue.div_ceil(4))),
        }
    }

    fn enter(mut self, client: &mut dyn Watch) -> Result<Place, End> {
        let began = Instant::now();
        let mut held: Option<(File, u32)> = None;
        let mut waiting: Option<Waiting> = None;
        loop {
            if held.is_none()
                && let Some(own) = &mut self.own
            {
                held = own.take()?;
            }
            let refused = match (&self.own, &held) {
                (Some(own), None) => Refused::Address(own.count),
                _ => match &mut self.all {
                    None => return Ok(self.place(None, held, waiting.map(|_| began.elapsed()))),
                    Some(all) => match all.take()? {
                        None => Refused::All,
                        all => {
                            let waited = waiting.map(|_| began.elapsed());
                            return Ok(self.place(all, held, waited));
                        }
                    },
                },
            };
            if waiting.is_none() {
                waiting = self.sit()?;
            }
            match &mut waiting {
                Some(waiting) if began.elapsed() < WAIT => waiting.pause(client)?,
                _ => return Err(End::Refused(refused)),
            }
        }
    }

    /// Takes a chair; None if there is none.
    fn sit(&mut self) -> io::Result<Option<Waiting>> {
        let own = match &mut self.own_chairs {
            None => None,
            Some(chairs) => match chairs.take()? {
                None => return Ok(None),
                chair => chair,
            },
        };
        let chair = self.chairs.take()?;
        Ok(chair.map(|(chair, _)| Waiting {
            _chairs: (chair, own),
            _busy: Busy::new(),
            looked: Instant::now(),
        }))
    }

    fn place(
        &self,
        all: Option<(File, u32)>,
        own: Option<(File, u32)>,
        waited: Option<Duration>,
    ) -> Place {
        let mut note = "place".to_owned();
        let mut add = |more: fmt::Arguments<'_>| note.push_str(&more.to_string());
        if let (Some((_, at)), Some(seats)) = (&all, &self.all) {
            add(format_args!(" {at} of {}", seats.count));
        }
        if let (Some((_, at)), Some(seats)) = (&own, &self.own) {
            let comma = if all.is_some() { "," } else { "" };
            add(format_args!(
                "{comma} {at} of {} for the address",
                seats.count
            ));
        }
        if let Some(waited) = waited {
            add(format_args!(", after waiting {} ms", waited.as_millis()));
        }
        Place {
            _locks: all.into_iter().chain(own).map(|(lock, _)| lock).collect(),
            note: Some(note),
        }
    }
}

/// Somebody on a chair. A signal is noted meanwhile, as while a reader runs.
struct Waiting {
    _chairs: (File, Option<(File, u32)>),
    _busy: Busy,
    looked: Instant,
}

impl Waiting {
    fn pause(&mut self, client: &mut dyn Watch) -> Result<(), End> {
        let stopped = |stop| Err(End::Refused(Refused::Stopped(stop)));
        let output = client.output();
        let wake = signals::wake();
        let mut ends: Vec<PollFd<'_>> = output
            .iter()
            .map(|end| PollFd::from_borrowed_fd(*end, PollFlags::empty()))
            .chain(wake.map(|end| PollFd::from_borrowed_fd(end, PollFlags::IN)))
            .collect();
        // An error is a signal, which is asked for next.
        let _ = poll(&mut ends, Some(&LOOK));
        let hung_up = PollFlags::ERR | PollFlags::HUP;
        let is_closed = ends.iter().any(|end| end.revents().intersects(hung_up));
        if signals::told_to_end() {
            return stopped(Stop::Terminated);
        }
        if is_closed {
            return stopped(Stop::ClientGone);
        }
        if self.looked.elapsed() >= LOOK_FOR_CLIENT {
            self.looked = Instant::now();
            if client.client_gone() {
                return stopped(Stop::ClientGone);
            }
        }
        Ok(())
    }
}

/// Files of which one is to be locked. Those that were looked at stay open, so that
/// looking again costs little.
struct Seats {
    path: PathBuf,
    count: u32,
    open: Vec<Option<File>>,
}

impl Seats {
    fn new(path: PathBuf, count: u32) -> Seats {
        let count = count.min(MOST_PLACES);
        let open = (0..count).map(|_| None).collect();
        Seats { path, count, open }
    }

    /// The first that nobody has, with its number from 1.
    fn take(&mut self) -> io::Result<Option<(File, u32)>> {
        for (number, slot) in (1..).zip(&mut self.open) {
            let file = match slot.take() {
                Some(file) => file,
                None => open(&self.path.with_added_extension(number.to_string()))?,
            };
            match file.try_lock() {
                Ok(()) => return Ok(Some((file, number))),
                Err(TryLockError::WouldBlock) => *slot = Some(file),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// What no client knows: who has many addresses shall not choose one that shares its
/// lane with somebody else's.
type Secret = (u64, Option<SystemTime>);

/// Makes the folder, which is no link, and this account's own: in another's all
/// places could be taken.
fn make(folder: &Path) -> io::Result<Secret> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let there = fs::symlink_metadata(folder)?;
    if !there.is_dir() {
        return Err(io::Error::other("it is no folder"));
    }
    if there.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it is another account's"));
    }
    Ok((there.ino(), there.created().ok()))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(test)]
mod tests;
