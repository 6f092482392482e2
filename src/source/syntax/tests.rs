use super::*;

fn read(text: &str) -> Parsed {
    parse(Path::new("d/x.dsdf"), text.as_bytes())
}

/// The value of the only keyword of a text without errors.
fn value_of(text: &str) -> String {
    let parsed = read(text);
    assert_eq!(parsed.errors, [], "{text}");
    assert_eq!(parsed.entries.len(), 1, "{text}");
    parsed.entries[0].value.clone()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let entries = read(text).entries.into_iter();
    entries.map(|entry| (entry.key, entry.value)).collect()
}

#[test]
fn values_without_warning() {
    let cases = [
        ("k = 'a; b' ; c", "a; b"),
        ("k = 'x'", "x"),
        ("k = \"dq\"", "dq"),
        ("k = \"a; b\" ; c", "a; b"),
        ("k = 'it''s'", "it's"),
        ("k = 'it''s; x' ; c", "it's; x"),
        ("k = 'it''s'''", "it's'"),
        ("k = ''x''", "'x'"),
        ("k = ''x'' ; c", "'x'"),
        ("k = 'Bob's data'", "Bob's data"),
        ("k = 'Bob's data; old' ; c", "Bob's data; old"),
        ("k = 'say \"test\"'", "say \"test\""),
        ("k = 'a\\b\\n'", "a\\b\\n"),
        ("k = 'a \\| b'", "a \\| b"),
        ("k = a b", "a b"),
        ("k =  a b  ; c", "a b"),
        ("k = 1", "1"),
        ("k = 'a' + 'b'", "ab"),
        ("k = 'a'+'b' + \"c\"", "abc"),
        ("k = 'a + b'", "a + b"),
        ("k = '  a  '", "  a  "),
        ("k = 'a=b'", "a=b"),
        ("k==b", "=b"),
        ("k = ''", ""),
        ("k = \"\"", ""),
        ("k = [1,2]", "[1,2]"),
        (
            "k = findgen(433)/432.0*12600.0",
            "findgen(433)/432.0*12600.0",
        ),
        ("k = replicate('a;b', 2) ; c", "replicate('a;b', 2)"),
        ("k = Bob's data ; isn't it", "Bob's data"),
        ("k = prog -f \"a;b\" ; c", "prog -f \"a;b\""),
        ("k = dogs'", "dogs'"),
        ("form = x_multi_y ; comment", "x_multi_y"),
        ("k = \"a\" b", "\"a\" b"),
        ("k = 'a $Y_$m_$d b'", "a $Y_$m_$d b"),
        ("k = '$(a)'", "$(a)"),
        ("\tk\t=\t'v'\t", "v"),
        ("k = 'v'\r\n", "v"),
        ("\u{FEFF}k = 'v'", "v"),
        ("; c\n\n \t; c = d\nk = 'v'", "v"),
        ("label(0) = 'R!DJ!N'", "R!DJ!N"),
        ("k = 'prog 'a b''", "prog 'a b'"),
    ];
    for (text, value) in cases {
        assert_eq!(value_of(text), value, "{text}");
    }
    for (text, _) in cases {
        let warnings = read(text).warnings;
        let unclosed = text == "k = \"a\" b";
        assert_eq!(warnings.len(), usize::from(unclosed), "{text} {warnings:?}");
    }
}

#[test]
fn continuation() {
    let cases = [
        ("k = 'a '+$\n'b'", "a b"),
        ("k = 'a ' + $\n    'b'", "a b"),
        ("k = 'a '+ $\n\t'b'\n", "a b"),
        ("k = 'a '$\n'b'", "a b"),
        ("k = 'a ' $\r\n'b'\r\n", "a b"),
        ("k = 'a '+$ ; x\n'b' ; y", "a b"),
        ("k = 'a '+$\n; between\n'b'", "a b"),
        ("k = 'a '+$\n'b '+$\n'c'", "a b c"),
        ("k = 'a'+'b'+$\n'c' + 'd'", "abcd"),
        ("k = 'Bob's '+$ ; x\n'data'", "Bob's data"),
        ("k = +$\n'b'", "b"),
        ("k = $\n'b'", "b"),
        ("k = a +$\nb ; c", "ab"),
        ("k = \"a \"+$\n'b'", "a b"),
        ("k = 'a '+$\n'b = c'", "a b = c"),
        ("k = 'a '+$\nb", "a b"),
    ];
    for (text, value) in cases {
        assert_eq!(value_of(text), value, "{text}");
        assert_eq!(read(text).warnings, [], "{text}");
    }
}

