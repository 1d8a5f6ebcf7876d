//! Where things stand in the text of a scenario, by their path: `policy.retry.backoff`.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Where the key at a dotted path stands; of a path that leads further than the file does, its deepest key.
pub(crate) fn place(text: &str, path: &str) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut deepest = None;
    for step in path.split('.') {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == step) else {
            break;
        };
        deepest = Some(key.span());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    deepest
}

/// Where the lines of a text end, so that the line of a place is found without reading all that stands before it.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Lines(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    /// The line of a place, from 1.
    pub(crate) fn at(&self, place: usize) -> u32 {
        let before = self.0.partition_point(|end| *end < place);
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }
}

/// The lines of all keys in a table and in the tables that it holds, by their path within it: `retry.backoff`.
pub(crate) fn lines_under(text: &str, table: &str) -> BTreeMap<String, u32> {
    fn gather(lines: &Lines, under: &str, table: &DeTable<'_>, found: &mut BTreeMap<String, u32>) {
        for (key, value) in table {
            let path = if under.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{under}.{}", key.get_ref())
            };
            found.insert(path.clone(), lines.at(key.span().start));
            if let DeValue::Table(inner) = value.get_ref() {
                gather(lines, &path, inner, found);
            }
        }
    }
    let mut under = BTreeMap::new();
    let Ok(document) = DeTable::parse(text) else { return under };
    let found = document.get_ref().iter().find(|(key, _)| key.get_ref() == table);
    if let Some(DeValue::Table(inner)) = found.map(|(_, value)| value.get_ref()) {
        gather(&Lines::of(text), "", inner, &mut under);
    }
    under
}

/// The keys of each table of a list, with their lines.
pub(crate) fn keys_of(text: &str, list: &str) -> Vec<Vec<(String, u32)>> {
    let Ok(document) = DeTable::parse(text) else { return Vec::new() };
    let lines = Lines::of(text);
    let found = document.get_ref().iter().find(|(key, _)| key.get_ref() == list);
    let Some(DeValue::Array(tables)) = found.map(|(_, value)| value.get_ref()) else { return Vec::new() };
    let keys = tables.iter().map(|table| match table.get_ref() {
        DeValue::Table(table) => {
            table.keys().map(|key| (key.get_ref().to_string(), lines.at(key.span().start))).collect()
        }
        _ => Vec::new(),
    });
    keys.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_a_list_have_their_keys_with_lines() {
        let text = "a = 1\n[[expect]]\nc = 2\n\n[[expect]]\n";
        assert_eq!(keys_of(text, "expect"), [vec![("c".to_owned(), 3)], Vec::new()]);
        assert!(keys_of(text, "a").is_empty() && keys_of(text, "b").is_empty());
    }

    #[test]
    fn every_key_under_a_table_has_its_line() {
        let text = "[policy]\nretry = { attempts = 2 }\n[policy.breaker]\nprobes = 1\n";
        let lines = lines_under(text, "policy");
        let lines: Vec<(&str, u32)> = lines.iter().map(|(key, line)| (key.as_str(), *line)).collect();
        assert_eq!(lines, [("breaker", 3), ("breaker.probes", 4), ("retry", 2), ("retry.attempts", 2)]);
        assert!(lines_under(text, "limits").is_empty() && lines_under("a = [", "a").is_empty());
    }

    #[test]
    fn a_key_is_found_in_tables_of_both_forms_and_a_missing_one_at_its_parent() {
        let text = "[policy]\nretry = { attempts = 2, backoff = { base = \"1ms\" } }\n[policy.breaker]\nprobes = 1\n";
        let word = |path| place(text, path).map(|span| &text[span]);
        assert_eq!(word("policy.retry.backoff"), Some("backoff"));
        assert_eq!(word("policy.breaker.probes"), Some("probes"));
        assert_eq!(word("policy.breaker.trip"), Some("breaker"));
        assert_eq!(word("limits"), None);
    }
}
