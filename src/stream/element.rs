//! Header bodies as XML trees that keep every attribute in its order.
//!
//! Attribute names hold colons that are no namespaces (`double:zFill`), so
//! names are plain text here. A document type declaration is refused, and no
//! entities exist but XML's own five and character references.

use std::collections::HashSet;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::error::{Error, Result};

/// How deep elements may be nested; das2 headers need three.
const MAX_DEPTH: usize = 16;

/// An XML element: name, attributes in their order, child elements.
/// Text between elements has no meaning in das2 headers; what is not blank is
/// kept all the same, in front of the children.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// The element's name.
    pub name: String,
    /// Attribute names and unescaped values, as they were written.
    pub attrs: Vec<(String, String)>,
    /// Child elements.
    pub children: Vec<Element>,
    /// The text directly in it, where that is not blank.
    pub text: String,
}

/// Whether two elements have the same attributes, in whatever order.
pub(super) fn same_attrs(one: &[(String, String)], another: &[(String, String)]) -> bool {
    if one.len() != another.len() || one == another {
        return one == another;
    }
    let sorted = |attrs: &[(String, String)]| {
        let mut attrs = attrs.to_vec();
        attrs.sort_unstable();
        attrs
    };
    sorted(one) == sorted(another)
}

impl Element {
    /// The value of an attribute.
    pub fn attr(&self, name: &str) -> Option<&str> {
        attr(&self.attrs, name)
    }

    /// Sets an attribute where it stands, or appends it.
    pub fn set_attr(&mut self, name: &str, value: impl Into<String>) {
        set_attr(&mut self.attrs, name, value);
    }

    /// How many elements it is, children and all.
    pub fn count(&self) -> usize {
        self.children
            .iter()
            .fold(1, |count, child| count + child.count())
    }

    /// The element as XML text, children and all.
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        write_element(&mut out, self);
        out
    }

    /// Reads the one element that a header body holds.
    ///
    /// # Errors
    /// [`Error::Malformed`] for XML that is not well formed, a document type,
    /// an unknown entity, a second root, or nesting beyond any header's.
    pub fn parse(body: &[u8]) -> Result<Element> {
        let text = decode(body);
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut open: Vec<Element> = Vec::new();
        let mut root = None;
        loop {
            match reader.read_event().map_err(xml_error)? {
                Event::Start(start) => {
                    if open.len() >= MAX_DEPTH {
                        return Err(Error::malformed("elements are nested too deeply"));
                    }
                    open.push(element_of(&start)?);
                }
                Event::Empty(start) => close(element_of(&start)?, &mut open, &mut root)?,
                Event::End(_) => {
                    if let Some(done) = open.pop() {
                        close(done, &mut open, &mut root)?;
                    }
                }
                Event::Text(text) => add_text(&mut open, &text),
                Event::CData(data) => add_text(&mut open, &data),
                Event::GeneralRef(name) => add_text(&mut open, &referred(&name)),
                Event::DocType(_) => {
                    return Err(Error::malformed("a DOCTYPE is not allowed in a header"));
                }
                Event::Eof => break,
                _ => {}
            }
        }
        match (root, open.last()) {
            (Some(root), None) => Ok(root),
            (_, Some(unclosed)) => Err(Error::malformed(format!(
                "<{}> is not closed",
                unclosed.name
            ))),
            (None, None) => Err(Error::malformed("a header holds no element")),
        }
    }
}

fn add_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// What a reference in text stands for; itself, where that is not known.
fn referred(name: &BytesRef<'_>) -> String {
    let named = match &**name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => name.resolve_char_ref().ok().flatten(),
    };
    match named {
        Some(c) => c.to_string(),
        None => format!("&{};", &**name),
    }
}

fn close(mut done: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<()> {
    refuse_what_xml_cannot_hold(&done.text)?;
    done.text = done.text.trim().to_owned();
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None if root.is_none() => *root = Some(done),
        None => return Err(Error::malformed("a header holds more than one element")),
    }
    Ok(())
}

fn element_of(start: &BytesStart<'_>) -> Result<Element> {
    let mut attrs: Vec<(String, String)> = Vec::new();
    let mut seen = HashSet::new();
    // The library's own test for repeated names takes quadratic time.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(xml_error)?;
        if !seen.insert(attribute.key) {
            return Err(Error::malformed(format!(
                "the attribute {} is given twice",
                text_of(attribute.key.as_ref())
            )));
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(xml_error)?;
        refuse_what_xml_cannot_hold(&value)?;
        attrs.push((name_of(attribute.key.as_ref())?, value.into_owned()));
    }
    Ok(Element {
        name: name_of(start.name().as_ref())?,
        attrs,
        children: Vec::new(),
        text: String::new(),
    })
}

/// Whether XML cannot hold a character at all, not even as a reference.
fn is_never_xml(c: char) -> bool {
    matches!(c, '\0'..'\t' | '\u{b}' | '\u{c}' | '\u{e}'..' ' | '\u{fffe}' | '\u{ffff}')
}

