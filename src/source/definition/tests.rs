use super::*;
use crate::source::{Period, RangeEnd};
use crate::time::parse_query;

const PATH: &str = "/srv/sets/D/x.dsdf";

fn read_with(text: &str, request: &[(&str, &str)]) -> Result<Definition, SourceError> {
    let lookup = |key: &str| {
        let found = request.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| (*value).to_owned())
    };
    let config = Config::from_conf(Path::new("c"), b"DATA = /conf/data\n").unwrap();
    let name = SourceName::parse("D/x").unwrap();
    Definition::read(name, Path::new(PATH), text.as_bytes(), &lookup, &config)
}

fn read(text: &str) -> Definition {
    read_with(text, &[]).unwrap()
}

fn error(text: &str) -> String {
    let error = read_with(text, &[]).unwrap_err();
    let public = error.client_message();
    assert!(
        !public.contains("/srv") && public.contains("D/x"),
        "{public}"
    );
    error.to_string()
}

fn findings(text: &str) -> Vec<String> {
    read(text).findings.iter().map(Finding::to_string).collect()
}

#[test]
fn a_whole_definition() {
    let definition = read(
        "description = 'Spectra'\nreader = 'env A=b spectra.sh'\ndas2Stream = 1\n\
         validRange = '1979-03-01T12:26:11 to 1979-03-01T12:29:24 UTC'\n\
         exampleRange_00 = '1979-03-01T12:26:11 to 1979-03-01T12:29:24 | Bow shock'\n\
         exampleParams_00 = 'a b'\nexampleInterval_00 = 60\nexampleResolution_00 = 1.5\n\
         param_00 = 'DFT_LEN | The length'\nhapi = 1\n\
         cacheLevel_00 = '250 ms | hourly'\ncacheLevel_10 = '1 s | daily'\n",
    );
    assert_eq!(definition.findings, []);
    assert_eq!(definition.name.as_str(), "D/x");
    assert_eq!(definition.description.as_deref(), Some("Spectra"));
    assert_eq!(
        definition.reader.unwrap().shell_text("v"),
        "env A=b spectra.sh"
    );
    assert_eq!(definition.format, Format::Das2);
    assert_eq!(definition.reducer, Reducer::Default);
    assert!(definition.hapi && !definition.hidden && !definition.requires_interval);
    let range = definition.valid_range.unwrap();
    assert_eq!(
        range.begin,
        parse_query("1979-03-01T12:26:11", None).unwrap()
    );
    let [example] = definition.examples.as_slice() else {
        panic!("{:?}", definition.examples);
    };
    let ends = (
        "1979-03-01T12:26:11".to_owned(),
        "1979-03-01T12:29:24".to_owned(),
    );
    assert_eq!(example.ends, Some(ends));
    assert_eq!(example.title.as_deref(), Some("Bow shock"));
    assert_eq!(example.params.as_deref(), Some("a b"));
    assert_eq!(example.interval.as_deref(), Some("60"));
    assert_eq!(example.resolution.as_deref(), Some("1.5"));
    assert_eq!(definition.params[0].parts, ["DFT_LEN", "The length"]);
    let levels: Vec<_> = definition
        .cache_levels
        .iter()
        .map(|l| (l.number, l.period))
        .collect();
    assert_eq!(levels, [(0, Period::Hour), (10, Period::Day)]);
}

