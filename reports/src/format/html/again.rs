//! What one needs to run it again: policy, configuration, scenario, limits, and where the evidence lies.

use maud::{Markup, html};

use super::inventory::table;
use super::verdict;
use crate::Report;
use crate::escape;
use crate::figures;

/// The files of a run directory.
const EVIDENCE: &str = "exchanges.arrows, attempts.arrows, connections.arrows, probes.arrows, firings.arrows and \
                        hiccups.arrows hold every row; histograms.hlog, manifest.json, ending.json and report.json lie \
                        beside them.";

/// The most of a text that is shown, in characters and lines.
const TEXT_MAX: usize = 16_000;
const LINES_MAX: usize = 600;

/// The section.
pub(super) fn section(report: &Report) -> Markup {
    let inventory = &report.inventory;
    let machine = inventory.machine.as_deref().map_or_else(|| "not on record".to_owned(), escape::sentence);
    let limits = inventory.limits.iter();
    let limits = limits.map(|(name, value)| vec![escape::name(name), limit(name, value)]).collect();
    html! {
        section #again {
            h2 { "The run, configuration, evidence" }
            (verdict::facts(report))
            dl {
                div { dt { "Machine" } dd { (machine) } }
                @if let Some(address) = &inventory.gateway_address {
                    div { dt { "Gateway at" } dd { (escape::name(address)) } }
                }
                div { dt { "Evidence" } dd { code { (escape::plain(&report.run, 300)) } ": " (EVIDENCE) } }
            }
            (text("Declared policy", inventory.policy.as_deref(), "The scenario declares no policy for the gateway."))
            (text(
                configuration(inventory.configuration_made),
                inventory.configuration.as_deref(),
                "There is none beside the evidence: the gateway runs inside brownout, or was running before."
            ))
            (text("Scenario as it was run", inventory.scenario.as_deref(), "The report was written without it."))
            (table("Limits", &[("Limit", false), ("Value", true)], limits))
        }
    }
}

/// Whose configuration it is: one that was made is not to be mended, one's own is.
fn configuration(made: Option<bool>) -> &'static str {
    match made {
        Some(true) => "Generated gateway configuration",
        Some(false) => "Gateway configuration, as it was given",
        None => "Gateway configuration",
    }
}

/// A limit's value in groups of digits, and with its unit where its name does not say it.
fn limit(name: &str, value: &str) -> String {
    let unit = if name == "body" { " bytes" } else { "" };
    value.parse().map_or_else(|_| escape::name(value), |value| figures::count(value) + unit)
}

/// A text of several lines, folded; or why there is none.
fn text(title: &str, text: Option<&str>, missing: &str) -> Markup {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return html! { p { b { (title) } ": " (missing) } };
    };
    html! {
        details {
            summary { (title) }
            pre tabindex="0" { code { (lines(text)) } }
        }
    }
}

/// The lines of a text, each harmless, and bounded.
fn lines(text: &str) -> String {
    let mut out = String::new();
    for (index, line) in text.lines().enumerate() {
        if index == LINES_MAX || out.len() > TEXT_MAX {
            out.push_str("… the rest lies beside the evidence\n");
            break;
        }
        // A tab is no danger where lines are kept.
        out.push_str(&escape::plain(&line.replace('\t', "    "), 400));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_lines_and_is_bounded() {
        assert_eq!(lines("a\n\tb\x1b[31m"), "a\n    b\\u{1b}[31m\n");
        assert!(lines(&"x\n".repeat(1 << 20)).len() < 2 * TEXT_MAX);
        assert!(lines(&"x".repeat(1 << 20)).len() < 500);
    }
}
