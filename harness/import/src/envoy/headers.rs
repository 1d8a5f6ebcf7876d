//! `request_headers_to_add` and `request_headers_to_remove` of a route and its virtual host, with values that are words
//! (`route_components.proto`, `HeaderValueOption`).

use policy::Policy;

use super::fields::{shown, truth};
use super::routes::Route;
use crate::note::Note;
use crate::placed_headers::{HeaderRule, PlacedHeaders};
use crate::value::Value;
use crate::yaml::{list, object, text};

/// Takes in those that hold for a route.
pub(super) fn read(route: &Route<'_>, notes: &mut Vec<Note>) -> PlacedHeaders {
    let mut found = PlacedHeaders::default();
    for level in [route.whole, route.host] {
        for name in level.get("request_headers_to_remove").map(Value::items).unwrap_or_default() {
            if let Some(text) = name.text() {
                found.add(text, HeaderRule::Remove, &name.place, notes);
            }
        }
        for entry in level.get("request_headers_to_add").map(Value::items).unwrap_or_default() {
            one(entry, &mut found, notes);
        }
    }
    found
}

fn one(entry: &Value, found: &mut PlacedHeaders, notes: &mut Vec<Note>) {
    let of = |key| entry.at(&["header", key]).and_then(Value::text);
    let (Some(name), Some(value)) = (of("key"), of("value")) else {
        return notes
            .push(Note::unknown(&entry.place, "a header to add without a `key` and a `value` is not read"));
    };
    if value.contains('%') || value.contains("{{") {
        let words = format!("the value of `{}` is worked out with each request: it is left out", shown(name));
        return notes.push(Note::unknown(&entry.place, words));
    }
    let sets = entry.get("append").is_some() && !truth(entry, "append");
    let action = entry.get("append_action").and_then(Value::text);
    let rule = match action {
        Some("OVERWRITE_IF_EXISTS_OR_ADD") => HeaderRule::Set(value.to_owned()),
        None if sets => HeaderRule::Set(value.to_owned()),
        None | Some("APPEND_IF_EXISTS_OR_ADD") => HeaderRule::Append(value.to_owned()),
        Some(other) => {
            let words = format!("`{}` of `{}` is not rehearsed", shown(other), shown(name));
            return notes.push(Note::unrehearsed(&entry.place, words));
        }
    };
    found.add(name, rule, &entry.place, notes);
}

/// The same for the copy.
pub(super) fn copied(policy: &Policy) -> Vec<(&'static str, Value)> {
    let Some(rules) = &policy.request_headers else { return Vec::new() };
    let entry = |(name, value): (&String, &String), action: &str| {
        let header = object([("key", text(name.clone())), ("value", text(value.clone()))]);
        object([("header", header), ("append_action", text(action))])
    };
    let set = rules.set.iter().map(|one| entry(one, "OVERWRITE_IF_EXISTS_OR_ADD"));
    let append = rules.append.iter().map(|one| entry(one, "APPEND_IF_EXISTS_OR_ADD"));
    let add: Vec<Value> = set.chain(append).collect();
    let remove: Vec<Value> = rules.remove.iter().map(|name| text(name.clone())).collect();
    let keys = [("request_headers_to_add", add), ("request_headers_to_remove", remove)];
    keys.into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(key, values)| (key, list(values)))
        .collect()
}
