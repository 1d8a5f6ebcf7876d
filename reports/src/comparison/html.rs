//! The comparison as one HTML file, in the style and under the policy of the report's page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::curves;
use super::terminal::side;
use crate::escape;
use crate::figures;
use crate::format::html::{STYLE, policy, prose};
use crate::{Answer, Change, Comparison, Course, Group, Word};

/// The most rows of a table, and drawings. The JSON has them all.
const ROWS_MAX: usize = 500;
const DRAWINGS_MAX: usize = 40;

/// The whole page.
pub(super) fn page(comparison: &Comparison) -> Markup {
    let title = format!("{}: {}", comparison.answer.word(), escape::name(&comparison.scenario));
    shell(&title, &body(comparison))
}

/// A page under the report's policy, in its style.
pub(crate) fn shell(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(None));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " – brownout" }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    }
}

fn body(comparison: &Comparison) -> Markup {
    let changed = |course| comparison.rows(Word::Changed, Some(course)).collect::<Vec<_>>();
    let (open, unknown): (Vec<_>, Vec<_>) =
        comparison.rows(Word::CantTell, None).partition(|change| change.matters);
    html! {
        (head(comparison))
        (table("What got worse", &changed(Course::Worse)))
        (table("What changed, and only you know whether for the better", &changed(Course::Open)))
        (table("What got better", &changed(Course::Better)))
        (table("What can't be told, and matters", &open))
        (overlays(comparison))
        (folded("What can't be told, and decides nothing", &unknown))
        (folded("What is the same", &comparison.rows(Word::Same, None).collect::<Vec<_>>()))
        section {
            h2 { "How it was compared" }
            ul { @for line in &comparison.method { li { (prose(&escape::sentence(line))) } } }
        }
    }
}

fn head(comparison: &Comparison) -> Markup {
    html! {
        header {
            p .of { "Comparison of two runs · " (escape::name(&comparison.scenario)) }
            h1 { (badge(comparison.answer)) " " (prose(&headline(comparison))) }
            p { (comparison.sentence()) }
            dl {
                div { dt { "Before" } dd { (side(&comparison.before)) } }
                div { dt { "After" } dd { (side(&comparison.after)) } }
            }
            @if !comparison.remarks.is_empty() {
                section .remarks aria-label="Remarks" {
                    h2 { "What limits this comparison" }
                    ul { @for remark in &comparison.remarks { li { (prose(&escape::sentence(remark))) } } }
                }
            }
        }
    }
}

/// What decided, in a sentence: the first row of those that gave the answer.
fn headline(comparison: &Comparison) -> String {
    let first = |course| comparison.rows(Word::Changed, Some(course)).next();
    let decisive = match comparison.answer {
        Answer::Worse => first(Course::Worse),
        Answer::Better => first(Course::Better),
        Answer::Changed => first(Course::Open),
        Answer::Same | Answer::CantTell => None,
    };
    match (decisive, comparison.answer) {
        (Some(change), _) if change.group == Group::Finding => {
            format!("{}.", escape::sentence(change.because.trim_end_matches('.')))
        }
        (Some(change), _) => {
            let (what, before, after) =
                (escape::plain(&change.what, 200), escape::name(&change.before), escape::name(&change.after));
            format!("{what}: {before} before, {after} after.")
        }
        (None, Answer::Same) => "Nothing changed, as far as these runs can tell.".to_owned(),
        (None, _) => "These runs can't tell whether anything changed.".to_owned(),
    }
}

fn overlays(comparison: &Comparison) -> Markup {
    let left_out = comparison.overlays.len().saturating_sub(DRAWINGS_MAX) as u64;
    html! {
        @if !comparison.overlays.is_empty() {
            section {
                h2 { "Times laid over each other" }
                p .note {
                    "The share of requests that took at most so long; the upper half of each drawing is the slowest tenth."
                }
                @for overlay in comparison.overlays.iter().take(DRAWINGS_MAX) { (curves::figure(overlay)) }
                @if left_out > 0 { p { "and " (figures::count(left_out)) " more, which the JSON has" } }
            }
        }
    }
}

fn folded(title: &str, rows: &[&Change]) -> Markup {
    html! {
        @if !rows.is_empty() {
            details {
                summary { (title) ": " (figures::count(rows.len() as u64)) }
                (table(title, rows))
            }
        }
    }
}

fn table(title: &str, rows: &[&Change]) -> Markup {
    html! {
        @if !rows.is_empty() {
            div .wide role="group" aria-label=(title) tabindex="0" {
                table {
                    caption { (title) ": " (figures::count(rows.len() as u64)) }
                    thead { tr {
                        th scope="col" { "Kind" } th scope="col" { "What" } th .number scope="col" { "Before" }
                        th .number scope="col" { "After" } th scope="col" { "Because" }
                    } }
                    tbody { @for change in rows.iter().take(ROWS_MAX) { (row(change)) } }
                }
            }
            @if rows.len() > ROWS_MAX { p { "and " (figures::count((rows.len() - ROWS_MAX) as u64)) " more" } }
        }
    }
}

fn row(change: &Change) -> Markup {
    html! {
        tr {
            td { (change.group) }
            td { (prose(&escape::plain(&change.what, 200))) }
            td .number { (escape::name(&change.before)) }
            td .number { (escape::name(&change.after)) }
            td {
                (prose(&escape::sentence(&change.because)))
                @if let Some(needed) = &change.needed { "; to tell: " (prose(&escape::sentence(needed))) }
            }
        }
    }
}

/// An answer as a word, a sign and a colour.
fn badge(answer: Answer) -> Markup {
    let (class, sign) = match answer {
        Answer::Same | Answer::Better => ("pass", "✓"),
        Answer::CantTell | Answer::Changed => ("inconclusive", "?"),
        Answer::Worse => ("fail", "✗"),
    };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) } " " (answer.word()) } }
}
