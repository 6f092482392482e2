//! Edits of a tree at random: the list by the index is the list without.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::*;

const FOLDERS: [&str; 3] = ["", "A", "B"];
const NAMES: [&str; 5] = ["a.dsdf", "b.dsdf", "c.dsdf", "D", "_dirinfo_.dsdf"];

/// All of one size.
const TEXTS: [&str; 5] = [
    "description = 'one'\n",
    "description = 'two'\n",
    "hidden = 1;         \n",
    "browse = no;        \n",
    "exampleRange = 'x'; \n",
];

/// A tree, and chance.
struct Edited {
    root: PathBuf,
    /// What a file had as inode and time of change. In two seconds none comes twice;
    /// here edits follow each other faster.
    seen: HashSet<(u64, i64, i64)>,
    state: u64,
}

impl Edited {
    fn any(&mut self, below: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.state >> 33) as usize % below
    }

    fn path(&mut self) -> PathBuf {
        let (folder, name) = (self.any(FOLDERS.len()), self.any(NAMES.len()));
        self.root.join(FOLDERS[folder]).join(NAMES[name])
    }

    /// Writes the file, over what is there or in its place, with an old time.
    fn write(&mut self, path: &Path) {
        let text = TEXTS[self.any(TEXTS.len())];
        if self.any(2) == 0 {
            let _ = fs::remove_file(path);
        }
        let began = std::time::Instant::now();
        loop {
            // Not through a link that leads back to a folder, or into nothing.
            let Ok(()) = fs::write(path, text) else {
                return;
            };
            let file = fs::File::options().write(true).open(path).unwrap();
            let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
            file.set_modified(old).unwrap();
            let at = file.metadata().unwrap();
            if self.seen.insert((at.ino(), at.ctime(), at.ctime_nsec())) {
                return;
            }
            assert!(began.elapsed().as_secs() < 10);
        }
    }

    fn edit(&mut self) -> String {
        let (one, other) = (self.path(), self.path());
        let what = match self.any(7) {
            0..=2 => {
                self.write(&one);
                "written"
            }
            3 => {
                let _ = fs::remove_file(&one);
                "removed"
            }
            4 => {
                // Over another, which may have the same size and time.
                let _ = fs::rename(&one, &other);
                "renamed"
            }
            5 => {
                let _ = fs::remove_file(&one);
                let _ = symlink(&other, &one);
                "linked"
            }
            _ => {
                let spare = self.root.join("spare");
                fs::rename(self.root.join("A"), &spare).unwrap();
                fs::rename(self.root.join("B"), self.root.join("A")).unwrap();
                fs::rename(spare, self.root.join("B")).unwrap();
                "folders swapped"
            }
        };
        format!("{what}: {}, {}", one.display(), other.display())
    }
}

#[test]
fn whatever_is_done_to_a_tree_its_index_hides_nothing() {
    for seed in 1..6 {
        let folder = tempfile::tempdir().unwrap();
        let (root, state) = (folder.path().join("sets"), folder.path().join("state"));
        for folder in [root.join("A"), root.join("B"), state.clone()] {
            fs::create_dir_all(folder).unwrap();
        }
        let tree = Tree::new(&root);
        let config = Config {
            state_path: Some(state.clone()),
            ..Config::default()
        };
        let mut edited = Edited {
            root: root.clone(),
            seen: HashSet::new(),
            state: seed,
        };
        let mut known = 0;
        for step in 0..150 {
            let what = edited.edit();
            let plain = tree.walk(&config).unwrap();
            // As it would be in a minute, when what has changed is old enough.
            let mut index = Index::open(&state, &root).unwrap();
            index.now += 60;
            let listing = tree.walk_by(&config, index).unwrap();
            assert_eq!(listing, plain, "seed {seed}, step {step}, {what}");
            // A record has some eighty bytes.
            let index = fs::metadata(state.join("list/index"));
            known = known.max(index.map_or(0, |index| index.len()));
        }
        assert!(known > 400, "{known}");
    }
}
