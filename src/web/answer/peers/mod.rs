//! Other servers that this site recommends, as XML.

mod file;

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use crate::web::response::{Response, Status};
use crate::web::{Answer, Error, Exchange};

/// A list of servers is a page or two.
const LARGEST: u64 = 1 << 20;

/// One server of the file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The section's name.
    pub name: String,
    /// Its address, if the file gives one.
    pub url: Option<String>,
    /// What it has.
    pub description: String,
}

/// The list, empty where the site keeps none.
///
/// # Errors
/// None: a file that cannot be read is an empty list, and a line in the log.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let peers = of_site(exchange);
    let style = format!("{}/static/das2server.xsl", exchange.request.script_name);
    let body = xml(&peers, &style);
    Ok(Response::new(Status::OK, "text/xml; charset=utf-8", body).into())
}

/// The servers in PEERS_FILE, by name.
pub fn of_site(exchange: &mut Exchange<'_>) -> Vec<Peer> {
    let Some(path) = &exchange.config.peers_file else {
        return Vec::new();
    };
    match read(path) {
        Ok(bytes) => {
            let mut peers = file::parse(&String::from_utf8_lossy(&bytes));
            peers.sort_by(|a, b| a.name.cmp(&b.name));
            peers
        }
        Err(reason) => {
            exchange
                .log
                .line(format_args!("PEERS_FILE {}: {reason}", path.display()));
            Vec::new()
        }
    }
}

/// The bytes of a plain file of a sane size; no kind of file makes a request wait.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut options = File::options();
    // A pipe without a writer would keep it waiting.
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = options.read(true).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(io::Error::other("larger than 1 MiB, so no list of servers")),
        false => Ok(bytes),
    }
}

fn xml(peers: &[Peer], style: &str) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?xml-stylesheet type=\"text/xsl\" href=\"{}\"?>\n\
         <das2server>\n<peers>\n",
        escaped(style)
    );
    for peer in peers {
        text.push_str(&format!(
            "<server>\n  <name>{}</name>\n",
            escaped(&peer.name)
        ));
        // Clients offer to their users what is between these tags, also when it is nothing.
        if let Some(url) = &peer.url {
            text.push_str(&format!("  <url>{}</url>\n", escaped(url)));
        }
        text.push_str(&format!(
            "  <description>{}</description>\n</server>\n",
            escaped(&peer.description)
        ));
    }
    text.push_str("</peers>\n</das2server>\n");
    text
}

/// Text as XML takes it; what no XML holds becomes a blank.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::file::{parse, tests::FILE};
    use super::*;

    #[test]
    fn what_is_no_plain_file_is_an_error_and_no_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers.ini");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        for path in [&path, folder.path(), Path::new("/dev/zero")] {
            assert!(read(path).is_err(), "{}", path.display());
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, FILE).unwrap();
        assert_eq!(read(&path).unwrap(), FILE.as_bytes());
    }

    #[test]
    fn the_xml_parses() {
        let text = xml(&parse(FILE), "/das/\"server/static/das2server.xsl");
        let mut reader = quick_xml::Reader::from_str(&text);
        while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
        assert!(text.contains("<name>B &amp; C</name>\n  <url>http://b/?a=1&amp;b=2</url>"));
        assert!(text.contains("100 % of &lt;it&gt;\nand more\nat last"));
        let text = xml(&parse("[A]\ndescription = soon\n"), "");
        assert!(!text.contains("url"), "{text}");
    }
}
