//! What a route matches: its path, and its methods.

use std::fmt;

use crate::value::Value;

/// The methods that are told apart.
pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The keys by which a path is matched.
const PATHS: [&str; 6] =
    ["prefix", "path", "path_separated_prefix", "safe_regex", "path_match_policy", "connect_matcher"];

/// The path of a route, as people read it.
pub(super) struct Path(String);

impl Path {
    pub(super) fn of(route: &Value) -> Self {
        let Some(matched) = route.get("match") else { return Path(String::new()) };
        let text = PATHS.iter().find_map(|key| match *key {
            "safe_regex" => matched.at(&["safe_regex", "regex"]).and_then(Value::text),
            key => matched.get(key).and_then(Value::text),
        });
        Path(text.unwrap_or_default().to_owned())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn headers(route: &Value) -> &[Value] {
    route.at(&["match", "headers"]).map(Value::items).unwrap_or_default()
}

fn is_of_methods(header: &Value) -> bool {
    header.get("name").and_then(Value::text) == Some(":method")
}

/// Whether two routes match the same, methods aside.
pub(super) fn differ_by_method(one: &Value, other: &Value) -> bool {
    let path = |route: &Value| {
        let matched = route.get("match").map(Value::entries).unwrap_or_default();
        let mut entries: Vec<_> = matched.iter().filter(|(key, _)| key != "headers").collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let entries: Vec<_> =
            entries.iter().map(|(key, value)| (key.clone(), value.without_places())).collect();
        let others: Vec<_> = headers(route)
            .iter()
            .filter(|header| !is_of_methods(header))
            .map(Value::without_places)
            .collect();
        (entries, others)
    };
    path(one) == path(other)
}

/// Whether the route asks for more than a path and methods.
pub(super) fn asks_for_more(route: &Value) -> Option<&Value> {
    let matched = route.get("match").map(Value::entries).unwrap_or_default();
    let more = matched
        .iter()
        .find(|(key, _)| key != "headers" && key != "case_sensitive" && !PATHS.contains(&key.as_str()));
    more.map(|(_, value)| value).or_else(|| headers(route).iter().find(|header| !is_of_methods(header)))
}

/// The methods that a route takes; nothing where what it asks of them is not understood.
pub(super) fn methods(route: &Value) -> Option<Vec<&'static str>> {
    let mut left = METHODS.to_vec();
    for header in headers(route).iter().filter(|header| is_of_methods(header)) {
        let listed = listed(header)?;
        let is_inverted = header.get("invert_match").and_then(Value::truth).unwrap_or(false);
        left.retain(|method| listed.iter().any(|one| one == method) != is_inverted);
    }
    Some(left)
}

/// What a matcher of texts takes: one word, or several that a pattern lists.
fn listed(header: &Value) -> Option<Vec<String>> {
    let by = |paths: &[&[&str]]| paths.iter().find_map(|path| header.at(path)).and_then(Value::text);
    if let Some(exact) = by(&[&["exact_match"], &["string_match", "exact"]]) {
        return Some(vec![exact.to_owned()]);
    }
    let pattern = by(&[&["safe_regex_match", "regex"], &["string_match", "safe_regex", "regex"]])?;
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let pattern = pattern.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(pattern);
    let words: Vec<String> = pattern.split('|').map(str::to_owned).collect();
    let is_word = |word: &String| !word.is_empty() && word.chars().all(|letter| letter.is_ascii_uppercase());
    words.iter().all(is_word).then_some(words)
}
