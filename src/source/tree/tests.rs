use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sets");
    fs::create_dir(&root).unwrap();
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    (folder, Tree::new(root))
}

fn lines(tree: &Tree) -> Vec<String> {
    let text = tree.walk(&Config::default()).unwrap().list_text();
    assert!(text.is_empty() || text.ends_with("\r\n"));
    text.lines().map(str::to_owned).collect()
}

fn load(tree: &Tree, name: &str) -> Result<Definition, SourceError> {
    tree.load(name, &|_| None, &Config::default())
}

const SOURCE: &str = "description = 'd'\nreader = r\ndas2Stream = 1\n";

/// The examples of das2-pyserver, as far as a list sees them.
fn examples() -> (tempfile::TempDir, Tree) {
    tree(&[
        (
            "Examples/_dirinfo_.dsdf",
            "description = 'Example data sources to assist in setting up a new server'\n",
        ),
        (
            "Examples/Auth.dsdf",
            "description = 'Authentication test, username is \"testuser\" and password is \"test\"'\n",
        ),
        (
            "Examples/Params.dsdf",
            "description = 'THEMIS SCW-EFW Power Spectral Density (Sample Dataset)'\n",
        ),
        (
            "Examples/Random.dsdf",
            "description = 'Produce random values between -10 and +10'\nexampleRange_00 = 'a to b'\n",
        ),
        (
            "Examples/Spectra.dsdf",
            "description = 'Uncalibrated spectra'\n",
        ),
        (
            "Examples/Waveform.dsdf",
            "description = 'Uncalibrated waveforms'\n",
        ),
    ])
}

#[test]
fn the_list_of_the_examples() {
    let (_folder, tree) = examples();
    assert_eq!(
        lines(&tree),
        [
            "Examples/|Example data sources to assist in setting up a new server",
            "Examples/Auth|Authentication test, username is \"testuser\" and password is \"test\"",
            "Examples/Params|THEMIS SCW-EFW Power Spectral Density (Sample Dataset)",
            "Examples/Random|Produce random values between -10 and +10",
            "Examples/Spectra|Uncalibrated spectra",
            "Examples/Waveform|Uncalibrated waveforms",
        ]
    );
    let discovery = tree.walk(&Config::default()).unwrap().discovery_text();
    assert_eq!(
        discovery,
        "Examples/|Example data sources to assist in setting up a new server\r\n\
         Examples/Random|Produce random values between -10 and +10\r\n"
    );
}

#[test]
fn names_of_files() {
    let (_folder, tree) = tree(&[
        ("x.dsdf", SOURCE),
        ("A/y.dsdf", SOURCE),
        ("UP.DSDF", SOURCE),
        ("z.dsdf.x.dsdf", SOURCE),
        ("_dirinfo_.dsdf", SOURCE),
        ("A/_DIRINFO_.DSDF", SOURCE),
        ("readme.txt", SOURCE),
        ("plain", SOURCE),
        ("folder.dsdf/in.dsdf", SOURCE),
    ]);
    for (asked, name, file) in [
        ("x", "x", "x.dsdf"),
        ("x.dsdf", "x", "x.dsdf"),
        ("/x", "x", "x.dsdf"),
        ("A/y.dsdf", "A/y", "A/y.dsdf"),
        ("UP.DSDF", "UP.DSDF", "UP.DSDF"),
        ("z.dsdf.x", "z.dsdf.x", "z.dsdf.x.dsdf"),
        ("folder.dsdf/in", "folder.dsdf/in", "folder.dsdf/in.dsdf"),
    ] {
        let located = tree.locate(asked).unwrap();
        assert_eq!(located.name.as_str(), name, "{asked}");
        assert_eq!(located.path, tree.root().join(file), "{asked}");
        assert_eq!(load(&tree, asked).unwrap().name, located.name);
    }
    for asked in [
        "X",
        "up",
        "UP",
        "up.dsdf",
        "x.dsdf.dsdf",
        "A",
        "A/",
        "readme.txt",
        "readme",
        "plain",
        "_dirinfo_",
        "_dirinfo_.dsdf",
        "A/_DIRINFO_",
        "A/_DIRINFO_.DSDF",
        "folder",
        "folder.dsdf",
        "a/../x",
        "../sets/x",
        "./x",
        "A//y",
        "x\0",
        "x\n",
        "A\\y",
        "",
    ] {
        let refused = load(&tree, asked).unwrap_err();
        assert!(matches!(refused, SourceError::NotFound(_)), "{asked:?}");
        assert!(!refused.client_message().contains("sets/x.dsdf"));
    }
    let long = "x/".repeat(200) + &"x".repeat(400);
    assert!(matches!(load(&tree, &long), Err(SourceError::NotFound(_))));
    let expected = [
        "A/",
        "A/y|d",
        "UP.DSDF|d",
        "folder.dsdf/",
        "folder.dsdf/in|d",
        "x|d",
        "z.dsdf.x|d",
    ];
    assert_eq!(lines(&tree), expected);
}

