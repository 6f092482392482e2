//! Whether a command text needs a shell, and whether words can be appended to
//! it as arguments.

/// Characters that mean something to a POSIX shell, wherever they stand.
const SPECIAL: &[char] = &[
    '\'', '"', '$', '`', '\\', ';', '|', '&', '<', '>', '(', ')', '{', '}', '[', ']', '*', '?',
    '~', '#', '!',
];

/// First words that are no program of their own, or that a shell runs in its
/// own way (its echo reads backslashes, /bin/echo does not).
const SHELL_WORDS: &[&str] = &[
    ".", ":", "alias", "bg", "break", "builtin", "case", "cd", "chdir", "command", "continue",
    "declare", "do", "done", "echo", "elif", "else", "esac", "eval", "exec", "exit", "export",
    "false", "fc", "fg", "fi", "for", "function", "getopts", "hash", "if", "in", "jobs", "kill",
    "let", "local", "printf", "pwd", "read", "readonly", "return", "select", "set", "shift",
    "source", "test", "then", "time", "times", "trap", "true", "type", "typeset", "ulimit",
    "umask", "unalias", "unset", "until", "wait", "while",
];

/// Last words after which the next word is a command, or is read by a shell.
const COMMAND_FOLLOWS: &[&str] = &[
    "!", "{", "builtin", "command", "do", "elif", "else", "env", "eval", "exec", "if", "nice",
    "nohup", "setsid", "stdbuf", "sudo", "then", "time", "until", "while", "xargs",
];

/// Shells, after which `-c` makes text of the next word.
const SHELLS: &[&str] = &[
    "sh", "ash", "bash", "csh", "dash", "ksh", "mksh", "tcsh", "zsh",
];

/// Whether only a shell can run this text as it is meant. Otherwise it is a
/// program and plain words, separated by blanks and tabs.
pub(super) fn needs_shell(text: &str) -> bool {
    let special = |c: char| SPECIAL.contains(&c) || (c.is_control() && c != '\t');
    let Some(first) = words(text).next() else {
        return false;
    };
    text.chars().any(special) || is_assignment(first) || SHELL_WORDS.contains(&first)
}

/// What stands at the end of the text, if words appended to it would not be
/// arguments: an operator, a word that runs the next one, or assignments only.
pub(super) fn open_end(text: &str) -> Option<&str> {
    let text = text.trim_end();
    let last = words(text).last()?;
    if ends_in_operator(text) {
        return text
            .char_indices()
            .next_back()
            .and_then(|(at, _)| text.get(at..));
    }
    let command = text
        .rsplit([';', '&', '|', '\n', '('])
        .next()
        .unwrap_or(text);
    let opens = COMMAND_FOLLOWS.contains(&last)
        || (last == "-c" && command.split_whitespace().any(is_shell))
        || (words(command).next().is_some() && words(command).all(is_assignment));
    if opens {
        return Some(last);
    }
    (words(command).next() == Some("eval")).then_some("eval")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_ascii_whitespace()
}

fn ends_in_operator(text: &str) -> bool {
    text.strip_suffix([';', '&', '|', '<', '>', '('])
        .is_some_and(|rest| !rest.ends_with('\\'))
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else {
        return false;
    };
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_shell(word: &str) -> bool {
    SHELLS.contains(&word.rsplit('/').next().unwrap_or(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_need_no_shell() {
        for text in [
            "reader",
            "/opt/das2/bin/reader",
            "reader -v /data/a,b.dat",
            "env VAR=x prog",
            "  reader\t-x --level=3 @a %b ^c +d:e ",
            "reader caf\u{e9}",
        ] {
            assert!(!needs_shell(text), "{text}");
            assert_eq!(open_end(text), None, "{text}");
        }
    }

    #[test]
    fn every_special_character_needs_one() {
        for c in SPECIAL.iter().chain(&['\n', '\r', '\u{1b}', '\u{85}']) {
            assert!(needs_shell(&format!("reader a{c}b")), "{c:?}");
        }
        for text in [
            "VAR=x prog",
            "_v1= prog",
            "cd /data",
            ". ./setup",
            "echo a",
            "exec prog",
        ] {
            assert!(needs_shell(text), "{text}");
        }
        assert!(!needs_shell("1VAR=x prog"));
    }

    #[test]
    fn arguments_need_a_program_before_them() {
        for text in [
            "prog;",
            "prog &",
            "prog |",
            "a &&",
            "a ||",
            "prog >",
            "prog <",
            "prog >&",
            "(",
            "! ",
            "{",
            "env",
            "exec",
            "a; exec",
            "VAR=x",
            "cd /x && A=b",
            "sh -c",
            "/bin/bash -c",
            "if true; then",
            "eval prog",
            "cd /x; eval prog -a",
        ] {
            assert!(open_end(text).is_some(), "{text}");
        }
        for text in [
            "cat FILE && echo",
            "prog -c",
            "find . -exec p {} \\;",
            "p 2>&1",
            "eval \"$(s)\"; prog",
            "A=b prog",
            "prog `which x`",
            "echo hi!",
        ] {
            assert_eq!(open_end(text), None, "{text}");
        }
    }
}
