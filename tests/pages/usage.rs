//! A command line as Markdown: usage, arguments, options.

use std::fmt::Write;

use clap::{Arg, Command};

/// The command, then its subcommands each under a heading.
pub fn markdown(mut command: Command) -> String {
    command.build();
    let mut out = String::new();
    about(&command, false, &mut out);
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        writeln!(out, "### {} {}\n", command.get_name(), sub.get_name()).unwrap();
        about(sub, true, &mut out);
    }
    out
}

fn about(command: &Command, with_text: bool, out: &mut String) {
    let usage = command.clone().render_usage().to_string();
    for line in usage.lines() {
        let line = line.trim().trim_start_matches("Usage: ");
        writeln!(out, "    {line}").unwrap();
    }
    out.push('\n');
    if with_text && let Some(text) = command.get_about() {
        writeln!(out, "{}.\n", paragraph(&text.to_string())).unwrap();
    }
    let shown = |arg: &&Arg| !(arg.is_hide_set() || with_text && arg.is_global_set());
    let mut arguments: Vec<&Arg> = command.get_positionals().filter(shown).collect();
    let options: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_positional())
        .filter(shown)
        .filter(|arg| !(with_text && arg.get_id() == "help"))
        .collect();
    arguments.extend(options);
    if arguments.is_empty() {
        return;
    }
    out.push_str("| argument or option | meaning |\n|---|---|\n");
    for arg in arguments {
        writeln!(out, "| {} | {} |", spelling(arg), meaning(arg)).unwrap();
    }
    out.push('\n');
}

/// `-r, --range DIGITS`.
fn spelling(arg: &Arg) -> String {
    let value = match arg.get_value_names() {
        Some(names) if arg.is_positional() || arg.get_action().takes_values() => {
            let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            names.join(" ")
        }
        _ if arg.is_positional() => arg.get_id().as_str().to_uppercase(),
        _ => String::new(),
    };
    let short = arg.get_short().map(|letter| format!("-{letter}"));
    let long = arg.get_long().map(|word| format!("--{word}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    format!("{} {value}", names.join(", "))
        .trim()
        .replace('|', "\\|")
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let help = help.map(|text| paragraph(&text.to_string()));
    let mut text = help.unwrap_or_default().trim_end_matches('.').to_owned();
    let defaults = arg.get_default_values();
    if arg.get_action().takes_values() && !defaults.is_empty() && !text.contains("default") {
        let defaults: Vec<_> = defaults
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        let defaults = defaults.join(" ");
        if !defaults.is_empty() {
            write!(text, "; {defaults} by default").unwrap();
        }
    }
    let values = arg.get_possible_values();
    if arg.get_action().takes_values() && !values.is_empty() {
        let names: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
        write!(text, ": {}", names.join(", ")).unwrap();
    }
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// The text on one line.
fn paragraph(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .trim_end_matches('.')
        .to_owned()
}
