//! A profile as people read it.

use std::collections::BTreeSet;
use std::fmt;

use crate::profile::{Fact, Profile};

/// A profile as a text of a few tables.
pub struct Page<'a>(pub &'a Profile);

/// The sections that are lists: the head of their keys, and their title.
const LISTS: [(&str, &str); 3] =
    [("pool.share.", "share of the traffic"), ("timeout.", "timers"), ("breaker.", "breaker")];

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = self.0;
        let about = &profile.about;
        let version = about.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        writeln!(f, "{}{version}, with {}", about.gateway, about.backends.join(", "))?;
        for (head, title) in LISTS.into_iter().take(2) {
            list(f, profile, head, title)?;
        }
        matrix(f, profile)?;
        let (head, title) = LISTS[2];
        list(f, profile, head, title)?;
        unknown(f, profile)?;
        match &about.ended_early {
            Some(why) => writeln!(f, "\n{why}: more could be asked"),
            None => Ok(()),
        }
    }
}

fn known<'a>(profile: &'a Profile, head: &'a str) -> impl Iterator<Item = (&'a str, &'a Fact)> {
    profile
        .fact
        .iter()
        .filter(|(_, fact)| fact.value.is_some())
        .filter_map(move |(key, fact)| key.strip_prefix(head).map(|rest| (rest, fact)))
}

fn value(fact: &Fact) -> String {
    fact.value.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn list(f: &mut fmt::Formatter<'_>, profile: &Profile, head: &str, title: &str) -> fmt::Result {
    let rows: Vec<_> = known(profile, head).map(|(key, fact)| (key, value(fact), fact.exposures)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    let width = |of: fn(&(&str, String, u64)) -> usize| rows.iter().map(of).max().unwrap_or_default();
    let (keys, values) = (width(|row| row.0.len()), width(|row| row.1.chars().count()));
    for (key, value, cases) in &rows {
        let cases = units::plural::count(*cases, "case");
        writeln!(f, "  {key:<keys$}  {value:<values$}  {cases}")?;
    }
    Ok(())
}

/// The attempts of a request that fails everywhere, by failure and method, and the waits between them.
fn matrix(f: &mut fmt::Formatter<'_>, profile: &Profile) -> fmt::Result {
    let cells: Vec<(&str, &str, String)> = known(profile, "retry.")
        .filter_map(|(key, fact)| {
            let (failure, method) = key.split_once('.').filter(|(_, method)| is_method(method))?;
            Some((failure, method, value(fact)))
        })
        .collect();
    if cells.is_empty() {
        return Ok(());
    }
    let methods: BTreeSet<&str> = cells.iter().map(|cell| cell.1).collect();
    let failures: BTreeSet<&str> = cells.iter().map(|cell| cell.0).collect();
    write!(f, "\n{:<12}", "attempts")?;
    for method in &methods {
        write!(f, "{method:>10}")?;
    }
    writeln!(f)?;
    for failure in failures {
        write!(f, "  {failure:<10}")?;
        for method in &methods {
            let cell = cells.iter().find(|cell| cell.0 == failure && cell.1 == *method);
            write!(f, "{:>10}", cell.map_or("?", |cell| cell.2.as_str()))?;
        }
        writeln!(f)?;
    }
    for (key, fact) in known(profile, "retry.")
        .filter(|(key, _)| !key.split_once('.').is_some_and(|(_, method)| is_method(method)))
    {
        writeln!(f, "  {:<14}  {}  {}", key, value(fact), units::plural::count(fact.exposures, "case"))?;
    }
    Ok(())
}

/// True for what stands behind a failure in a key of the matrix.
pub(crate) fn is_method(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn unknown(f: &mut fmt::Formatter<'_>, profile: &Profile) -> fmt::Result {
    let mut heading = "\nnot known\n";
    for (key, fact) in &profile.fact {
        if let Some(why) = &fact.unknown {
            writeln!(f, "{heading}  {key}: {why}")?;
            heading = "";
        }
    }
    Ok(())
}
