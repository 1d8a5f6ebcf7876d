//! The top of the page: the verdict and what it rests on. Below the findings: what limits the report, and what was run.

use maud::{Markup, html};

use super::{badge, prose};
use crate::escape;
use crate::figures;
use crate::headline::{Headline, decisive, number_of};
use crate::unasked;
use crate::{Report, Verdict};

/// The head of the page.
pub(super) fn head(report: &Report, headline: &Headline) -> Markup {
    html! {
        header {
            p .of { (escape::name(&report.scenario)) @if !report.gateway.is_empty() { " · " (figures::gateway(report)) } @if report.simulated { " · simulated" } }
            h1 { (badge(report.verdict)) " " (prose(&headline.sentence)) }
            p { (headline.tally) }
            @if let Some(finding) = decisive(report) {
                dl .decisive {
                    div { dt { "Observed" } dd { (prose(&escape::sentence(&finding.observed))) } }
                    div { dt { "Expected" } dd { (prose(&escape::sentence(&finding.expected))) } }
                    @if let Some(remedy) = &headline.remedy { div { dt { "To get an answer" } dd { (prose(remedy)) } } }
                }
            }
            @let reasons = reasons(report);
            @if !reasons.is_empty() {
                dl { @for (key, value) in reasons { div { dt { (key) } dd { (prose(&value)) } } } }
            }
            (contents(report))
        }
    }
}

/// What limits the report: after the findings, since most of it touches none of them.
pub(super) fn remarks(report: &Report) -> Markup {
    html! {
        @if !report.remarks.is_empty() {
            section aria-label="Remarks" .remarks {
                h2 { "What limits this report" }
                ul { @for remark in &report.remarks { li { (prose(&escape::sentence(remark))) } } }
            }
        }
    }
}

fn contents(report: &Report) -> Markup {
    let has_policy = report.findings.iter().any(|finding| !finding.policy.is_empty());
    let sections = [
        ("#findings", "Findings"),
        ("#policy", "Declared policy, as observed"),
        ("#unasked", unasked::TITLE),
        ("#time", "The run over time"),
        ("#passed", "What passed"),
        ("#witnesses", "Witness timelines"),
        ("#figures", "Latency and traffic"),
        ("#injections", "Proof of injection"),
        ("#again", "The run, configuration, evidence"),
    ];
    let there = |(to, _): &(&str, &str)| match *to {
        "#policy" => has_policy,
        "#unasked" => !report.unasked.is_empty(),
        "#passed" => number_of(report, Verdict::Pass) > 0,
        _ => true,
    };
    let sections = sections.into_iter().filter(there);
    html! { nav aria-label="Sections" { ul { @for (to, words) in sections { li { a href=(to) { (words) } } } } } }
}

/// What is told in sentences.
fn reasons(report: &Report) -> Vec<(&'static str, String)> {
    let all = [("Why", &report.why), ("Rollback", &report.rollback), ("Owner", &report.owner)];
    all.into_iter().filter_map(|(key, value)| Some((key, escape::sentence(value.as_deref()?)))).collect()
}

/// What was run, each in a word or two.
pub(super) fn facts(report: &Report) -> Markup {
    let world = if report.simulated { "simulated: no real socket, no real time" } else { "real sockets" };
    // What could not be run has none of these.
    let of_a_run = |words: String| Some(words).filter(|_| report.was_run());
    let facts = [
        ("Scenario", Some(escape::name(&report.scenario))),
        ("Gateway", Some(figures::gateway(report)).filter(|gateway| !gateway.is_empty())),
        ("World", of_a_run(world.to_owned())),
        ("Started", of_a_run(escape::name(&figures::to_the_second(&report.started)))),
        ("Took", of_a_run(figures::seconds(report.length_s))),
        ("Seed", of_a_run(report.seed.to_string())),
        ("Brownout", Some(escape::name(&report.brownout))),
        ("File", Some(escape::plain(&report.scenario_path, 300))),
        ("Run", of_a_run(escape::plain(&report.run, 300))),
    ];
    let facts = facts.into_iter().filter_map(|(key, value)| Some((key, value?)));
    html! {
        dl .facts { @for (key, value) in facts { div { dt { (key) } dd { (value) } } } }
        p #rerun { "Run it again" }
        pre tabindex="0" role="group" aria-labelledby="rerun" { code { (crate::rerun::command(report)) } }
    }
}
