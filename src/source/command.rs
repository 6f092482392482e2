//! Command strings of a DSDF, which are shell text of the site, with values of
//! a client in them, which must never become any.
//!
//! A client's value is left out of the text. In its place stands the reference
//! to a variable, in quotes: whatever the value holds, a shell takes it as one
//! word, or as part of one. Places where that would not hold, because
//! something reads the word again or because it would choose what is run or
//! written, are refused.

use super::substitute::Piece;

/// A command with the values of a request, each of which is one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    parts: Vec<Part>,
    values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The next value, and the quotes that it stands in.
    Value(Quotes),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

impl Command {
    /// A command without values of a request.
    pub fn from_text(text: &str) -> Command {
        Command {
            parts: vec![Part::Text(text.to_owned())],
            values: Vec::new(),
        }
    }

    /// A command from the pieces of a value; the error says what is wrong
    /// with the place of a client's value.
    pub(super) fn from_pieces(pieces: &[Piece]) -> Result<Command, &'static str> {
        let mut shell = Scanner::default();
        let mut command = Command {
            parts: Vec::new(),
            values: Vec::new(),
        };
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    shell.text(text)?;
                    command.parts.push(Part::Text(text.clone()));
                }
                Piece::Request(value) => {
                    command.parts.push(Part::Value(shell.value()?));
                    command.values.push(value.clone());
                }
            }
        }
        shell.end_quotes()?;
        Ok(command)
    }

    /// The text for a shell. The values of the request are references to
    /// `variable` and their number, from 1: with `das2_req_` the first one is
    /// `"${das2_req_1}"`.
    pub fn shell_text(&self, variable: &str) -> String {
        let mut text = String::new();
        let mut number = 0_usize;
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(quotes) => {
                    number += 1;
                    let reference = format!("${{{variable}{number}}}");
                    text.push_str(&match quotes {
                        Quotes::None => format!("\"{reference}\""),
                        Quotes::Double => reference,
                        Quotes::Single => format!("'\"{reference}\"'"),
                    });
                }
            }
        }
        text
    }

    /// The values of the request, in the order of their numbers.
    pub fn request_values(&self) -> &[String] {
        &self.values
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Text(text) => text.trim().is_empty(),
            Part::Value(_) => false,
        })
    }
}

/// Shells, after which `-c` makes shell text of the next word.
const SHELLS: &[&str] = &[
    "sh", "ash", "bash", "csh", "dash", "ksh", "mksh", "su", "tcsh", "zsh",
];

/// Programs that hand all their words to a shell.
const REREADERS: &[&str] = &["eval", "rsh", "ssh", "watch"];

/// Words after which the next one is a command still.
const BEFORE_A_COMMAND: &[&str] = &[
    "!", "{", "command", "do", "elif", "else", "env", "exec", "if", "nice", "nohup", "setsid",
    "stdbuf", "sudo", "then", "time", "timeout", "until", "while", "xargs",
];

const PHRASE: &str = "a $(..) of the request stands in quotes together with blanks or shell syntax; \
    close the quotes before it and open them again after it";

/// As much of a shell's reading as it takes to know what a word is for.
#[derive(Default)]
struct Scanner {
    quote: Option<char>,
    escaped: bool,
    backquoted: bool,
    /// The words of this simple command that are ended.
    words: Vec<String>,
    /// The word that is not.
    word: Option<String>,
    /// That word is the file of a redirection.
    redirected: bool,
    /// What the open quotes hold: more than one word; a client's value.
    phrase: bool,
    value_in_quotes: bool,
}

