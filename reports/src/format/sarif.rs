//! What did not pass as SARIF, so that a code host shows it at the line that declares it.
//!
//! Static Analysis Results Interchange Format 2.1.0 (OASIS, 2020).

use std::collections::BTreeSet;
use std::io;

use serde_json::{Value, json};

use super::{Format, FormatKind, Options};
use crate::escape;
use crate::grounds;
use crate::headline::{self, Headline};
use crate::place::{self, Place};
use crate::policy;
use crate::{Finding, PolicyRow, Report, Verdict};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "sarif",
    summary: "SARIF 2.1.0: what did not pass, at the line that declares it, for code hosts.",
    docs: "One result for each finding that failed (`error`) or that the run could not tell (`warning`), by a rule for each kind of \
           expectation. It lies at the line of the scenario that demands it; each key of the declared policy at its own line, and of an \
           imported scenario at the line of the gateway's own configuration (`[policy.sources]`), with the scenario's line beside it. \
           Fingerprints stay the same from run to run, so that a code host knows a result again, and closes what passes. Paths are those \
           by which files were named: name them from the root of the repository. GitHub takes the file by \
           `github/codeql-action/upload-sarif`, GitLab and Azure DevOps by their own uploads.",
    ending: "sarif",
    several: true,
    make: |_: Options| Box::new(Sarif),
};

/// The schema by which the document is checked.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// The rule of a scenario that could not be run, or whose run proves nothing as a whole.
const RUN: &str = "run";

struct Sarif;

impl Format for Sarif {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        self.render_all(std::slice::from_ref(report), out)
    }

    /// All in one run: a code host takes a further run of the same tool for the next version of it.
    fn render_all(&self, reports: &[Report], out: &mut dyn io::Write) -> io::Result<()> {
        let results: Vec<Value> = reports.iter().flat_map(results).collect();
        let rules: BTreeSet<&str> = results.iter().filter_map(|result| result["ruleId"].as_str()).collect();
        let version = reports.first().map(|report| escape::name(&report.brownout)).unwrap_or_default();
        let driver = json!({
            "name": "brownout",
            "semanticVersion": version,
            "rules": rules.iter().map(|rule| described(rule)).collect::<Vec<_>>(),
        });
        let document = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": driver },
                "columnKind": "unicodeCodePoints",
                "invocations": [{ "executionSuccessful": reports.iter().all(Report::was_run) }],
                "results": results,
            }],
        });
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)
    }
}

/// A rule: a kind of expectation.
fn described(rule: &str) -> Value {
    let (what, help) = if rule == RUN {
        (
            "The scenario ran, and its record is whole.".to_owned(),
            "The message says what was in its way.".to_owned(),
        )
    } else {
        (
            format!("The expectation `{rule}` is met."),
            format!(
                "`brownout explain expectation/{rule}` says what it checks, why it matters, and when it can't tell."
            ),
        )
    };
    json!({
        "id": rule,
        "name": rule,
        "shortDescription": { "text": what },
        "help": { "text": help, "markdown": help },
    })
}

fn results(report: &Report) -> Vec<Value> {
    let mut results: Vec<Value> = Vec::new();
    for finding in &report.findings {
        let keys = finding.policy.iter().filter(|row| row.verdict != Verdict::Pass);
        let keys: Vec<Value> = keys.take(policy::ROWS_MAX).map(|row| key(report, finding, row)).collect();
        if keys.is_empty() && finding.verdict != Verdict::Pass {
            results.push(whole(report, finding));
        }
        results.extend(keys);
    }
    if results.is_empty() && report.verdict != Verdict::Pass {
        let fingerprint = [&report.scenario, RUN];
        let message = Headline::of(report).sentence;
        let level = if report.was_run() { "warning" } else { "error" };
        results.push(result(RUN, level, &message, &[Place::in_scenario(report, None)], &fingerprint));
    }
    results
}

/// A finding, at the expectation.
fn whole(report: &Report, finding: &Finding) -> Value {
    let mut lines = vec![
        headline::reason(finding),
        format!("observed: {}", escape::sentence(&finding.observed)),
        format!("expected: {}", escape::sentence(&finding.expected)),
        format!("because: {}", escape::sentence(&finding.because)),
    ];
    lines.extend(grounds::rows(finding).into_iter().map(|(key, words)| format!("{key}: {words}")));
    let places = [Place::in_scenario(report, finding.line)];
    let rule = escape::name(&finding.expectation);
    result(&rule, level(finding.verdict), &lines.join("\n"), &places, &[&report.scenario, &finding.id])
}

