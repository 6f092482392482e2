//! User and password out of an Authorization header (RFC 7617).

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::hash;

/// No header that means something is longer.
const LONGEST_HEADER: usize = 4096;

const LONGEST_NAME: usize = 255;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An Authorization header as it came; it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization(Vec<u8>);

impl Authorization {
    /// From the header's value; None for an empty one.
    pub fn of(header: Vec<u8>) -> Option<Authorization> {
        (!header.trim_ascii().is_empty()).then_some(Authorization(header))
    }

    /// User and password, if it holds them.
    pub fn credentials(&self) -> Option<Credentials> {
        Credentials::of_header(&self.0)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"***\"")
    }
}

/// A user, and the password that was sent; it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user: no colon, no control character, not empty.
    pub user: String,
    password: String,
}

impl Credentials {
    /// Of a user who stands at this machine.
    pub(super) fn new(user: &str, password: &str) -> Credentials {
        Credentials {
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }

    fn of_header(header: &[u8]) -> Option<Credentials> {
        if header.len() > LONGEST_HEADER {
            return None;
        }
        let header = header.trim_ascii();
        let blank = header.iter().position(u8::is_ascii_whitespace)?;
        let (scheme, rest) = header.split_at_checked(blank)?;
        if !scheme.eq_ignore_ascii_case(b"Basic") {
            return None;
        }
        let text = text_of(BASE64.decode(rest.trim_ascii()).ok()?);
        let (user, password) = text.split_once(':')?;
        let good = !user.is_empty()
            && user.len() <= LONGEST_NAME
            && !user.contains(char::is_control)
            && password.len() <= hash::LONGEST
            && !password.contains('\0');
        good.then(|| Credentials {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }

    /// For whom it is meant.
    pub(super) fn password(&self) -> &[u8] {
        self.password.as_bytes()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:***", self.user)
    }
}

/// UTF-8, or Latin-1, which old clients send.
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &[u8]) -> Option<(String, String)> {
        let found = Authorization::of(header.to_vec())?.credentials()?;
        Some((found.user, found.password))
    }

    fn basic(text: &[u8]) -> Vec<u8> {
        format!("Basic {}", BASE64.encode(text)).into_bytes()
    }

    #[test]
    fn users_and_passwords() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(of(b"Basic dGVzdHVzZXI6dGVzdA=="), pair("testuser", "test"));
        assert_eq!(
            of(b" bAsIc   dGVzdHVzZXI6dGVzdA "),
            pair("testuser", "test")
        );
        assert_eq!(of(&basic(b"a:b")), pair("a", "b"));
        assert_eq!(of(&basic(b"a:b:c:")), pair("a", "b:c:"));
        assert_eq!(of(&basic(b"a:")), pair("a", ""));
        assert_eq!(of(&basic("é:ü".as_bytes())), pair("é", "ü"));
        assert_eq!(of(&basic(b"\xe9:\xfc")), pair("é", "ü"));
    }

    #[test]
    fn what_holds_none() {
        let long = basic(&[b'a'; 100_000]);
        let long_password = basic(format!("a:{}", "b".repeat(513)).as_bytes());
        let long_name = basic(format!("{}:b", "a".repeat(256)).as_bytes());
        for header in [
            b"".as_slice(),
            b"  ",
            b"Basic",
            b"Basic ",
            b"Basic !!!!",
            b"Basic dGVzdHVzZXI6dGVzdA==, Basic dGVzdHVzZXI6dGVzdA==",
            b"Basic \xff\xff",
            b"Bearer dGVzdHVzZXI6dGVzdA==",
            b"BasicdGVzdHVzZXI6dGVzdA==",
            &basic(b"nocolon"),
            &basic(b":password"),
            &basic(b"a\n:b"),
            &basic(b"a\0:b"),
            &basic(b"a:b\0c"),
            &long,
            &long_password,
            &long_name,
        ] {
            assert_eq!(of(header), None, "{}", String::from_utf8_lossy(header));
        }
    }

    #[test]
    fn nothing_shows_them() {
        let header = Authorization::of(basic(b"me:secret")).unwrap();
        assert!(!format!("{header:?}").contains('B'));
        let shown = format!("{:?}", header.credentials().unwrap());
        assert!(shown.contains("me") && !shown.contains("secret"), "{shown}");
    }
}
