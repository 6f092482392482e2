//! The scripts that run inside Redis, each as one step that nobody sees half
//! done.

/// A script with what all scripts know in front.
macro_rules! script {
    ($name:literal) => {
        concat!(
            include_str!("lua/queue.lua"),
            include_str!(concat!("lua/", $name, ".lua"))
        )
    };
}

pub(super) const SUBMIT: &str = script!("submit");
pub(super) const TAKE: &str = script!("take");
pub(super) const BEAT: &str = script!("beat");
pub(super) const FINISH: &str = script!("finish");
pub(super) const LEAVE: &str = script!("leave");
pub(super) const CANCEL: &str = script!("cancel");
pub(super) const RETRY: &str = script!("retry");
pub(super) const PURGE: &str = script!("purge");
pub(super) const MARK: &str = script!("mark");
pub(super) const MARKED: &str = script!("marked");
pub(super) const REFUSE: &str = script!("refuse");

/// The call of a script. Always with its text: Redis keeps what it compiled,
/// and a few kilobytes cost less than asking first whether it knows them.
pub(super) fn call(script: &str) -> redis::Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(script).arg(0);
    command
}
