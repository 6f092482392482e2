//! Whether an answer is compressed on its way, by what its client accepts.

use flate2::Compression;

/// What a client takes, from Accept-Encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// It takes gzip, and nothing else rather.
    pub gzip: bool,
    /// It takes nothing that is not encoded.
    only_encoded: bool,
}

/// Shorter answers gain nothing: a packet of the network is as long.
const SHORTEST: u64 = 1000;

/// For answers that are there as a whole, and for streams, which must not wait.
pub const OF_WHOLES: Compression = Compression::new(4);
pub const OF_STREAMS: Compression = Compression::fast();

impl Accepted {
    /// From the header's text, RFC 9110 12.5.3. Who says nothing gets the plain
    /// answer; so does who refuses everything, rather than an error.
    pub fn of_header(text: &str) -> Accepted {
        let (mut gzip, mut identity, mut any) = (None, None, None);
        for part in text.split(',').take(64) {
            let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
            let name = name.trim();
            let weight = weight(parameters);
            let slot = match () {
                () if name.eq_ignore_ascii_case("gzip") => &mut gzip,
                () if name.eq_ignore_ascii_case("x-gzip") => &mut gzip,
                () if name.eq_ignore_ascii_case("identity") => &mut identity,
                () if name == "*" => &mut any,
                () => continue,
            };
            *slot = slot.or(Some(weight));
        }
        let gzip = gzip.or(any).unwrap_or(0);
        // What is not named is taken, but only where nothing named can be had.
        let plain = identity.unwrap_or(match any {
            Some(0) => 0,
            _ => 1,
        });
        Accepted {
            gzip: gzip > 0 && gzip >= plain,
            only_encoded: plain == 0,
        }
    }

    /// Whether an answer of so many bytes is compressed.
    pub fn compresses(self, length: u64) -> bool {
        self.gzip && (length >= SHORTEST || self.only_encoded)
    }
}

/// Thousandths of `q=` among a coding's parameters; what is no number is 0.
fn weight(parameters: &str) -> u32 {
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(value) = value else {
        return 1000;
    };
    match value.parse::<f64>() {
        Ok(q) if (0.0..=1.0).contains(&q) => (q * 1000.0).round() as u32,
        _ => 0,
    }
}

/// Whether text is in it: other types are compressed already, or are streams of
/// numbers, which is for the site to say.
pub fn is_text(content_type: &str) -> bool {
    let name = content_type.split(';').next().unwrap_or_default().trim();
    name.starts_with("text/") || ["application/json", "image/svg+xml"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_accept() {
        for (text, gzip) in [
            ("", false),
            ("gzip", true),
            ("deflate, GZip;q=1.0, *;q=0.5", true),
            ("x-gzip", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("gzip; Q = 0.001", true),
            ("*", true),
            ("*;q=0", false),
            ("gzip, *;q=0", true),
            ("gzip;q=0, *", false),
            ("identity;q=0", false),
            ("identity;q=0, gzip;q=0.1", true),
            ("identity, gzip;q=0.5", false),
            ("identity;q=0.5, gzip;q=0.5", true),
            ("gzip;q=2", false),
            ("gzip;q=NaN", false),
            ("gzip;q=", false),
            ("gzip;q", true),
            ("br, zstd", false),
            ("gzipped", false),
            (";;,,=", false),
        ] {
            assert_eq!(Accepted::of_header(text).gzip, gzip, "{text}");
        }
    }

    #[test]
    fn short_answers_stay_as_they_are() {
        assert!(!Accepted::of_header("gzip").compresses(999));
        assert!(Accepted::of_header("gzip").compresses(1000));
        assert!(Accepted::of_header("gzip, identity;q=0").compresses(1));
        assert!(Accepted::of_header("gzip, *;q=0").compresses(1));
    }

    #[test]
    fn types() {
        assert!(is_text("text/plain; charset=utf-8") && is_text("application/json"));
        assert!(is_text("image/svg+xml") && is_text("text/vnd.das2.das2stream"));
        assert!(!is_text("image/png") && !is_text("application/vnd.das2.das2stream"));
        assert!(!is_text("") && !is_text("application/vnd.das2.qstream"));
    }
}