#[test]
fn formats() {
    let cases = [
        ("das2Stream = 1", Format::Das2),
        ("das2Stream = True", Format::Das2),
        ("das2Stream = yes", Format::Das2),
        ("das2Stream = 'ON'", Format::Das2),
        ("qstream = 1", Format::QStream),
        ("das2Stream = 0\nqstream = true", Format::QStream),
        ("das2Stream = 1\nqstream = 0", Format::Das2),
        ("das2Stream = 1\nqstream = 1", Format::QStream),
        (
            "das2Stream = 0\nqstream = 0",
            Format::Das1 { interval: false },
        ),
        (
            "das2Stream = no\nqstream = off",
            Format::Das1 { interval: false },
        ),
        ("reader = x", Format::Das1 { interval: false }),
        ("items = 4", Format::Das1 { interval: true }),
        ("das2Stream = 1\nitems = 4", Format::Das2),
    ];
    for (text, format) in cases {
        let definition = read(text);
        assert_eq!(definition.format, format, "{text}");
        let interval = format == Format::Das1 { interval: true };
        assert_eq!(definition.requires_interval, interval, "{text}");
    }
    assert_eq!(findings("das2Stream = 1\nqstream = 1").len(), 1);
    for text in ["das2Stream = maybe", "qstream = 2", "das2Stream = ''"] {
        let message = error(&format!("\n{text}"));
        assert!(
            message.starts_with("/srv/sets/D/x.dsdf, line 2: "),
            "{message}"
        );
        assert!(message.ends_with("write 1 or 0"), "{message}");
    }
}

#[test]
fn switches() {
    for (value, on, warned) in [
        ("1", true, false),
        ("true", true, false),
        ("TRUE", true, false),
        ("'1'", true, false),
        ("0", false, false),
        ("false", false, false),
        ("yes", false, true),
        ("2", false, true),
    ] {
        let text = format!(
            "requiresInterval = {value}\ndropParams = {value}\nhapi = {value}\n\
             flattenHapi = {value}\ndas2Stream = 1"
        );
        let d = read(&text);
        let all = [d.requires_interval, d.drop_params, d.hapi, d.flatten_hapi];
        assert_eq!(all, [on; 4], "{value}");
        assert_eq!(d.findings.len(), if warned { 4 } else { 0 }, "{value}");
    }
}

#[test]
fn reducers() {
    let config = Config {
        d2s_reducer: Some("default".to_owned()),
        ..Config::default()
    };
    let effective = |text: &str| {
        let command = read(text).effective_reducer(&config);
        command.map(|command| command.shell_text("v"))
    };
    for value in ["not_reducible", "'not_reducable'", "pre_reduced", "''"] {
        assert_eq!(
            effective(&format!("reducer = {value}\ndas2Stream = 1")),
            None,
            "{value}"
        );
    }
    assert_eq!(effective("reducer =\ndas2Stream = 1"), None);
    assert_eq!(effective("reducer = 'mine -x'").as_deref(), Some("mine -x"));
    assert_eq!(
        effective("reducer = Not_Reducible").as_deref(),
        Some("Not_Reducible")
    );
    assert_eq!(effective("das2Stream = 1").as_deref(), Some("default"));
    assert_eq!(effective("reader = x").as_deref(), Some("default"));
    assert_eq!(effective("qstream = 1"), None);
    assert_eq!(effective("das2Stream = 1\nrequiresInterval = 1"), None);
    assert_eq!(effective("items = 1"), None);
}

#[test]
fn valid_ranges() {
    let range = read("validRange = '1977-01-01/NOW'").valid_range.unwrap();
    assert_eq!(range.end, RangeEnd::Now);
    for text in [
        "validRange = '1977'",
        "validRange = 'a to b'",
        "validRange = '1979 to 1978'",
    ] {
        let definition = read(text);
        assert_eq!(definition.valid_range, None, "{text}");
        assert_eq!(definition.findings.len(), 1, "{text}");
        assert!(
            definition.findings[0].instead.starts_with("write "),
            "{text}"
        );
    }
}

#[test]
fn examples_by_suffix() {
    let text = "exampleRange_02 = '2010-03-01/2010-03-02|b\\|c'\nexampleRange = '2010-03-01'\n\
                exampleParams = p\nexampleRange_02 = '2011-01-01 to 2011-01-02 | b\\|c'";
    let definition = read(text);
    let [plain, second] = definition.examples.as_slice() else {
        panic!("{:?}", definition.examples);
    };
    assert_eq!((plain.range.as_str(), &plain.ends), ("2010-03-01", &None));
    assert_eq!(plain.params.as_deref(), Some("p"));
    assert_eq!(second.range, "2011-01-01 to 2011-01-02");
    assert_eq!(second.title.as_deref(), Some("b|c"));
    assert_eq!(second.params, None);
}

