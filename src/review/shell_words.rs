//! The programs that a command text runs, as far as that can be told without
//! being a shell.

/// Words in front of which nothing is known any more.
const COMPOUND: &[&str] = &[
    "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if",
    "select", "then", "until", "while",
];

/// Commands of the shell itself.
const BUILTIN: &[&str] = &[
    ".", ":", "alias", "cd", "command", "echo", "eval", "exit", "export", "false", "printf", "pwd",
    "read", "readonly", "return", "set", "shift", "source", "test", "trap", "true", "type",
    "ulimit", "umask", "unset", "wait", "[",
];

/// Those of them that run what stands elsewhere, in this same shell.
const READS: &[&str] = &[".", "eval", "export", "source"];

/// Programs after which, behind their assignments, another one stands.
const WRAPPERS: &[&str] = &["env", "exec", "nice", "nohup", "setsid", "time"];

/// Programs whose first word that is no option is a script.
const INTERPRETERS: &[&str] = &[
    "bash", "dash", "ksh", "perl", "php", "python", "Rscript", "ruby", "sh", "tclsh", "zsh",
];

/// A file that a command needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Needed {
    /// It is run: a name to be looked for, or a path.
    Program(String),
    /// A program of this name reads it.
    Script(String, String),
}

/// What the command text needs; parts that are more than plain words with
/// quotes are passed over.
pub(super) fn needed(text: &str) -> Vec<Needed> {
    let Some(commands) = simple_commands(text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let (mut moved, mut other_path) = (false, false);
    for words in &commands {
        let first = words.first().and_then(|word| word.as_deref());
        if first.is_some_and(|word| COMPOUND.contains(&word)) {
            return Vec::new();
        }
        let mut of_this = Vec::new();
        of_command(words, &mut of_this);
        let sets_path = words.iter().flatten().any(|word| word.starts_with("PATH="));
        of_this.retain(|needed| match needed {
            Needed::Program(name) if name.starts_with('/') => true,
            // Behind a cd this is relative to who knows what.
            Needed::Program(name) if name.contains('/') => !moved,
            // The command that env runs has the new PATH, env itself the old one.
            Needed::Program(name) => !other_path && (!sets_path || name == "env"),
            Needed::Script(_, path) => path.starts_with('/'),
        });
        found.extend(of_this);
        moved |= first == Some("cd");
        // What a file sets that the shell reads is beyond knowing.
        other_path |= sets_path || first.is_some_and(|word| READS.contains(&word));
    }
    found
}

/// The commands of a text that are plain words, and whether each is the last one, which
/// gets what the server appends.
pub(super) fn plain_commands(text: &str) -> Vec<(Vec<String>, bool)> {
    let commands = simple_commands(text).unwrap_or_default();
    let last = commands.len().saturating_sub(1);
    let plain = commands
        .into_iter()
        .enumerate()
        .filter_map(|(number, words)| {
            let words: Vec<String> = words.into_iter().collect::<Option<_>>()?;
            let words = words.into_iter().skip_while(|word| is_assignment(word));
            Some((words.collect(), number == last))
        });
    plain.collect()
}

/// What the words of one command need. A word that is None cannot be known.
fn of_command(words: &[Option<String>], found: &mut Vec<Needed>) {
    let mut words = words.iter();
    while let Some(Some(word)) = words.next() {
        if is_assignment(word) {
            continue;
        }
        if BUILTIN.contains(&word.as_str()) {
            return;
        }
        let base = word.rsplit('/').next().unwrap_or(word);
        if word != "exec" && word != "time" {
            found.push(Needed::Program(word.clone()));
        }
        if WRAPPERS.contains(&base) {
            let option = |word: &Option<String>| word.as_ref().is_some_and(|w| w.starts_with('-'));
            if words.clone().next().is_some_and(option) {
                return;
            }
            continue;
        }
        let stem = base.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        if INTERPRETERS.contains(&stem)
            && let Some(Some(script)) = words.next()
            && !script.starts_with('-')
        {
            found.push(Needed::Script(base.to_owned(), script.clone()));
        }
        return;
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The simple commands of a text, each as its words; None where something is
/// in it that takes a shell to read.
fn simple_commands(text: &str) -> Option<Vec<Vec<Option<String>>>> {
    let mut commands = vec![Vec::new()];
    let mut characters = text.chars().peekable();
    let mut word: Option<Word> = None;
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\n' | ';' | '|' | '&' => {
                end_word(&mut word, &mut commands);
                if c != ' ' && c != '\t' {
                    commands.push(Vec::new());
                }
            }
            '(' | ')' | '`' | '<' | '>' | '{' | '}' => return None,
            '#' if word.is_none() => break,
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '\'' => break,
                        c => word.text.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '"' => break,
                        '$' | '`' => word.unknown = true,
                        '\\' => word.text.push(characters.next()?),
                        c => word.text.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().text.push(characters.next()?),
            '$' | '*' | '?' | '[' | '~' => {
                let word = word.get_or_insert_default();
                word.unknown = true;
                // `$(..)` is a command of its own.
                if c == '$' && characters.peek() == Some(&'(') {
                    return None;
                }
                if c == '$' && characters.peek() == Some(&'{') {
                    characters.by_ref().find(|c| *c == '}');
                }
            }
            c => word.get_or_insert_default().text.push(c),
        }
    }
    end_word(&mut word, &mut commands);
    Some(commands)
}

#[derive(Default)]
struct Word {
    text: String,
    unknown: bool,
}

fn end_word(word: &mut Option<Word>, commands: &mut [Vec<Option<String>>]) {
    if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
        // What an assignment sets does not matter.
        let is_known = !word.unknown || is_assignment(&word.text);
        command.push(is_known.then_some(word.text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_scripts() {
        for (text, expected) in [
            ("reader -v a", "reader"),
            ("/opt/r", "/opt/r"),
            ("env A=b C=d prog x", "env prog"),
            ("A=b prog", "prog"),
            ("A=b", ""),
            ("env -i prog", "env"),
            (
                "/usr/bin/env P=x python3.11 /a/b.py",
                "/usr/bin/env python3.11 python3.11:/a/b.py",
            ),
            ("python3 -m mod", "python3"),
            ("python3 b.py", "python3"),
            ("cat F && echo", "cat"),
            ("a | b 'c d' | \"e f\"", "a b e f"),
            ("cd /x && ./y", ""),
            ("cd /x && y", "y"),
            ("./y; cd /x; ./z", "./y"),
            ("exec prog", "prog"),
            ("A=\"$B\" prog", "prog"),
            ("PATH=/x:$PATH prog | two", ""),
            ("env PATH=/x prog", "env"),
            ("PATH=$HOME/bin; prog; /y", "/y"),
            ("export PATH=/x && prog", ""),
            ("one; . /etc/profile && two && /y", "one /y"),
            ("nice -n 5 prog", "nice"),
            ("\"${das2_req_1}\" x", ""),
            ("prog \"${das2_req_1}\" | two", "prog two"),
            ("$PROG x | two", "two"),
            ("prog > file", ""),
            ("if a; then b; fi", ""),
            ("prog $(x)", ""),
            ("prog `x`", ""),
            ("prog 'open", ""),
            ("prog # one; two", "prog"),
            ("", ""),
        ] {
            let shown: Vec<String> = needed(text)
                .into_iter()
                .map(|needed| match needed {
                    Needed::Program(name) => name,
                    Needed::Script(by, path) => format!("{by}:{path}"),
                })
                .collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
    }
}
