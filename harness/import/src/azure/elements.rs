//! Attributes of policies: with `{{named values}}` and slots filled in, and asked for where nobody gave them.

use std::collections::BTreeMap;

use crate::given::Given;
use crate::note::Note;
use crate::xml::{Asked, Attribute, Element};

/// Values that attributes may name.
pub(super) struct Values<'a> {
    pub(super) given: &'a Given,
    /// Those of `namedValues` of the templates.
    pub(super) named: BTreeMap<String, String>,
    /// The fragments of the files, by their names in lower case.
    pub(super) fragments: BTreeMap<String, Element>,
    /// The request that the scenario is about, if that was said.
    pub(super) asked: Option<&'a Asked>,
}

impl Values<'_> {
    /// The value of an attribute, as it will be when a request comes; nothing, and a note, where that is not known.
    pub(super) fn text(&self, element: &Element, name: &str, notes: &mut Vec<Note>) -> Option<String> {
        let attribute = element.attribute(name)?;
        if attribute.is_expression() {
            let words = format!("`{name}` is worked out with each request");
            notes.push(Note::unknown(&attribute.place, words));
            return None;
        }
        self.filled(attribute, notes)
    }

    /// A whole number.
    pub(super) fn number(&self, element: &Element, name: &str, notes: &mut Vec<Note>) -> Option<u32> {
        let text = self.text(element, name, notes)?;
        let attribute = element.attribute(name)?;
        // A word where a number belongs is a slot that something fills in before the deployment.
        let filled = self.given.get(text.trim()).map_or(text.clone(), str::to_owned);
        let number = filled.trim().parse().ok();
        if number.is_none() {
            let shown: String = text.trim().chars().take(60).collect();
            let words = format!("`{name}` is `{}`: expected a number", shown.escape_debug());
            notes.push(
                Note::unknown(&attribute.place, words)
                    .help(format!("give it: `--value {}=…`", shown.escape_debug())),
            );
        }
        number
    }

    /// Fills in `{{named values}}`, and `{slots}` that whoever deploys the policy fills in.
    fn filled(&self, attribute: &Attribute, notes: &mut Vec<Note>) -> Option<String> {
        let (mut made, mut rest) = (String::new(), attribute.value.as_str());
        while let Some(at) = rest.find('{') {
            made.push_str(&rest[..at]);
            let inner = rest[at..].trim_start_matches('{');
            let braces = rest[at..].len() - inner.len();
            let Some(end) = inner.find('}') else { break };
            let name = inner[..end].trim();
            let value = self.given.get(name).or_else(|| self.named.get(name).map(String::as_str));
            let Some(value) = value else {
                let shown: String = name.chars().take(60).collect();
                let words = format!("the value of `{}` is not in these files", shown.escape_debug());
                notes.push(
                    Note::unknown(&attribute.place, words)
                        .help(format!("give it: `--value {}=…`", shown.escape_debug())),
                );
                return None;
            };
            made.push_str(value);
            let close = inner[end..].len() - inner[end..].trim_start_matches('}').len();
            rest = &inner[end + close.min(braces)..];
        }
        made.push_str(rest);
        Some(made)
    }
}

/// Tells of each attribute that is in none of the lists.
pub(super) fn strays(element: &Element, taken: &[&str], notes: &mut Vec<Note>) {
    for attribute in element.attributes.iter().filter(|one| !taken.contains(&one.name.as_str())) {
        let words =
            format!("`{}` of `<{}>` is not read", attribute.name.escape_debug(), element.name.escape_debug());
        notes.push(Note::unknown(&attribute.place, words));
    }
}
