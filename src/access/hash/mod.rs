//! Hashes of passwords, in every form that crypt(3) and Apache have had.
//!
//! What comes in: a password, and the text that stands behind a user's name in a
//! password file. What goes out: whether it is that password. The one idea: a
//! hash that is not wholly understood, or would take too long, is none: no
//! password is right for it.

mod crypt64;
mod des;
mod md5;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha_crypt::{Params as ShaParams, ShaCrypt};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use yescrypt::{PasswordVerifier, Yescrypt};

/// What new entries cost: 2 to this power rounds, some 60 ms.
const COST: u32 = 10;

/// bcrypt looks at so many bytes of a password.
pub const LONGEST_NEW: usize = 72;

/// No password is longer, in bytes: crypt(3) takes no longer ones either.
pub const LONGEST: usize = 512;

/// What a hash may cost at most: some seconds, a quarter of a gibibyte.
const MOST_COST: u32 = 15;
const MOST_ROUNDS: u32 = 2_000_000;
const MOST_MEMORY: u64 = 256 << 20;

/// The form of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 13 characters: DES, as crypt(3) began.
    Des,
    /// `$1$`
    Md5,
    /// `$apr1$`
    Apr1,
    /// `{SHA}`
    Sha1,
    /// `$5$`
    Sha256,
    /// `$6$`
    Sha512,
    /// `$2a$`, `$2b$`, `$2x$`, `$2y$`
    Bcrypt,
    /// `$y$`
    Yescrypt,
}

/// What hashes of a form begin with, and a name for people.
const FORMS: &[(&str, Form, &str)] = &[
    ("$1$", Form::Md5, "MD5"),
    ("$apr1$", Form::Apr1, "Apache MD5"),
    ("{SHA}", Form::Sha1, "SHA-1"),
    ("$5$", Form::Sha256, "SHA-256"),
    ("$6$", Form::Sha512, "SHA-512"),
    ("$2a$", Form::Bcrypt, "bcrypt"),
    ("$2b$", Form::Bcrypt, "bcrypt"),
    ("$2x$", Form::Bcrypt, "bcrypt"),
    ("$2y$", Form::Bcrypt, "bcrypt"),
    ("$y$", Form::Yescrypt, "yescrypt"),
    // Any 13 characters of the alphabet.
    ("", Form::Des, "DES"),
];

impl Form {
    /// The form of a hash, if it is one that can be compared with.
    pub fn of(hash: &str) -> Option<Form> {
        let form = row(hash)?.1;
        let body = body(hash)?;
        let good = match form {
            Form::Des => crypt64::is_text(hash, 13),
            Form::Md5 | Form::Apr1 => salt_and_sum(body)
                .is_some_and(|(salt, sum)| salt.len() <= 8 && crypt64::is_text(sum, 22)),
            Form::Sha1 => sha1_sum(body).is_some(),
            Form::Sha256 => is_sha_crypt(body, 43),
            Form::Sha512 => is_sha_crypt(body, 86),
            Form::Bcrypt => bcrypt_cost(hash).is_some_and(|cost| (4..=MOST_COST).contains(&cost)),
            Form::Yescrypt => is_yescrypt(body),
        };
        good.then_some(form)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let row = FORMS.iter().find(|(_, form, _)| *form == self);
        row.map_or("", |(.., name)| name)
    }

    /// Whether whoever gets hold of such a hash soon has the password.
    pub fn is_weak(self) -> bool {
        matches!(self, Form::Des | Form::Md5 | Form::Apr1 | Form::Sha1)
    }
}

