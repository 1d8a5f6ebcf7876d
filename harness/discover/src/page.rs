//! A profile as people read it.

use std::collections::BTreeSet;
use std::fmt;

use crate::profile::{Fact, Profile};

/// A profile as a text of a few tables.
pub struct Page<'a>(pub &'a Profile);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = self.0;
        let about = &profile.about;
        let version = about.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        writeln!(f, "{}{version}, with {}", about.gateway, about.backends.join(", "))?;
        list(f, profile, "pool.share.", "share of the traffic")?;
        list(f, profile, "timeout.", "timers")?;
        matrix(f, profile)?;
        list(f, profile, "retry.", "further attempts")?;
        list(f, profile, "replay.", "bodies of further attempts")?;
        list(f, profile, "answers.", "what clients see of broken answers")?;
        list(f, profile, "headers.", "headers")?;
        list(f, profile, "connections.", "connections to backends")?;
        list(f, profile, "cancel.", "work for clients that left")?;
        list(f, profile, "limit.", "requests under way at a time")?;
        list(f, profile, "breaker.", "breaker")?;
        list(f, profile, "affinity.", "requests that stay together")?;
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
    let listed = known(profile, head).filter(|(key, _)| cell_of(key).is_none());
    let rows: Vec<_> = listed.map(|(key, fact)| (key, value(fact), fact.exposures)).collect();
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

/// The attempts of a request that fails everywhere, by failure and method.
fn matrix(f: &mut fmt::Formatter<'_>, profile: &Profile) -> fmt::Result {
    let cells: Vec<(&str, &str, String)> = known(profile, "retry.")
        .filter_map(|(key, fact)| {
            let (failure, method) = cell_of(key)?;
            Some((failure, method, value(fact)))
        })
        .collect();
    if cells.is_empty() {
        return Ok(());
    }
    let methods: BTreeSet<&str> = cells.iter().map(|cell| cell.1).collect();
    let failures: BTreeSet<&str> = cells.iter().map(|cell| cell.0).collect();
    let width = failures.iter().map(|failure| failure.len()).max().unwrap_or_default().max("attempts".len());
    write!(f, "\n{:<1$}", "attempts", width + 2)?;
    for method in &methods {
        write!(f, "{method:>10}")?;
    }
    writeln!(f)?;
    for failure in failures {
        write!(f, "  {failure:<width$}")?;
        for method in &methods {
            let cell = cells.iter().find(|cell| cell.0 == failure && cell.1 == *method);
            write!(f, "{:>10}", cell.map_or("?", |cell| cell.2.as_str()))?;
        }
        writeln!(f)?;
    }
    Ok(())
}

/// The failure and the method, if the key is a cell of the matrix.
fn cell_of(key: &str) -> Option<(&str, &str)> {
    key.split_once('.').filter(|(_, method)| is_method(method))
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
