//! The answer to `server=dsdf`: a stream header with the source's keywords as
//! attributes.

use std::collections::BTreeSet;

use super::definition::Definition;
use crate::config::Finding;

/// Keys that begin so are the site's own business. (`hapi` and `subSource` are
/// told by HAPI itself; clients have had no room for `paramValInfo`.)
const KEPT_BACK: &[&str] = &[
    "reader",
    "reducer",
    "compressor",
    "readAccess",
    "groupAccess",
    "hapi",
    "subSource",
    "exampleQuery",
    "paramValInfo",
];

/// The length of a packet has six digits.
const LARGEST: usize = 999_999;

const BEFORE: &str = "<stream>\r\n  <properties";
const AFTER: &str = " />\r\n</stream>";

/// Whether clients may see a keyword, by a name that XML allows.
pub fn is_for_clients(key: &str) -> bool {
    !KEPT_BACK.iter().any(|prefix| key.starts_with(prefix)) && is_xml_name(key)
}

/// The packet `[00]LLLLLL<stream><properties KEY="VALUE" .. /></stream>` that
/// describes a source to clients, and what could not be said in it. `label(0)`
/// goes out as `label`, `label(N)` as `plane_N.label`: there Autoplot looks for
/// the names of items.
pub fn dsdf_packet(definition: &Definition) -> (Vec<u8>, Vec<Finding>) {
    let mut body = BEFORE.to_owned();
    let mut sent: BTreeSet<String> = BTreeSet::new();
    let mut findings = Vec::new();
    for entry in &definition.entries {
        if KEPT_BACK.iter().any(|prefix| entry.key.starts_with(prefix)) {
            continue;
        }
        let attribute = attribute_of(&entry.key);
        let text = format!(" {attribute}=\"{}\"", escaped(&entry.value));
        let reason = if !is_xml_name(&attribute) {
            "is no name that XML allows"
        } else if sent.contains(&attribute) {
            "is sent already, by another keyword"
        } else if body.len() + text.len() + AFTER.len() > LARGEST {
            "has no room, a description has at most 999,999 bytes"
        } else {
            body.push_str(&text);
            sent.insert(attribute);
            continue;
        };
        findings.push(Finding {
            file: definition.path.clone(),
            line: entry.line,
            what: format!(
                "{attribute} {reason}, so {} is not sent to clients",
                entry.key
            ),
            instead: "choose another keyword or value if clients are to see it".to_owned(),
        });
    }
    body.push_str(AFTER);
    (
        format!("[00]{:06}{body}", body.len()).into_bytes(),
        findings,
    )
}

/// The attribute for a key.
fn attribute_of(key: &str) -> String {
    let number = key
        .strip_prefix("label(")
        .and_then(|rest| rest.strip_suffix(')'))
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse::<u32>().ok());
    match number {
        Some(0) => "label".to_owned(),
        Some(item) => format!("plane_{item}.label"),
        None => key.to_owned(),
    }
}

/// A value between double quotes. What XML 1.0 cannot hold becomes a blank.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&apos;"),
            '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => text.push(' '),
            _ => text.push(c),
        }
    }
    text
}

/// Whether `key` is a Name of XML 1.0, without colon: a prefix would have to
/// be declared.
fn is_xml_name(key: &str) -> bool {
    let mut characters = key.chars();
    characters.next().is_some_and(begins_name) && characters.all(continues_name)
}

