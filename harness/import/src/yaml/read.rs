//! The documents of a YAML file as values with places. What stands behind an alias or a merge key has the place of what it names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag, options};

use crate::note::Note;
use crate::place::Place;
use crate::value::{Value, What};

/// How deep lists and mappings may lie in each other.
const DEPTH_MAX: usize = 64;

/// The most values of a file. What stands behind an alias counts each time, so that a few lines can't stand for billions.
const VALUES_MAX: u32 = 200_000;

/// The longest key, in characters; YAML's own limit.
const KEY_MAX: usize = 1024;

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    /// The documents, in their order.
    pub(crate) roots: Vec<Value>,
    /// Where merge keys (`<<`) stand. They are YAML 1.1, and not every program knows them.
    pub(crate) merges: Vec<Place>,
    /// Keys that stand twice in one mapping, and the last of which counts.
    pub(crate) doubled: Vec<Place>,
}

/// Reads a file of this number. An error stands at the first place that can't be read.
pub(crate) fn read(file: usize, text: &str) -> Result<Documents, Note> {
    let options = options! {
        emit_comments: false,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
        simple_key_max_lookahead: KEY_MAX,
    };
    let mut building = Building { file, end: text.len(), ..Building::default() };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => building.take(event, span)?,
            Err(error) => return Err(building.unreadable(&error)),
        }
    }
    Ok(building.documents)
}

/// A list or a mapping whose end has not come.
struct Open {
    /// Its items; in a mapping keys and values in turn.
    items: Vec<Value>,
    /// For each key of a mapping, whether it is there to be left out (`!ignore`, Envoy's word).
    ignored: Vec<bool>,
    is_mapping: bool,
    anchor: usize,
    start: usize,
}

#[derive(Default)]
struct Building {
    file: usize,
    end: usize,
    stack: Vec<Open>,
    anchors: BTreeMap<usize, Value>,
    values: u32,
    documents: Documents,
}

impl Building {
    fn place(&self, span: Span) -> Place {
        let range = span.byte_range().unwrap_or(0..0);
        let start = range.start.min(self.end);
        Place::new(self.file, start..range.end.clamp(start, self.end))
    }

    fn unreadable(&self, error: &ScanError) -> Note {
        let at = error.marker().byte_offset().unwrap_or(self.end).min(self.end);
        let why = error.info();
        let why = why.lines().next().unwrap_or("it ends too soon");
        Note::unknown(
            &Place::new(self.file, at..at),
            format!("this is no YAML: {}", why.replace(char::is_control, " ")),
        )
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Note> {
        let place = self.place(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let ignored = tag.as_deref().is_some_and(is_ignored);
                let value = Value::new(scalar(text, style, tag.as_deref()), &place);
                self.put(value, anchor, ignored)
            }
            Event::SequenceStart(_, anchor, _) => self.open(false, anchor, &place),
            Event::MappingStart(_, anchor, _) => self.open(true, anchor, &place),
            Event::SequenceEnd | Event::MappingEnd => self.close(place.end),
            Event::Alias(id) => {
                let Some(value) = self.anchors.get(&id).cloned() else {
                    return Err(Note::unknown(&place, "this alias stands within what it names"));
                };
                self.count(value.size(), &place)?;
                self.put(value, 0, false)
            }
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, more: u32, place: &Place) -> Result<(), Note> {
        self.values = self.values.saturating_add(more);
        if self.values > VALUES_MAX {
            let words =
                format!("more than {VALUES_MAX} values, aliases written out: no more of them are read");
            return Err(Note::unknown(place, words));
        }
        Ok(())
    }

    fn open(&mut self, is_mapping: bool, anchor: usize, place: &Place) -> Result<(), Note> {
        // The parser bounds lists in brackets and lists by lines apart.
        if self.stack.len() >= DEPTH_MAX {
            let words =
                format!("lists and mappings lie too deep in each other: at most {DEPTH_MAX} are read");
            return Err(Note::unknown(place, words));
        }
        let (items, ignored) = (Vec::new(), Vec::new());
        self.stack.push(Open { items, ignored, is_mapping, anchor, start: place.start });
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Note> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let place = Place::new(self.file, open.start..end.max(open.start));
        let anchor = open.anchor;
        let what = if open.is_mapping { self.mapping(open)? } else { What::List(open.items) };
        self.put(Value::new(what, &place), anchor, false)
    }

    /// A value is whole: it goes where it belongs.
    fn put(&mut self, value: Value, anchor: usize, ignored: bool) -> Result<(), Note> {
        self.count(1, &value.place)?;
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.stack.last_mut() {
            None => self.documents.roots.push(value),
            Some(open) => {
                if open.is_mapping && open.items.len().is_multiple_of(2) {
                    open.ignored.push(ignored);
                }
                open.items.push(value);
            }
        }
        Ok(())
    }

    fn mapping(&mut self, open: Open) -> Result<What, Note> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        let mut merged: Vec<(String, Value)> = Vec::new();
        let mut items = open.items.into_iter();
        let mut ignored = open.ignored.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            if ignored.next() == Some(true) {
                continue;
            }
            let name = name(&key)?;
            if name == "<<" {
                self.documents.merges.push(key.place.clone());
                // Of several mappings the first that has a key counts.
                let from = if value.items().is_empty() { vec![value] } else { value.items().to_vec() };
                for (name, value) in from.iter().flat_map(Value::entries) {
                    if !merged.iter().any(|(known, _)| known == name) {
                        merged.push((name.clone(), value.clone()));
                    }
                }
            } else {
                if entries.iter().any(|(known, _)| *known == name) {
                    self.documents.doubled.push(key.place.clone());
                }
                entries.push((name, value));
            }
        }
        merged.retain(|(name, _)| !entries.iter().any(|(known, _)| known == name));
        merged.extend(entries);
        Ok(What::Object(merged))
    }
}

