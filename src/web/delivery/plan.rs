//! What runs as programs and what runs here.

use std::fmt;

use super::start_failed;
use crate::config::Config;
use crate::exec::Program;
use crate::filter::Chain;
use crate::web::Error;

/// One step of a stream on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// The step as a program.
    pub program: Program,
    /// The same step done here, if it is one or several of ours.
    pub own: Option<Chain>,
}

/// The steps in order: programs, then a chain of our own.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    programs: Vec<Program>,
    own: Chain,
    /// The steps that run here, as text for the log.
    shown: Vec<String>,
}

impl Plan {
    /// A reader, and what its stream goes through. A step of ours in front of
    /// another program has to be a program as well, and so has one that makes
    /// no stream for the steps behind it.
    pub fn new(reader: Program, stages: Vec<Stage>) -> Plan {
        let last = stages.len().saturating_sub(1);
        let after_last = stages
            .iter()
            .enumerate()
            .rposition(|(at, stage)| match &stage.own {
                Some(own) => !own.makes_stream() && at < last,
                None => true,
            })
            .map_or(0, |at| at + 1);
        let mut plan = Plan {
            programs: vec![reader],
            own: Chain::default(),
            shown: Vec::new(),
        };
        for (at, stage) in stages.into_iter().enumerate() {
            match stage.own {
                Some(own) if at >= after_last => {
                    plan.shown.push(stage.program.to_string());
                    plan.own = plan.own.then_all(own);
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

    /// Whether its programs are there, as far as that is known without starting any.
    ///
    /// # Errors
    /// What starting them would give.
    pub fn find(&self, config: &Config) -> Result<(), Error> {
        let environment = crate::reading::environment(config);
        let mut found = self.programs.iter().map(|one| one.find(&environment));
        found.try_for_each(|one| one.map_err(|error| start_failed(&error)))
    }

    /// What runs here.
    pub fn own(&self) -> &Chain {
        &self.own
    }

    /// The same, deflated at its end if that is a das2 stream.
    #[must_use]
    pub fn deflated(mut self) -> Plan {
        self.own = self.own.deflated();
        self
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
    use crate::filter::Step;

    fn stage(command: &str) -> Stage {
        let words: Vec<&str> = command.split(' ').collect();
        let own = Step::from_words(&words).map(|step| Chain::of(step.unwrap()));
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
        assert_eq!(
            plan(&["das2_bin_avgsec 60", "das2_csv"]),
            "reader | [das2_bin_avgsec 60] | [das2_csv]"
        );
        assert_eq!(
            plan(&["das2_csv", "das2_ascii"]),
            "reader | das2_csv | [das2_ascii]"
        );
    }
}
