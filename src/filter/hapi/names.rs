//! The names of parameters, and which of them are wanted.

use std::collections::HashMap;

use crate::stream::{Error, PacketHeader, PlaneKind, Result};

/// So many names are told to whoever asks for one that is not there.
const SHOWN: usize = 20;

/// What the planes of a packet type are called in HAPI, in their order.
pub(super) struct Names(Vec<Name>);

struct Name {
    /// The name in HAPI.
    hapi: String,
    /// What a client may call it too: `YSCAN_2` is the second yscan.
    short: String,
    /// The name in the stream, perhaps none.
    das2: String,
}

impl Names {
    /// Names of letters, digits and underscores, each given once whatever the
    /// case. `time` is that of x, its own or `time` otherwise.
    pub(super) fn of(header: &PacketHeader, time: Option<&str>) -> Names {
        let mut counts = [0; 5];
        let mut names = Vec::new();
        for plane in &header.planes {
            let (word, count) = match plane.kind {
                PlaneKind::X => ("X", 0),
                PlaneKind::Y => ("Y", 1),
                PlaneKind::YScan => ("YSCAN", 2),
                PlaneKind::Z => ("Z", 3),
                PlaneKind::XScan => ("XSCAN", 4),
            };
            let number = counts.get_mut(count).map_or(0, |count| {
                *count += 1;
                *count
            });
            let short = format!("{word}_{number}");
            let das2 = plane.name().trim().to_owned();
            let hapi = match (plane.kind, time) {
                (PlaneKind::X, Some(time)) => time.to_owned(),
                (PlaneKind::X, None) if das2.is_empty() => "time".to_owned(),
                _ if das2.is_empty() => short.clone(),
                _ => identifier(&das2),
            };
            names.push(Name { hapi, short, das2 });
        }
        let is_x = |index: &usize| {
            let plane = header.planes.get(*index);
            plane.is_some_and(|plane| plane.kind == PlaneKind::X)
        };
        // The name of x is the one that clients know: it stays.
        let (first, others): (Vec<usize>, Vec<usize>) = (0..names.len()).partition(is_x);
        let mut taken = HashMap::new();
        for index in first.into_iter().chain(others) {
            if let Some(name) = names.get_mut(index) {
                name.hapi = unique(&name.hapi, &mut taken);
            }
        }
        Names(names)
    }

    /// The name of a plane.
    pub(super) fn hapi(&self, plane: usize) -> &str {
        self.0.get(plane).map_or("", |name| &name.hapi)
    }

    /// Which planes are asked for, x always.
    ///
    /// # Errors
    /// [`Error::Unfit`]: a name that no plane has.
    pub(super) fn wanted(&self, header: &PacketHeader, asked: &[String]) -> Result<Vec<bool>> {
        if asked.is_empty() {
            return Ok(vec![true; self.0.len()]);
        }
        let kinds = header.planes.iter().map(|plane| plane.kind);
        let mut wanted: Vec<bool> = kinds.map(|kind| kind == PlaneKind::X).collect();
        for name in asked {
            let found = self.find(name).ok_or_else(|| self.unknown(name))?;
            if let Some(wanted) = wanted.get_mut(found) {
                *wanted = true;
            }
        }
        Ok(wanted)
    }

    /// A plane by its name in HAPI, else by its name in the stream, else by its kind
    /// and number. Names are compared as they are, case and all.
    fn find(&self, asked: &str) -> Option<usize> {
        let by = |part: fn(&Name) -> &str| self.0.iter().position(|name| part(name) == asked);
        by(|name| &name.hapi)
            .or_else(|| by(|name| &name.das2).filter(|_| !asked.is_empty()))
            .or_else(|| by(|name| &name.short))
    }

    fn unknown(&self, asked: &str) -> Error {
        let shown = self.0.iter().take(SHOWN);
        let names: Vec<&str> = shown.map(|name| name.hapi.as_str()).collect();
        let more = if self.0.len() > SHOWN { " ..." } else { "" };
        Error::Unfit(format!(
            "there is no parameter '{}'; there are {}{more}",
            asked.escape_debug(),
            names.join(", ")
        ))
    }
}

/// A name with letters, digits and underscores alone, no digit in front.
fn identifier(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut made: String = name.chars().map(plain).collect();
    if made.starts_with(|c: char| c.is_ascii_digit()) {
        made.insert(0, '_');
    }
    made
}

/// The name, with a number behind it where it is taken. `taken` knows the last
/// number of each name, so that a thousand planes of one name take no time.
fn unique(name: &str, taken: &mut HashMap<String, u32>) -> String {
    let key = name.to_ascii_lowercase();
    let mut made = name.to_owned();
    let mut number = taken.get(&key).copied().unwrap_or(0);
    while taken.contains_key(&made.to_ascii_lowercase()) {
        number = number.max(1) + 1;
        made = format!("{name}_{number}");
    }
    taken.insert(made.to_ascii_lowercase(), 1);
    taken.insert(key, number.max(1));
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_once() {
        let mut taken = HashMap::new();
        let mut next = |name: &str| unique(name, &mut taken);
        let given = ["a", "A", "a_2", "b", "a", "a_2", "B"];
        let made = given.map(&mut next);
        assert_eq!(made, ["a", "A_2", "a_2_2", "b", "a_3", "a_2_3", "B_2"]);
        let mut all: Vec<String> = (0..20_000).map(|_| next("a")).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 20_000);
    }
}
