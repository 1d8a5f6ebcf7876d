//! The whole report: every demand judged, the figures beside the findings, and what limits them.

use evidence::{Ledger, Outcome};
use measure::brief::{BackendBrief, Brief};
use measure::stalls::Stalls;
use measure::strangers::Strangers;
use reports::{BackendItem, Finding, Inventory, Report, VERSION, Verdict};
use units::plural::{count, times, were};
use units::{Moment, Timespan};

use crate::demand::Demand;
use crate::figures::Figures;
use crate::finding;
use crate::unasked::unasked;

/// Judges a run. The findings come in the order of the demands.
///
/// The verdict is that of the worst finding, and never a pass where nothing was demanded, the run did not come to
/// its planned end, or something could not be recorded.
///
/// `run` is what is known of the run beside its plan and its evidence, such as the gateway's version: it is kept.
pub fn judge(brief: &Brief, demands: &[Demand], ledger: &Ledger, run: Report) -> Report {
    let problem = brief.problem().or_else(|| demands.iter().find_map(|demand| demand.problem(brief)));
    let known = problem.is_none();
    let (findings, Figures { broken, report: figures }) = rayon::join(
        || if known { findings(brief, demands, ledger) } else { Vec::new() },
        || Figures::of(brief, ledger, run),
    );
    let findings: Vec<Finding> = if broken.is_empty() {
        findings
    } else {
        findings.into_iter().map(|finding| unproven(finding, &broken)).collect()
    };
    let rest = ledger.rest();
    let whole = broken.is_empty() && !rest.cut && rest.early.is_none();
    let floor = if whole && !findings.is_empty() { Verdict::Pass } else { Verdict::Inconclusive };
    let about = brief.about.clone();
    Report {
        version: VERSION,
        verdict: findings.iter().map(|finding| finding.verdict).fold(floor, Verdict::max),
        scenario: about.name,
        why: about.why,
        owner: about.owner,
        rollback: about.rollback,
        length_s: rest.ended.since(Moment::EPOCH).as_secs_f64(),
        remarks: remarks((brief, demands), ledger, problem, broken)
            .into_iter()
            .chain(figures.remarks)
            .collect(),
        findings,
        unasked: if known { unasked(brief, demands, ledger) } else { Vec::new() },
        inventory: inventory(brief, figures.inventory),
        ..figures
    }
}

/// What took part, with the backends as the brief names them; an address that is on record is kept.
fn inventory(brief: &Brief, known: Inventory) -> Inventory {
    let item = |backend: &BackendBrief| BackendItem {
        name: backend.name.clone(),
        address: known
            .backends
            .iter()
            .find(|item| item.name == backend.name)
            .and_then(|item| item.address.clone()),
        weight: backend.weight,
        priority: backend.priority,
    };
    Inventory { backends: brief.backends.iter().map(item).collect(), ..known }
}

fn findings(brief: &Brief, demands: &[Demand], ledger: &Ledger) -> Vec<Finding> {
    let mut findings = finding::find_all(brief, demands, ledger);
    for index in (0..findings.len()).rev() {
        let earlier = findings[..index].iter().filter(|finding| finding.id == findings[index].id).count();
        if earlier > 0 {
            findings[index].id = format!("{}#{}", findings[index].id, earlier + 1);
        }
    }
    findings
}

/// A finding of a record that does not hang together: neither a pass nor a failure follows from it.
fn unproven(finding: Finding, broken: &[String]) -> Finding {
    let because = format!("the record does not hang together: {}", broken.join("; "));
    Finding {
        verdict: Verdict::Inconclusive,
        summary: format!("not proven: {}", broken[0]),
        because,
        excludes: None,
        remedy: Some("find out what the remarks say is missing, and run it again".into()),
        ..finding
    }
}

/// What limits the report as a whole.
fn remarks(
    (brief, demands): (&Brief, &[Demand]),
    ledger: &Ledger,
    problem: Option<String>,
    broken: Vec<String>,
) -> Vec<String> {
    let rest = ledger.rest();
    let mut remarks = broken;
    if let Some(problem) = problem {
        remarks.push(format!("the plan on record can't be judged by: {problem}"));
    } else if demands.is_empty() {
        remarks.push("the scenario demands nothing, so nothing is proven".into());
    }
    if rest.cut {
        remarks.push(format!("the run was cut: nothing is on record after {}", rest.ended));
    }
    if let Some(early) = &rest.early {
        remarks.push(format!("the run ended early, at {}: {early}", rest.ended));
    }
    // In a run that was not cut they are told already: they break the record.
    if ledger.orphans() > 0 && rest.cut {
        remarks.push(format!("{} without an exchange on record", count(ledger.orphans() as u64, "attempt")));
    }
    remarks.extend(Strangers::of(brief, ledger).told(brief));
    remarks.extend(stalls(ledger));
    remarks.extend(skipped(ledger));
    remarks
}