#[test]
fn a_wrong_cache_level_is_off_and_the_source_goes_on() {
    let text = "cacheLevel = 'intrinsic | daily'\ncacheLevel_00 = '10 s | daily'\n\
                cacheLevel_10 = '10s | daily'\ncacheLevel_x = '10 s | daily'\n\
                cacheLevel_5 = '5 s | monthly | a-b'";
    let definition = read(text);
    let levels: Vec<_> = definition
        .cache_levels
        .iter()
        .map(|l| (l.number, l.resolution.to_string(), l.norm_params.clone()))
        .collect();
    let expected = [(0, "bin-10s", "_noparam"), (5, "bin-5s", "a_b")]
        .map(|(number, folder, norm)| (number, folder.to_owned(), norm.to_owned()));
    assert_eq!(levels, expected);
    let lines: Vec<_> = definition
        .findings
        .iter()
        .map(|finding| finding.line)
        .collect();
    assert_eq!(lines, [1, 3, 4]);
}

#[test]
fn access() {
    let rule = |text: &str| read(text).read_access;
    assert_eq!(
        rule("readAccess = 'GROUP:a | USER:b'").as_deref(),
        Some("GROUP:a | USER:b")
    );
    assert_eq!(rule("groupAccess = 'g'").as_deref(), Some("GROUP:g"));
    assert_eq!(
        rule("groupAccess = g\nreadAccess = 'USER:u'").as_deref(),
        Some("USER:u")
    );
    assert_eq!(rule("groupAccess = g\nreadAccess = ''"), None);
    assert_eq!(rule("groupAccess = ''").as_deref(), Some("GROUP:"));
    let empty = read("readAccess = ; 'USER:u'");
    let mut findings = empty.findings.iter().map(ToString::to_string);
    assert!(
        findings.any(|finding| finding.contains("everybody may read")),
        "{:?}",
        empty.findings
    );
    assert_eq!(rule("reader = x"), None);
    for slip in [
        "readaccess",
        "READACCESS",
        "readAcess",
        "read_access",
        "readAccess_00",
        "readAccess(0)",
        "groupaccess",
        "group-access",
        "read\u{200b}Access",
    ] {
        let refused = read_with(&format!("reader = x\n{slip} = 'USER:u'"), &[]).unwrap_err();
        assert!(
            refused.to_string().contains("write readAccess"),
            "{refused}"
        );
        let both = rule(&format!("{slip} = 'USER:u'\nreadAccess = 'USER:v'"));
        assert_eq!(both.as_deref(), Some("USER:v"), "{slip}");
    }
    assert_eq!(rule("reader = x\n#readAccess = 'USER:u'"), None);
    assert_eq!(rule("reader = x\naccess = 'all'\nreadMe = x"), None);
    let text = "readAccess = 'GROUP:$(g,none)'";
    assert_eq!(read(text).read_access.as_deref(), Some("GROUP:none"));
    let refused = read_with(text, &[("g", "mine")]).unwrap_err();
    assert!(
        refused.to_string().contains("from the request"),
        "{refused}"
    );
}

#[test]
fn redirects_realm_and_hiding() {
    let definition = read("rename = 'A/b'\nserver = 'http://h/das'\nsecurityRealm = 'My Realm'");
    assert_eq!(definition.rename.as_deref(), Some("A/b"));
    assert_eq!(definition.server.as_deref(), Some("http://h/das"));
    assert_eq!(definition.security_realm.as_deref(), Some("My Realm"));
    assert!(!definition.hidden);
    for text in ["hidden = 0", "Hidden = 1", "hidden ="] {
        assert!(read(text).hidden, "{text}");
    }
    assert_eq!(read("rename = ''").rename, None);
}

