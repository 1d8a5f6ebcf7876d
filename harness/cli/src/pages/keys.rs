//! Keys of the scenario file as lists, from its JSON Schema.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The keys of the kind `kind`, which the table `table` chooses; nothing for a kind without keys.
pub(super) fn of_kind(schema: &Value, table: &str, kind: &str) -> Option<String> {
    let chosen = schema.pointer(&format!("/$defs/{table}/properties/{kind}"))?;
    let keys = of_table(schema, resolve(schema, chosen), &[])?;
    let inner = nested(schema, resolve(schema, chosen));
    Some(format!("{keys}{inner}"))
}

/// The keys of an object, one a line, without those in `but`.
pub(super) fn of_table(schema: &Value, object: &Value, but: &[&str]) -> Option<String> {
    let properties = object.get("properties")?.as_object()?;
    let required = object.get("required").and_then(Value::as_array);
    let mut lines = String::new();
    for (name, property) in properties.iter().filter(|(name, _)| !but.contains(&name.as_str())) {
        let is_required = required.is_some_and(|names| names.iter().any(|required| required == name));
        let _ = writeln!(lines, "{}", line(schema, name, property, is_required));
    }
    (!lines.is_empty()).then_some(lines)
}

fn line(schema: &Value, name: &str, property: &Value, required: bool) -> String {
    let text = property.get("description").or_else(|| resolve(schema, property).get("description"));
    let text = text.and_then(Value::as_str).unwrap_or_default().lines().collect::<Vec<_>>().join(" ");
    let kind = kind(schema, property);
    let need = if required { ", required" } else { "" };
    let default = property.get("default").filter(|value| !value.is_null() && !value.is_object());
    let default = default.map(|value| format!(" Default: `{value}`.")).unwrap_or_default();
    format!("- `{name}` ({kind}{need}): {text}{default}")
}

/// The keys of the tables that an object's own keys hold, each under the key's name.
fn nested(schema: &Value, object: &Value) -> String {
    let mut text = String::new();
    let none = Map::new();
    let properties = object.get("properties").and_then(Value::as_object).unwrap_or(&none);
    for (name, property) in properties {
        let inner = resolve(schema, property);
        if let Some(keys) = of_table(schema, inner, &[]) {
            let _ = write!(text, "\nIn `{name}`:\n\n{keys}");
        }
    }
    text
}

/// Follows references until something is said.
pub(super) fn resolve<'s>(schema: &'s Value, mut at: &'s Value) -> &'s Value {
    // A schema of ours is a handful of references deep; the bound is for one that refers to itself.
    for _ in 0..16 {
        let choices = at.get("anyOf").and_then(Value::as_array).filter(|choices| choices.len() == 1);
        let next = match (at.get("$ref").and_then(Value::as_str), choices) {
            (Some(reference), _) => schema.pointer(reference.trim_start_matches('#')),
            (None, Some(choices)) => choices.first(),
            (None, None) => None,
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

/// A word, or a table with one key: `"constant"`, `{ trace = … }`.
fn choice(choice: &Value) -> Option<String> {
    let word = choice.get("const").map(|word| format!("`{word}`"));
    let key = choice.pointer("/required/0").and_then(Value::as_str);
    word.or_else(|| key.map(|key| format!("`{{ {key} = … }}`")))
}

/// The type of a value, as people call it.
fn kind(schema: &Value, property: &Value) -> String {
    let name = property.get("$ref").or_else(|| property.pointer("/anyOf/0/$ref")).and_then(Value::as_str);
    match name.and_then(|name| name.rsplit('/').next()) {
        Some("Timespan") => return "time, such as `\"250ms\"`".into(),
        Some("Rate") => return "rate, such as `\"500/s\"`".into(),
        Some("Size") => return "bytes, or a size such as `\"2KiB\"`".into(),
        Some("Share" | "Tolerance") => return "share from 0 to 1".into(),
        _ => {}
    }
    let of = resolve(schema, property);
    if let Some(choices) = of.get("oneOf").and_then(Value::as_array) {
        let mut words: Vec<_> = choices.iter().filter_map(choice).collect();
        if !words.is_empty() {
            if words.len() < choices.len() {
                words.push("a table".into());
            }
            return words.join(" or ");
        }
    }
    match of.get("type").and_then(Value::as_str) {
        Some("integer") => "whole number".into(),
        Some("number") => "number".into(),
        Some("boolean") => "true or false".into(),
        Some("string") => "text".into(),
        Some("array") => {
            let item = of.get("items").map(|item| kind(schema, item));
            item.map_or_else(|| "list".into(), |item| format!("list of {item}"))
        }
        Some("object") => "table".into(),
        _ => "value".into(),
    }
}
