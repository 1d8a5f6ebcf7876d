//! The rules of all routes, and the one that the scenario is about.

pub(super) use crate::finish::Wrong;
use crate::import::Choices;
use crate::message::shown;
use crate::note::Note;
use crate::place::Sources;
use crate::value::Value;
use crate::yaml;

/// The most rules that an error names.
const NAMED: usize = 12;

/// The most documents in a `List` in a `List`.
const LISTS: u32 = 4;

/// A rule of a route.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// The route's name, and the rule's or its number.
    pub(super) name: String,
    pub(super) route: Value,
    pub(super) whole: Value,
}

impl Rule {
    pub(super) fn backends(&self) -> &[Value] {
        self.whole.get("backendRefs").map(Value::items).unwrap_or_default()
    }

    fn has_backend(&self, wanted: &str) -> bool {
        self.backends().iter().any(|one| one.get("name").and_then(Value::text) == Some(wanted))
    }
}

/// The rules of all files that send requests to backends.
pub(super) fn all(sources: &Sources, notes: &mut Vec<Note>) -> Vec<Rule> {
    let mut found = Vec::new();
    for (file, (_, text)) in sources.files().enumerate() {
        match yaml::read(file, text) {
            Ok(documents) => {
                for place in &documents.doubled {
                    notes.push(Note::lint(
                        place,
                        "this key stands in the mapping a second time: the last one counts",
                    ));
                }
                documents.roots.iter().for_each(|root| of_document(root, 0, &mut found, notes));
            }
            Err(note) => notes.push(note),
        }
    }
    found
}

fn of_document(root: &Value, depth: u32, found: &mut Vec<Rule>, notes: &mut Vec<Note>) {
    let kind = root.get("kind").and_then(Value::text).unwrap_or_default();
    let group = root.get("apiVersion").and_then(Value::text).unwrap_or_default();
    if kind.ends_with("List") && depth < LISTS {
        for item in root.get("items").map(Value::items).unwrap_or_default() {
            of_document(item, depth + 1, found, notes);
        }
    } else if kind == "HTTPRoute" {
        of_route(root, found);
    } else if kind.ends_with("Route") || kind.ends_with("Policy") {
        let words = format!("a `{}` of `{}` is not read", shown(kind), shown(group));
        notes.push(Note::unknown(&root.place, words));
    }
}

fn of_route(route: &Value, found: &mut Vec<Rule>) {
    let name = route.at(&["metadata", "name"]).and_then(Value::text).unwrap_or("route");
    for (number, rule) in
        route.at(&["spec", "rules"]).map(Value::items).unwrap_or_default().iter().enumerate()
    {
        let number = number.to_string();
        let of_rule = rule.get("name").and_then(Value::text).unwrap_or(&number);
        let rule = Rule { name: format!("{name}/{of_rule}"), route: route.clone(), whole: rule.clone() };
        // Others are answered by the gateway itself.
        if !rule.backends().is_empty() {
            found.push(rule);
        }
    }
}

/// The rule that was named, or the only one.
pub(super) fn chosen<'a>(rules: &'a [Rule], choices: &Choices) -> Result<&'a Rule, Wrong> {
    let is_named = |rule: &&Rule| {
        choices.route.as_deref().is_none_or(|name| {
            rule.name == name || rule.name.rsplit_once('/').is_some_and(|(route, _)| route == name)
        })
    };
    let has_backend = |rule: &&Rule| choices.backend.as_deref().is_none_or(|name| rule.has_backend(name));
    let left: Vec<&Rule> = rules.iter().filter(is_named).filter(has_backend).collect();
    match (left.as_slice(), rules) {
        ([only], _) => Ok(only),
        (_, []) => Err((
            "no rule with `backendRefs` was found in these files".into(),
            "name the files with an `HTTPRoute`: other routes are not read".into(),
        )),
        ([], _) => {
            Err(("no rule has this name and this backend".into(), format!("there are {}", names(rules))))
        }
        _ => Err((
            format!("a scenario is about one rule, and there are {}", names(left.iter().copied())),
            "name one: `--route NAME`, or a backend of it: `--backend NAME`".into(),
        )),
    }
}

fn names<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> String {
    let mut all: Vec<String> = rules.into_iter().map(|rule| format!("`{}`", shown(&rule.name))).collect();
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    all.join(", ") + &more
}
