//! Help: on the program, and on the task that can be queued.

use std::io::{self, Write};

use super::{COMMANDS, NAME, TodoError, Wishes};

/// Whether the words ask for help, or say nothing.
pub(super) fn wanted(words: &[String], wishes: &Wishes) -> bool {
    let is_help = |word: &String| word.eq_ignore_ascii_case("help");
    match words {
        [] => true,
        // A generic task may well have such an argument.
        [first, ..] if wishes.generic => is_help(first) && words.len() <= 2,
        [first] => is_help(first),
        // `help TASK`, and `TASK help` as some have learnt it.
        [first, second] => is_help(first) || (is_help(second) && is_command(first)),
        [first, ..] => is_help(first),
    }
}

fn is_command(word: &str) -> bool {
    COMMANDS
        .iter()
        .any(|(name, ..)| name.eq_ignore_ascii_case(word))
}

pub(super) fn print(words: &[String], out: &mut dyn Write) -> Result<(), TodoError> {
    let is_help = |word: &&String| word.eq_ignore_ascii_case("help");
    let topic = words.iter().find(|word| !is_help(word));
    match (words, topic) {
        ([], _) => writeln!(out, "Type '{NAME} help' for usage.")?,
        (_, None) => general(out)?,
        (_, Some(topic)) if topic.eq_ignore_ascii_case("cache") => cache(out)?,
        (_, Some(topic)) => one(topic, out)?,
    }
    Ok(())
}

fn general(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{NAME}: the work queue of a das2 server\n")?;
    for (name, words, what, _) in COMMANDS {
        writeln!(out, "  {name} {words}\n      {what}")?;
    }
    writeln!(
        out,
        "  help [TASK]
      this, or what a task does

  -g NAME ARGUMENT...   queue a task of any category, TASK_NAME, unchecked
  -t, -w, -d            tables of the waiting, working, finished tasks
  -c FILE               the server's configuration
  --json                JSON instead of text

ID is what list shows in its first column; its first digits are enough.
Exit status: 0; 1 nothing of that ID, or a watched task failed; 13 the words or
the task are wrong; 17 no configuration; 21 the queue did not do it."
    )
}

fn one(topic: &str, out: &mut dyn Write) -> Result<(), TodoError> {
    let found = COMMANDS
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(topic));
    let Some((name, words, what, _)) = found else {
        return Err(TodoError::Usage(format!(
            "'{topic}' is no command and no task; {NAME} help lists them"
        )));
    };
    writeln!(out, "{NAME} {name} {words}\n    {what}")?;
    Ok(())
}

fn cache(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Task:    CACHE
Summary: build cache blocks of a source

Parameters:
   1) dataset - The name of the source
   2) begin   - The time from which on blocks are built
   3) end     - The time up to which blocks are built
   4) level   - The number of a cacheLevel of the source's DSDF, or all

Description:
   A cache holds a source's data in blocks of an hour, a day, a month and so
   on, as the reader writes them or reduced in time, as the cacheLevel lines of
   the source's DSDF say. This task builds the blocks that cover all times from
   BEGIN to END, or builds them again.

Example:
   Build blocks of Juno magnetometer data at cache level 2 over four days:

      {NAME} cache juno/fgm/MagComponetsSCSE 2014-01-01 2014-01-05 2
"
    )
}
