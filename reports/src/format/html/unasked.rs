//! What the evidence shows and no expectation asks about, with a request or two that show it.

use maud::{Markup, html};

use super::{prose, waterfall};
use crate::figures;
use crate::timeline::Timeline;
use crate::unasked::{ITEMS_MAX, NOTE, TITLE, place, what};
use crate::{Report, Unasked};

/// The most witnesses of an item.
const WITNESSES_MAX: usize = 2;

/// The section; nothing where there is nothing to say.
pub(super) fn section(report: &Report) -> Markup {
    let left_out = report.unasked.len().saturating_sub(ITEMS_MAX) as u64;
    html! {
        @if !report.unasked.is_empty() {
            section #unasked {
                h2 { (TITLE) }
                p .note { (NOTE) }
                ul {
                    @for (index, seen) in report.unasked.iter().take(ITEMS_MAX).enumerate() { li { (item(index, seen)) } }
                }
                @if left_out > 0 { p { "and " (figures::count(left_out)) " more, which the JSON report has" } }
            }
        }
    }
}

fn item(index: usize, seen: &Unasked) -> Markup {
    let witnesses: Vec<_> = seen.witnesses.iter().take(WITNESSES_MAX).enumerate().collect();
    html! {
        (prose(&what(seen))) " " span .rests { (place(seen)) }
        @if !witnesses.is_empty() {
            details .more {
                summary { "A request that shows it" }
                @for (nth, witness) in witnesses {
                    (waterfall::figure(&format!("unasked-{}-{}", index + 1, nth + 1), &Timeline::of(witness)))
                }
            }
        }
    }
}
