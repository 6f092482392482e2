use super::*;
use crate::queue::entry::{Entry, Stage};
use crate::queue::key::{Span, padded};

const CGI: &str = "2026-11-24T16:04:12.686|127.0.0.1/das/server||127.0.0.1||nobody|TASK_CACHE|\
                   Examples/Spectra|1979-03-01|1979-03-02|10";
const TODO: &str = "2026-11-24T16:04:24.233|das2_srv_todo|host1|||root|TASK_CACHE|\
                    Examples/Spectra|1979-03-01T12|1979-03-01T14|0";
const HAPI: &str = "2026-11-24T16:04:12.686|h/das/server||127.0.0.1||nobody|HAPI_INFO_CACHE|\
                    Examples/Spectra,amp|freq,time";

#[test]
fn waiting_tasks_as_das2_pyserver_writes_them() {
    let task = Task::parse(CGI).unwrap();
    assert_eq!(task.submitted, "2026-11-24T16:04:12.686");
    assert_eq!(task.requester, "127.0.0.1/das/server");
    assert_eq!(
        (task.host.as_str(), task.remote.as_str()),
        ("", "127.0.0.1")
    );
    assert_eq!(task.user, "nobody");
    let wanted = Work::Cache {
        dataset: "Examples/Spectra".to_owned(),
        begin: "1979-03-01".to_owned(),
        end: "1979-03-02".to_owned(),
        level: LevelChoice::Number(10),
    };
    assert_eq!(task.work, wanted);
    let generic = "2026-11-24T16:04:24.233|das2_srv_todo|h|||root|TASK_LIST|a||b";
    for text in [CGI, TODO, HAPI, generic] {
        assert_eq!(Task::parse(text).unwrap().to_text(), text);
    }
    let all = CGI.replace("|10", "|all");
    assert_eq!(Task::parse(&all).unwrap().to_text(), all);
    assert_eq!(
        task.key().as_str(),
        "TASK_CACHE|Examples/Spectra|1979-03-01|1979-03-02|10"
    );
}

#[test]
fn running_and_finished_tasks_as_das2_pyserver_writes_them() {
    for stage in [
        "2026-11-24T16:04:26.822||0/100",
        "2026-11-24T16:04:26.822|Writing: 1979-03-01_bin-1s.d2s|0.00",
    ] {
        for task in [CGI, TODO, HAPI] {
            let text = format!("{task}|{stage}");
            let entry = Entry::working(&text).unwrap();
            assert_eq!(entry.task.to_text(), task);
            assert!(matches!(entry.stage, Stage::Running { .. }), "{text}");
            assert_eq!(entry.to_text(), text);
        }
    }
    // Popped and not begun.
    assert_eq!(Entry::working(CGI).unwrap().stage, Stage::Waiting);
    let status = "Successfully processed 1 of 1 cache blocks";
    let text = format!("{TODO}|2026-11-24T16:04:26.822|{status}|2026-11-24T16:04:29.008|0");
    let entry = Entry::finished(&text).unwrap();
    assert_eq!(entry.to_text(), text);
    let Stage::Ended {
        status: found,
        ended,
        code,
        ..
    } = entry.stage
    else {
        panic!("{text}");
    };
    assert_eq!((found.as_str(), code), (status, 0));
    assert_eq!(ended, "2026-11-24T16:04:29.008");
}

#[test]
fn no_field_breaks_a_text() {
    let mut task = Task::parse(CGI).unwrap();
    task.user = "A|B,\nRoom 1\u{85}".to_owned();
    task.work = Work::Other {
        category: "TASK_X".to_owned(),
        arguments: vec!["a|b".to_owned(), "c\0d".to_owned()],
    };
    let text = task.to_text();
    let read = Task::parse(&text).unwrap();
    assert_eq!(read.user, "A B, Room 1 ");
    assert_eq!(read.work.arguments(), ["a b", "c d"]);
    assert_eq!(read.key(), task.key());
}