#[test]
fn continuation_into_nothing_ends_with_a_warning() {
    for text in [
        "k = 'a'+$\n\nm = 'b'",
        "k = 'a'+$",
        "k = 'a' $\n",
        "k = 'a'+$\n; c\n",
    ] {
        let parsed = read(text);
        assert_eq!(parsed.entries[0].value, "a", "{text}");
        assert_eq!(parsed.warnings.len(), 1, "{text}");
        assert_eq!(parsed.warnings[0].line, 1, "{text}");
        assert!(
            parsed.warnings[0].what.contains("nothing follows"),
            "{text}"
        );
        assert_eq!(parsed.errors, [], "{text}");
    }
}

#[test]
fn a_dollar_inside_quotes_is_text() {
    let text = "k = 'cost 5$\nm = 'b'";
    let expected = [
        ("k".to_owned(), "cost 5$".to_owned()),
        ("m".to_owned(), "b".to_owned()),
    ];
    assert_eq!(pairs(text), expected);
    let warnings = read(text).warnings;
    assert_eq!((warnings.len(), warnings[0].line), (1, 1));
    assert!(warnings[0].what.contains("not closed"));
}

#[test]
fn no_value_is_empty_with_a_warning() {
    for text in ["k =", "k = ; c", "k = \t\n"] {
        assert_eq!(value_of(text), "", "{text}");
        let warnings = read(text).warnings;
        assert_eq!(warnings.len(), 1, "{text}");
        assert!(warnings[0].to_string().starts_with("d/x.dsdf, line 1: "));
    }
}

#[test]
fn errors_name_the_line_and_the_rest_is_read() {
    for line in [
        "no pair",
        "= x",
        " = 'x'",
        "# comment",
        "a ; b = c",
        "no pair +$",
    ] {
        // What a refused line goes on with is refused with it.
        let rest = if line.ends_with('$') { "'x'\n" } else { "" };
        let text = format!("a = 1\n\n{line}\n{rest}b = 2\n");
        let parsed = read(&text);
        assert_eq!(parsed.errors.len(), 1, "{text}");
        let message = parsed.errors[0].to_string();
        assert!(message.starts_with("d/x.dsdf, line 3: `"), "{message}");
        assert!(message.contains(line.trim()), "{message}");
        assert!(message.contains("write keyword = 'value'"), "{message}");
        assert_eq!(parsed.entries.len(), 2, "{text}");
    }
}

#[test]
fn a_keyword_twice_has_its_last_value_at_its_first_place() {
    let text = "k = 1\nm = 2\nk = 3";
    let expected = [
        ("k".to_owned(), "3".to_owned()),
        ("m".to_owned(), "2".to_owned()),
    ];
    assert_eq!(pairs(text), expected);
    let parsed = read(text);
    assert_eq!(parsed.entries[0].line, 3);
    assert_eq!(parsed.warnings.len(), 1);
    assert_eq!(parsed.warnings[0].line, 3);
    assert!(parsed.warnings[0].what.contains("line 1"));
}

#[test]
fn no_continuation_takes_in_the_rule_of_who_may_read() {
    for (text, line) in [
        ("description = abc $\nreadAccess = 'USER:u'", 2),
        (
            "description = 'abc' + $\n; c\n  groupAccess='g'\nreader = 'r'",
            3,
        ),
        ("description = 'abc'$\nReadAcces=GROUP:g", 2),
    ] {
        let errors = read(text).errors;
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        let message = errors[0].to_string();
        assert!(
            message.contains(&format!("line {line}: ")) && message.contains("remove the $"),
            "{message}"
        );
    }
    for text in [
        "description = 'a' $\n'readAccess = x'",
        "description = a $\nwho has readAccess = x",
        "description = 'a'\nreadAccess = 'USER:u'",
    ] {
        assert_eq!(read(text).errors, [], "{text}");
    }
}

#[test]
fn case_counts() {
    assert_eq!(read("k = 1\nK = 2").entries.len(), 2);
}

#[test]
fn latin_1() {
    let parsed = parse(Path::new("x"), b"a = 'b'\nd = 'M\xFCnchen'\n");
    assert_eq!(parsed.entries[1].value, "M\u{FC}nchen");
    assert_eq!(parsed.errors, []);
    assert_eq!((parsed.warnings.len(), parsed.warnings[0].line), (1, 2));
    assert!(parsed.warnings[0].what.contains("Latin-1"));
}

#[test]
fn nothing_in_it() {
    for text in ["", "; only\n; comments", "\n\n", "\u{FEFF}"] {
        assert_eq!(read(text), Parsed::default(), "{text:?}");
    }
}

#[test]
fn no_text_makes_it_panic() {
    let pieces = [
        "=", ";", "'", "\"", "+", "$", "k", "\n", " ", "\r", "é", "$(",
    ];
    let mut state: u32 = 7;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..14 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(pieces[(state >> 16) as usize % pieces.len()]);
        }
        read(&text);
    }
}
