//! A tree of bad definitions, one for each finding.

use crate::site::Site;

/// A definition without mistakes, but for `more`, which begins in line 5.
pub fn dsdf(more: &str) -> String {
    format!(
        "description = 'A'\nreader = 'reader'\ndas2Stream = 1\nvalidRange = '2020-01-01 to 2021-01-01'\n{more}"
    )
}

/// `more` lines of a good definition, and the findings about it without the
/// file's name.
const MORE: &[(&str, &[&str])] = &[
    ("", &[]),
    (
        "no equals sign",
        &[
            "5: error: `no equals sign` has no =; write keyword = 'value', or put ; in front of the line",
        ],
    ),
    (
        "= x",
        &[
            "5: error: `= x` has no keyword in front of the =; write keyword = 'value', or put ; in front of the line",
        ],
    ),
    (
        "one\ntwo\nqstream = maybe",
        &[
            "5: error: `one` has no =; write keyword = 'value', or put ; in front of the line",
            "6: error: `two` has no =; write keyword = 'value', or put ; in front of the line",
            "7: error: qstream = maybe; write 1 or 0",
        ],
    ),
    (
        "das2Stream = 1",
        &[
            "5: warning: das2Stream is already given in line 3; remove one of them: the last one counts",
        ],
    ),
    (
        "title = 'open",
        &["5: warning: a quote is not closed; write 'TEXT', with '' for a quote in the text"],
    ),
    (
        "title =",
        &[
            "5: warning: there is no value after the =; write 'TEXT', with '' for a quote in the text",
        ],
    ),
    // Keywords.
    (
        "excampleRange = 'x'",
        &[
            "5: warning: excampleRange is no keyword of the server; write exampleRange if that is meant",
        ],
    ),
    (
        "exmapleRagne_00 = 'x'",
        &[
            "5: warning: exmapleRagne_00 is no keyword of the server; write exampleRange if that is meant",
        ],
    ),
    ("my_own_word = 1", &[]),
    // Short keywords, where they are not given.
    (
        "summry = 'x'",
        &["5: warning: summry is no keyword of the server; write summary if that is meant"],
    ),
    ("raeder = 'x'", &[]),
    ("reader_01 = 'x'", &[]),
    // Numbers that nobody looks for.
    (
        "exampleRange00 = '2020-02-01 to 2020-03-01'",
        &[
            "5: warning: exampleRange00 has a number that is not read; write exampleRange_00 if that is meant",
        ],
    ),
    (
        "param0 = 'a | b'\ncacheLevel1 = '1 s | daily'",
        &[
            "5: warning: param0 has a number that is not read; write param_0 if that is meant",
            "6: warning: cacheLevel1 has a number that is not read; write cacheLevel_1 if that is meant",
        ],
    ),
    (
        "reducer_00 = 'x'",
        &["5: warning: reducer_00 has a number that is not read; write reducer if that is meant"],
    ),
    (
        "readAccess = 'AGE:1y'\nreadAccess_01 = 'USER:me'",
        &[
            "6: warning: readAccess_01 has a number that is not read; write readAccess if that is meant",
        ],
    ),
    (
        "a&b = 1",
        &[
            "5: warning: a&b is no name in XML, and is left out of server=dsdf; use letters, digits, _ - and . only",
        ],
    ),
    ("label(0) = 'B'", &[]),
    (
        "browse = 0",
        &["5: warning: browse has no effect on a source; write hidden = 1 to keep it out of lists"],
    ),
    (
        "hidden = 0",
        &[
            "5: warning: hidden hides the source whatever its value; remove it to have the source listed",
        ],
    ),
    (
        "items = some",
        &["5: warning: items is no number of items; write a whole number"],
    ),
    (
        "requiresInterval = perhaps",
        &["5: error: requiresInterval = perhaps has no effect; write 1 or 0"],
    ),
    // Substitution.
    (
        "title = '$(NOTHING)'",
        &["5: warning: without a request, in the value of title, `$(NOTHING)` stands for nothing"],
    ),
    (
        "title = '$()'",
        &["5: error: in the value of title, `$()` has no name; write $(NAME) or $(NAME,default)"],
    ),
    (
        "a = '$(b)'\nb = '$(a)'",
        &[
            "5: error: in the value of a,",
            "6: error: in the value of b,",
        ],
    ),
    (
        "textConverter = '$(prog,das2_ascii)'",
        &[
            "5: warning: with a value of a request, in the value of textConverter, a $(..) of the request names the program; write the name of the program itself",
        ],
    ),
    ("title = '$(SITE_NAME)'", &[]),
    // Times.
    (
        "validRange = '2020-01-01 to soon'",
        &[
            "5: warning: validRange is already",
            "5: error: validRange = 2020-01-01 to soon has no effect; write another time:",
        ],
    ),
    (
        "exampleRange_00 = '2020-01-01'",
        &["5: warning: exampleRange_00 = 2020-01-01 has no end; write BEGIN to END"],
    ),
    (
        "exampleRange_00 = '2020-13-01 to 2020-12-01'",
        &["5: error: exampleRange_00 has a wrong time:"],
    ),
    (
        "exampleRange_00 = '2020-03-01 to 2020-02-01'",
        &["5: error: exampleRange_00 ends before it begins; write BEGIN to END"],
    ),
    (
        "exampleRange_00 = '2019-03-01 to 2019-04-01'",
        &[
            "5: error: exampleRange_00 lies outside of validRange, so it has no data; write a range inside of validRange, or widen that",
        ],
    ),
    (
        "exampleRange_00 = '2020-12-01 to 2021-04-01 | T'",
        &[
            "5: warning: exampleRange_00 goes beyond validRange, and is trimmed to it; write a range inside",
        ],
    ),
    ("exampleRange_00 = '2020-02-01 to 2020-03-01 UTC'", &[]),
    (
        "exampleParams_00 = 'x'",
        &[
            "5: warning: exampleParams_00 belongs to no example: there is no exampleRange_00; write exampleRange_00, or remove it",
        ],
    ),
    (
        "exampleRange = '2020-02-01 to 2020-03-01'\nexampleResolution = '1 s'",
        &["6: error: exampleResolution is no number of seconds; write a number above zero"],
    ),
    (
        "exampleRange = '2020-02-01 to 2020-03-01'\nrequiresInterval = 1",
        &[
            "5: warning: exampleRange has no interval, which this source wants; write exampleInterval = SECONDS",
        ],
    ),
    (
        "testRange = '2018-01-01 to 2018-01-02'",
        &["5: error: testRange lies outside of validRange"],
    ),
    (
        "testRange = 'x'",
        &["5: error: testRange has no end; write BEGIN to END"],
    ),
    (
        "testInterval = -1",
        &["5: error: testInterval is no number of seconds; write a number above zero"],
    ),
    // Levels.
    (
        "cacheLevel_00 = '1 h | daily'",
        &["5: error: cacheLevel_00 = 1 h | daily is no cache level, and is off; write intrinsic,"],
    ),
    (
        "cacheLevel_00 = '1 s | dayly'",
        &["5: error: cacheLevel_00 = 1 s | dayly is no cache level, and is off; write persecond,"],
    ),
    (
        "cacheLevel_00 = '1 s | daily'\ncacheLevel_01 = '1 s | monthly'",
        &[
            "6: warning: cacheLevel_01 has the resolution and the params of level 0; remove one of them: only one is served",
        ],
    ),
    // Bins that are longer than their blocks: than a day, than any month.
    (
        "cacheLevel_00 = '86400 s | daily'\ncacheLevel_01 = '2678400 s | monthly'",
        &[],
    ),
    (
        "cacheLevel_00 = '172800 s | daily'\ncacheLevel_01 = '1001 ms | persecond'",
        &[
            "5: warning: cacheLevel_00 has bins of 172800 s, which are longer than its blocks (daily): each block has one bin, cut short, whose time is the middle of its full length; write shorter bins, or monthly for daily",
            "6: warning: cacheLevel_01 has bins of 1.001 s, which are longer than its blocks (persecond): each block has one bin, cut short, whose time is the middle of its full length; write shorter bins, or perminute for persecond",
        ],
    ),
    (
        "cacheLevel_00 = '31622401 s | yearly'",
        &[
            "5: warning: cacheLevel_00 has bins of 31622401 s, which are longer than its blocks (yearly): each block has one bin, cut short, whose time is the middle of its full length; write shorter bins",
        ],
    ),
    (
        "cacheLevel = '1 s | daily'\ncacheLevel_00 = '2 s | daily'",
        &[
            "5: error: cacheLevel has the number of cacheLevel_00, and is off; give it a number of its own",
        ],
    ),
    (
        "cacheExpire = '1 day'",
        &["5: warning: cacheExpire has no effect without a cacheLevel; write one, or remove it"],
    ),
    (
        "cacheExpire = soon\ncacheLevel = '1 s | daily'",
        &["5: error: cacheExpire = soon has no effect; write a number above zero and a unit"],
    ),
    // Params.
    (
        "param_00 = '| x'",
        &["5: error: param_00 has no word of params in front; write TOKEN | DESCRIPTION,"],
    ),
    (
        "param_00 = 'mag'",
        &["5: warning: param_00 has no description; write TOKEN"],
    ),
    (
        "param_00 = 'a | b | c'",
        &["5: warning: param_00 has three parts; write TOKEN"],
    ),
    (
        "param_00 = 'a | b'\nparam_01 = 'a | c'",
        &["6: warning: param_01 describes a, as another param does already; remove one of them"],
    ),
    (
        "param_00 = 'a | b | perhaps | INTEGR'",
        &[
            "5: warning: param_00 has `INTEGR` for its type; write INTEGER if that is meant",
            "5: warning: param_00 has `perhaps` for its third part; write required or optional",
        ],
    ),
    (
        "param_00 = 'a | b | optional | ENUM'",
        &["5: warning: param_00 names no values to choose from; write them behind the type"],
    ),
    (
        "param_00 = 'complex | b'\nexampleRange_00 = '2020-02-01 to 2020-03-01'\nexampleParams_00 = 'complx other'",
        &[
            "7: warning: exampleParams_00 uses complx, which no param describes; write complex if that is meant",
        ],
    ),
    (
        "param_00 = 'complex | b'\ncacheLevel_00 = 'intrinsic | daily | cmplex'",
        &[
            "6: warning: cacheLevel_00 uses cmplex, which no param describes; write complex if that is meant",
        ],
    ),
    // Contacts.
    (
        "techContact = 'A <a@b.edu'",
        &[
            "5: warning: techContact has a < without its >; write Name <name@example.edu>, with commas between contacts",
        ],
    ),
    (
        "sciContact = 'A'",
        &["5: warning: sciContact names no address; write Name"],
    ),
    (
        "sciContact = 'A <a@>, B <b@c.edu>'",
        &["5: warning: sciContact has half an address; write Name"],
    ),
    // Programs.
    (
        "reducer = 'cat | das2_bin_avgsec 10 --nonsense | cat'",
        &[
            "5: error: reducer cannot run: das2_bin_avgsec 10 --nonsense: unexpected argument '--nonsense' found; see docs/filters.md for its options",
        ],
    ),
    (
        "reducer = 'cat | das2_bin_avgsec 10'",
        &["5: error: reducer cannot run: das2_bin_avgsec 10 60: '60' would be a file to read"],
    ),
    (
        "reducer = 'A=1 das2_psd \"64\" 2 /data/file | cat | das2_bin_avgsec'",
        &[],
    ),
    (
        "textConverter = 'PATH=/opt/site/bin:$PATH gone --x | gone'",
        &[],
    ),
    ("textConverter = '. /opt/site/setup.sh && gone'", &[]),
    (
        "textConverter = 'das2_bin_avgsec 10 | das2_csv'",
        &[
            "5: warning: textConverter writes no stream, and clients are told that it is one; name a filter; tables are for csvConverter and D2S_CSV_CONVERTER",
        ],
    ),
    (
        "csvConverter = 'das2_ascii'",
        &[
            "5: warning: csvConverter writes a stream, and clients are told that it is a table; let it end in das2_csv",
        ],
    ),
    ("csvConverter = 'das2_bin_avgsec 10 | das2_csv -p 7'", &[]),
    (
        "reducer = 'gone'",
        &[
            "5: error: reducer cannot run: gone is no program in any folder of BIN_PATH or PATH; put it there, or write its full path",
        ],
    ),
    (
        "reducer = 'das2_bin_avgsec --what'",
        &["5: error: reducer cannot run: das2_bin_avgsec --what: "],
    ),
    ("reducer = 'das2_bin_peakavgsec'", &[]),
    (
        "textConverter = '/no/such/program'",
        &["5: error: textConverter cannot run: /no/such/program cannot be run: No such file"],
    ),
    (
        "textConverter = './here'",
        &[
            "5: warning: textConverter may not run: ./here is looked for in whatever folder the web server runs programs in; write its full path, or its name alone and its folder in BIN_PATH",
        ],
    ),
    (
        "textConverter = 'python3 /no/script.py'",
        &[
            "5: error: textConverter cannot run: /no/script.py, which python3 is to run: No such file",
        ],
    ),
    (
        "textConverter = 'A=b env C=d gone --x | reader'",
        &["5: error: textConverter cannot run: gone is no program"],
    ),
    (
        "textConverter = 'reader |'",
        &["5: error: textConverter cannot run: the command `reader |` ends in `|`"],
    ),
    (
        "textConverter = 'flat'",
        &[
            "5: error: textConverter cannot run: ROOT/bin/flat is not executable; run chmod +x ROOT/bin/flat",
        ],
    ),
    (
        "textConverter = 'nothing_reads'",
        &[
            "5: error: textConverter cannot run: the first line of ROOT/bin/nothing_reads wants /no/perl, which is not there; install it, or write another interpreter",
        ],
    ),
    (
        "textConverter = 'env_reads'",
        &[
            "5: error: textConverter cannot run: the first line of ROOT/bin/env_reads wants no_python, which is not there",
        ],
    ),
    (
        "textConverter = 'from_windows'",
        &[
            "5: error: textConverter cannot run: the first line of ROOT/bin/from_windows ends in CR LF, so its interpreter is not found; save it with the line ends of Unix",
        ],
    ),
    (
        "textConverter = '/'",
        &["5: error: textConverter cannot run: / is no file"],
    ),
    // Moved sources.
    (
        "rename = 'Gone'",
        &[
            "5: error: rename leads to Gone, which is no source of this server; write the name it has now",
        ],
    ),
    (
        "rename = 'Loop'",
        &["5: error: rename leads back to this source; write the name it has now"],
    ),
    ("rename = 'Good'", &[]),
    (
        "server = 'example.edu'",
        &[
            "5: error: server is no address of a server; write its URL, as https://example.edu/das/server",
        ],
    ),
    (
        "server = 'https://example.edu/das/server'\nreader = 'gone'",
        &["6: warning: reader is already given"],
    ),
];

