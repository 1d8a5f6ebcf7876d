//! The elements of a policy, each attribute as it was written and with its place.

use roxmltree::{Document, Node, ParsingOptions};

use super::blank::{decoded, without_expressions};
use crate::note::Note;
use crate::place::Place;

/// How many nodes a policy may have.
const NODES_MAX: u32 = 50_000;

/// How deep elements lie in each other.
const DEPTH_MAX: usize = 128;

/// An element.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Element {
    /// Its name in lower case: `set-backend-service`.
    pub(crate) name: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Element>,
    /// Its text, if it has any beside spaces; its name is empty.
    pub(crate) text: Option<Attribute>,
    /// Its opening tag's name.
    pub(crate) place: Place,
}

/// An attribute, with its value in letters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) place: Place,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The element and all that lie in it, in the order of the file.
    pub(crate) fn all(&self) -> Vec<&Element> {
        let mut found = vec![self];
        for child in &self.children {
            found.extend(child.all());
        }
        found
    }
}

impl Attribute {
    /// True if its value is an expression, which is worked out with each request.
    pub(crate) fn is_expression(&self) -> bool {
        self.value.starts_with("@(") || self.value.starts_with("@{")
    }
}

/// Reads a file of this number.
pub(crate) fn read(file: usize, text: &str) -> Result<Element, Note> {
    let (spelled, _) = without_expressions(text);
    let deep = deepest(&spelled);
    if deep > DEPTH_MAX {
        let words = format!("elements lie too deep in each other: at most {DEPTH_MAX} are read");
        return Err(Note::unknown(&Place::new(file, 0..0), words));
    }
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    match Document::parse_with_options(&spelled, options) {
        Ok(document) => Ok(element(file, text, document.root_element())),
        Err(error) => {
            let at = offset(text, error.pos());
            Err(Note::unknown(
                &Place::new(file, at..at),
                format!("this is no XML, expressions aside: {}", without_place(&error)),
            )
            .help("what stands before this place may be an expression without its closing bracket"))
        }
    }
}

/// How deep elements lie in each other at the most: opening tags without their closing ones.
fn deepest(text: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    for (at, _) in text.match_indices('<') {
        let rest = &text.as_bytes()[at + 1..];
        match rest.first() {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'!' | b'?') | None => {}
            _ => {
                let end = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
                depth += usize::from(end == 0 || rest[end - 1] != b'/');
            }
        }
        most = most.max(depth);
    }
    most
}

fn element(file: usize, text: &str, node: Node<'_, '_>) -> Element {
    let name = node.tag_name().name();
    let start = node.range().start + 1;
    let attribute = |attribute: roxmltree::Attribute<'_, '_>| {
        let range = attribute.range_value();
        // The text is as long as what was parsed, so that its bytes are those of the value as it was written.
        let value = text.get(range.clone()).map_or_else(|| attribute.value().to_owned(), decoded);
        Attribute { name: attribute.name().to_lowercase(), value, place: Place::new(file, range) }
    };
    let text_of = |node: Node<'_, '_>| {
        let range = node.range();
        let written = text.get(range.clone())?;
        let start = range.start + (written.len() - written.trim_start().len());
        let written = written.trim();
        let place = Place::new(file, start..start + written.len());
        (!written.is_empty()).then(|| Attribute { name: String::new(), value: decoded(written), place })
    };
    Element {
        name: name.to_lowercase(),
        attributes: node.attributes().map(attribute).collect(),
        children: node.children().filter(Node::is_element).map(|child| element(file, text, child)).collect(),
        text: node.children().filter(Node::is_text).find_map(text_of),
        place: Place::new(file, start..start + name.len()),
    }
}

/// The byte of a line and a column, both from 1.
fn offset(text: &str, at: roxmltree::TextPos) -> usize {
    let line =
        text.split_inclusive('\n').take(at.row.saturating_sub(1) as usize).map(str::len).sum::<usize>();
    let within = text.get(line..).unwrap_or("");
    let column = within.char_indices().nth(at.col.saturating_sub(1) as usize);
    line + column.map_or(0, |(at, _)| at)
}

/// What the parser says, without its own words for the place.
fn without_place(error: &roxmltree::Error) -> String {
    let words = error.to_string();
    let place = format!(" at {}", error.pos());
    words.replace(&place, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Sources;
    use proptest::prelude::*;

    #[test]
    fn attributes_are_read_as_they_were_written_well_formed_or_not() {
        let text = "<policies>\n  <retry condition=\"@(a < 1 && b == \"x\")\" count='3'>\n    <forward-request/>\n  </retry>\n</policies>";
        let root = read(0, text).unwrap();
        let retry = &root.children[0];
        assert_eq!(retry.attribute("condition").unwrap().value, "@(a < 1 && b == \"x\")");
        assert_eq!(retry.attribute("count").unwrap().value, "3");
        let mut sources = Sources::default();
        sources.add("p.xml", text.into());
        assert_eq!(sources.position(&retry.attribute("count").unwrap().place).to_string(), "p.xml:2:50");
        assert_eq!(sources.position(&retry.children[0].place).to_string(), "p.xml:3:6");
    }

    #[test]
    fn comments_may_have_anything_in_them() {
        let root =
            read(0, "<!-- -- <a @(b) \u{e9} ---->\n<policies><!----><!-- x --><base/></policies>").unwrap();
        assert_eq!(root.children.iter().map(|child| child.name.as_str()).collect::<Vec<_>>(), ["base"]);
    }

    #[test]
    fn what_is_no_xml_is_told_with_its_place() {
        let text = "<policies>\n  <a b=\"1\" b=\"2\"/>\n</policies>";
        let note = read(0, text).unwrap_err();
        assert_eq!(note.words, "this is no XML, expressions aside: attribute 'b' is already defined");
        assert_eq!(&text[note.place.start..][..1], "b");
        assert!(read(0, &"<a>".repeat(1000)).unwrap_err().words.contains("too deep"));
        assert!(read(0, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_every_place_lies_in_the_file(text in "(<a>|</a>|<b c=\"|\"/>|@\\(|\\)|\"|é|\n|x| ){0,40}") {
            let places = match read(0, &text) {
                Ok(root) => root.all().into_iter().flat_map(|one| one.attributes.iter().map(|a| a.place.clone()).chain([one.place.clone()])).collect(),
                Err(note) => vec![note.place],
            };
            for place in places {
                prop_assert!(text.get(place.start..place.end).is_some(), "{place:?}");
            }
        }
    }
}
