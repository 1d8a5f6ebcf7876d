//! What findings rest on: estimates with their bounds, exposures, what was set aside, the policy key by key; and what
//! nobody asked about.

use super::families::number;
use super::writer::Family;
use crate::{Finding, Report};

/// The families.
pub(super) fn of(report: &Report) -> Vec<Family> {
    let mut families = estimates(report);
    families.extend(exposures(report));
    families.push(policy(report));
    families.push(unasked(report));
    families
}

fn estimates(report: &Report) -> Vec<Family> {
    let gauge = |name, help| Family::gauge(&report.scenario, name, "", help);
    let mut value = gauge("finding_estimate", "A figure of a finding, in the unit of its label.");
    let mut low = gauge("finding_estimate_low", "The lower bound of the figure.");
    let mut high = gauge("finding_estimate_high", "The upper bound of the figure.");
    for finding in &report.findings {
        for estimate in &finding.estimates {
            let labels = [("id", finding.id.as_str()), ("what", &estimate.what), ("unit", &estimate.unit)];
            if let Some(likely) = estimate.value {
                value.add(&labels, likely);
            }
            low.add(&labels, estimate.low);
            high.add(&labels, estimate.high);
        }
    }
    vec![value, low, high]
}

fn exposures(report: &Report) -> Vec<Family> {
    let gauge = |name, help| Family::gauge(&report.scenario, name, "", help);
    let mut exposures = gauge("finding_exposures", "Cases that would have shown a breach.");
    let mut excludes = gauge("finding_excludes", "The smallest share of misbehaviour that a pass excludes.");
    let mut aside = gauge("finding_set_aside", "Observations that say nothing of the gateway, by reason.");
    for finding in &report.findings {
        let id = ("id", finding.id.as_str());
        if known(finding) {
            exposures.add(&[id], finding.exposures as f64);
        }
        if let Some(share) = finding.excludes {
            excludes.add(&[id], share);
        }
        for one in &finding.set_aside {
            aside.add(&[id, ("why", &one.why)], one.count as f64);
        }
    }
    vec![exposures, excludes, aside]
}

/// Reports of the first version don't say how many exposures there were, and a zero would be a claim.
fn known(finding: &Finding) -> bool {
    finding.exposures > 0 || finding.remedy.is_some() || !finding.estimates.is_empty()
}

fn policy(report: &Report) -> Family {
    let help = "A key of the declared policy: 0 as declared, 1 inconclusive, 2 otherwise.";
    let mut keys = Family::gauge(&report.scenario, "policy_verdict", "", help);
    for finding in &report.findings {
        for row in &finding.policy {
            let labels = [("id", finding.id.as_str()), ("key", &row.key), ("declared", &row.declared)];
            keys.add(&labels, number(row.verdict));
        }
    }
    keys
}

fn unasked(report: &Report) -> Family {
    let mut seen = Family::gauge(&report.scenario, "unasked", "", "Seen, but demanded by nobody.");
    for one in &report.unasked {
        let traffic = one.traffic.as_deref().unwrap_or_default();
        seen.add(
            &[("phase", one.phase.as_str()), ("traffic", traffic), ("what", &one.what)],
            one.count as f64,
        );
    }
    seen
}