/// A key as text.
fn name(key: &Value) -> Result<String, Note> {
    match &key.what {
        What::Text(text) => Ok(text.clone()),
        What::Number(number) => Ok(number.to_string()),
        What::Bool(truth) => Ok(truth.to_string()),
        What::Null => Ok(String::new()),
        _ => Err(Note::unknown(&key.place, "a list or a mapping as a key is not read")),
    }
}

/// True for Envoy's tag of keys that are to be left out (docs: "Bootstrap configuration", `!ignore`).
fn is_ignored(tag: &Tag) -> bool {
    tag.suffix() == "ignore"
}

/// A scalar by its notation; the words for truth are those of YAML 1.1, which Envoy and Kubernetes read.
fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> What {
    let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
    if style != ScalarStyle::Plain || is_text {
        return What::Text(text.into_owned());
    }
    match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => return What::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return What::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return What::Bool(false),
        _ => {}
    }
    // Words such as `inf` are numbers for Rust, and none for YAML.
    let begins = text.trim_start_matches(['-', '+', '.']).starts_with(|letter: char| letter.is_ascii_digit());
    match text.parse::<f64>() {
        Ok(number) if begins && number.is_finite() => What::Number(number),
        _ => What::Text(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &Value) -> String {
        match &value.what {
            What::Null => "null".into(),
            What::Text(text) => format!("{text:?}"),
            What::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
            What::Object(entries) => {
                let entries: Vec<_> =
                    entries.iter().map(|(key, value)| format!("{key}={}", shown(value))).collect();
                format!("{{{}}}", entries.join(" "))
            }
            _ => value.words(),
        }
    }

    fn documents(text: &str) -> String {
        let roots: Vec<_> = read(0, text).unwrap().roots.iter().map(shown).collect();
        roots.join(" | ")
    }

    fn refused(text: &str) -> String {
        let note = read(0, text).unwrap_err();
        format!("{}: {}", note.place.start, note.words)
    }

    #[test]
    fn scalars_lists_mappings_and_documents_are_read() {
        assert_eq!(
            documents("a: 1\nb: [x, '2', \"\\u0041\"]\nc:\n- d: ~\n"),
            r#"{a=1 b=[x "2" "A"] c=[{d=null}]}"#.replace("[x", "[\"x\"")
        );
        assert_eq!(documents("a: yes\n---\nb: 0.25s\n---\n"), r#"{a=true} | {b="0.25s"} | null"#);
        assert_eq!(
            documents("a: |\n  x\n  y\nb: !!str 7\nc: inf\nd: -1.5e3\n"),
            r#"{a="x\ny\n" b="7" c="inf" d=-1500}"#
        );
        assert_eq!(documents("{\"a\": {\n\t\"b\": [1, true, null]\n}}"), "{a={b=[1 true null]}}");
        assert_eq!(documents(""), "");
    }

    #[test]
    fn aliases_and_merge_keys_stand_for_what_they_name_with_its_place() {
        let text = "a: &a {x: 1, y: 2}\nb: *a\nc:\n  <<: *a\n  y: 3\n!ignore d: 4\ne: 5\ne: 6\n";
        let read = read(0, text).unwrap();
        assert_eq!(shown(&read.roots[0]), "{a={x=1 y=2} b={x=1 y=2} c={x=1 y=3} e=5 e=6}");
        let x = read.roots[0].at(&["c", "x"]).unwrap();
        assert_eq!(&text[x.place.start..x.place.end], "1");
        assert_eq!(x.place.start, 10);
        assert_eq!(&text[read.merges[0].start..][..2], "<<");
        assert_eq!(read.doubled.len(), 1);
        assert_eq!(
            documents("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n"),
            "{a={x=1} b={x=2 y=2} c={x=1 y=2}}"
        );
    }

    #[test]
    fn bombs_towers_and_broken_files_end_at_a_place() {
        let first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        let of_ten =
            |at: u32| format!("a{}: &a{} [{}]\n", at + 1, at + 1, vec![format!("*a{at}"); 10].join(", "));
        let bomb = first + &(0..20).map(of_ten).collect::<String>();
        assert!(refused(&bomb).contains("more than 200000 values"), "{}", refused(&bomb));
        for tower in [
            "[".repeat(10_000),
            "- ".repeat(10_000),
            "{a: ".repeat(10_000),
            format!("{}{}", "- ".repeat(60), "[".repeat(60)),
        ] {
            assert!(
                refused(&tower).contains("this is no YAML") || refused(&tower).contains("too deep"),
                "{}",
                refused(&tower)
            );
        }
        assert!(refused("a: &a [*a]").contains("within what it names"));
        insta::assert_snapshot!([refused("a:\n\tb: 1\n"), refused("a: [1, 2\nb: 3"), refused("a: *none"), refused("? [a]\n: b"), refused("a: \"x")].join("\n"), @r"
        4: this is no YAML: tabs disallowed within this context (block indentation)
        10: this is no YAML: illegal placement of ':' indicator
        3: this is no YAML: while parsing node, found unknown anchor
        2: a list or a mapping as a key is not read
        3: this is no YAML: unclosed quote
        ");
    }
}
