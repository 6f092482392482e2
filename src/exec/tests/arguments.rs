//! What programs are given: arguments, environment, standard input.

use std::path::Path;

use super::*;

const NASTY: &[&str] = &[
    "$(touch INJECTED)",
    "`touch INJECTED`",
    "; touch INJECTED",
    "&& touch INJECTED",
    "| cat",
    "> INJECTED",
    "a b",
    "  two  spaces ",
    "",
    "*",
    "?",
    "[a-z]",
    "{a,b}",
    "~",
    "$HOME",
    "${das2_req_1}",
    "'",
    "\"",
    "\\",
    "\\n",
    "\n",
    "a\ntouch INJECTED\n",
    "#",
    "!x",
    "-n",
    "--",
    "%s",
    "<x",
    "(",
    ")",
    "&",
    "\t",
    "\u{1b}[2J",
    "é",
    "\u{2028}",
];

#[test]
fn words_of_a_client_arrive_unharmed_and_nothing_is_executed() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("args");
    let text = "#!/bin/sh\nfor a in \"$@\"; do printf '<%s>' \"$a\"; done\n";
    write_executable(&script, text);
    let expected: String = NASTY.iter().map(|word| format!("<{word}>")).collect();
    let name = script.display();
    for command in [
        format!("{name}"),
        format!("cd {} && {name}", folder.path().display()),
        format!("A=b '{name}'"),
        format!("cd {}; exec {name}", folder.path().display()),
    ] {
        let mut program = Program::from_command(&command).unwrap();
        for word in NASTY {
            program.arg(word).unwrap();
        }
        assert_eq!(output_of(program), expected, "{command}");
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "something was executed"
    );
}

#[test]
fn request_values_are_never_shell_text() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "cd {}; printf '<%s>' \"${{das2_req_1}}\" x\"${{das2_req_2}}\"y",
        folder.path().display()
    );
    for word in NASTY {
        let mut program = Program::from_command(&text).unwrap();
        program
            .request_value(word)
            .unwrap()
            .request_value(word)
            .unwrap()
            .arg(word)
            .unwrap();
        assert_eq!(output_of(program), format!("<{word}><x{word}y><{word}>"));
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "something was executed"
    );
}

/// Written by another process: while this one has a file open for writing, so has
/// whatever another thread is starting, and nobody can run it.
fn write_executable(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let mut copy = std::process::Command::new("cp");
    let copied = copy.arg("-p").arg(&file).arg(path).status();
    assert!(copied.unwrap().success());
}

#[test]
fn programs_see_the_given_environment_only_and_empty_input() {
    let own = [
        ("PATH", "/usr/bin:/bin"),
        ("HTTP_AUTHORIZATION", "Basic eDp5"),
        ("TZ", "UTC"),
    ];
    let own = own.map(|(name, value)| (name.into(), value.into()));
    let environment = Environment::new(own, Some("/opt/x"), Some("/opt/lib"));
    let mut running =
        Running::start(&[Program::direct("env")], &environment, Limits::default()).unwrap();
    let seen = String::from_utf8(read_all(&mut running).unwrap()).unwrap();
    let mut lines: Vec<_> = seen.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "LD_LIBRARY_PATH=/opt/lib",
            "PATH=/opt/x:/usr/bin:/bin",
            "TZ=UTC"
        ]
    );
    assert_eq!(run(&["cat"]).0, "");
}

#[test]
fn scripts_without_an_interpreter_line_run() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    write_executable(&script, "echo ran \"$1\"\n");
    let mut program = Program::direct(&script);
    program.arg("a  b").unwrap();
    assert_eq!(output_of(program), "ran a  b\n");
}

#[test]
fn what_cannot_be_started_is_told() {
    let start =
        |programs: &[Program]| Running::start(programs, &environment(), Limits::default()).err();
    assert!(matches!(start(&[]), Some(ExecError::Empty)));
    let missing = [Program::direct("cat"), Program::direct("no-such-program")];
    let error = start(&missing).unwrap();
    assert!(matches!(&error, ExecError::NotFound(name) if name == "no-such-program"));
    assert!(!error.for_client().contains("no-such"));
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    let told = |text: &str| {
        let error = start(&[Program::direct(&script)]).unwrap();
        assert!(!error.for_client().contains("script"));
        let error = error.to_string();
        assert!(error.contains(text), "{error}");
    };
    let text = "#! /bin/nonesuch -x\n";
    fs::write(&script, text).unwrap();
    told("script is there, and this account may not run it: chmod +x");
    fs::remove_file(&script).unwrap();
    write_executable(&script, text);
    told("its first line names the program \"/bin/nonesuch\", which is not there");
    write_executable(&script, "#!/bin/sh\r\necho\r\n");
    told("\"/bin/sh\\r\", which is not there; save the script with the line ends of Unix");
    let mut long = Program::direct("echo");
    long.arg("x".repeat(5 << 20)).unwrap();
    assert!(matches!(start(&[long]), Some(ExecError::TooLong(_))));
}
