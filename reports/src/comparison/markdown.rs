//! The comparison as GitHub-flavoured Markdown.

use std::fmt::Write;

use super::terminal::side;
use crate::escape;
use crate::figures;
use crate::format::markdown::escaped;
use crate::{Change, Comparison, Course, Word};

/// The most rows of a table: a comment holds 65 536 characters.
const ROWS_MAX: usize = 60;

/// The whole text.
pub(super) fn text(comparison: &Comparison) -> String {
    let mut out =
        format!("## brownout compare: {}\n\n**{}**\n\n", comparison.answer.word(), comparison.sentence());
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "Scenario {}\n\n- before: {}\n- after: {}",
        escaped(&escape::name(&comparison.scenario)),
        escaped(&side(&comparison.before)),
        escaped(&side(&comparison.after)),
    );
    let courses = [Some(Course::Worse), Some(Course::Open), Some(Course::Better)];
    let changed: Vec<&Change> =
        courses.into_iter().flat_map(|course| comparison.rows(Word::Changed, course)).collect();
    if changed.is_empty() {
        out += "\nNothing changed, as far as can be told.\n";
    }
    out += &table(&changed);
    let unknown: Vec<&Change> = comparison.rows(Word::CantTell, None).collect();
    out += &folded("What can't be told", &unknown);
    out += &folded("What is the same", &comparison.rows(Word::Same, None).collect::<Vec<_>>());
    for note in comparison.remarks.iter().chain(&comparison.method) {
        let _ = writeln!(out, "\n> {}", escaped(&escape::sentence(note)));
    }
    out
}

fn folded(title: &str, rows: &[&Change]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let count = figures::count(rows.len() as u64);
    format!("\n<details><summary>{title}: {count}</summary>\n{}\n</details>\n", table(rows))
}

fn table(rows: &[&Change]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut out = "\n| | what | before | after | because |\n| --- | --- | ---: | ---: | --- |\n".to_owned();
    for change in rows.iter().take(ROWS_MAX) {
        let why = change.needed.as_ref().map_or_else(String::new, |needed| format!("; {needed}"));
        let cells = [
            change.said().to_owned(),
            escaped(&escape::plain(&change.what, 160)),
            escaped(&escape::name(&change.before)),
            escaped(&escape::name(&change.after)),
            escaped(&escape::plain(&format!("{}{why}", change.because), 240)),
        ];
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    if rows.len() > ROWS_MAX {
        let _ = writeln!(out, "\nand {} more", figures::count((rows.len() - ROWS_MAX) as u64));
    }
    out
}
