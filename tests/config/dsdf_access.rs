//! Rules of who may read a source, and what is told of them.

use crate::dsdf_findings::dsdf;
use crate::site::Site;

/// Rules, and the one finding about each.
const RULES: &[(&str, &str)] = &[
    ("readAccess = 'GROUP:team'", ""),
    ("readAccess = 'AGE:1y'", ""),
    ("readAccess = 'USER:me'\nsecurityRealm = 'R'", ""),
    (
        "readAccess = ''",
        "5: warning: readAccess is empty, so everybody may read; write a rule, or",
    ),
    ("groupAccess = ''", "5: error: groupAccess is no rule: "),
    ("groupAccess = 'team'", ""),
    (
        "readAccess = 'team'",
        "5: error: readAccess is no rule: `team` has no colon; write AGE:1y, GROUP:name",
    ),
    (
        "readAccess = 'GRUOP:team'",
        "5: error: readAccess is no rule: `GRUOP` is no way to allow access; write",
    ),
    (
        "readAccess = 'AGE:1'",
        "5: error: readAccess is no rule: `1` is no age; write",
    ),
    (
        "readAccess = 'USER:gone'",
        "5: error: readAccess can never grant: there is no user gone in the password file",
    ),
    (
        "readAccess = 'GROUP:none'",
        "5: error: readAccess can never grant: there is nobody in a group none",
    ),
    (
        "groupAccess = 'ghosts'",
        "5: error: groupAccess can never grant: there is no user ghost in the password file",
    ),
    (
        "readAccess = 'GROUP:none | AGE:1y'",
        "5: warning: readAccess has a part that can never grant: there is nobody",
    ),
    (
        "readAccess = 'USER:me'\ngroupAccess = 'team'",
        "6: warning: groupAccess has no effect beside readAccess",
    ),
    (
        "securityRealm = 'R'",
        "5: warning: securityRealm has no effect without a rule; write readAccess",
    ),
];

#[test]
fn rules_of_who_may_read() {
    let site = Site::new();
    let conf = crate::site::conf("USER_PASSWD = etc/passwd\nUSER_GROUP = etc/group\n");
    site.write("etc/das2server.conf", &conf);
    // Nobody needs the files.
    site.write("datasets/Open.dsdf", dsdf(""));
    assert_eq!(site.check(&[]), (vec![], 0));
    for (number, (rule, _)) in RULES.iter().enumerate() {
        site.write(&format!("datasets/N{number:03}.dsdf"), dsdf(rule));
    }
    let (lines, status) = site.check(&["N002"]);
    assert_eq!((lines.len(), status), (1, 1), "{lines:?}");
    assert!(
        lines[0].contains("readAccess can never grant: ") && lines[0].contains("ROOT/etc/passwd"),
        "{lines:?}"
    );
    site.write(
        "etc/passwd",
        "me:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nyou:x\n",
    );
    site.write("etc/group", "team::1:ghost,me\nghosts::2:ghost\n");
    let (lines, status) = site.check(&[]);
    assert_eq!(status, 1);
    for (number, (rule, expected)) in RULES.iter().enumerate() {
        let start = format!("ROOT/datasets/N{number:03}.dsdf:");
        let told: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(&start))
            .collect();
        assert_eq!(
            told.len(),
            usize::from(!expected.is_empty()),
            "{rule}: {told:?}"
        );
        assert!(
            told.iter().all(|told| told.starts_with(expected)),
            "{rule}: {told:?}"
        );
    }
    let of_passwords = |line: &&String| {
        line.starts_with("ROOT/etc/passwd:1: warning: 1 lines have a hash that is not known")
    };
    assert_eq!(lines.iter().filter(of_passwords).count(), 1, "{lines:#?}");
}
