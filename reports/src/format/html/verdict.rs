//! The top of the page: the verdict, what it rests on, what was run, and the command that runs it again.

use maud::{Markup, html};

use super::{badge, prose};
use crate::escape;
use crate::figures;
use crate::headline::Headline;
use crate::{Finding, Report, Verdict};

/// The head of the page.
pub(super) fn head(report: &Report, headline: &Headline) -> Markup {
    html! {
        header {
            p .of { (escape::name(&report.scenario)) " · " (gateway(report)) @if report.simulated { " · simulated" } }
            h1 { (badge(report.verdict)) " " (prose(&headline.sentence)) }
            p { (headline.tally) }
            @if let Some(finding) = decisive(report) {
                dl .decisive {
                    div { dt { "Observed" } dd { (prose(&escape::sentence(&finding.observed))) } }
                    div { dt { "Expected" } dd { (prose(&escape::sentence(&finding.expected))) } }
                }
            }
            @if !report.remarks.is_empty() { (remarks(report)) }
            (contents())
            dl {
                @for (key, value) in reasons(report) { div { dt { (key) } dd { (prose(&value)) } } }
            }
            dl .facts {
                @for (key, value) in facts(report) { div { dt { (key) } dd { (value) } } }
            }
            p #rerun { "Run it again" }
            pre tabindex="0" role="group" aria-labelledby="rerun" { code { (crate::rerun::command(report)) } }
        }
    }
}

/// The finding that the verdict rests on, unless all is well.
fn decisive(report: &Report) -> Option<&Finding> {
    let of_verdict = |finding: &&Finding| finding.verdict == report.verdict;
    report.findings.iter().find(of_verdict).filter(|finding| finding.verdict != Verdict::Pass)
}

fn remarks(report: &Report) -> Markup {
    html! {
        section aria-label="Remarks" .remarks {
            h2 { "What limits this report" }
            ul { @for remark in &report.remarks { li { (prose(&escape::sentence(remark))) } } }
        }
    }
}

fn contents() -> Markup {
    let sections = [
        ("#findings", "Findings"),
        ("#time", "The run over time"),
        ("#witnesses", "Witness timelines"),
        ("#figures", "Latency and traffic"),
        ("#injections", "Proof of injection"),
        ("#again", "Policy, configuration, evidence"),
    ];
    html! { nav aria-label="Sections" { ul { @for (to, words) in sections { li { a href=(to) { (words) } } } } } }
}

fn gateway(report: &Report) -> String {
    let version = report.gateway_version.as_deref().map(|version| format!(" {}", escape::name(version)));
    format!("{}{}", escape::name(&report.gateway), version.unwrap_or_default())
}

/// What is told in sentences.
fn reasons(report: &Report) -> Vec<(&'static str, String)> {
    let all = [("Why", &report.why), ("Rollback", &report.rollback)];
    all.into_iter().filter_map(|(key, value)| Some((key, escape::sentence(value.as_deref()?)))).collect()
}

/// What is told in a word or two.
fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let world = if report.simulated { "simulated: no real socket, no real time" } else { "real sockets" };
    let facts = [
        ("Scenario", Some(escape::name(&report.scenario))),
        ("Gateway", Some(gateway(report))),
        ("World", Some(world.to_owned())),
        ("Owner", report.owner.as_deref().map(escape::sentence)),
        ("Started", Some(escape::name(&figures::to_the_second(&report.started)))),
        ("Took", Some(figures::seconds(report.length_s))),
        ("Seed", Some(report.seed.to_string())),
        ("Brownout", Some(escape::name(&report.brownout))),
        ("File", Some(escape::plain(&report.scenario_path, 300))),
        ("Run", Some(escape::plain(&report.run, 300))),
    ];
    facts.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}
