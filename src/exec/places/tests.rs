use super::*;

/// A client that stays, or has gone.
struct Somebody {
    is_gone: bool,
}

impl Watch for Somebody {
    fn client_gone(&mut self) -> bool {
        self.is_gone
    }
}

fn config(state: &Path, all: u32, own: u32, queue: u32) -> Config {
    let limit = |number: u32| Some(number).filter(|number| *number > 0);
    Config {
        state_path: Some(state.to_owned()),
        reader_max: limit(all),
        reader_max_per_address: limit(own),
        reader_queue: Some(queue),
        ..Config::default()
    }
}

fn take(config: &Config, address: &str) -> Result<Place, Refused> {
    let address = Some(address.parse().unwrap());
    Place::take(config, address, &mut Somebody { is_gone: false })
}

#[test]
fn places_of_all_and_of_an_address() {
    let state = tempfile::tempdir().unwrap();
    let config = config(state.path(), 3, 2, 0);
    let first = take(&config, "192.0.2.1").unwrap();
    assert_eq!(first.note(), Some("place 1 of 3, 1 of 2 for the address"));
    let second = take(&config, "192.0.2.1").unwrap();
    assert_eq!(second.note(), Some("place 2 of 3, 2 of 2 for the address"));
    assert_eq!(take(&config, "192.0.2.1").unwrap_err(), Refused::Address(2));
    let _third = take(&config, "192.0.2.2").unwrap();
    assert_eq!(take(&config, "192.0.2.3").unwrap_err(), Refused::All);
    drop(first);
    assert!(take(&config, "192.0.2.3").is_ok());
    // One household of IPv6 is one address.
    let homes = self::config(state.path(), 0, 1, 0);
    let _held = take(&homes, "2001:db8::1").unwrap();
    let refused = take(&homes, "2001:db8::2").unwrap_err();
    assert!(refused.to_string().starts_with("1 requests"), "{refused}");
    assert!(take(&homes, "2001:db8:1::1").is_ok());
}

#[test]
fn a_place_goes_to_who_waits() {
    let state = tempfile::tempdir().unwrap();
    let config = config(state.path(), 1, 0, 1);
    let held = take(&config, "192.0.2.1").unwrap();
    let config = &config;
    std::thread::scope(|scope| {
        // Whoever looks whether the chair is taken sits on it for a moment.
        let began = Instant::now();
        let waiting = scope.spawn(move || {
            loop {
                match take(config, "192.0.2.2") {
                    Err(Refused::All) if began.elapsed() < WAIT => std::thread::yield_now(),
                    taken => break taken.unwrap(),
                }
            }
        });
        // The chair is seen to be taken, then nobody else may wait.
        let chair = state.path().join("readers/chair.1");
        let is_taken = || {
            let file = open(&chair);
            file.is_ok_and(|file| file.try_lock().is_err())
        };
        while !is_taken() {
            assert!(began.elapsed() < WAIT);
            std::thread::yield_now();
        }
        let asked = Instant::now();
        assert_eq!(take(config, "192.0.2.3").unwrap_err(), Refused::All);
        assert!(asked.elapsed() < WAIT / 2);
        drop(held);
        let note = waiting.join().unwrap().note().unwrap().to_owned();
        assert!(note.starts_with("place 1 of 1, after waiting "), "{note}");
    });
}

#[test]
fn one_address_has_a_quarter_of_the_chairs() {
    let state = tempfile::tempdir().unwrap();
    let config = config(state.path(), 8, 1, 8);
    let address = Some("192.0.2.1".parse().unwrap());
    let folder = state.path().join("readers");
    let secret = make(&folder).unwrap();
    let hall = || Hall::new(&folder, secret, &config, address);
    let sitting: Vec<_> = (0..3).map(|_| hall().sit().unwrap()).collect();
    let seated: Vec<bool> = sitting.iter().map(Option::is_some).collect();
    assert_eq!(seated, [true, true, false]);
}

#[test]
fn nobody_waits_for_a_client_that_has_gone() {
    let state = tempfile::tempdir().unwrap();
    let config = config(state.path(), 1, 0, 1);
    let _held = take(&config, "192.0.2.1").unwrap();
    let gone = Place::take(&config, None, &mut Somebody { is_gone: true }).unwrap_err();
    assert_eq!(gone, Refused::Stopped(Stop::ClientGone));
}

#[test]
fn without_a_folder_there_is_no_limit() {
    let state = tempfile::tempdir().unwrap();
    let note = |config: &Config| {
        let place = take(config, "192.0.2.1").unwrap();
        place.note().unwrap_or_default().to_owned()
    };
    let off = |config: &Config| note(config).starts_with("not limited in number: ");
    let path = |name: &str| state.path().join(name);
    assert!(off(&Config {
        state_path: None,
        ..config(state.path(), 1, 0, 0)
    }));
    assert!(off(&config(&path("none"), 1, 0, 0)));
    // A file, a link, a FIFO and a folder in the place of what is expected.
    fs::write(path("readers"), "").unwrap();
    assert!(off(&config(state.path(), 1, 0, 0)));
    fs::remove_file(path("readers")).unwrap();
    std::os::unix::fs::symlink("/tmp", path("readers")).unwrap();
    assert!(off(&config(state.path(), 1, 0, 0)));
    fs::remove_file(path("readers")).unwrap();
    fs::create_dir(path("readers")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", path("readers/place.1")).unwrap();
    assert!(off(&config(state.path(), 1, 0, 0)));
    fs::remove_file(path("readers/place.1")).unwrap();
    fs::create_dir(path("readers/place.1")).unwrap();
    assert!(off(&config(state.path(), 1, 0, 0)));
    fs::remove_dir(path("readers/place.1")).unwrap();
    assert_eq!(note(&config(state.path(), 0, 0, 0)), "");
    // So many files cannot be open at once.
    assert_eq!(
        note(&config(state.path(), u32::MAX, 0, 0)),
        "place 1 of 400"
    );
}

#[test]
fn nobody_can_tell_who_shares_a_lane() {
    let state = tempfile::tempdir().unwrap();
    let config = config(state.path(), 0, 1, 0);
    let lanes = |secret: Secret| -> Vec<PathBuf> {
        let of = |at: u8| Some(IpAddr::from([192, 0, 2, at]));
        let hall = |at| Hall::new(state.path(), secret, &config, of(at));
        (0..=255).map(|at| hall(at).own.unwrap().path).collect()
    };
    let folder = state.path().join("readers");
    let secret = make(&folder).unwrap();
    assert_eq!(make(&folder).unwrap(), secret);
    assert_eq!(lanes(secret), lanes(secret));
    assert_ne!(lanes(secret), lanes((secret.0, None)));
    // Only root can give a folder away.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&folder, Some(12345), None).unwrap();
        assert!(make(&folder).is_err());
    }
}
