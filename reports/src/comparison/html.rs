//! The comparison as one HTML file, in the style and under the policy of the report's page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::curves;
use super::terminal::side;
use crate::escape;
use crate::figures;
use crate::format::html::{STYLE, policy};
use crate::{Answer, Change, Comparison, Course, Word};

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
    let said = |word| comparison.rows(word, None).collect::<Vec<_>>();
    let shown = comparison.overlays.len().min(DRAWINGS_MAX);
    html! {
        header {
            h1 { (badge(comparison.answer)) " " (comparison.sentence()) }
            dl {
                div { dt { "Scenario" } dd { (escape::name(&comparison.scenario)) } }
                div { dt { "Before" } dd { (side(&comparison.before)) } }
                div { dt { "After" } dd { (side(&comparison.after)) } }
            }
            @if !comparison.remarks.is_empty() {
                section .remarks aria-label="Remarks" {
                    ul { @for remark in &comparison.remarks { li { (escape::sentence(remark)) } } }
                }
            }
        }
        (table("What got worse", &changed(Course::Worse)))
        (table("What changed, and only you know whether for the better", &changed(Course::Open)))
        (table("What got better", &changed(Course::Better)))
        (table("What can't be told", &said(Word::CantTell)))
        @if shown > 0 {
            section {
                h2 { "Times laid over each other" }
                p { "The share of requests that took at most so long; the upper half of each drawing is the slowest tenth." }
                @for overlay in comparison.overlays.iter().take(shown) { (curves::figure(overlay)) }
                @if comparison.overlays.len() > shown {
                    p { "and " (figures::count((comparison.overlays.len() - shown) as u64)) " more, which the JSON has" }
                }
            }
        }
        details {
            summary { "What is the same" }
            (table("What is the same", &said(Word::Same)))
        }
        section {
            h2 { "How it was compared" }
            ul { @for line in &comparison.method { li { (escape::sentence(line)) } } }
        }
    }
}

fn table(title: &str, rows: &[&Change]) -> Markup {
    let cells = |change: &Change| {
        let needed = change.needed.as_ref().map_or_else(String::new, |needed| format!("; {needed}"));
        html! {
            tr {
                td { (change.group) }
                td { (escape::plain(&change.what, 200)) }
                td .number { (escape::name(&change.before)) }
                td .number { (escape::name(&change.after)) }
                td { (escape::sentence(&format!("{}{needed}", change.because))) }
            }
        }
    };
    html! {
        @if !rows.is_empty() {
            div .wide tabindex="0" {
                table {
                    caption { (title) ": " (figures::count(rows.len() as u64)) }
                    thead { tr {
                        th scope="col" { "kind" } th scope="col" { "what" } th .number scope="col" { "before" }
                        th .number scope="col" { "after" } th scope="col" { "because" }
                    } }
                    tbody { @for row in rows.iter().take(ROWS_MAX) { (cells(row)) } }
                }
            }
            @if rows.len() > ROWS_MAX { p { "and " (figures::count((rows.len() - ROWS_MAX) as u64)) " more" } }
        }
    }
}

/// An answer as a word, a sign and a colour.
fn badge(answer: Answer) -> Markup {
    let (class, sign) = match answer {
        Answer::Same | Answer::Better => ("pass", "✓"),
        Answer::CantTell => ("inconclusive", "?"),
        Answer::Worse => ("fail", "✗"),
    };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) } " " (answer.word()) } }
}
