use std::fs::File;

use super::*;

fn summary(description: &str) -> Summary {
    Summary {
        description: Some(description.to_owned()),
        has_example: true,
        ..Summary::default()
    }
}

struct Place {
    state: tempfile::TempDir,
    file: PathBuf,
}

impl Place {
    fn new() -> Place {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("x.dsdf");
        fs::write(&file, "12345").unwrap();
        Place { state, file }
    }

    fn open(&self) -> Index {
        Index::open(self.state.path(), Path::new("/root")).unwrap()
    }

    /// As it will be in a minute: files are old enough then.
    fn later(&self) -> Index {
        let mut index = self.open();
        index.now += 60;
        index
    }

    fn stat(&self) -> Stat {
        rustix::fs::stat(&self.file).unwrap()
    }

    fn index(&self) -> PathBuf {
        self.state.path().join("list/index")
    }
}

#[test]
fn records_come_back_in_any_order() {
    let place = Place::new();
    let state = place.stat();
    let mut index = place.later();
    let names = ["b/x.dsdf", "a.dsdf", "é.dsdf", "b/_dirinfo_.dsdf"];
    for name in names {
        assert_eq!(index.find(name, &state), None);
        index.add(name, &state, &summary(name));
    }
    index.save().unwrap();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let mut index = place.open();
        assert_eq!(index.count, 4);
        for at in order {
            assert_eq!(index.find(names[at], &state), Some(summary(names[at])));
            assert_eq!(index.find("none", &state), None);
        }
    }
    // A file that is gone, and one that is new.
    let mut index = place.later();
    index.find(names[1], &state).unwrap();
    index.find(names[3], &state).unwrap();
    index.add("new", &state, &Summary::default());
    index.save().unwrap();
    let mut index = place.open();
    assert_eq!(index.count, 3);
    assert_eq!(index.find("new", &state), Some(Summary::default()));
    assert_eq!(index.find(names[0], &state), None);
    assert_eq!(index.find(names[1], &state), Some(summary(names[1])));
}

#[test]
fn an_edit_is_never_hidden() {
    let place = Place::new();
    let before = place.stat();
    let mut index = place.later();
    index.add("x", &before, &summary("old"));
    index.save().unwrap();
    // The same size and the same time of its data.
    let modified = fs::metadata(&place.file).unwrap().modified().unwrap();
    let began = std::time::Instant::now();
    while place.stat().st_ctime_nsec == before.st_ctime_nsec {
        assert!(began.elapsed().as_secs() < 10);
        fs::write(&place.file, "54321").unwrap();
        let file = File::options().write(true).open(&place.file).unwrap();
        file.set_modified(modified).unwrap();
    }
    assert_eq!(place.stat().st_mtime_nsec, before.st_mtime_nsec);
    assert_eq!(place.open().find("x", &place.stat()), None);
    assert_eq!(place.open().find("x", &before), Some(summary("old")));
    // What has just changed may change again within the same moment.
    let (mut index, state) = (place.open(), place.stat());
    index.now = state.st_ctime;
    index.add("y", &state, &summary("new"));
    assert!(index.new.is_empty());
}

#[test]
fn what_is_broken_or_strange_counts_as_none() {
    let place = Place::new();
    let state = place.stat();
    let mut index = place.later();
    index.add("x", &state, &summary("d"));
    index.save().unwrap();
    let good = fs::read(place.index()).unwrap();
    assert!(place.open().find("x", &state).is_some());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(place.index(), &bad).unwrap();
        assert_eq!(place.open().find("x", &state), None, "byte {at}");
        fs::write(place.index(), &good[..at]).unwrap();
        assert_eq!(place.open().find("x", &state), None, "cut at {at}");
    }
    fs::write(place.index(), &good).unwrap();
    let other = Index::open(place.state.path(), Path::new("/other"));
    assert_eq!(other.unwrap().find("x", &state), None);
    // One that others may write, a link, a FIFO, a folder.
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(place.index(), fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(place.open().find("x", &state), None);
    let elsewhere = place.state.path().join("elsewhere");
    fs::rename(place.index(), &elsewhere).unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(&elsewhere, place.index()).unwrap();
    assert_eq!(place.open().find("x", &state), None);
    fs::remove_file(place.index()).unwrap();
    fs::create_dir(place.index()).unwrap();
    assert_eq!(place.open().find("x", &state), None);
    let mut index = place.later();
    index.add("x", &state, &summary("d"));
    assert!(index.save().is_err());
}

#[test]
fn records_that_lie_are_no_records() {
    // Sums are right, lengths are not.
    for (name_length, description_length) in [(u32::MAX, 1), (1, u32::MAX), (0, 0), (200, 200)] {
        let mut bytes = Vec::new();
        bytes.extend(name_length.to_le_bytes());
        bytes.extend(description_length.to_le_bytes());
        bytes.extend([0; 60]);
        let found = record(&bytes, 0);
        assert_eq!(found.is_some(), name_length == 0);
        assert!(record(&bytes, usize::MAX).is_none());
    }
    let place = Place::new();
    let state = place.stat();
    let mut index = place.later();
    index.add("x", &state, &summary("a\r\nevil|line"));
    index.save().unwrap();
    assert_eq!(place.open().find("x", &state), None);
}

#[test]
fn one_of_two_writers_writes() {
    let place = Place::new();
    let mut index = place.later();
    index.add("x", &place.stat(), &summary("d"));
    let new = place.state.path().join("list/index.new");
    let held = File::create(&new).unwrap();
    held.lock().unwrap();
    index.save().unwrap();
    assert!(!place.index().exists());
    drop(held);
    index.save().unwrap();
    assert!(place.index().exists() && !new.exists());
}
