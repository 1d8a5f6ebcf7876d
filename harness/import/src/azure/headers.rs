//! `<set-header>` of requests (set-header-policy.md), and `credentials` of backends (backends.md).

use policy::Credential;

use super::elements::{Values, strays};
use super::keys;
use crate::note::Note;
use crate::place::Place;
use crate::placed_headers::{HeaderRule, PlacedHeaders, placeholder};
use crate::value::Value;
use crate::xml::Element;

/// Takes in a `<set-header>` that every request meets.
pub(super) fn set_header(
    element: &Element,
    values: &Values<'_>,
    found: &mut PlacedHeaders,
    notes: &mut Vec<Note>,
) {
    strays(element, &["name", "exists-action"], notes);
    let Some(name) = values.text(element, "name", notes) else { return };
    let place = element.attribute("name").map_or(&element.place, |one| &one.place);
    let action = match element.attribute("exists-action") {
        Some(_) => values.text(element, "exists-action", notes),
        None => Some("override".to_owned()),
    };
    let Some(action) = action else { return };
    if action == "delete" {
        return found.add(&name, HeaderRule::Remove, place, notes);
    }
    if action == "skip" {
        let words = "a header that is set only where the client sent none: that is not rehearsed";
        return notes.push(Note::unrehearsed(place, words));
    }
    let Some(value) = value(element, values, notes) else { return };
    let rule = match action.as_str() {
        "override" => HeaderRule::Set(value),
        "append" => HeaderRule::Append(value),
        _ => {
            let words =
                format!("`{}`: expected `override`, `append`, `skip` or `delete`", action.escape_debug());
            return notes.push(Note::unknown(place, words));
        }
    };
    found.add(&name, rule, place, notes);
}

/// The one value of a `<set-header>`.
fn value(element: &Element, values: &Values<'_>, notes: &mut Vec<Note>) -> Option<String> {
    let [only] = element.children.as_slice() else {
        let words = format!("{} values of one header: expected one `<value>`", element.children.len());
        notes.push(Note::unknown(&element.place, words));
        return None;
    };
    let text = only.text.as_ref().filter(|_| only.name == "value");
    let Some(text) = text else {
        notes.push(Note::unknown(&only.place, "no text is in here: expected the value of the header"));
        return None;
    };
    if text.is_expression() {
        notes.push(Note::unknown(&text.place, "the value is worked out with each request"));
        return None;
    }
    Some(with_placeholders(&text.value, &text.place, values, notes))
}

/// A text with its `{{named values}}` filled in; those that are secrets, or in none of the files, become variables of the
/// environment.
fn with_placeholders(text: &str, place: &Place, values: &Values<'_>, notes: &mut Vec<Note>) -> String {
    let (mut made, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        made.push_str(before);
        let name = name.trim();
        match values.given.get(name).or_else(|| values.named.get(name).map(String::as_str)) {
            Some(value) => made.push_str(value),
            None => made.push_str(&asked_for(name, place, notes)),
        }
        rest = behind;
    }
    made + rest
}

/// The placeholder of a value that is in none of the files.
fn asked_for(name: &str, place: &Place, notes: &mut Vec<Note>) -> String {
    let variable = placeholder(name);
    let shown: String = name.chars().take(60).collect();
    let words = format!(
        "the value of `{}` is in no file: the scenario reads it as `{variable}`",
        shown.escape_debug()
    );
    notes.push(
        Note::choice(place, words)
            .help("set the variable before the run: then the value is in no file of it either"),
    );
    variable
}

/// The `credentials` of a backend, as far as they are headers and parameters of the query.
pub(super) fn credentials(
    of: &Value,
    where_in: &str,
    values: &Values<'_>,
    notes: &mut Vec<Note>,
) -> Option<Credential> {
    keys::strays(
        of,
        where_in,
        &["header", "query", "authorization"],
        &["certificate", "certificateIds", "managedIdentity"],
        notes,
    );
    for key in ["certificate", "certificateIds", "managedIdentity"] {
        if let Some(other) = of.get(key) {
            let words =
                format!("`{key}` of {where_in}: a credential that is no header of its own is not rehearsed");
            notes.push(Note::unrehearsed(&other.place, words));
        }
    }
    let mut credential = Credential::default();
    for (key, parts) in [("header", &mut credential.header), ("query", &mut credential.query)] {
        for (name, value) in of.get(key).map(Value::entries).unwrap_or_default() {
            if let Some(text) = one_of(value, values, notes) {
                let name = if key == "header" { name.to_ascii_lowercase() } else { name.clone() };
                parts.insert(name, text);
            }
        }
    }
    if let Some(authorization) = of.get("authorization") {
        let mut part = |key| authorization.get(key).and_then(|value| one(value, values, notes));
        if let (Some(scheme), Some(parameter)) = (part("scheme"), part("parameter")) {
            credential.header.insert("authorization".into(), format!("{scheme} {parameter}"));
        }
    }
    (credential != Credential::default()).then_some(credential)
}

/// The only one of a list of values.
fn one_of(value: &Value, values: &Values<'_>, notes: &mut Vec<Note>) -> Option<String> {
    match value.items() {
        [] => one(value, values, notes),
        [only] => one(only, values, notes),
        several => {
            let words = format!("{} values of one credential: expected one", several.len());
            notes.push(Note::unknown(&value.place, words));
            None
        }
    }
}

fn one(value: &Value, values: &Values<'_>, notes: &mut Vec<Note>) -> Option<String> {
    if let Some(text) = value.text() {
        return Some(with_placeholders(text, &value.place, values, notes));
    }
    // What a deployment brings stands in single braces.
    let Some(text) = value.known_text() else {
        notes.push(Note::unknown(&value.place, format!("the value of a credential is {}", value.words())));
        return None;
    };
    let (mut made, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        made.push_str(before);
        made.push_str(&asked_for(name, &value.place, notes));
        rest = behind;
    }
    Some(made + rest)
}