/// NameStartChar of XML 1.0 (fifth edition), production 4.
fn begins_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// NameChar, production 4a.
fn continues_name(c: char) -> bool {
    begins_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::source::SourceName;

    fn packet(text: &str) -> (String, Vec<String>) {
        let name = SourceName::parse("x").unwrap();
        let none = |_: &str| None;
        let config = Config::default();
        let read = Definition::read(name, Path::new("x.dsdf"), text.as_bytes(), &none, &config);
        let (bytes, findings) = dsdf_packet(&read.unwrap());
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_at(10);
        assert_eq!(head, format!("[00]{:06}", body.len()));
        let mut reader = quick_xml::Reader::from_str(body);
        while reader.read_event().map(|event| check(&event)).unwrap() {}
        (text, findings.iter().map(Finding::to_string).collect())
    }

    /// Whether to go on; attributes are read, which finds bad and repeated ones.
    fn check(event: &quick_xml::events::Event<'_>) -> bool {
        if let quick_xml::events::Event::Empty(element) = event {
            for attribute in element.attributes() {
                attribute.unwrap();
            }
        }
        !matches!(event, quick_xml::events::Event::Eof)
    }

    const RANDOM: &str = "; Required Items\n\
        description = 'Produce random values between -10 and +10'\n\
        reader = 'env PYTHONPATH=/p/lib python3 /p/examples/randata.py'\n\
        reducer = not_reducible\ndas2Stream = 1\n\
        techContact = 'Your Name <your.name@yourplace.edu>'\n\
        exampleRange_00 = '2017-01-01 to 2017-03-01 UTC'\n";

    #[test]
    fn the_random_example_of_das2_pyserver() {
        let expected = "[00]000211<stream>\r\n  <properties \
            description=\"Produce random values between -10 and +10\" das2Stream=\"1\" \
            techContact=\"Your Name &lt;your.name@yourplace.edu&gt;\" \
            exampleRange_00=\"2017-01-01 to 2017-03-01 UTC\" />\r\n</stream>";
        assert_eq!(expected.len(), 221);
        assert_eq!(packet(RANDOM), (expected.to_owned(), Vec::new()));
    }

    #[test]
    fn parentheses_are_sent_and_commands_are_not() {
        let (text, findings) = packet(
            "description = 'Wideband (Sample Dataset)'\nreader = r\nreaderTrans00 = r\n\
             readerCmd = r\nreducer = r\nreducerCmd = r\ncompressor = r\nreadAccess = 'GROUP:r'\n\
             groupAccess = r\nhapi = 1\nhapiX = r\nsubSource_00 = r\nexampleQuery_00 = r\n\
             paramValInfo_00 = r\ncacheLevel_00 = '1 s | daily'\nsecurityRealm = 'R'\n\
             server = s\nrename = n\nmine = m",
        );
        let sent = "<properties description=\"Wideband (Sample Dataset)\" \
            cacheLevel_00=\"1 s | daily\" securityRealm=\"R\" server=\"s\" rename=\"n\" mine=\"m\" />";
        assert!(text.contains(sent), "{text}");
        assert_eq!(findings, [] as [String; 0]);
    }

    #[test]
    fn values_are_escaped() {
        let (text, _) = packet("d = 'a&b <c> \"q\" it''s (x) é\x01\t|'");
        let sent = "d=\"a&amp;b &lt;c&gt; &quot;q&quot; it&apos;s (x) é  |\"";
        assert!(text.contains(sent), "{text}");
    }

    #[test]
    fn labels_of_items() {
        let (text, findings) =
            packet("items = 2\nlabel(0) = 'R!DJ!N'\nlabel(1) = 'b'\nlabel(12) = c");
        let sent = "items=\"2\" label=\"R!DJ!N\" plane_1.label=\"b\" plane_12.label=\"c\"";
        assert!(text.contains(sent), "{text}");
        assert_eq!(findings, [] as [String; 0]);
    }

    #[test]
    fn keys_that_are_no_names_are_left_out_with_a_finding() {
        let (text, findings) = packet(
            "9x = 1\na b = 1\nlabel(x) = 1\nx(0) = 1\na:b = 1\n-a = 1\n_a = 1\na-1.b = 1\nÄ = 1",
        );
        assert!(
            text.contains("<properties _a=\"1\" a-1.b=\"1\" Ä=\"1\" />"),
            "{text}"
        );
        assert_eq!(findings.len(), 6, "{findings:?}");
        assert!(
            findings[0].starts_with("x.dsdf, line 1: 9x is no name"),
            "{}",
            findings[0]
        );
    }

    #[test]
    fn an_attribute_is_sent_once() {
        let (text, findings) = packet("label = a\nlabel(0) = b");
        assert!(text.contains("<properties label=\"a\" />"), "{text}");
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let long = "&".repeat(200_000);
        let (text, findings) = packet(&format!("a = '{long}'\nb = 'short'"));
        assert!(text.contains("<properties b=\"short\" />"));
        assert_eq!(findings.len(), 1);
    }
}
