//! Definitions as files: what is told of whole ones, of links and folders, and of some of a tree.

use std::os::unix::fs::symlink;

use crate::dsdf_findings::dsdf;
use crate::site::Site;

/// Whole files, each with what is told about it.
const WHOLE: &[(&str, &[u8], &[&str])] = &[
    (
        "Empty.dsdf",
        b"; nothing\n",
        &["1: error: there is no keyword in this file; write at least description and reader"],
    ),
    (
        "Bare.dsdf",
        b"das2Stream = 1\n",
        &[
            "1: warning: there is no description; write one line about the data: description = '...'",
            "1: error: there is no reader, so requests for data fail; write reader = 'COMMAND'",
        ],
    ),
    (
        "Slip.dsdf",
        b"description = 'A'\nraeder = 'reader'\ndas2Stream = 1\n",
        &[
            "1: error: there is no reader, so requests for data fail; write reader = 'COMMAND'",
            "2: warning: raeder is no keyword of the server; write reader if that is meant",
        ],
    ),
    (
        "Das1.dsdf",
        b"description = 'A'\nreader = 'reader'\n",
        &[
            "1: warning: there is neither das2Stream nor qstream: this is taken for a das1 source; write das2Stream = 1 if the reader writes das2 streams",
        ],
    ),
    (
        "Latin.dsdf",
        b"description = 'Universit\xE4t'\nreader = 'reader'\ndas2Stream = 1\n",
        &[
            "1: warning: there is a byte that is not UTF-8, the file is read as Latin-1; save the file as UTF-8",
        ],
    ),
    (
        "A/_dirinfo_.dsdf",
        b"description = 'A'\nbrowse = perhaps\nreader = 'x'\n",
        &[
            "2: warning: browse counts as yes; write yes or no",
            "3: warning: reader has no effect here: this file describes a folder; put it into the DSDFs of the folder",
        ],
    ),
    (
        "A/With|bar.dsdf",
        b"",
        &[
            "1: error: nobody can ask for this name; rename it, without backslash, bar and control characters",
        ],
    ),
];

#[test]
fn whole_files_and_folders() {
    let site = Site::new();
    for (file, bytes, _) in WHOLE {
        site.write(&format!("datasets/{file}"), bytes);
    }
    symlink("nowhere", site.path("datasets/Link.dsdf")).unwrap();
    symlink("..", site.path("datasets/A/Round")).unwrap();
    let (lines, status) = site.check(&[]);
    assert_eq!(status, 1);
    let links: &[(&str, &[u8], &[&str])] = &[
        (
            "Link.dsdf",
            b"",
            &["1: error: this is a link that leads nowhere: No such file"],
        ),
        (
            "A/Round",
            b"",
            &[
                "1: warning: this is a link to a folder that it is in, and is not followed; remove the link",
            ],
        ),
    ];
    for (file, _, expected) in WHOLE.iter().chain(links) {
        let start = format!("ROOT/datasets/{file}:");
        let of_file = lines.iter().filter_map(|line| line.strip_prefix(&start));
        let told: Vec<&str> = of_file.collect();
        assert_eq!(told.len(), expected.len(), "{file}: {told:#?}");
        for (told, expected) in told.iter().zip(*expected) {
            assert!(told.starts_with(expected), "{file}: {told}");
        }
    }
}

#[test]
fn some_of_a_tree_and_json() {
    let site = Site::new();
    site.write("datasets/A/x.dsdf", dsdf("items = some"));
    site.write("datasets/A2/x.dsdf", dsdf("qstream = maybe"));
    let (all, status) = site.check(&[]);
    assert_eq!((all.len(), status), (2, 1), "{all:#?}");
    for name in ["A", "A/", "A/x", "/A/x.dsdf"] {
        let (some, status) = site.check(&[name]);
        assert_eq!((some.len(), status), (1, 0), "{name}: {some:?}");
    }
    let (lines, status) = site.check(&["B"]);
    assert_eq!(status, 1);
    assert_eq!(
        lines,
        ["ROOT/datasets:1: error: there is no source or folder B; write a name as in server=list"]
    );
    let (lines, _) = site.check(&["--json", "A"]);
    let row: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(row["severity"], "warning");
    assert_eq!(row["file"], "ROOT/datasets/A/x.dsdf");
    assert_eq!(row["line"], 5);
    assert_eq!(row["what"], "items is no number of items");
    assert_eq!(row["instead"], "write a whole number");
}
