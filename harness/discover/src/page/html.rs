//! A profile in HTML: one file, without scripts, that loads nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::markdown::capital;
use super::{Matrix, Page, Section};

const STYLE: &str = include_str!("style.css");

/// What the page may load: nothing but its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

impl Page<'_> {
    /// The profile as a page of its own.
    pub fn html(&self) -> String {
        let unknown = self.unknown();
        document(
            "What a gateway really does",
            &html! {
                p class="faint" { (self.heading()) }
                @if let Some(why) = self.ended_early() { p { strong { (why) } } }
                @for section in self.sections() { (of_section(&section)) }
                @if !unknown.is_empty() {
                    h2 { "Not known" }
                    ul { @for (key, why) in &unknown { li { strong { (key) } ": " (why) } } }
                }
            },
        )
    }
}

/// A whole document with this title.
pub(crate) fn document(title: &str, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " – brownout" }
                style { (PreEscaped(STYLE)) }
            }
            body { main { h1 { (title) } (content) } }
        }
    };
    page.into_string()
}

fn of_section(section: &Section) -> Markup {
    html! {
        h2 { (capital(section.title)) }
        @if let Some(matrix) = &section.matrix { (of_matrix(matrix)) }
        @if !section.rows.is_empty() {
            table class="facts" {
                thead { tr { th { "what" } th { "found" } th { "rests on" } th { "experiment" } } }
                tbody {
                    @for row in &section.rows {
                        tr {
                            th scope="row" { (row.key) }
                            td class="value" { (row.value) }
                            td class="faint" { (row.cases) }
                            td class="faint" { (row.experiment) }
                        }
                    }
                }
            }
        }
    }
}

fn of_matrix(matrix: &Matrix) -> Markup {
    html! {
        div class="wide" tabindex="0" role="region" aria-label="attempts by failure and method" {
            table {
                thead {
                    tr {
                        th { "attempts after" }
                        @for method in &matrix.methods { th class="number" { (method) } }
                    }
                }
                tbody {
                    @for (failure, cells) in &matrix.lines {
                        tr {
                            th scope="row" { (failure) }
                            @for cell in cells { td class="number" { (cell) } }
                        }
                    }
                }
            }
        }
    }
}