/// Whether it is the password that was hashed. Takes as long for a wrong one as
/// for the right one.
pub fn is_right(password: &[u8], hash: &str) -> bool {
    if password.len() > LONGEST || password.contains(&0) {
        return false;
    }
    let (Some(form), Some(body)) = (Form::of(hash), body(hash)) else {
        return false;
    };
    match form {
        Form::Des => is_right_des(password, hash),
        Form::Md5 => is_right_md5(password, body, "$1$"),
        Form::Apr1 => is_right_md5(password, body, "$apr1$"),
        Form::Sha1 => sha1_sum(body).is_some_and(|sum| {
            let found = Sha1::digest(password);
            same(&found, &sum)
        }),
        Form::Sha256 | Form::Sha512 => {
            PasswordVerifier::<str>::verify_password(&ShaCrypt::default(), password, hash).is_ok()
        }
        Form::Bcrypt => bcrypt::verify(password, hash).unwrap_or(false),
        Form::Yescrypt => {
            PasswordVerifier::<str>::verify_password(&Yescrypt::default(), password, hash).is_ok()
        }
    }
}

/// A new hash of a password, in a form that Apache reads too; None for more
/// than [`LONGEST_NEW`] bytes, for a NUL, and where the system has no randomness.
pub fn make(password: &[u8]) -> Option<String> {
    if password.len() > LONGEST_NEW || password.contains(&0) {
        return None;
    }
    let parts = bcrypt::hash_with_result(password, COST).ok()?;
    Some(parts.format_for_version(bcrypt::Version::TwoY))
}

fn row(hash: &str) -> Option<&'static (&'static str, Form, &'static str)> {
    FORMS.iter().find(|(prefix, ..)| hash.starts_with(prefix))
}

/// What follows the words that name the form.
fn body(hash: &str) -> Option<&str> {
    hash.strip_prefix(row(hash)?.0)
}

fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

fn is_right_des(password: &[u8], hash: &str) -> bool {
    match hash.as_bytes() {
        [a, b, sum @ ..] => same(des::crypt(password, [*a, *b]).as_bytes(), sum),
        _ => false,
    }
}

fn salt_and_sum(body: &str) -> Option<(&str, &str)> {
    body.split_once('$')
}

fn is_right_md5(password: &[u8], body: &str, magic: &str) -> bool {
    let Some((salt, sum)) = salt_and_sum(body) else {
        return false;
    };
    let found = md5::crypt(password, salt.as_bytes(), magic.as_bytes());
    same(found.as_bytes(), sum.as_bytes())
}

fn sha1_sum(body: &str) -> Option<Vec<u8>> {
    STANDARD.decode(body).ok().filter(|sum| sum.len() == 20)
}

/// `[rounds=N$]SALT$SUM`
fn is_sha_crypt(body: &str, length: usize) -> bool {
    let fields: Vec<&str> = body.split('$').collect();
    let (rounds, salt, sum) = match fields.as_slice() {
        [salt, sum] => (ShaParams::RECOMMENDED_ROUNDS, salt, sum),
        [rounds, salt, sum] => match rounds.strip_prefix("rounds=").map(str::parse) {
            Some(Ok(rounds)) => (rounds, salt, sum),
            _ => return false,
        },
        _ => return false,
    };
    rounds <= MOST_ROUNDS
        && ShaParams::new(rounds).is_ok()
        && salt.len() <= 16
        && crypt64::is_text(sum, length)
}

fn bcrypt_cost(hash: &str) -> Option<u32> {
    let parts: bcrypt::HashParts = hash.parse().ok()?;
    Some(parts.get_cost())
}

/// `PARAMS$SALT$SUM`
fn is_yescrypt(body: &str) -> bool {
    let fields: Vec<&str> = body.split('$').collect();
    let [params, _, sum] = fields.as_slice() else {
        return false;
    };
    let memory = |params: yescrypt::Params| {
        let block = u64::from(params.r()).checked_mul(128)?;
        block
            .checked_mul(params.n())?
            .checked_mul(u64::from(params.p()))
    };
    let params = params.parse().ok().and_then(memory);
    params.is_some_and(|bytes| bytes <= MOST_MEMORY) && crypt64::is_text(sum, 43)
}

#[cfg(test)]
mod tests;