impl Scanner {
    fn text(&mut self, text: &str) -> Result<(), &'static str> {
        for c in text.chars() {
            if self.escaped {
                self.escaped = false;
                self.push(c);
            } else if self.quote.is_some() {
                self.quoted(c)?;
            } else {
                self.unquoted(c);
            }
        }
        Ok(())
    }

    fn quoted(&mut self, c: char) -> Result<(), &'static str> {
        if self.quote == Some(c) {
            return self.end_quotes();
        }
        match c {
            '\\' if self.quote == Some('"') => self.escaped = true,
            '`' if self.quote == Some('"') => self.backquoted = !self.backquoted,
            _ => self.push(c),
        }
        self.phrase |= c.is_whitespace() || ";|&<>(){}`".contains(c);
        Ok(())
    }

    fn unquoted(&mut self, c: char) {
        match c {
            '\\' => self.escaped = true,
            '\'' | '"' => {
                self.quote = Some(c);
                self.word.get_or_insert_default();
            }
            '`' => {
                self.backquoted = !self.backquoted;
                self.end_command();
            }
            ' ' | '\t' => self.end_word(),
            '<' | '>' => {
                self.end_word();
                self.redirected = true;
            }
            // `2>&1` does not end the command.
            '&' if self.redirected && self.word.is_none() => {}
            ';' | '|' | '&' | '(' | ')' | '\n' => self.end_command(),
            _ => self.push(c),
        }
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            if !self.redirected {
                self.words.push(word);
            }
            self.redirected = false;
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.redirected = false;
        self.words.clear();
    }

    fn end_quotes(&mut self) -> Result<(), &'static str> {
        let refused = self.phrase && self.value_in_quotes;
        self.quote = None;
        self.phrase = false;
        self.value_in_quotes = false;
        match refused {
            true => Err(PHRASE),
            false => Ok(()),
        }
    }

    /// The quotes that a client's value would stand in at this place.
    fn value(&mut self) -> Result<Quotes, &'static str> {
        if let Some(reason) = self.refusal() {
            return Err(reason);
        }
        let quotes = match self.quote {
            Some('\'') => Quotes::Single,
            Some(_) => Quotes::Double,
            None => Quotes::None,
        };
        self.value_in_quotes = self.quote.is_some();
        self.push('?');
        Ok(quotes)
    }

    fn refusal(&self) -> Option<&'static str> {
        if self.escaped {
            return Some("a backslash stands in front of a $(..) of the request; remove it");
        }
        if self.backquoted {
            return Some(
                "a $(..) of the request stands inside backquotes; write a script for that",
            );
        }
        if self.redirected {
            return Some(
                "a $(..) of the request names the file of a redirection; hand it to the program as an argument",
            );
        }
        if self.reread() {
            return Some(
                "a $(..) of the request would be read by a second shell; hand it to a script as an argument",
            );
        }
        let assigned = self.word.as_deref().is_some_and(is_assignment);
        (!assigned && self.words.iter().all(|word| runs_the_next(word))).then_some(
            "a $(..) of the request names the program; write the name of the program itself",
        )
    }

    /// Whether some shell reads this word as text again.
    fn reread(&self) -> bool {
        let named = |names: &[&str]| {
            let of = |word: &String| names.contains(&base(word));
            self.words.iter().any(of)
        };
        let option = self.words.last().map_or("", String::as_str);
        let text_follows =
            option.starts_with('-') && !option.starts_with("--") && option.ends_with('c');
        named(REREADERS) || (text_follows && named(SHELLS))
    }
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Whether the word after this one may still be the program.
fn runs_the_next(word: &str) -> bool {
    // An option of such a word, or its number, as in `nice -n 5`.
    let option = word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    is_assignment(word) || option || BEFORE_A_COMMAND.contains(&base(word)) || reads_a_script(word)
}

