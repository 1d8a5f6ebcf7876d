//! Where the witness timelines are, and how to read them. The drawings stand in their findings, where they argue.

use maud::{Markup, html};

use super::findings::{WITNESSES_MAX, in_order, witness_id};
use super::{badge, prose};
use crate::Report;
use crate::escape;
use crate::headline;

/// The section.
pub(super) fn section(report: &Report) -> Markup {
    let with_witnesses = in_order(report).filter(|(_, finding)| !finding.witnesses.is_empty());
    html! {
        section #witnesses {
            h2 { "Witness timelines" }
            @if in_order(report).all(|(_, finding)| finding.witnesses.is_empty()) {
                p .missing { "No finding names a request as its witness: what passed, and what can't be told, rests on counts." }
            } @else {
                p .note {
                    "Single requests, drawn to scale in the findings that they show. Time runs from the moment the client \
                    sent; each attempt has a lane with its backend and number."
                }
                (legend())
                ul .index {
                    @for (number, finding) in with_witnesses {
                        li {
                            (badge(finding.verdict)) " " (prose(&headline::reason(finding))) " "
                            @for (index, witness) in finding.witnesses.iter().take(WITNESSES_MAX).enumerate() {
                                @if index > 0 { ", " }
                                a href={ "#" (witness_id(number, index)) } { "#" (witness.tag) " " (escape::name(&witness.traffic)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn legend() -> Markup {
    let bars = [
        ("client", "the client, from sending to its end"),
        ("attempt", "an attempt, from arrival to end at its backend"),
        ("attempt hit", "an attempt that a fault hit (⚡)"),
    ];
    html! {
        ul .legend {
            @for (class, words) in bars { (entry(&html! { rect class=(class) x="1" y="3" width="26" height="14" {} }, words)) }
            (entry(&html! { rect .wait x="1" y="7" width="26" height="6" {} }, "late: the driver, not the gateway"))
            (entry(&html! { line .gap x1="1" x2="27" y1="10" y2="10" {} }, "a gap, with its length"))
            (entry(&html! { polygon .event points="9,6 17,6 13,13" {} }, "something happened inside"))
            (entry(&html! { line .end x1="13" x2="13" y1="2" y2="18" {} }, "the end"))
        }
    }
}

fn entry(mark: &Markup, words: &str) -> Markup {
    html! {
        li {
            svg .swatch viewBox="0 0 28 20" width="28" height="20" aria-hidden="true" { (mark) }
            " " (words)
        }
    }
}