/// A client that is told that a source is not there may forget it.
#[test]
fn a_tree_that_cannot_be_seen_is_no_missing_source() {
    let (folder, tree) = tree(&[("A/x.dsdf", "description = 'd'")]);
    assert!(load(&tree, "A/x").is_ok());
    let closed = folder.path().join("sets/A");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    // Root sees it all the same.
    if let Err(error) = load(&tree, "A/x") {
        assert!(matches!(error, SourceError::Unreadable { .. }), "{error}");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    fs::rename(tree.root(), folder.path().join("away")).unwrap();
    let error = load(&tree, "A/x").unwrap_err();
    assert!(matches!(error, SourceError::NoTree { .. }), "{error}");
}

#[test]
fn what_is_listed_can_be_asked_for_by_that_name() {
    let files = [
        "z.dsdf",
        "z.dsdf.dsdf",
        "A/z.dsdf.dsdf.dsdf",
        "zz.dsdf",
        "Z.DSDF",
        "z.Dsdf",
        "f.dsdf/z.dsdf",
    ];
    let (_folder, tree) = tree(&files.map(|file| (file, SOURCE)));
    let listing = tree.walk(&Config::default()).unwrap();
    let sources = listing.items.iter().filter(|item| !item.is_folder());
    let found = sources.map(|item| tree.locate(&item.name).unwrap().path);
    let found: std::collections::BTreeSet<_> = found.collect();
    let expected = files.map(|file| tree.root().join(file));
    assert_eq!(found, expected.into_iter().collect(), "{listing:?}");
}

#[test]
fn nothing_outside_the_tree() {
    let (folder, tree) = tree(&[("L/x.dsdf", SOURCE), ("top.dsdf", SOURCE)]);
    fs::write(folder.path().join("out.dsdf"), SOURCE).unwrap();
    for asked in [
        "../out",
        "../../etc/passwd",
        "L/../top",
        "L/../../out",
        "/../out",
        "..\\out",
    ] {
        assert!(tree.locate(asked).is_err(), "{asked}");
    }
}

#[test]
fn links_are_followed_and_loops_end() {
    let (folder, tree) = tree(&[("A/x.dsdf", SOURCE)]);
    let outside = folder.path().join("elsewhere");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("o.dsdf"), SOURCE).unwrap();
    let root = tree.root();
    symlink(&outside, root.join("Linked")).unwrap();
    symlink(root.join("A/x.dsdf"), root.join("link.dsdf")).unwrap();
    symlink(root, root.join("A/loop")).unwrap();
    symlink("self", root.join("self")).unwrap();
    symlink("gone.dsdf", root.join("broken.dsdf")).unwrap();
    assert!(tree.locate("Linked/o").is_ok() && tree.locate("link").is_ok());
    assert!(tree.locate("broken").is_err());
    let listing = tree.walk(&Config::default()).unwrap();
    let names: Vec<_> = listing
        .items
        .iter()
        .map(|item| item.name.as_str())
        .collect();
    assert_eq!(names, ["A/", "A/x", "Linked/", "Linked/o", "link"]);
    assert_eq!(listing.findings.len(), 3, "{:?}", listing.findings);
}

#[test]
fn broken_files_do_not_break_the_list() {
    let (_folder, tree) = tree(&[
        ("a.dsdf", "description = 'good'\nreader = r\n"),
        ("bad.dsdf", "description = 'before'\nno pair\nreader = r\n"),
        ("empty.dsdf", ""),
        ("hidden.dsdf", "no pair\nhidden = 1\n"),
        ("subst.dsdf", "description = 'x $(nope) y'\nreader = r\n"),
        ("large.dsdf", &format!("a = '{}'\n", "x".repeat(1 << 20))),
    ]);
    let latin = tree.root().join("latin.dsdf");
    fs::write(&latin, b"description = 'M\xFCnchen'\nreader = r\n").unwrap();
    let listing = tree.walk(&Config::default()).unwrap();
    assert_eq!(
        listing.list_text(),
        "a|good\r\nbad|before\r\nempty\r\nlarge\r\nlatin|München\r\nsubst|x $(nope) y\r\n"
    );
    let messages: Vec<_> = listing.findings.iter().map(Finding::to_string).collect();
    assert_eq!(messages.len(), 4, "{messages:?}");
    for (name, error) in [
        ("bad", "line 2"),
        ("subst", "line 1"),
        ("empty", "is empty"),
        ("large", "cannot be read"),
    ] {
        let refused = load(&tree, name).unwrap_err();
        let public = refused.client_message();
        assert!(public.contains(name) && public.contains(error), "{public}");
        assert!(!public.contains(".dsdf"), "{public}");
    }
    assert_eq!(load(&tree, "latin").unwrap().findings.len(), 1);
}

