//! Two profiles, fact by fact, in the words of behaviour.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use maud::html;
use reports::escape;

use crate::page::{cell, document, is_method};
use crate::profile::Profile;
use crate::value::Value;

/// One behaviour that is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The key of the fact.
    pub key: String,
    /// What it was.
    pub before: Value,
    /// What it is.
    pub after: Value,
}

/// What two profiles have to say of each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// What differs.
    pub changes: Vec<Change>,
    /// Keys that one of them knows and the other does not: no change that anybody could prove.
    pub untold: Vec<String>,
    /// How many facts both know, and agree on.
    pub same: usize,
}

/// Compares two profiles.
pub fn diff(before: &Profile, after: &Profile) -> Diff {
    let keys: BTreeSet<&String> = before.fact.keys().chain(after.fact.keys()).collect();
    let mut found = Diff::default();
    for key in keys {
        match (before.value(key), after.value(key)) {
            (Some(one), Some(other)) if one.agrees(other) => found.same += 1,
            (Some(one), Some(other)) => {
                found.changes.push(Change { key: key.clone(), before: one.clone(), after: other.clone() });
            }
            // A policy says nothing of most that a gateway does.
            (None, _) if before.is_declared() => {}
            (_, None) if after.is_declared() => {}
            (None, None) => {}
            _ => found.untold.push(key.clone()),
        }
    }
    found
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        for change in &self.changes {
            writeln!(f, "  {}", sentence(change))?;
        }
        self.untold().map_or(Ok(()), |untold| writeln!(f, "  {untold}"))
    }
}

impl Diff {
    /// How many changes there are.
    fn headline(&self) -> String {
        format!("{}, {} the same", units::plural::count(self.changes.len() as u64, "change"), self.same)
    }

    /// What only one of the two knows, in words.
    fn untold(&self) -> Option<String> {
        let keys: Vec<String> = self.untold.iter().map(|key| escape::name(key)).collect();
        (!keys.is_empty()).then(|| format!("known to one of them only: {}", keys.join(", ")))
    }

    /// The comparison in Markdown, for a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!("**{}**\n", self.headline());
        if !self.changes.is_empty() {
            text.push('\n');
        }
        for change in &self.changes {
            let _ = writeln!(text, "- {}", cell(&sentence(change)));
        }
        if let Some(untold) = self.untold() {
            let _ = writeln!(
                text,
                "\n<details><summary>Not compared</summary>\n\n{}\n\n</details>",
                cell(&untold)
            );
        }
        text
    }

    /// The comparison as a page of its own.
    pub fn html(&self) -> String {
        document(
            "What changed of what a gateway does",
            &html! {
                p { strong { (self.headline()) } }
                @if !self.changes.is_empty() {
                    ul { @for change in &self.changes { li { (sentence(change)) } } }
                }
                @if let Some(untold) = self.untold() { p class="faint" { (untold) } }
            },
        )
    }
}

/// A change in words that do no harm wherever they are shown.
fn sentence(change: &Change) -> String {
    escape::sentence(&change.to_string())
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { key, before, after } = self;
        let parts: Vec<&str> = key.split('.').collect();
        match (parts.as_slice(), before, after) {
            (["retry", failure, method], _, _) if is_method(method) => {
                let failure = after_failure(failure);
                if *before == Value::Count(1, 1) {
                    write!(f, "{method} is now tried again {failure}: {after} attempts")
                } else if *after == Value::Count(1, 1) {
                    write!(f, "{method} is no longer tried again {failure} (before: {before} attempts)")
                } else {
                    write!(f, "{method} {failure}: {before} attempts → {after}")
                }
            }
            (["breaker", "opens_on", failure], _, Value::Word(word)) => {
                let now = if word == "yes" { "now opens" } else { "no longer opens" };
                write!(f, "the breaker {now} {}", after_failure(failure))
            }
            (["timeout", timer], _, _) => write!(f, "{timer} timeout: {before} → {after}"),
            _ => write!(f, "{}: {before} → {after}", key.replace('_', " ")),
        }
    }
}

