use super::*;

/// Password and hash.
fn vectors() -> Vec<(&'static str, &'static str)> {
    let lines = include_str!("vectors.txt").lines();
    let lines = lines.filter(|line| !line.starts_with("# "));
    lines.map(|line| line.split_once('\t').unwrap()).collect()
}

#[test]
fn what_other_programs_have_made() {
    let mut forms = Vec::new();
    for (password, hash) in vectors() {
        let form = Form::of(hash).unwrap_or_else(|| panic!("{hash}"));
        forms.push(form);
        assert!(is_right(password.as_bytes(), hash), "{password} {hash}");
        let wrong = [
            format!("!{password}"),
            password.to_uppercase(),
            String::new(),
        ];
        for wrong in wrong.iter().filter(|wrong| **wrong != password) {
            assert!(!is_right(wrong.as_bytes(), hash), "{wrong} {hash}");
        }
        // A slip anywhere in the sum.
        let (begin, last) = hash.split_at(hash.len() - 3);
        let other = if last.starts_with('A') { 'B' } else { 'A' };
        let slip = format!("{begin}{other}{}", last.split_at(1).1);
        assert!(!is_right(password.as_bytes(), &slip), "{slip}");
    }
    for (_, form, name) in FORMS {
        assert!(forms.contains(form), "{name}");
    }
}

#[test]
fn des_sees_eight_characters_and_bcrypt_72_bytes() {
    assert!(is_right(b"abcdefghXYZ", "abYH7TYgEKz2Q"));
    let long = vectors()
        .into_iter()
        .find(|(password, hash)| password.len() == 80 && hash.starts_with("$2y$"));
    let (password, hash) = long.unwrap();
    assert!(is_right(&password.as_bytes()[..72], hash));
    assert!(!is_right(&password.as_bytes()[..71], hash));
}

#[test]
fn nothing_is_right_for_what_is_no_hash() {
    let long = format!("$6$rounds=99999999$salt${}", "a".repeat(86));
    for hash in [
        "",
        "!",
        "*",
        "x",
        "test",
        "!LpLp764MZK2E",
        "lLp764MZK2EP",
        "lLp764MZK2EPo0",
        "$1$",
        "$1$salt",
        "$1$salt$",
        "$apr1$salt$short",
        "$5$salt$",
        "$6$salt$x",
        "$6$rounds=x$salt$x",
        "$2y$",
        "$2y$04$short",
        "$2y$31$DdpiOAVSmaGQAjszaDbotO6s76tR3ic/QEs50HjZUre6b0QOYI8Ve",
        "$2y$99$DdpiOAVSmaGQAjszaDbotO6s76tR3ic/QEs50HjZUre6b0QOYI8Ve",
        "$y$j9T$salt$",
        "$y$j9T$$",
        "$y$j9T$salt",
        "$y$$$",
        "$y$jzzzzzz$5zinzgXdQipAipqduy2op/$tQWEthJsd6vrggvED/6w8/4hUM2DsrJ9q1rj.aIfUY6",
        "{SHA}",
        "{SHA}x",
        "{SHA}AAAA",
        "{SSHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=",
        "$7$x$y",
        "é",
        "$é$é$",
        &long,
    ] {
        assert_eq!(Form::of(hash), None, "{hash}");
        for password in ["", "test", hash] {
            assert!(!is_right(password.as_bytes(), hash), "{hash}");
        }
    }
}

#[test]
fn passwords_that_nobody_can_have() {
    let (_, hash) = vectors()[0];
    assert!(!is_right(b"test\0", hash));
    assert!(!is_right("test".repeat(1000).as_bytes(), hash));
}

#[test]
fn new_ones() {
    let hash = make("päß".as_bytes()).unwrap();
    assert!(hash.starts_with("$2y$10$"), "{hash}");
    assert!(is_right("päß".as_bytes(), &hash) && !is_right("pass".as_bytes(), &hash));
    assert_ne!(make(b"a"), make(b"a"));
    assert_eq!(make(&[b'a'; 73]), None);
    assert_eq!(make(b"a\0b"), None);
}
