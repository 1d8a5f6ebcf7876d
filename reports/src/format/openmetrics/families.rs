//! Which figures of a report become metrics, and what they are called.

use super::measured;
use super::writer::Family;
use crate::{LatencyRow, Report, Verdict};

/// The metric families of a report.
pub(super) fn of(report: &Report) -> Vec<Family> {
    let mut families = run(report);
    families.extend(phases(report));
    families.extend(traffic(report));
    families.extend(backends(report));
    families.extend(injections(report));
    families.extend(latencies(report));
    families.extend(measured::of(report));
    families
}

fn run(report: &Report) -> Vec<Family> {
    let scenario = &report.scenario;
    // A gauge and not an `info`, which collectors of the older Prometheus text format refuse.
    let mut info = Family::gauge(scenario, "run_info", "", "What was run, as labels.");
    let labels = [
        ("path", report.scenario_path.as_str()),
        ("gateway", &report.gateway),
        ("gateway_version", report.gateway_version.as_deref().unwrap_or_default()),
        ("run", &report.run),
        ("started", &report.started),
        ("seed", &report.seed.to_string()),
        ("simulated", &report.simulated.to_string()),
        ("brownout", &report.brownout),
    ];
    info.add(&labels, 1.0);

    let mut verdict = Family::gauge(scenario, "run_verdict", "", "The run: 0 pass, 1 inconclusive, 2 fail.");
    verdict.add(&[], number(report.verdict));
    let mut length =
        Family::gauge(scenario, "run_length", "seconds", "From the epoch to the end of the run.");
    length.add(&[], report.length_s);
    let mut findings =
        Family::gauge(scenario, "finding_verdict", "", "A finding: 0 pass, 1 inconclusive, 2 fail.");
    let mut observations = Family::gauge(scenario, "finding_observations", "", "What a finding rests on.");
    for finding in &report.findings {
        let traffic = finding.traffic.as_deref().unwrap_or_default();
        let labels = [
            ("id", finding.id.as_str()),
            ("expectation", &finding.expectation),
            ("phase", &finding.phase),
            ("traffic", traffic),
        ];
        findings.add(&labels, number(finding.verdict));
        observations.add(&labels, finding.observations as f64);
    }
    vec![info, verdict, length, findings, observations]
}

fn phases(report: &Report) -> Vec<Family> {
    let scenario = &report.scenario;
    let mut exchanges = Family::gauge(scenario, "exchanges", "", "Exchanges that were due in a phase.");
    let mut succeeded =
        Family::gauge(scenario, "exchanges_succeeded", "", "Exchanges of a phase that succeeded.");
    let mut attempts =
        Family::gauge(scenario, "attempts", "", "Attempts that reached a backend for a phase.");
    for phase in &report.phases {
        let labels = [("phase", phase.name.as_str())];
        exchanges.add(&labels, phase.exchanges as f64);
        succeeded.add(&labels, phase.succeeded as f64);
        attempts.add(&labels, phase.attempts as f64);
    }
    vec![exchanges, succeeded, attempts]
}

fn traffic(report: &Report) -> Vec<Family> {
    let scenario = &report.scenario;
    let mut exchanges =
        Family::gauge(scenario, "traffic_exchanges", "", "Exchanges that were due for a class.");
    let mut skipped = Family::gauge(scenario, "traffic_skipped", "", "Exchanges that were never sent.");
    let mut outcomes = Family::gauge(scenario, "outcomes", "", "Exchanges by outcome.");
    let mut statuses = Family::gauge(scenario, "statuses", "", "Exchanges by status; 0 is none.");
    let mut lag = Family::summary(scenario, "lag", "seconds", "How late the driver sent, by quantile.");
    for class in &report.traffic {
        let name = ("traffic", class.name.as_str());
        exchanges.add(&[name], class.exchanges as f64);
        skipped.add(&[name], class.skipped as f64);
        for (outcome, count) in &class.outcomes {
            outcomes.add(&[name, ("outcome", outcome)], *count as f64);
        }
        for (status, count) in &class.statuses {
            statuses.add(&[name, ("status", &status.to_string())], *count as f64);
        }
        for (quantile, late_ms) in ["0.5", "0.99"].into_iter().zip(class.lags()) {
            if let Some(late_ms) = late_ms {
                lag.add(&[name, ("quantile", quantile)], late_ms / 1000.0);
            }
        }
    }
    vec![exchanges, skipped, outcomes, statuses, lag]
}

fn backends(report: &Report) -> Vec<Family> {
    let scenario = &report.scenario;
    let mut attempts = Family::gauge(scenario, "backend_attempts", "", "Attempts that reached a backend.");
    let mut failed = Family::gauge(scenario, "backend_failed", "", "Attempts that a backend failed.");
    let mut connections =
        Family::gauge(scenario, "backend_connections", "", "Connections that a backend accepted.");
    let mut probes = Family::gauge(scenario, "backend_probes", "", "Untagged arrivals at a backend.");
    for backend in &report.backends {
        let labels = [("backend", backend.name.as_str())];
        attempts.add(&labels, backend.attempts as f64);
        failed.add(&labels, backend.failed as f64);
        connections.add(&labels, backend.connections as f64);
        probes.add(&labels, backend.probes as f64);
    }
    vec![attempts, failed, connections, probes]
}

fn injections(report: &Report) -> Vec<Family> {
    let scenario = &report.scenario;
    let mut fired =
        Family::gauge(scenario, "injection_fired", "", "How often a planned fault was seen to fire.");
    let mut error = Family::gauge(
        scenario,
        "injection_delay_error",
        "seconds",
        "How late planned delays were, 99th percentile.",
    );
    for (index, injection) in report.injections.iter().enumerate() {
        let (index, backends) = (index.to_string(), injection.backends.join(" "));
        let labels = [
            ("injection", index.as_str()),
            ("phase", &injection.phase),
            ("fault", &injection.fault),
            ("backends", &backends),
        ];
        fired.add(&labels, injection.fired as f64);
        if let Some(late_ms) = injection.delay_error_p99_ms {
            error.add(&labels, late_ms / 1000.0);
        }
    }
    vec![fired, error]
}

fn latencies(report: &Report) -> Vec<Family> {
    let scenario = &report.scenario;
    let mut response =
        Family::summary(scenario, "response_time", "seconds", "From due to done, by quantile.");
    let mut service = Family::summary(scenario, "service_time", "seconds", "From sent to done, by quantile.");
    for row in &report.latencies {
        match row.time.as_str() {
            "response" => add_quantiles(&mut response, row),
            "service" => add_quantiles(&mut service, row),
            // A later brownout may measure more; the families are fixed.
            _ => {}
        }
    }
    vec![response, service]
}

/// Only what the samples can tell: a dashboard draws a quantile of a handful of requests like any other.
fn add_quantiles(family: &mut Family, row: &LatencyRow) {
    for quantile in row.quantiles() {
        let labels = [("traffic", row.traffic.as_str()), ("phase", &row.phase), ("quantile", quantile.share)];
        if let Some(ms) = quantile.ms {
            family.add(&labels, ms / 1000.0);
        }
    }
}

pub(super) fn number(verdict: Verdict) -> f64 {
    match verdict {
        Verdict::Pass => 0.0,
        Verdict::Inconclusive => 1.0,
        Verdict::Fail => 2.0,
    }
}
