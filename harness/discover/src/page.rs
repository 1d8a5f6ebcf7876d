//! A profile as people read it: its facts in sections, as plain text, Markdown or HTML.

mod html;
mod markdown;

pub(crate) use html::document;
pub(crate) use markdown::cell;

use std::collections::BTreeSet;
use std::fmt;

use reports::escape;

use crate::profile::{Fact, Profile};

/// A profile as a text of a few tables.
pub struct Page<'a>(pub &'a Profile);

/// The sections, in the order in which they are read: what the keys of a section begin with, and its title.
const SECTIONS: [(&str, &str); 15] = [
    ("pool", "traffic while all is well"),
    ("timeout", "timers"),
    ("retry", "further attempts"),
    ("replay", "bodies of further attempts"),
    ("rate_limit", "requests in a time"),
    ("limit", "requests under way at a time"),
    ("health", "health checks"),
    ("breaker", "breaker"),
    ("outage", "during and after an outage"),
    ("affinity", "requests that stay together"),
    ("cancel", "work for clients that left"),
    ("answers", "what clients see of broken answers"),
    ("headers", "headers"),
    ("connections", "connections to backends"),
    ("", "other facts"),
];

/// The longest key and the longest value that are shown, in characters.
const KEY_MAX: usize = 80;
const VALUE_MAX: usize = 300;

/// One fact, in words that do no harm wherever they are shown.
struct Row {
    key: String,
    value: String,
    /// On how much it rests, such as `12 cases`.
    cases: String,
    experiment: String,
}

/// Facts of one kind.
struct Section {
    title: &'static str,
    rows: Vec<Row>,
    /// For further attempts: how many a request gets, by failure and method.
    matrix: Option<Matrix>,
}

/// The attempts of a request that fails everywhere, by failure and method.
struct Matrix {
    methods: Vec<String>,
    /// The failure, and the cell of each method.
    lines: Vec<(String, Vec<String>)>,
}

impl Page<'_> {
    /// What was asked: the gateway, its version, and the backends.
    fn heading(&self) -> String {
        let about = &self.0.about;
        let version = about.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        let backends = about.backends.join(", ");
        escape::plain(&format!("{}{version}, with {backends}", about.gateway), VALUE_MAX)
    }

    /// Why not all was asked, if it was not.
    fn ended_early(&self) -> Option<String> {
        let why = self.0.about.ended_early.as_deref()?;
        Some(format!("{}: more could be asked", escape::plain(why, VALUE_MAX)))
    }

    fn sections(&self) -> Vec<Section> {
        let known = |fact: &&Fact| fact.value.is_some();
        let mut sections: Vec<Section> =
            SECTIONS.map(|(_, title)| Section { title, rows: Vec::new(), matrix: None }).into();
        for (key, fact) in self.0.fact.iter().filter(|(_, fact)| known(fact)) {
            let (head, rest) = key.split_once('.').unwrap_or(("", key));
            let section = SECTIONS.iter().position(|(name, _)| *name == head).unwrap_or(SECTIONS.len() - 1);
            let rest = if SECTIONS[section].0.is_empty() { key } else { rest };
            if head != "retry" || cell_of(rest).is_none() {
                sections[section].rows.push(row(rest, fact));
            }
        }
        let retries = SECTIONS.iter().position(|(name, _)| *name == "retry").unwrap_or_default();
        sections[retries].matrix = self.matrix();
        sections.retain(|section| !section.rows.is_empty() || section.matrix.is_some());
        sections
    }

    fn matrix(&self) -> Option<Matrix> {
        let cells: Vec<(&str, &str, String)> = self
            .0
            .fact
            .iter()
            .filter_map(|(key, fact)| Some((cell_of(key.strip_prefix("retry.")?)?, fact.value.as_ref()?)))
            .map(|((failure, method), value)| (failure, method, value.to_string()))
            .collect();
        let methods: BTreeSet<&str> = cells.iter().map(|cell| cell.1).collect();
        let failures: BTreeSet<&str> = cells.iter().map(|cell| cell.0).collect();
        let cell = |failure: &str, method: &str| {
            let found = cells.iter().find(|cell| cell.0 == failure && cell.1 == method);
            found.map_or_else(|| "?".to_owned(), |cell| escape::plain(&cell.2, KEY_MAX))
        };
        let line = |failure: &&str| {
            let line = methods.iter().map(|method| cell(failure, method)).collect();
            (escape::plain(failure, KEY_MAX), line)
        };
        let lines: Vec<_> = failures.iter().map(line).collect();
        let methods = methods.iter().map(|method| escape::plain(method, KEY_MAX)).collect();
        (!lines.is_empty()).then_some(Matrix { methods, lines })
    }

    /// What is not known, and why.
    fn unknown(&self) -> Vec<(String, String)> {
        let unknown = self.0.fact.iter().filter_map(|(key, fact)| Some((key, fact.unknown.as_ref()?)));
        unknown.map(|(key, why)| (escape::plain(key, KEY_MAX), escape::plain(why, VALUE_MAX))).collect()
    }
}