/// A key of the declared policy, at what declares it.
fn key(report: &Report, finding: &Finding, row: &PolicyRow) -> Value {
    let [key, declared, observed, _, _, because] = policy::cells(report, row);
    let message = format!(
        "{key}: declared {declared}, observed {observed}\nbecause: {because}\nseen in: {}",
        policy::title(finding)
    );
    let in_scenario = Place::in_scenario(report, row.line.or(finding.line));
    let source = row.source.as_deref().and_then(place::read);
    let places: Vec<Place> = source.into_iter().chain([in_scenario]).collect();
    let rule = escape::name(&finding.expectation);
    result(&rule, level(row.verdict), &message, &places, &[&report.scenario, &finding.id, &row.key])
}

fn level(verdict: Verdict) -> &'static str {
    if verdict == Verdict::Fail { "error" } else { "warning" }
}

/// A result at the first of the places; the others are beside it.
fn result(rule: &str, level: &str, message: &str, places: &[Place], fingerprint: &[&str]) -> Value {
    let locations: Vec<Value> = places.iter().map(location).collect();
    let fingerprint: Vec<String> = fingerprint.iter().map(|part| escape::plain(part, 300)).collect();
    let mut result = json!({
        "ruleId": rule,
        "level": level,
        "message": { "text": message },
        "locations": locations.get(..1).unwrap_or_default(),
        "partialFingerprints": { "brownoutFinding/v1": fingerprint.join("/") },
    });
    if let Some(others) = locations.get(1..).filter(|others| !others.is_empty()) {
        let others = others.iter().enumerate().map(|(id, location)| {
            let mut location = location.clone();
            location["id"] = id.into();
            location["message"] = json!({ "text": "what the scenario declares" });
            location
        });
        result["relatedLocations"] = others.collect();
    }
    result
}

fn location(place: &Place) -> Value {
    let mut region = json!({ "startLine": place.line });
    if let Some(column) = place.column {
        region["startColumn"] = column.into();
    }
    json!({ "physicalLocation": { "artifactLocation": { "uri": place.uri() }, "region": region } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn written(reports: &[Report]) -> Value {
        let mut out = Vec::new();
        Sarif.render_all(reports, &mut out).expect("a vector takes all bytes");
        serde_json::from_slice(&out).expect("the document is JSON")
    }

    fn lines(document: &Value) -> Vec<String> {
        let results = document["runs"][0]["results"].as_array().expect("there are results");
        let line = |result: &Value| {
            let place = &result["locations"][0]["physicalLocation"];
            let (uri, line) = (&place["artifactLocation"]["uri"], &place["region"]["startLine"]);
            let beside = result["relatedLocations"].as_array().map_or(0, Vec::len);
            let fingerprint = &result["partialFingerprints"]["brownoutFinding/v1"];
            format!("{} {} {uri}:{line} +{beside} {fingerprint}", result["level"], result["ruleId"])
        };
        results.iter().map(line).collect()
    }

    #[test]
    fn what_did_not_pass_is_a_result_at_its_line() {
        let document = written(&[sample::report()]);
        insta::assert_snapshot!(lines(&document).join("\n"));
        insta::assert_snapshot!(
            "first",
            serde_json::to_string_pretty(&document["runs"][0]["results"][0]).expect("it is JSON")
        );
    }

    #[test]
    fn a_key_of_an_imported_policy_lies_in_the_gateway_s_own_file() {
        let mut report = sample::report();
        let row = report.findings.iter_mut().flat_map(|finding| &mut finding.policy);
        for row in row {
            row.source = Some("conf/haproxy.cfg:15:13".into());
        }
        let lines = lines(&written(&[report]));
        assert!(lines.iter().any(|line| line.contains("\"conf/haproxy.cfg\":15 +1")), "{lines:?}");
    }

    #[test]
    fn what_could_not_be_run_is_a_result_and_what_passed_is_none() {
        let not_run = Report::not_run("a", "a.toml", "envoy", "its program was not found");
        let document = written(&[not_run]);
        assert_eq!(lines(&document), ["\"error\" \"run\" \"a.toml\":1 +0 \"a/run\""]);
        assert_eq!(document["runs"][0]["invocations"][0]["executionSuccessful"], false);
        let mut passed = sample::report();
        passed.findings.retain(|finding| finding.verdict == Verdict::Pass);
        passed.verdict = Verdict::Pass;
        assert_eq!(lines(&written(&[passed])), [""; 0]);
    }

    #[test]
    fn results_of_several_scenarios_are_in_one_run_and_rules_are_there_once() {
        let document = written(&[sample::report(), sample::report()]);
        assert_eq!(document["runs"].as_array().map(Vec::len), Some(1));
        let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().expect("there are rules");
        let ids: BTreeSet<String> = rules.iter().map(|rule| rule["id"].to_string()).collect();
        assert_eq!(ids.len(), rules.len());
    }
}
