//! The report as one HTML file that needs nothing else: no network and no other file.
//!
//! It is whole without script; a small script of its own adds the values at a moment and the sum of a stretch.

mod again;
mod axis;
mod charts;
mod data;
mod findings;
mod heat;
mod inventory;
mod passed;
mod percentiles;
mod plot;
mod policy;
mod strips;
mod unasked;
mod verdict;
mod waterfall;
mod witnesses;

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::{Format, FormatKind, Options};
use crate::escape;
use crate::figures;
use crate::headline::Headline;
use crate::{Report, Verdict};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "html",
    summary: "One HTML file for people: findings with witnesses, the run over time, latency, proof of injection.",
    docs: "One file that loads nothing, to be kept as a build artefact, mailed or printed. The verdict, the \
           findings that did not pass with their reasons and witnesses drawn to scale, the declared policy against \
           the observed one, what was seen but demanded by nobody, the run over time in charts that share one \
           axis, a table of what passed, latency by percentile, figures by phase and traffic class, what was injected, and what one needs \
           to run it again. Its only script shows values at a moment; a table says the same. Light and dark as the \
           reader's system is, and in colours that colour-blind readers can tell apart; what colour says, a word \
           says too.",
    ending: "html",
    several: false,
    make: |_: Options| Box::new(Html),
};

/// The page's only style sheet.
pub(crate) const STYLE: &str = include_str!("html/style.css");

/// The page's only script.
const SCRIPT: &str = include_str!("html/script.js");

/// What a page with this script, if any, may load: nothing, and its style sheet and script by their SHA-256, so that
/// no injected one acts.
pub(crate) fn policy(script: Option<&str>) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let script = script.map_or_else(|| "'none'".to_owned(), hash);
    format!(
        "default-src 'none'; style-src {}; script-src {script}; base-uri 'none'; form-action 'none'",
        hash(STYLE)
    )
}

struct Html;

impl Format for Html {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(page(report).into_string().as_bytes())?;
        out.write_all(b"\n")
    }
}

fn page(report: &Report) -> Markup {
    let headline = Headline::of(report);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(Some(SCRIPT)));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (headline.word) ": " (escape::name(&report.scenario)) " – brownout" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a .skip href="#findings" { "Skip to the findings" }
                main {
                    (verdict::head(report, &headline))
                    (findings::section(report))
                    (policy::section(report))
                    (unasked::section(report))
                    (verdict::remarks(report))
                    (charts::section(report))
                    (passed::section(report))
                    (witnesses::section(report))
                    (inventory::figures(report))
                    (inventory::proof(report))
                    (again::section(report))
                }
                @if let Some(run) = plot::Run::of(report) {
                    script type="application/json" #data { (PreEscaped(data::json(report, &run))) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }
}