fn after_failure(failure: &str) -> String {
    match failure.parse::<u16>() {
        Ok(status) => format!("after a {status}"),
        Err(_) if failure == "clients_leaving" => "after clients that leave".to_owned(),
        Err(_) => format!("after a {failure}"),
    }
}

#[cfg(test)]
mod tests {
    use units::Timespan;

    use super::*;
    use crate::profile::{About, FORMAT};

    fn profile(facts: &[(&str, Option<Value>)]) -> Profile {
        let about = About {
            format: FORMAT,
            brownout: "0.1.0".into(),
            gateway: "reference".into(),
            version: None,
            backends: vec!["a".into()],
            ended_early: None,
        };
        let mut profile = Profile { about, fact: std::collections::BTreeMap::new() };
        for (key, value) in facts {
            match value {
                Some(value) => profile.know(*key, value.clone(), 10, "experiment"),
                None => profile.cannot_tell(*key, "no occasion", "experiment"),
            }
        }
        profile
    }

    fn time(low: u64, high: u64) -> Value {
        Value::Time(Timespan::from_millis(low), Timespan::from_millis(high))
    }

    #[test]
    fn changes_are_told_in_the_words_of_behaviour() {
        let word = |word: &str| Some(Value::word(word));
        let count = |count| Some(Value::Count(count, count));
        let before = profile(&[
            ("retry.503.POST", count(1)),
            ("retry.503.GET", count(3)),
            ("retry.reset.GET", count(3)),
            ("breaker.opens_on.429", word("no")),
            ("breaker.open_for", Some(time(9_990, 10_010))),
            ("timeout.per_try", Some(time(295, 305))),
        ]);
        let after = profile(&[
            ("retry.503.POST", count(2)),
            ("retry.503.GET", count(1)),
            ("retry.reset.GET", count(2)),
            ("breaker.opens_on.429", word("yes")),
            ("breaker.open_for", Some(time(29_990, 30_010))),
            ("timeout.per_try", Some(time(300, 310))),
        ]);
        let found = diff(&before, &after);
        let lines: Vec<String> = found.changes.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        breaker.open for: 9.99 s to 10 s → 30 s
        the breaker now opens after a 429
        GET is no longer tried again after a 503 (before: 3 attempts)
        POST is now tried again after a 503: 2 attempts
        GET after a reset: 3 attempts → 2
        ");
        assert_eq!(found.same, 1, "bounds that meet are no change");
    }

    #[test]
    fn what_one_of_them_does_not_know_is_no_change() {
        let (known, unknown) =
            (profile(&[("timeout.idle", Some(time(10, 20)))]), profile(&[("timeout.idle", None)]));
        let found = diff(&known, &unknown);
        assert_eq!((found.changes.len(), found.untold.as_slice()), (0, &["timeout.idle".to_owned()][..]));
    }

    #[test]
    fn a_comparison_is_written_for_a_pull_request_and_as_a_page() {
        let before = profile(&[("retry.503.POST", Some(Value::Count(1, 1))), ("timeout.idle", None)]);
        let after = profile(&[
            ("retry.503.POST", Some(Value::Count(2, 2))),
            ("timeout.idle", Some(time(10, 20))),
            ("answers.reset", Some(Value::word("<img src=x>"))),
        ]);
        let found = diff(&before, &after);
        insta::assert_snapshot!(found.markdown(), @r"
        **1 change, 0 the same**

        - POST is now tried again after a 503: 2 attempts

        <details><summary>Not compared</summary>

        known to one of them only: answers.reset, timeout.idle

        </details>
        ");
        let page = found.html();
        assert!(page.contains("<li>POST is now tried again after a 503: 2 attempts</li>"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    }

    #[test]
    fn a_profile_that_is_written_and_read_is_the_same() {
        let one = profile(&[
            ("timeout.idle", None),
            ("retry.503.GET", Some(Value::AtLeast(2))),
            ("timeout.total", Some(Value::Beyond(Timespan::from_secs(10)))),
        ]);
        assert_eq!(Profile::read(&one.write()).unwrap(), one);
        let newer = one.write().replace("format = 1", "format = 2");
        assert!(Profile::read(&newer).unwrap_err().to_string().contains("a profile of format 2"));
    }
}