#[test]
fn a_clients_value_is_a_word_of_the_reader() {
    let text = "reader = 'p $(k,none) $(DATA)'";
    let plain = read(text).reader.unwrap();
    assert_eq!(plain.shell_text("v"), "p none /conf/data");
    let hostile = read_with(text, &[("k", "a;b")]).unwrap();
    let command = hostile.reader.as_ref().unwrap();
    assert_eq!(command.shell_text("v"), "p \"${v1}\" /conf/data");
    assert_eq!(command.request_values(), ["a;b"]);
    assert_eq!(hostile.get("reader"), Some("p a;b /conf/data"));
    let refused = read_with("\nreader = 'sh -c \"p $(k,none)\"'", &[("k", "a")]).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("line 2: in the value of reader, "),
        "{refused}"
    );
    let nul = read_with(text, &[("k", "a\0")]).unwrap_err();
    assert!(matches!(nul, SourceError::RequestValue { .. }));
}

#[test]
fn errors_name_file_and_line() {
    for (text, words) in [
        (
            "a = 1\nno pair\n",
            "/srv/sets/D/x.dsdf, line 2: `no pair` has no =",
        ),
        (
            "\na = $(nope)\n",
            "/srv/sets/D/x.dsdf, line 2: in the value of a, ",
        ),
        ("a = $(b)\nb = $(a)", "refers to itself"),
        ("", "no keyword"),
        ("; only this\n", "no keyword"),
    ] {
        let message = error(text);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn near_misses_are_findings() {
    let found = findings("descripton = x\nform = x_multi_y ; c\nlabel(0) = 'R!DJ!N'\nMINE = 1");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("line 1: descripton") && found[0].contains("write description"));
}

#[test]
fn numbered_keys() {
    let definition = read("param_10 = b\nparam = c\nparam_02 = a\nparamInfo_00 = d\nparams = e");
    let suffixes: Vec<_> = definition
        .numbered("param")
        .iter()
        .map(|(s, _)| *s)
        .collect();
    assert_eq!(suffixes, ["", "_02", "_10"]);
}

#[test]
fn no_text_makes_it_panic() {
    let pieces = [
        "$(",
        ")",
        "k",
        ",",
        "=",
        "\n",
        "'",
        "+$",
        "cacheLevel_0",
        "|",
        "10 s",
        "daily",
        "label(0)",
        "validRange",
        "1979",
        " to ",
        "exampleRange",
        "\\",
        ";",
        "reader",
    ];
    let mut state: u32 = 3;
    for _ in 0..20_000 {
        let mut text = String::from("das2Stream = 1\n");
        for _ in 0..16 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(pieces[(state >> 16) as usize % pieces.len()]);
        }
        if let Ok(definition) = read_with(&text, &[("k", "$(k) ' \"")]) {
            let (packet, _) = crate::source::dsdf_packet(&definition);
            assert!(packet.starts_with(b"[00]"));
        }
    }
}

#[test]
fn the_age_of_cached_blocks() {
    let of = |text: &str| read(&format!("reader = r\ncacheExpire = {text}")).cache_expire;
    for (text, seconds) in [
        ("'10 days'", 864_000),
        ("6 hours", 21_600),
        ("3600 s", 3600),
        ("1.5 min", 90),
        ("10days", 864_000),
        ("0.1 s", 1),
    ] {
        assert_eq!(of(text), Some(seconds), "{text}");
    }
    for text in [
        "10",
        "days",
        "0 s",
        "-3 days",
        "10 parsecs",
        "1e300 days",
        "nan s",
    ] {
        assert_eq!(of(text), None, "{text}");
        let found = findings(&format!("reader = r\ncacheExpire = {text}"));
        assert!(found.iter().any(|f| f.contains("10 days")), "{found:?}");
    }
    assert!(findings("reader = r\ncacheExpire = 10 days").is_empty());
}
