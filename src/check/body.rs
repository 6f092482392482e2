//! A header's body: one well-formed XML element, and what surrounds it.

use super::report::{Log, Place, shown};
use super::rule::Rule;
use crate::stream::{Element, Error};

/// The longest XML declaration das2C takes, in characters.
const DAS2C_DECLARATION: usize = 255;

/// Reads the element of a header body. None: it is none, which has been said.
pub(super) fn parse(body: &[u8], place: Place, log: &mut Log) -> Option<Element> {
    if std::str::from_utf8(body).is_err() {
        log.add(Rule::Utf8, place, || "the header is not UTF-8".into());
    }
    let text = body.trim_ascii();
    if !(text.starts_with(b"<") && text.ends_with(b">")) {
        log.add(Rule::Xml, place, || {
            "the header is not one XML element from its first byte to its last; \
             its length may be wrong"
                .into()
        });
        return None;
    }
    check_declaration(text, place, log);
    match Element::parse(body) {
        Ok(element) => Some(element),
        Err(Error::Malformed { what, .. }) => {
            let rule = if what.contains("DOCTYPE") {
                Rule::Doctype
            } else {
                Rule::Xml
            };
            log.add(rule, place, || shown(&what));
            None
        }
        Err(other) => {
            log.add(Rule::Xml, place, || shown(&other.to_string()));
            None
        }
    }
}

fn check_declaration(text: &[u8], place: Place, log: &mut Log) {
    if !text.starts_with(b"<?xml") {
        return;
    }
    let length = text.iter().position(|byte| *byte == b'>').unwrap_or(0) + 1;
    if length > DAS2C_DECLARATION {
        log.add(Rule::XmlDeclaration, place, || {
            format!("an XML declaration of {length} characters; das2C takes {DAS2C_DECLARATION}")
        });
    }
}

/// Reports attributes that are not among the known ones.
pub(super) fn check_attributes(element: &Element, known: &[&str], place: Place, log: &mut Log) {
    for (name, _) in &element.attrs {
        if !known.contains(&name.as_str()) {
            log.add(Rule::UnknownAttribute, place, || {
                format!(
                    "<{}> has the unknown attribute {}",
                    element.name,
                    shown(name)
                )
            });
        }
    }
}

/// Reports child elements that are not among the known ones.
pub(super) fn check_children(element: &Element, known: &[&str], place: Place, log: &mut Log) {
    for child in &element.children {
        if !known.contains(&child.name.as_str()) {
            log.add(Rule::UnknownElement, place, || {
                format!(
                    "<{}> holds the unknown element <{}>",
                    element.name,
                    shown(&child.name)
                )
            });
        }
    }
}