#[test]
fn hidden_and_renamed_sources_are_not_listed_and_answer() {
    let (_folder, tree) = tree(&[
        ("a.dsdf", SOURCE),
        ("B/b.dsdf", "description = d\nhidden = 0\n"),
        ("c.dsdf", "description = d\nRename = 'a'\n"),
        ("d.dsdf", "summary = 'hidden = 1'\n"),
    ]);
    assert_eq!(lines(&tree), ["a|d", "d"]);
    assert!(load(&tree, "B/b").unwrap().hidden);
    assert!(load(&tree, "c").is_ok());
}

#[test]
fn descriptions() {
    let (_folder, tree) = tree(&[
        (
            "a.dsdf",
            "summary = 'the description = wrong'\ndescription = 'x = 1; '+$\n  'y|z'\n",
        ),
        (
            "b.dsdf",
            "; description = 'no'\ndescription = 'in $(THIS)'\nTHIS = 'this file'\n",
        ),
        ("C/c.dsdf", "reader = r\n"),
        ("C/_dirinfo_.dsdf", "description = 'of $(SITE)'\n"),
    ]);
    let config = Config::from_conf(Path::new("c"), b"SITE = our site\n").unwrap();
    let text = tree.walk(&config).unwrap().list_text();
    assert_eq!(
        text,
        "C/|of our site\r\nC/c\r\na|x = 1; y z\r\nb|in this file\r\n"
    );
}

#[test]
fn odd_names_in_the_tree_are_findings() {
    let (_folder, tree) = tree(&[
        ("a|b.dsdf", SOURCE),
        ("new\nline.dsdf", SOURCE),
        ("back\\slash/x.dsdf", SOURCE),
        (".dsdf", SOURCE),
        ("good one.dsdf", SOURCE),
    ]);
    fs::write(tree.root().join(OsStr::from_bytes(b"\xFF.dsdf")), SOURCE).unwrap();
    let listing = tree.walk(&Config::default()).unwrap();
    assert_eq!(listing.list_text(), "good one|d\r\n");
    assert_eq!(listing.findings.len(), 5, "{:?}", listing.findings);
}

#[test]
fn no_tree() {
    let tree = Tree::new("/nowhere/at/all");
    let error = tree.walk(&Config::default()).unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all"));
    assert!(!error.client_message().contains('/'));
    assert!(tree.locate("x").is_err());
}

#[test]
fn a_pipe_is_no_source() {
    let (_folder, tree) = tree(&[("a.dsdf", SOURCE)]);
    let path = tree.root().join("pipe.dsdf");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.is_ok_and(|status| status.success()));
    assert!(tree.locate("pipe").is_err());
    assert_eq!(lines(&tree), ["a|d"]);
}

/// With an index of files that are old enough for it, the second time.
#[test]
fn an_index_changes_nothing() {
    let (folder, tree) = examples();
    let root = tree.root().to_owned();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    let config = Config {
        state_path: Some(state.clone()),
        ..Config::default()
    };
    fs::write(
        root.join("Examples/_dirinfo_.dsdf"),
        "description = 'Folder'\nbrowse = no\n",
    )
    .unwrap();
    for (name, text) in [
        ("hidden", "description = 'x'\nhidden = 1\n"),
        ("none", ""),
        ("own", "description = 'in $(THIS)'\n"),
        ("UP.DSDF/x", "description = 'y'\n"),
        ("deep/er/z", "reader = 'r'\n"),
    ] {
        let path = root.join(format!("{name}.dsdf"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    symlink("hidden.dsdf", root.join("link.dsdf")).unwrap();
    symlink("nowhere", root.join("dead.dsdf")).unwrap();
    symlink(".", root.join("loop")).unwrap();
    let same = |what: &str| {
        let plain = tree.walk(&config).unwrap();
        for _ in 0..3 {
            let mut index = Index::open(&state, &root).unwrap();
            index.now += 60;
            assert_eq!(tree.walk_by(&config, index).unwrap(), plain, "{what}");
        }
        assert_eq!(tree.walk_by_index(&config).unwrap(), plain, "{what}");
    };
    same("as it is");
    let index = fs::read(state.join("list/index")).unwrap();
    assert!(index.len() > 500);
    fs::write(root.join("hidden.dsdf"), "description = 'seen'\n").unwrap();
    same("edited");
    fs::remove_file(root.join("Examples/Auth.dsdf")).unwrap();
    fs::rename(root.join("Examples/Random.dsdf"), root.join("first.dsdf")).unwrap();
    same("removed and renamed");
    fs::rename(root.join("Examples"), root.join("Others")).unwrap();
    fs::write(
        root.join("Others/_dirinfo_.dsdf"),
        "description = 'Other'\n",
    )
    .unwrap();
    same("a folder renamed");
    fs::remove_dir_all(&state).unwrap();
    let listing = tree.walk_by_index(&config).unwrap();
    let plain = tree.walk(&config).unwrap();
    assert_eq!(listing.items, plain.items);
    assert_eq!(listing.findings.len(), plain.findings.len() + 1);
}
