//! The report as one HTML file that needs nothing else: no network, no script, no other file.

mod findings;
mod inventory;
mod waterfall;

use std::io;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Format, FormatKind, Options};
use crate::escape;
use crate::figures;
use crate::headline::Headline;
use crate::{Report, Verdict};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "html",
    summary: "One HTML file for people: findings, witnesses drawn to scale, figures, proof of injection.",
    docs: "One file without script that loads nothing, to be kept as a build artefact, mailed or printed. The \
           verdict, the findings with their reasons, witnesses drawn to scale, figures by phase and traffic class, \
           and what was injected. Light and dark as the reader's system is, and in colours that colour-blind \
           readers can tell apart; what colour says, a word says too.",
    ending: "html",
    make: |_: Options| Box::new(Html),
};

/// The page's only style sheet.
const STYLE: &str = include_str!("html/style.css");

/// What the page may load: nothing, and its style sheet by its SHA-256, so that no injected style or script acts.
const POLICY: &str = "default-src 'none'; style-src 'sha256-51QKRO0rHmhbonJyxZeBlFErfaTB4teDGsDMLKm17+M='; base-uri 'none'; form-action 'none'";

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
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (headline.word) ": " (escape::name(&report.scenario)) " – brownout" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a .skip href="#findings" { "Skip to the findings" }
                main {
                    (verdict_and_facts(report, &headline))
                    (findings::section(report))
                    (inventory::figures(report))
                    (inventory::proof(report))
                }
            }
        }
    }
}

fn verdict_and_facts(report: &Report, headline: &Headline) -> Markup {
    html! {
        header {
            h1 { (badge(report.verdict)) " " (headline.sentence) }
            p { (headline.tally) }
            dl .facts {
                @for (key, value) in facts(report) { div { dt { (key) } dd { (value) } } }
            }
            p { "Run it again:" }
            pre tabindex="0" { code { (crate::rerun::command(report)) } }
            @if !report.remarks.is_empty() {
                section aria-label="Remarks" .remarks {
                    h2 { "What limits this report" }
                    ul { @for remark in &report.remarks { li { (escape::sentence(remark)) } } }
                }
            }
        }
    }
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let version = report
        .gateway_version
        .as_deref()
        .map(|version| format!(" {}", escape::name(version)));
    let simulated = if report.simulated { ", simulated" } else { "" };
    let mut facts = vec![
        ("Scenario", escape::name(&report.scenario)),
        ("File", escape::plain(&report.scenario_path, 300)),
        (
            "Gateway",
            format!("{}{}", escape::name(&report.gateway), version.unwrap_or_default()),
        ),
        ("Seed", report.seed.to_string()),
        ("Run", escape::plain(&report.run, 300)),
        ("Started", escape::name(&report.started)),
        (
            "Took",
            format!("{}{simulated}", figures::seconds(report.length_s)),
        ),
        ("Brownout", escape::name(&report.brownout)),
    ];
    let optional = [
        ("Why", &report.why),
        ("Owner", &report.owner),
        ("Rollback", &report.rollback),
    ];
    facts.extend(
        optional
            .into_iter()
            .filter_map(|(key, value)| Some((key, escape::sentence(value.as_deref()?)))),
    );
    facts
}

/// A verdict as a word, a sign and a colour.
fn badge(verdict: Verdict) -> Markup {
    let (class, sign) = match verdict {
        Verdict::Pass => ("pass", "✓"),
        Verdict::Inconclusive => ("inconclusive", "?"),
        Verdict::Fail => ("fail", "✗"),
    };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) } " " (figures::word(verdict)) } }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        Html.render(report, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("the page is UTF-8")
    }

    #[test]
    fn the_policy_allows_the_style_sheet_and_nothing_else() {
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        let page = written(&sample::report());
        assert!(
            page.contains(&format!("style-src 'sha256-{hash}'")),
            "the policy needs 'sha256-{hash}'"
        );
        assert!(page.contains("default-src 'none'"));
        let (_, style) = page.split_once("<style>").expect("the page has a style sheet");
        assert!(
            style.starts_with(&format!("{STYLE}</style>")),
            "what is hashed is what is sent"
        );
    }

    #[test]
    fn the_page_loads_nothing_and_runs_nothing() {
        let page = written(&sample::report());
        for forbidden in [
            "<script", "<link", "<img", "<iframe", "src=", "@import", "url(", "style=\"", "http://",
            "https://", "onclick",
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
        let wrapped = format!("<body>{body}</body>");
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
        assert!(place("brownout/breaker") < place("brownout/reads/attempts"));
        assert_eq!(page.matches("<details open").count(), 2);
    }

    #[test]
    fn foreign_text_is_text() {
        let mut report = sample::report();
        report.scenario = "</title><script>alert(1)</script>".to_owned();
        report.findings[1].id = "\" onmouseover=\"alert(1)".to_owned();
        report.findings[1].witnesses[0].attempts[0].faults = vec!["</text></svg><script>".to_owned()];
        let page = written(&report);
        assert!(!page.contains("<script") && !page.contains("\" onmouseover="));
    }

    #[test]
    fn the_page_reads_as_it_should() {
        let page = written(&sample::report());
        let without_style = page.replace(STYLE, "");
        insta::assert_snapshot!(without_style.replace("><", ">\n<"));
    }
}