fn row(key: &str, fact: &Fact) -> Row {
    let value = fact.value.as_ref().map(ToString::to_string).unwrap_or_default();
    Row {
        key: escape::plain(key, KEY_MAX),
        value: escape::plain(&value, VALUE_MAX),
        cases: units::plural::count(fact.exposures, "case"),
        experiment: escape::plain(&fact.experiment, KEY_MAX),
    }
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.heading())?;
        for section in self.sections() {
            if let Some(matrix) = &section.matrix {
                write_matrix(f, matrix)?;
            }
            if !section.rows.is_empty() {
                writeln!(f, "\n{}", section.title)?;
                write_rows(f, &section.rows)?;
            }
        }
        let mut heading = "\nnot known\n";
        for (key, why) in self.unknown() {
            writeln!(f, "{heading}  {key}: {why}")?;
            heading = "";
        }
        self.ended_early().map_or(Ok(()), |why| writeln!(f, "\n{why}"))
    }
}

fn write_rows(f: &mut fmt::Formatter<'_>, rows: &[Row]) -> fmt::Result {
    let width =
        |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or_default();
    let (keys, values) = (width(|row| &row.key), width(|row| &row.value));
    for Row { key, value, cases, .. } in rows {
        writeln!(f, "  {key:<keys$}  {value:<values$}  {cases}")?;
    }
    Ok(())
}

fn write_matrix(f: &mut fmt::Formatter<'_>, matrix: &Matrix) -> fmt::Result {
    let width = matrix.lines.iter().map(|(failure, _)| failure.chars().count()).max().unwrap_or_default();
    let width = width.max("attempts".len());
    write!(f, "\n{:<1$}", "attempts", width + 2)?;
    for method in &matrix.methods {
        write!(f, "{method:>10}")?;
    }
    writeln!(f)?;
    for (failure, cells) in &matrix.lines {
        write!(f, "  {failure:<width$}")?;
        for cell in cells {
            // A wide cell does not run into the one before.
            write!(f, " {cell:>9}")?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use units::Timespan;

    use super::*;
    use crate::profile::{About, FORMAT};
    use crate::value::Value;

    /// A profile with a fact of each form, and one that means harm.
    fn profile() -> Profile {
        let about = About {
            format: FORMAT,
            brownout: "0.1.0".into(),
            gateway: "envoy".into(),
            version: Some("1.31.0".into()),
            backends: vec!["a".into(), "b<script>".into()],
            ended_early: Some("interrupted at the question `breaker`".into()),
        };
        let mut profile = Profile { about, fact: BTreeMap::new() };
        let time = |ms| Timespan::from_millis(ms);
        profile.know("timeout.per_try", Value::Time(time(295), time(306)), 12, "hang");
        profile.know("timeout.total", Value::Beyond(time(10_000)), 12, "slow-body");
        profile.know("retry.503.GET", Value::Count(3, 3), 15, "retries-503");
        profile.know("retry.503.POST", Value::Count(1, 1), 15, "retries-503");
        profile.know("retry.reset.GET", Value::AtLeast(2), 1, "retries-reset");
        profile.know(
            "answers.reset",
            Value::word("502 by <b>the</b> | gateway\u{1b}[31m"),
            9,
            "broken-answers",
        );
        profile.cannot_tell("breaker.rule", "more than one rule fits", "outage-503");
        profile
    }

    #[test]
    fn a_profile_is_a_text_of_a_few_tables() {
        insta::assert_snapshot!(Page(&profile()).to_string());
    }

    #[test]
    fn a_profile_is_a_page_in_markdown() {
        insta::assert_snapshot!(Page(&profile()).markdown());
    }

    #[test]
    fn a_profile_is_a_page_in_html_that_loads_nothing_and_runs_nothing() {
        let page = Page(&profile()).html();
        assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("src="), "{page}");
        let body = page.split_once("</head>").unwrap().1;
        insta::assert_snapshot!(body.replace("><", ">\n<"));
    }
}
