//! The forms `$1$` (crypt(3)) and `$apr1$` (Apache): MD5 a thousand times.

use md5::{Digest, Md5};

/// The 22 characters that follow the salt in a hash. `magic` is what stands in
/// front of the salt.
pub(super) fn crypt(password: &[u8], salt: &[u8], magic: &[u8]) -> String {
    let inner = digest(&[password, salt, password]);
    let mut outer = Md5::new();
    outer.update(password);
    outer.update(magic);
    outer.update(salt);
    let filling = inner.iter().cycle().take(password.len());
    outer.update(filling.copied().collect::<Vec<u8>>());
    let first = password.get(..1).unwrap_or_default();
    let mut length = password.len();
    while length > 0 {
        outer.update(if length & 1 == 1 { &[0] } else { first });
        length >>= 1;
    }
    let mut sum: [u8; 16] = outer.finalize().into();
    for round in 0..1000 {
        let ends = if round & 1 == 1 {
            [password, &sum]
        } else {
            [&sum, password]
        };
        let salt = if round % 3 > 0 { salt } else { &[] };
        let middle = if round % 7 > 0 { password } else { &[] };
        let [begin, end] = ends;
        sum = digest(&[begin, salt, middle, end]);
    }
    encoded(sum)
}

fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut sum = Md5::new();
    parts.iter().for_each(|part| sum.update(part));
    sum.finalize().into()
}

/// Bytes in the order of the form, three of them as four characters, the lowest
/// bits first.
fn encoded(sum: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = sum.map(u32::from);
    let triples = [(a, g, m), (b, h, n), (c, i, o), (d, j, p), (e, k, f)];
    let words = triples.map(|(high, middle, low)| (high << 16 | middle << 8 | low, 4));
    let words = words.into_iter().chain([(l, 2)]);
    words
        .flat_map(|(word, count)| {
            (0..count).map(move |at| super::crypt64::character(word >> (6 * at)))
        })
        .collect()
}