#[test]
fn what_is_no_task() {
    use TaskError::{Arguments, Fields, Level, Long};
    assert_eq!(Task::parse(""), Err(Fields(1)));
    assert_eq!(Task::parse("a|b|c|d|e|f"), Err(Fields(6)));
    let arguments = |category, found, wanted| {
        Err(Arguments {
            category,
            found,
            wanted,
        })
    };
    assert_eq!(
        Task::parse("||||||TASK_CACHE|x|y|z"),
        arguments(CACHE, 3, 4)
    );
    assert_eq!(Task::parse(&format!("{CGI}|x")), arguments(CACHE, 5, 4));
    assert_eq!(
        Task::parse("||||||HAPI_INFO_CACHE|x"),
        arguments(HAPI_INFO, 1, 2)
    );
    for level in ["", "x", "-1", "+1", "1.0", "99999999999", "al"] {
        let text = CGI.replace("|10", &format!("|{level}"));
        assert_eq!(Task::parse(&text), Err(Level(level.to_owned())));
    }
    assert_eq!(Task::parse(&"|".repeat(LONGEST + 1)), Err(Long));
    assert!(Entry::finished(CGI).is_err());
    assert!(Entry::finished(&format!("{CGI}|a|b|c|x")).is_err());
}

#[test]
fn what_cannot_be_built() {
    let one = LevelChoice::Number(1);
    let good = Work::cache("A/b", "2020-001", "now", one);
    assert!(matches!(good, Err(TaskError::Time { which: "end", .. })));
    assert!(Work::cache("A/b", " 2020-001T12:30 ", "jan 3, 2020", one).is_ok());
    for name in ["", "../x", "a|b", "a\nb", "_dirinfo_"] {
        let error = Work::cache(name, "2020-01-01", "2020-01-02", one).unwrap_err();
        assert!(matches!(error, TaskError::Dataset(_)), "{name:?}");
    }
    for (begin, end) in [("2020-01-02", "2020-01-02"), ("2020-01-03", "2020-01-02")] {
        let error = Work::cache("A/b", begin, end, one).unwrap_err();
        assert!(matches!(error, TaskError::Order { .. }));
    }
    let text = "$(id) `x`\n".repeat(100);
    let error = Work::cache("A/b", &text, "2020-01-02", one).unwrap_err();
    assert!(error.to_string().len() < 400, "{error}");
}

#[test]
fn ranges_compare_as_times() {
    let full = "1979-03-01T00:00:00.000000000";
    for text in [
        "1979-03-01",
        "1979-03-01T00",
        "1979-03-01T00:00:00Z",
        " 1979-03-01T00:00 ",
    ] {
        assert_eq!(padded(text).as_deref(), Some(full), "{text}");
    }
    for text in [
        "1979-060",
        "1979",
        "",
        "March 1, 1979",
        "1979-03-1x",
        "ü979-03-01",
    ] {
        assert_eq!(padded(text), None, "{text}");
    }
    let span = |text: &str| Span::of(&Task::parse(text).unwrap().work).unwrap();
    let day = span(&CGI.replace("|10", "|0"));
    assert!(span(TODO).lies_in(&day));
    assert!(!day.lies_in(&span(TODO)));
    assert!(!span(TODO).lies_in(&span(CGI)));
    assert!(span(TODO).lies_in(&span(&CGI.replace("|10", "|all"))));
}

#[test]
fn ids() {
    let (cgi, todo) = (Task::parse(CGI).unwrap(), Task::parse(TODO).unwrap());
    assert_eq!(cgi.key().id().len(), 10);
    assert_ne!(cgi.key().id(), todo.key().id());
    let later = CGI.replace("2026", "2027").replace("nobody", "me");
    assert_eq!(Task::parse(&later).unwrap().key(), cgi.key());
}

#[test]
fn fractions() {
    let cases = [
        (0.0, "0.00"),
        (0.256, "0.26"),
        (7.0, "1.00"),
        (-1.0, "0.00"),
        (f64::NAN, "0.00"),
    ];
    for (done, text) in cases {
        assert_eq!(progress(done), text);
    }
}

#[test]
fn no_text_makes_it_panic() {
    let pieces = [
        "|",
        "||||||",
        "TASK_CACHE",
        "HAPI_INFO_CACHE",
        "all",
        "7",
        "2020-01-01",
        "T12",
        "Z",
        "ü",
        "\0",
        "-",
        "99999999999",
        "",
    ];
    let mut state: u32 = 1;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..state % 23 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(pieces[(state >> 16) as usize % pieces.len()]);
        }
        state = state.wrapping_add(1);
        for entry in [Entry::waiting, Entry::working, Entry::finished] {
            if let Ok(entry) = entry(&text) {
                let _ = (entry.task.work.check(), Span::of(&entry.task.work));
                let again = Task::parse(&entry.task.to_text()).unwrap();
                assert_eq!(again.key(), entry.task.key());
            }
        }
    }
}
