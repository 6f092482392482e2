//! The rule of who may read: `AGE:1y | GROUP:name | USER:name`.

use super::Age;

/// One part of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Condition {
    /// The range asked for is so old.
    Age(Age),
    /// Somebody in this group asks.
    Group(String),
    /// This user asks.
    User(String),
}

/// Why a part of a rule is none. For the site: clients are told no details.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// There is no method.
    #[error("`{0}` has no colon; write AGE:1y, GROUP:name or USER:name, with | between")]
    NoMethod(String),
    /// The method is unknown.
    #[error("`{0}` is no way to allow access; write AGE:1y, GROUP:name or USER:name")]
    Method(String),
    /// There is no name.
    #[error("`{0}:` stands without a name; write {0}:name")]
    NoName(&'static str),
    /// A user cannot have this name.
    #[error("no user can send the name `{0}`; write one without a colon")]
    Name(String),
    /// The age is none.
    #[error("`{0}` is no age; write parts such as 1y, 6m, 30d or 12h, without blanks: 1y6m")]
    Age(String),
}

/// The parts of a rule, each understood only when it is come to: what stands
/// behind a part that opens does not matter.
pub fn conditions(rule: &str) -> impl Iterator<Item = Result<Condition, RuleError>> + '_ {
    rule.split('|').map(condition)
}

fn condition(text: &str) -> Result<Condition, RuleError> {
    let Some((method, value)) = text.split_once(':') else {
        return Err(RuleError::NoMethod(text.trim().to_owned()));
    };
    let (method, value) = (method.trim(), value.trim());
    let is = |name: &str| method.eq_ignore_ascii_case(name);
    match () {
        () if is("AGE") => Age::parse(value).map(Condition::Age),
        () if is("GROUP") && value.is_empty() => Err(RuleError::NoName("GROUP")),
        () if is("GROUP") => Ok(Condition::Group(value.to_owned())),
        () if is("USER") && value.is_empty() => Err(RuleError::NoName("USER")),
        () if is("USER") && value.contains(':') => Err(RuleError::Name(value.to_owned())),
        () if is("USER") => Ok(Condition::User(value.to_owned())),
        () => Err(RuleError::Method(method.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(rule: &str) -> Vec<Result<Condition, RuleError>> {
        conditions(rule).collect()
    }

    #[test]
    fn rules() {
        let group = |name: &str| Ok(Condition::Group(name.to_owned()));
        let user = |name: &str| Ok(Condition::User(name.to_owned()));
        assert_eq!(parts("GROUP:a | USER:b"), [group("a"), user("b")]);
        assert_eq!(parts(" gRoUp :  A b  "), [group("A b")]);
        let age = Age::parse("1y").unwrap();
        assert_eq!(parts("age:1y|user:B"), [Ok(Condition::Age(age)), user("B")]);
    }

    #[test]
    fn parts_that_are_none() {
        for rule in [
            "", "x", "GROUP", "GROUP:", "USER: ", "USER:a:b", "HOST:x", ":a", "AGE:1", "AGE:",
        ] {
            assert!(matches!(parts(rule).as_slice(), [Err(_)]), "{rule}");
        }
        let [first, second] = parts("GROUP:a|").try_into().unwrap();
        assert!(first.is_ok() && second.is_err());
    }
}
