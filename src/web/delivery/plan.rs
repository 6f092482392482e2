//! What runs as programs and what runs here.

use std::fmt;

use crate::exec::Program;
use crate::filter::Filter;

/// One step of a stream on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// The step as a program.
    pub program: Program,
    /// The same step done here, if it is one of ours.
    pub own: Option<Filter>,
}

/// The steps in order: programs, then filters of our own.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    programs: Vec<Program>,
    own: Vec<Filter>,
    /// The steps that run here, as text for the log.
    shown: Vec<String>,
}

impl Plan {
    /// A reader, and what its stream goes through. A step of ours in front of
    /// another program has to be a program as well.
    pub fn new(reader: Program, stages: Vec<Stage>) -> Plan {
        let after_last = stages
            .iter()
            .rposition(|stage| stage.own.is_none())
            .map_or(0, |at| at + 1);
        let mut plan = Plan {
            programs: vec![reader],
            own: Vec::new(),
            shown: Vec::new(),
        };
        for (at, stage) in stages.into_iter().enumerate() {
            match stage.own {
                Some(filter) if at >= after_last => {
                    plan.shown.push(stage.program.to_string());
                    plan.own.push(filter);
                }
                _ => plan.programs.push(stage.program),
            }
        }
        plan
    }

    /// What to start, the reader first.
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// What runs here, in the order of the flow.
    pub fn own(&self) -> &[Filter] {
        &self.own
    }
}

/// For the log: commands with `|` between them, those that run here in
/// brackets.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, program) in self.programs.iter().enumerate() {
            write!(f, "{}{program}", if at > 0 { " | " } else { "" })?;
        }
        self.shown
            .iter()
            .try_for_each(|command| write!(f, " | [{command}]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(command: &str) -> Stage {
        let words: Vec<&str> = command.split(' ').collect();
        let own = Filter::from_words(&words).map(Result::unwrap);
        Stage {
            program: Program::from_command(command).unwrap(),
            own,
        }
    }

    #[test]
    fn ours_run_here_when_no_program_follows() {
        let plan = |stages: &[&str]| {
            let reader = Program::from_command("reader").unwrap();
            Plan::new(
                reader,
                stages.iter().map(|command| stage(command)).collect(),
            )
            .to_string()
        };
        assert_eq!(plan(&[]), "reader");
        assert_eq!(
            plan(&["das2_bin_avgsec 60", "das2_ascii"]),
            "reader | [das2_bin_avgsec 60] | [das2_ascii]"
        );
        assert_eq!(
            plan(&["site 60", "das2_ascii"]),
            "reader | site 60 | [das2_ascii]"
        );
        assert_eq!(
            plan(&["das2_bin_avgsec 60", "site_text"]),
            "reader | das2_bin_avgsec 60 | site_text"
        );
    }
}
