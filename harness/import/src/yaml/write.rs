//! Values as YAML, one key a line.

use std::fmt::Write;

use crate::place::Place;
use crate::value::{Value, What};

/// A value that stands in no file.
fn made(what: What) -> Value {
    Value::new(what, &Place::new(0, 0..0))
}

/// A text.
pub(crate) fn text(text: impl Into<String>) -> Value {
    made(What::Text(text.into()))
}

/// A number.
pub(crate) fn number(number: u32) -> Value {
    made(What::Number(f64::from(number)))
}

/// A list of these items.
pub(crate) fn list(items: impl IntoIterator<Item = Value>) -> Value {
    made(What::List(items.into_iter().collect()))
}

/// Yes or no.
pub(crate) fn truth(truth: bool) -> Value {
    made(What::Bool(truth))
}

/// An object of these entries.
pub(crate) fn object(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    made(What::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

/// The YAML of an object.
pub(crate) fn written(root: &Value) -> String {
    let mut out = String::new();
    entries(root, 0, true, &mut out);
    out
}

/// Entries of an object, each on a line of its own; the first one where the line has begun if that is asked for.
fn entries(of: &Value, depth: usize, begun: bool, out: &mut String) {
    for (index, (key, value)) in of.entries().iter().enumerate() {
        if !(begun && index == 0) {
            out.push_str(&"  ".repeat(depth));
        }
        out.push_str(&scalar(key));
        out.push(':');
        behind_key(value, depth, out);
    }
}

fn behind_key(value: &Value, depth: usize, out: &mut String) {
    match &value.what {
        What::List(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                out.push_str(&"  ".repeat(depth));
                out.push_str("- ");
                if item.entries().is_empty() {
                    line(item, out);
                } else {
                    entries(item, depth + 1, true, out);
                }
            }
        }
        What::Object(inner) if !inner.is_empty() => {
            out.push('\n');
            entries(value, depth + 1, false, out);
        }
        _ => {
            out.push(' ');
            line(value, out);
        }
    }
}

fn line(value: &Value, out: &mut String) {
    let _ = match &value.what {
        What::Text(text) => writeln!(out, "{}", scalar(text)),
        What::Number(number) => writeln!(out, "{number}"),
        What::Bool(truth) => writeln!(out, "{truth}"),
        What::List(_) => writeln!(out, "[]"),
        What::Object(_) => writeln!(out, "{{}}"),
        What::Null | What::Unknown { .. } => writeln!(out, "null"),
    };
}

/// A text as YAML reads it back: in quotes where it could be taken for something else.
fn scalar(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    let is_word = text.starts_with(|letter: char| letter.is_ascii_alphabetic()) && text.chars().all(is_plain);
    let means_more = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        .contains(&text.to_ascii_lowercase().as_str());
    let is_time =
        text.strip_suffix('s').is_some_and(|number| number.parse::<f64>().is_ok_and(f64::is_finite));
    if is_word && !means_more || is_time {
        return text.to_owned();
    }
    // A text of JSON is one of YAML.
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let source = "a: 1\n\"@type\": type.googleapis.com/x.Y\nb:\n- name: \"yes\"\n  c: [1, {d: 2}, {}]\n- {}\n- 0.25s\ne: {f: \"a: b # c\\n\", g: true}\nh: \"5\"\n";
        let root = read(0, source).unwrap().roots.remove(0);
        let text = written(&root);
        let back = read(0, &text).unwrap().roots.remove(0);
        insta::assert_snapshot!(text, @r#"
        a: 1
        "@type": type.googleapis.com/x.Y
        b:
        - name: "yes"
          c:
          - 1
          - d: 2
          - {}
        - {}
        - 0.25s
        e:
          f: "a: b # c\n"
          g: true
        h: "5"
        "#);
        assert_eq!(written(&back), written(&root));
    }
}