/// The library takes these, as they are and by reference. Written again they would be
/// left out, and the text another.
fn refuse_what_xml_cannot_hold(text: &str) -> Result<()> {
    match text.chars().find(|c| is_never_xml(*c)) {
        Some(c) => Err(Error::malformed(format!(
            "the header holds the character U+{:04X}, which XML does not allow",
            u32::from(c)
        ))),
        None => Ok(()),
    }
}

/// UTF-8, or else Latin-1, in which some old readers write degree signs.
fn decode(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => body.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// The library takes anything for a name. What XML does not would not be read
/// back when it is written again.
fn name_of(name: impl AsRef<[u8]>) -> Result<String> {
    let text = text_of(name);
    let first = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':') || !c.is_ascii();
    let later = |c: char| first(c) || c.is_ascii_digit() || matches!(c, '-' | '.');
    match text.starts_with(first) && text.chars().all(later) {
        true => Ok(text),
        false => Err(Error::malformed(format!(
            "'{}' is no name that XML allows",
            super::plane::shown(&text)
        ))),
    }
}

fn text_of(name: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(name.as_ref()).into_owned()
}

fn xml_error(error: impl std::fmt::Display) -> Error {
    Error::malformed(format!("the header is not well-formed XML: {error}"))
}

/// Looks an attribute up in a list.
pub(super) fn attr<'a>(attrs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attrs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// Sets an attribute where it stands, or appends it.
pub(super) fn set_attr(attrs: &mut Vec<(String, String)>, name: &str, value: impl Into<String>) {
    match attrs.iter_mut().find(|(key, _)| key == name) {
        Some((_, old)) => *old = value.into(),
        None => attrs.push((name.to_owned(), value.into())),
    }
}

/// Appends text as an attribute value: the five characters escaped, control
/// characters as references, what XML cannot hold at all left out.
pub(super) fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            c if is_never_xml(c) => {}
            c => out.push(c),
        }
    }
}

/// Appends ` name="value"` for each attribute.
pub(super) fn write_attrs(out: &mut String, attrs: &[(String, String)]) {
    for (name, value) in attrs {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape_into(out, value);
        out.push('"');
    }
}

/// Appends an element as it stands, children and all, always as a pair.
pub(super) fn write_element(out: &mut String, element: &Element) {
    out.push('<');
    out.push_str(&element.name);
    write_attrs(out, &element.attrs);
    out.push('>');
    escape_into(out, &element.text);
    for child in &element.children {
        write_element(out, child);
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_kept_where_it_is_not_blank() {
        let root = Element::parse(b"<a>\n <b> x &lt; &#65;<![CDATA[&]]> </b>\n</a>").unwrap();
        assert_eq!(
            (root.text.as_str(), root.children[0].text.as_str()),
            ("", "x < A&")
        );
        assert_eq!(Element::parse(root.to_xml().as_bytes()).unwrap(), root);
    }

    #[test]
    fn attributes_keep_names_order_and_text() {
        let root = Element::parse(
            b"<?xml version=\"1.0\"?>\n<stream b=\"1\" a='x &lt; &#65;&quot;'>\n\
              <properties double:zFill=\"-1e31\" t=\"a\nb\"/></stream>\n",
        )
        .unwrap();
        assert_eq!(root.name, "stream");
        assert_eq!(root.attrs[0], ("b".into(), "1".into()));
        assert_eq!(root.attr("a"), Some("x < A\""));
        assert_eq!(root.children[0].attr("double:zFill"), Some("-1e31"));
        assert_eq!(root.children[0].attr("t"), Some("a b"));
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for bad in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<!DOCTYPE a><a/>",
            "<a b='&nosuch;'/>",
            "<a b=1/>",
            "<a b='1' b='2'/>",
            "<a b='\0'/>",
            "<a b='&#1;'/>",
            "<a>\u{1f}</a>",
            "<a>&#8;</a>",
            "<a b='\u{ffff}'/>",
            "<a",
            "<a b'c=\"1\"/>",
            "<a label(0)='1'/>",
            "<a 9='1'/>",
            "<'a'/>",
        ] {
            assert!(Element::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let deep = "<a>".repeat(40) + &"</a>".repeat(40);
        assert!(Element::parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn latin_1_is_understood() {
        let root = Element::parse(b"<y label=\"\xb0C\"/>").unwrap();
        assert_eq!(root.attr("label"), Some("°C"));
    }

    #[test]
    fn written_text_reads_back() {
        let text = "a & b < c > \"d\" 'e'\nf\tg µ";
        let mut out = String::new();
        let element = Element {
            name: "y".into(),
            attrs: vec![("t".into(), text.into())],
            ..Element::default()
        };
        write_element(&mut out, &element);
        assert!(out.ends_with("></y>"));
        assert_eq!(Element::parse(out.as_bytes()).unwrap(), element);
    }
}