/// Harmless text, with what it has between backticks as code.
pub(crate) fn prose(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without its partner is only a backtick.
    if parts.len().is_multiple_of(2) {
        return html! { (text) };
    }
    html! {
        @for (index, part) in parts.into_iter().enumerate() {
            @if index % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}

/// A verdict as a word, a sign and a colour.
pub(crate) fn badge(verdict: Verdict) -> Markup {
    let (class, sign) = match verdict {
        Verdict::Pass => ("pass", "✓"),
        Verdict::Inconclusive => ("inconclusive", "?"),
        Verdict::Fail => ("fail", "✗"),
    };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) } " " (figures::word(verdict)) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        Html.render(report, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("the page is UTF-8")
    }

    /// The text of the only element of this name, which has no attribute.
    fn text_of(page: &str, name: &str) -> String {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        assert_eq!(page.matches(&open).count(), 1, "{name}");
        let (_, after) = page.split_once(&open).expect("it was counted");
        after.split_once(&close).expect("the element ends").0.to_owned()
    }

    #[test]
    fn what_stands_between_backticks_is_code_and_still_text() {
        assert_eq!(prose("`a<b>` was `late`").0, "<code>a&lt;b&gt;</code> was <code>late</code>");
        assert_eq!(prose("one ` alone").0, "one ` alone");
        assert_eq!(prose("").0, "");
    }

    #[test]
    fn every_witness_has_a_place_that_the_section_of_witnesses_links_to() {
        let page = written(&sample::report());
        let links = page.matches("href=\"#witness-").count();
        assert!(links > 0);
        assert_eq!(links, page.matches("<figure class=\"witness\" id=\"witness-").count());
    }

    #[test]
    fn the_policy_allows_the_style_sheet_and_the_script_and_nothing_else() {
        let page = written(&sample::report());
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        let expected = format!(
            "content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\"",
            hash(&text_of(&page, "style")),
            hash(&text_of(&page, "script"))
        );
        assert!(page.contains(&expected), "what is hashed is what is sent: {expected}");
    }

    #[test]
    fn the_page_loads_nothing_and_runs_only_its_own_script() {
        let page = written(&sample::report());
        assert_eq!(page.matches("<script").count(), 2, "data and script");
        assert!(page.contains("<script id=\"data\" type=\"application/json\">"));
        for forbidden in [
            "<link", "<img", "<iframe", "src=", "@import", "url(", "style=\"", "http://", "https://",
            "onclick",
        ] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn the_page_is_well_formed() {
        // Void elements aside, the page is XML: a parser that insists on matching ends finds all ends.
        let page = written(&sample::report());
        let body = page.split_once("<body>").expect("the page has a body").1;
        let body = body.split_once("</body>").expect("the body ends").0;
        let wrapped = format!("<body>{}</body>", body.replace(SCRIPT, ""));
        let mut reader = quick_xml::Reader::from_str(&wrapped);
        let mut elements = 0;
        loop {
            match reader.read_event().expect("every element ends") {
                quick_xml::events::Event::Start(_) => elements += 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert!(elements > 100);
    }

    #[test]
    fn failing_findings_stand_first_and_open() {
        let page = written(&sample::report());
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
        assert!(place("brownout/writes/no_replay") < place("brownout/breaker"));
        assert_eq!(page.matches("<details class=\"finding\" open").count(), 3);
    }

    #[test]
    fn the_first_chart_stands_above_what_passed_which_is_one_table() {
        let mut report = sample::report();
        report.findings.extend(vec![report.findings[0].clone(); 4]);
        let page = written(&report);
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
        assert!(place("<h2>The run over time") < place("<h2>What passed"));
        assert!(place("<h2>What passed") < place("brownout/reads/attempts"));
        assert_eq!(page.matches("<section id=\"passed\"").count(), 1);
        assert_eq!(page.matches("brownout/reads/attempts").count(), 5, "a row each");
    }

    #[test]
    fn a_configuration_is_called_generated_only_where_it_is() {
        let mut report = sample::report();
        report.inventory.configuration = Some("frontend f\n".to_owned());
        let mut titled = |made: Option<bool>| {
            report.inventory.configuration_made = made;
            written(&report)
        };
        assert!(titled(Some(true)).contains("Generated gateway configuration"));
        for own in [Some(false), None] {
            let page = titled(own);
            assert!(page.contains("Gateway configuration") && !page.contains("Generated"));
        }
    }

    #[test]
    fn the_page_of_a_long_run_has_less_than_one_and_a_half_megabytes() {
        let mut report = sample::report();
        let bins = crate::BINS_MAX;
        report.series = sample::series(bins);
        let count = |bin: usize, line: usize| (bin * 7919 + line * 104_729) as u64 % 9973;
        let counts = |line: usize| (0..bins).map(|bin| count(bin, line)).collect::<Vec<u64>>();
        let line =
            |index: usize| crate::CountLine { name: format!("backend-{index}"), counts: counts(index) };
        report.series.attempts = (0..13).map(line).collect();
        let row = |index: usize| crate::HeatRow {
            from_ms: index as f64,
            to_ms: index as f64 + 1.0,
            counts: counts(index),
        };
        report.series.heat.rows = (0..43).map(row).collect();
        let page = written(&report);
        assert!(page.len() < 1_500_000, "{} bytes", page.len());
    }

    #[test]
    fn a_report_without_series_says_what_is_missing() {
        let mut report = sample::report();
        report.series = crate::Series::default();
        report.distributions.clear();
        report.inventory = crate::Inventory::default();
        let page = written(&report);
        assert!(!page.contains("<script"));
        for missing in [
            "There is nothing to draw",
            "There is no distribution to draw",
            "no policy",
            "There is none beside",
        ] {
            assert!(page.contains(missing), "{missing}");
        }
    }

    #[test]
    fn foreign_text_is_text() {
        let mut report = sample::report();
        report.scenario = "</title><script>alert(1)</script>".to_owned();
        report.findings[1].id = "\" onmouseover=\"alert(1)".to_owned();
        report.findings[1].witnesses[0].attempts[0].faults = vec!["</text></svg><script>".to_owned()];
        let page = written(&report);
        assert_eq!(page.matches("<script").count(), 2);
        assert!(!page.contains("alert(1)</script>") && !page.contains("\" onmouseover="));
    }

    #[test]
    fn the_page_reads_as_it_should() {
        let page = written(&sample::report());
        let policy = policy(Some(SCRIPT));
        let own = page.replace(STYLE, "").replace(SCRIPT, "").replace(&policy, "the policy");
        insta::assert_snapshot!(own.replace("><", ">\n<"));
    }
}