fn stalls(ledger: &Ledger) -> Option<String> {
    let hiccups = &ledger.rest().hiccups;
    let largest = hiccups.iter().max_by_key(|hiccup| hiccup.length)?;
    let length = Timespan(std::time::Duration::from_nanos(largest.length));
    // Each thread that is watched notes a stall of the machine for itself.
    let times = times(Stalls::of(ledger).stretches().len());
    Some(format!("the machine stalled {times}; the longest stall was {length}, at {}", largest.at))
}

/// That the gateway printed more than is kept: what was its last word on something may be missing.
fn skipped(ledger: &Ledger) -> Option<String> {
    let skipped = ledger.entries().filter(|entry| entry.exchange.outcome == Outcome::Skipped).count() as u64;
    let due = ledger.entries().len();
    (skipped > 0).then(|| {
        format!("{skipped} of {due} requests {} never sent, because too many were in flight", were(skipped))
    })
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use insta::assert_snapshot;
    use reports::{Report, Verdict};

    use crate::testing::{Call, Judging, Run, Try, demands};

    fn run() -> Run {
        let run = Run::new().phase("outage", 10.0).phase("recovery", 10.0).backend("a").backend("b");
        let run =
            run.class("reads", Method::Get).class("writes", Method::Post).fault("outage", "status", &["a"]);
        run.calls(100, |n| {
            let call = Call::due("reads", 100.0 * n as f64 + 10.0);
            if n % 2 == 0 {
                call.attempt(Try::hit("a", "status")).attempt(Try::ok("b"))
            } else {
                call.attempt(Try::ok("b"))
            }
        })
    }

    fn demanding(run: Run) -> Run {
        run.demand("outage", "reads", "attempts = { other_backend = true }").demand(
            "outage",
            "reads",
            "attempts = { min = 2 }",
        )
    }

    #[test]
    fn the_worst_finding_decides() {
        let passing = demanding(run());
        assert_eq!(passing.report().verdict, Verdict::Pass);
        let unproven = passing.demand("recovery", "reads", "availability = { min = 0.9 }");
        assert_eq!(unproven.report().verdict, Verdict::Inconclusive);
        let failing = unproven.demand("outage", "reads", "attempts = { max = 1 }");
        assert_eq!(failing.report().verdict, Verdict::Fail);
    }

    #[test]
    fn findings_come_in_the_order_of_the_demands_with_names_that_stay() {
        let run = demanding(run()).demand("outage", "", "integrity = {}").demand(
            "outage",
            "reads",
            "attempts = { min = 1 }",
        );
        let ids: Vec<String> = run.report().findings.into_iter().map(|finding| finding.id).collect();
        let expected = [
            "outage/reads/attempts",
            "outage/reads/attempts#2",
            "outage/all/integrity",
            "outage/reads/attempts#3",
        ];
        assert_eq!(ids, expected);
    }

    #[test]
    fn a_run_that_was_not_recorded_whole_never_passes() {
        let run = demanding(run());
        for (report, remark) in [
            (
                run.clone().early("interrupted", 20_000.0).report(),
                "the run ended early, at 20.000 s: interrupted",
            ),
            (run.clone().cut(20_000.0).report(), "the run was cut: nothing is on record after 20.000 s"),
        ] {
            assert_eq!(report.verdict, Verdict::Inconclusive, "{remark}");
            assert_eq!(report.remarks, [remark]);
            assert!(report.findings.iter().all(|finding| finding.verdict == Verdict::Pass), "{remark}");
        }
    }

    #[test]
    fn what_brownout_itself_lost_proves_nothing_either_way() {
        let report = demanding(run()).lost(3).report();
        assert_eq!(report.remarks, ["3 rows could not be recorded in time, and were lost"]);
        assert!(report.findings.iter().all(|finding| finding.verdict == Verdict::Inconclusive));
    }

    #[test]
    fn a_scenario_that_demands_nothing_proves_nothing() {
        let report = run().report();
        assert_eq!(report.verdict, Verdict::Inconclusive);
        assert_eq!(report.remarks, ["the scenario demands nothing, so nothing is proven"]);
    }

    #[test]
    fn a_plan_whose_indices_point_at_nothing_is_refused_in_words() {
        let run = demanding(run());
        let (brief, ledger) = run.build();
        let mut demands = demands(&run);
        demands[0].phase = 7;
        let report = super::judge(&brief, &demands, &ledger, Report::default());
        assert_eq!(report.verdict, Verdict::Inconclusive);
        assert_eq!(
            report.remarks,
            ["the plan on record can't be judged by: a demand names phase 7, there are 2"]
        );
    }

    #[test]
    fn stalls_and_skipped_requests_are_remarked() {
        let run =
            demanding(run()).hiccup(500.0, 35.0).hiccup(900.0, 12.0).call(Call::due("reads", 55.0).skipped());
        assert_snapshot!(run.report().remarks.join("\n"), @r"
        the machine stalled twice; the longest stall was 35 ms, at 0.500 s
        1 of 101 requests was never sent, because too many were in flight
        ");
    }

    #[test]
    fn what_is_remarked_of_the_run_beside_its_evidence_is_kept_and_has_no_part_in_the_verdict() {
        let run = demanding(run());
        let (brief, ledger) = run.build();
        let known = super::Report { remarks: vec!["its log is not whole".to_owned()], ..Default::default() };
        let report = super::judge(&brief, &demands(&run), &ledger, known);
        assert_eq!(
            (report.verdict, report.remarks),
            (Verdict::Pass, vec!["its log is not whole".to_owned()])
        );
    }

    /// A row a line.
    fn rows<T: serde::Serialize>(rows: &[T]) -> String {
        let rows = rows.iter().map(|row| serde_json::to_string(row).unwrap_or_default());
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_figures_beside_the_findings_are_counted() {
        let rejected = Call::due("writes", 11_000.0).lag(3.0).rejected(503, 2.0);
        let report = demanding(run()).call(rejected).report();
        assert_snapshot!(rows(&report.phases), @r#"
        {"name":"outage","from_s":0.0,"to_s":10.0,"exchanges":100,"succeeded":100,"attempts":150}
        {"name":"recovery","from_s":10.0,"to_s":20.0,"exchanges":1,"succeeded":0,"attempts":0}
        "#);
        assert_snapshot!(rows(&report.traffic), @r#"
        {"name":"reads","request":"GET /reads","mode":"open loop","exchanges":100,"skipped":0,"outcomes":[["complete",100]],"statuses":[[200,100]],"lag_p50_ms":0.0,"lag_p99_ms":0.0}
        {"name":"writes","request":"POST /writes","mode":"open loop","exchanges":1,"skipped":0,"outcomes":[["complete",1]],"statuses":[[503,1]],"lag_p50_ms":3.0,"lag_p99_ms":3.0}
        "#);
        assert_snapshot!(rows(&report.backends), @r#"
        {"name":"a","attempts":50,"failed":50,"connections":0,"probes":0}
        {"name":"b","attempts":100,"failed":0,"connections":0,"probes":0}
        "#);
        assert_snapshot!(rows(&report.injections), @r#"{"phase":"outage","fault":"status","settings":"{}","backends":["a"],"fired":50,"delay_error_p99_ms":null}"#);
        assert_snapshot!(rows(&report.latencies), @r#"
        {"traffic":"reads","phase":"outage","time":"response","count":100,"p50_ms":2.401,"p90_ms":3.601,"p99_ms":3.601,"p999_ms":3.601,"max_ms":3.601}
        {"traffic":"reads","phase":"outage","time":"service","count":100,"p50_ms":2.401,"p90_ms":3.601,"p99_ms":3.601,"p999_ms":3.601,"max_ms":3.601}
        {"traffic":"writes","phase":"recovery","time":"response","count":1,"p50_ms":5.003,"p90_ms":5.003,"p99_ms":5.003,"p999_ms":5.003,"max_ms":5.003}
        {"traffic":"writes","phase":"recovery","time":"service","count":1,"p50_ms":2.0,"p90_ms":2.0,"p99_ms":2.0,"p999_ms":2.0,"max_ms":2.0}
        "#);
    }
}