/// Whether the word after this one is a script that a shell reads.
fn reads_a_script(word: &str) -> bool {
    matches!(word, "." | "source") || SHELLS.contains(&base(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `@` stands for the client's value.
    fn command(text: &str, value: &str) -> Result<Command, &'static str> {
        let mut pieces = Vec::new();
        for (at, part) in text.split('@').enumerate() {
            if at > 0 {
                pieces.push(Piece::Request(value.to_owned()));
            }
            pieces.push(Piece::Text(part.to_owned()));
        }
        Command::from_pieces(&pieces)
    }

    const HOSTILE: &[&str] = &[
        "a;b",
        "a b",
        "",
        "`touch x`",
        "$(touch x)",
        "a&b|c",
        "'",
        "\"",
        "\\",
        "*",
        "~",
        "a\nb",
        "'; touch x; '",
        "\"; touch x; \"",
        "${HOME}",
        "-n",
        "#",
        ">x",
        "é",
        "}",
        "$1",
    ];

    const GOOD: &[(&str, &str)] = &[
        ("printf %s. @", "{}."),
        ("printf %s. --k=@", "--k={}."),
        ("printf %s. a@b", "a{}b."),
        ("printf %s. @ @", "{}.{}."),
        ("printf %s. \"@\"", "{}."),
        ("printf %s. \"--k=@:x\"", "--k={}:x."),
        ("printf %s. '@'", "{}."),
        ("printf %s. '--k=@'x", "--k={}x."),
        ("printf %s. 'a b' @ 'c d'", "a b.{}.c d."),
        ("X=@ printenv X | tr '\\n' '.'", "{}."),
        ("env X=@ printenv X | tr '\\n' '.'", "{}."),
        ("cd / && printf %s. @ 2>&1", "{}."),
        ("printf %s. 2>&1 @", "{}."),
        ("sh -c 'printf %s. \"$1\"' x @", "{}."),
        ("printf %s. \"$PWD_NOT_SET\"@", "{}."),
        ("printf '%s.' ${NOT_SET:-x} @", "x.{}."),
        ("nice -n 5 printf %s. @", "{}."),
    ];

    #[test]
    fn a_hostile_value_is_one_word() {
        let folder = tempfile::tempdir().unwrap();
        for (text, expected) in GOOD {
            for value in HOSTILE {
                let command = command(text, value).unwrap_or_else(|e| panic!("{text}: {e}"));
                let mut shell = std::process::Command::new("/bin/sh");
                shell.current_dir(folder.path());
                shell.arg("-c").arg(command.shell_text("das2_req_"));
                for (at, value) in command.request_values().iter().enumerate() {
                    shell.env(format!("das2_req_{}", at + 1), value);
                }
                let output = shell.output().unwrap();
                let mut expected = expected.replace("{}", value);
                if text.contains("tr ") {
                    expected = expected.replace('\n', ".");
                }
                assert_eq!(
                    String::from_utf8_lossy(&output.stdout),
                    expected,
                    "{text} {value:?}"
                );
                let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
                assert!(left.is_empty(), "{text} {value:?}: {left:?}");
            }
        }
    }

    #[test]
    fn places_that_are_refused() {
        for (text, words) in [
            ("@", "names the program"),
            ("@ x", "names the program"),
            ("/opt/bin/@", "names the program"),
            ("reader_@ x", "names the program"),
            ("env X=1 @", "names the program"),
            ("/usr/bin/env @", "names the program"),
            ("X=1 @", "names the program"),
            ("nice -n 5 @", "names the program"),
            ("timeout 60 /opt/bin/@", "names the program"),
            ("sh @", "names the program"),
            ("/bin/bash -e @ x", "names the program"),
            (". @", "names the program"),
            ("cat x | @", "names the program"),
            ("cat x; @ y", "names the program"),
            ("a && \"@\"", "names the program"),
            ("(@)", "names the program"),
            ("prog \\@", "backslash"),
            ("prog `cat @`", "backquotes"),
            ("prog \"`cat @`\"", "backquotes"),
            ("prog > @", "redirection"),
            ("prog 2>@", "redirection"),
            ("prog < /data/@", "redirection"),
            ("sh -c @", "second shell"),
            ("/bin/bash -lc \"@\"", "second shell"),
            ("env X=1 sh -ec @", "second shell"),
            ("eval prog @", "second shell"),
            ("ssh host prog @", "second shell"),
            ("sh -c 'prog @'", "second shell"),
            ("prog 'a @'", "blanks or shell syntax"),
            ("prog \"@;b\"", "blanks or shell syntax"),
            ("python3 -c 'f(@)'", "blanks or shell syntax"),
        ] {
            let reason = command(text, "v").unwrap_err();
            assert!(reason.contains(words), "{text}: {reason}");
        }
    }

    #[test]
    fn texts_of_the_site_alone_are_never_refused() {
        for text in [
            "`x`",
            "sh -c 'a b; c'",
            "eval x",
            "a > b",
            "'",
            "\\",
            "",
            "a && b | c",
        ] {
            let command = command(text, "v").unwrap();
            assert_eq!(command.shell_text("v"), text);
            assert!(command.request_values().is_empty());
        }
    }

    #[test]
    fn emptiness() {
        assert!(Command::from_text(" \t").is_empty());
        assert!(!Command::from_text("x").is_empty());
    }
}
