//! rename and server: whether a source that has moved can be found.

use super::definition::Desk;
use crate::config::Config;
use crate::source::{Definition, SourceName, Tree};

/// How many names a chain may have; the server follows as many.
const LONGEST_CHAIN: usize = 20;

pub(super) fn check(definition: &Definition, tree: &Tree, config: &Config, desk: &mut Desk<'_>) {
    if let Some(url) = &definition.server {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            let instead = "write its URL, as https://example.edu/das/server";
            desk.error("server", "is no address of a server", instead);
        }
        return;
    }
    let Some(target) = &definition.rename else {
        return;
    };
    let mut seen = vec![definition.name.clone()];
    let mut next = Some(target.clone());
    while let Some(name) = next {
        let known = SourceName::parse(&name).is_ok_and(|name| seen.contains(&name));
        if known || seen.len() > LONGEST_CHAIN {
            return desk.error(
                "rename",
                "leads back to this source",
                "write the name it has now",
            );
        }
        let found = match tree.load(&name, &|_| None, config) {
            Ok(found) => found,
            // What else is wrong with it is told where it is read.
            Err(_) if tree.locate(&name).is_ok() => return,
            Err(_) => {
                let what = format!("leads to {name}, which is no source of this server");
                return desk.error("rename", &what, "write the name it has now");
            }
        };
        next = found.rename.clone().filter(|_| found.server.is_none());
        seen.push(found.name);
    }
}
