//! What systemd is told: sd_notify(3), as datagrams to NOTIFY_SOCKET.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Tells a service manager, if there is one.
#[derive(Debug)]
pub struct Notifier {
    to: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// As NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID in the environment say.
    pub fn from_environment() -> Notifier {
        Notifier::of(std::env::var_os)
    }

    /// Tells nobody.
    pub fn none() -> Notifier {
        Notifier {
            to: None,
            watchdog: None,
        }
    }

    fn of(variable: impl Fn(&'static str) -> Option<OsString>) -> Notifier {
        let number = |name| -> Option<u64> { variable(name)?.to_str()?.parse().ok() };
        let me = u64::from(std::process::id());
        let for_us = number("WATCHDOG_PID").is_none_or(|pid| pid == me);
        let period = number("WATCHDOG_USEC").filter(|period| *period > 0 && for_us);
        let to = variable("NOTIFY_SOCKET").and_then(|name| connect(name.as_bytes()).ok());
        Notifier {
            watchdog: period.map(Duration::from_micros).filter(|_| to.is_some()),
            to,
        }
    }

    /// Within what time [`Notifier::alive`] has to be said each time.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// It has started, and works.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// It lives.
    pub fn alive(&self) {
        if self.watchdog.is_some() {
            self.tell("WATCHDOG=1");
        }
    }

    /// It is ending.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// What it is at, for people.
    pub fn status(&self, text: &str) {
        self.tell(&format!("STATUS={}", text.replace('\n', " ")));
    }

    fn tell(&self, text: &str) {
        if let Some((socket, address)) = &self.to {
            // A manager that does not listen is no reason to end.
            let _ = socket.send_to_addr(text.as_bytes(), address);
        }
    }
}

fn connect(name: &[u8]) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut text = [0; 100];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    }

    #[test]
    fn both_kinds_of_sockets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let hidden = format!("das2-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&hidden).unwrap();
        for (socket, name) in [
            (
                UnixDatagram::bind(&path).unwrap(),
                path.to_str().unwrap().to_owned(),
            ),
            (
                UnixDatagram::bind_addr(&address).unwrap(),
                format!("@{hidden}"),
            ),
        ] {
            let variable = |wanted: &str| match wanted {
                "NOTIFY_SOCKET" => Some(OsString::from(&name)),
                "WATCHDOG_USEC" => Some("2000000".into()),
                _ => None,
            };
            let notifier = Notifier::of(variable);
            assert_eq!(notifier.watchdog(), Some(Duration::from_secs(2)));
            notifier.ready();
            notifier.alive();
            notifier.status("a\nb");
            notifier.stopping();
            let all: Vec<String> = (0..4).map(|_| heard(&socket)).collect();
            assert_eq!(all, ["READY=1", "WATCHDOG=1", "STATUS=a b", "STOPPING=1"]);
        }
    }

    #[test]
    fn nobody_and_nobodys_watchdog() {
        let none = Notifier::of(|_| None);
        assert_eq!(none.watchdog(), None);
        none.ready();
        let other = Notifier::of(|name| match name {
            "NOTIFY_SOCKET" => Some("@nobody".into()),
            "WATCHDOG_USEC" => Some("5".into()),
            _ => Some("1".into()),
        });
        assert_eq!(other.watchdog(), None);
        other.alive();
    }
}
