//! A page in Markdown as a man page.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use roff::{Inline, Roff, bold, italic, roman};

/// When the version of Cargo.toml was released, or its work begun.
const RELEASED: &str = "2026-11-29";

/// The man page of a page: its title and first line are the section NAME.
pub fn page(name: &str, markdown: &str) -> String {
    let mut man = Man::default();
    let version = concat!("das2-server ", env!("CARGO_PKG_VERSION"));
    man.out
        .control("TH", [name, "1", RELEASED, version, "das2-server"]);
    let body = markdown.split_once("\n\n").map_or("", |(_, rest)| rest);
    let (line, body) = body.split_once("\n\n").unwrap_or((body, ""));
    man.out.control("SH", ["NAME"]);
    man.out.text([roman(format!("{name} - {line}"))]);
    let mut options = Options::empty();
    options.insert(Options::ENABLE_TABLES);
    let mut used = false;
    for event in Parser::new_ext(body, options) {
        if !used && !matches!(event, Event::Start(Tag::Heading { .. })) {
            man.out.control("SH", ["SYNOPSIS"]);
            man.fresh = true;
        }
        used = true;
        man.event(event);
    }
    man.out.render()
}

#[derive(Default)]
struct Man {
    out: Roff,
    /// Nothing stands below the heading yet.
    fresh: bool,
    line: Vec<Inline>,
    /// Text goes on in bold, in italics.
    strong: u8,
    emphasis: u8,
    /// Lines of a block of code.
    code: Option<String>,
    /// Items of a list: its next number, if it has numbers.
    lists: Vec<Option<u64>>,
    /// Cells of the row of a table, when in one.
    row: Option<Vec<Vec<Inline>>>,
    heading: Option<String>,
}

impl Man {
    fn event(&mut self, event: Event) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => match &mut self.heading {
                Some(heading) => heading.push_str(&text),
                None => self.line.push(bold(text.to_string())),
            },
            Event::SoftBreak => self.text(" "),
            Event::HardBreak => self.flush(),
            // The marks around what bin/pages writes.
            Event::Html(_) | Event::InlineHtml(_) => {}
            other => panic!("a page holds what man pages are not made from: {other:?}"),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            code.push_str(text);
        } else if let Some(heading) = &mut self.heading {
            heading.push_str(text);
        } else {
            self.line.push(match () {
                () if self.strong > 0 => bold(text),
                () if self.emphasis > 0 => italic(text),
                () => roman(text),
            });
        }
    }

    fn start(&mut self, tag: Tag) {
        match tag {
            Tag::Heading { .. } => self.heading = Some(String::new()),
            Tag::Paragraph if self.lists.is_empty() => self.paragraph(),
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => {
                self.code = Some(String::new());
            }
            Tag::List(first) => self.lists.push(first),
            Tag::Item => {
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "\u{2022}".to_owned(),
                };
                self.out.control("IP", [mark.as_str(), "3"]);
            }
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::TableHead => {
                self.row = Some(Vec::new());
            }
            Tag::TableRow => self.row = Some(Vec::new()),
            Tag::Paragraph | Tag::Link { .. } | Tag::Table(_) | Tag::TableCell | Tag::HtmlBlock => {
            }
            other => panic!("a page holds what man pages are not made from: {other:?}"),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                let text = self.heading.take().unwrap_or_default();
                match level as u8 {
                    2 => self.out.control("SH", [text.to_uppercase().as_str()]),
                    _ => self.out.control("SS", [text.as_str()]),
                };
                self.fresh = true;
            }
            TagEnd::Paragraph | TagEnd::Item => self.flush(),
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Strong => self.strong -= 1,
            TagEnd::Emphasis => self.emphasis -= 1,
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.line);
                self.row.get_or_insert_default().push(cell);
            }
            TagEnd::TableHead => {
                // What the columns are is plain from the cells.
                self.row = None;
            }
            TagEnd::TableRow => self.table_row(),
            _ => {}
        }
    }

    /// Room above, but not below a heading.
    fn paragraph(&mut self) {
        if !std::mem::take(&mut self.fresh) {
            self.out.control("PP", []);
        }
    }

    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.out.text(line);
        }
    }

    fn code_block(&mut self) {
        let code = self.code.take().unwrap_or_default();
        self.paragraph();
        self.out.control("RS", ["4"]).control("nf", []);
        for line in code.trim_end().lines() {
            self.out.text([roman(line)]);
        }
        self.out.control("fi", []).control("RE", []);
    }

    /// The first cell as a term, the others as what it means.
    fn table_row(&mut self) {
        let mut cells = self.row.take().unwrap_or_default().into_iter();
        let term = cells.next().unwrap_or_default();
        let term = term.into_iter().map(|part| match part {
            Inline::Roman(text) => bold(text),
            other => other,
        });
        self.fresh = false;
        self.out.control("TP", []);
        let term: Vec<Inline> = term.collect();
        self.out.text(if term.is_empty() {
            vec![roman("\u{2022}")]
        } else {
            term
        });
        let mut meaning = Vec::new();
        for cell in cells.filter(|cell| !cell.is_empty()) {
            if !meaning.is_empty() {
                meaning.push(roman("; "));
            }
            meaning.extend(cell);
        }
        if !meaning.is_empty() {
            self.out.text(meaning);
        }
    }
}