#[test]
fn each_finding() {
    let site = Site::new();
    site.write("datasets/Good.dsdf", dsdf(""));
    site.write("datasets/Loop.dsdf", dsdf("rename = 'Loop2'"));
    site.write("datasets/Loop2.dsdf", dsdf("rename = 'Loop'"));
    site.write("bin/flat", "#!/bin/sh\n");
    site.program("bin/nothing_reads", "#!/no/perl -w\n");
    site.program("bin/env_reads", "#!/usr/bin/env no_python\n");
    site.program("bin/from_windows", "#!/bin/sh\r\nexit\r\n");
    for (number, (more, _)) in MORE.iter().enumerate() {
        site.write(&format!("datasets/N{number:03}.dsdf"), dsdf(more));
    }
    let (lines, status) = site.check(&[]);
    assert_eq!(status, 1);
    for (number, (more, expected)) in MORE.iter().enumerate() {
        let start = format!("ROOT/datasets/N{number:03}.dsdf:");
        let of_file = lines.iter().filter_map(|line| line.strip_prefix(&start));
        let mut told: Vec<&str> = of_file.collect();
        told.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        let same = told.len() == expected.len()
            && told
                .iter()
                .zip(&expected)
                .all(|(told, expected)| told.starts_with(expected));
        assert!(same, "{more}\ntold: {told:#?}\nexpected: {expected:#?}");
    }
    let of_good = |line: &&String| line.contains("Good.dsdf");
    assert_eq!(lines.iter().filter(of_good).count(), 0);
    // Of the whole file.
    let (only, status) = site.check(&["N000"]);
    assert_eq!((only, status), (vec![], 0));
}
