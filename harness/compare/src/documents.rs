//! The comparison as a document: of two reports, or of a report with a baseline.

use reports::{Answer, COMPARISON_VERSION, Change, Comparison, Course, Overlay, Report, Side, Verdict, Word};

use super::figure::Noise;
use super::figures::figures;
use super::findings::own;
use super::stats::{ALPHA, DESIGN_EFFECT, RESAMPLES};
use super::verdicts;
use crate::baseline::Baseline;

/// The most names in a remark.
const NAMES_MAX: usize = 8;

/// Why two runs can't be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomparable {
    /// They are of different scenarios.
    #[error("the runs are of different scenarios: `{before}` and `{after}`")]
    Scenario {
        /// The scenario before.
        before: String,
        /// The scenario after.
        after: String,
    },
    /// Their phases differ.
    #[error("the runs have different phases: {before} and {after}")]
    Phases {
        /// The phases before.
        before: String,
        /// The phases after.
        after: String,
    },
    /// Their traffic classes differ.
    #[error("the runs have different traffic: {before} and {after}")]
    Traffic {
        /// The traffic classes before.
        before: String,
        /// The traffic classes after.
        after: String,
    },
}

/// Compares two runs of a scenario. Every row says whether something is the same, changed, or can't be told.
///
/// # Errors
/// If scenario, phases or traffic have different names: figures of different things say nothing of each other.
pub fn compare(before: &Report, after: &Report) -> Result<Comparison, Incomparable> {
    comparable(before, after)?;
    let noise = Noise::of(before).max(Noise::of(after));
    let timeless = (before.simulated != after.simulated)
        .then_some("time was simulated in one run and real in the other, so lengths can't be compared");
    let (pairs, unmatched) = verdicts::pairs(&figures(before), &figures(after));
    let mut changes = verdicts::findings(&verdicts_of(before), &after.findings);
    changes.extend(verdicts::judge(&pairs, noise, timeless));
    verdicts::soften(&mut changes, after);
    let mut remarks = differences(before, after);
    // What only one of them has of timers and pauses follows from rows that both have.
    let unmatched: Vec<String> =
        unmatched.into_iter().filter(|id| !id.contains("/timer/") && !id.contains("/breaker/")).collect();
    remarks.extend(named("figures that only one of the runs has", &unmatched));
    let method = method(pairs.len(), noise);
    Ok(document(
        before.scenario.clone(),
        (side(before), side(after)),
        changes,
        (method, remarks),
        overlays(before, after),
    ))
}

/// Compares a run with a baseline.
///
/// # Errors
/// If the baseline is of another scenario.
pub fn compare_with_baseline(baseline: &Baseline, after: &Report) -> Result<Comparison, Incomparable> {
    if baseline.scenario != after.scenario {
        return Err(Incomparable::Scenario {
            before: baseline.scenario.clone(),
            after: after.scenario.clone(),
        });
    }
    let verdicts: Vec<(String, Verdict)> =
        baseline.findings.iter().map(|(id, verdict)| (id.clone(), *verdict)).collect();
    let mut changes = verdicts::findings(&verdicts, &after.findings);
    let (rows, remarks) = baseline.judge(after);
    changes.extend(rows);
    verdicts::soften(&mut changes, after);
    let before = Side {
        run: baseline.run.clone(),
        started: baseline.started.clone(),
        gateway: baseline.gateway.clone(),
        seed: baseline.seed,
        simulated: baseline.simulated,
    };
    let method = vec![
        "Each figure is held against the baseline's, give or take the tolerance that the baseline states."
            .into(),
    ];
    let scenario = after.scenario.clone();
    Ok(document(scenario, (before, side(after)), changes, (method, remarks), Vec::new()))
}

fn document(
    scenario: String,
    (before, after): (Side, Side),
    mut changes: Vec<Change>,
    (method, remarks): (Vec<String>, Vec<String>),
    overlays: Vec<Overlay>,
) -> Comparison {
    let rank = |change: &Change| match (change.word, change.course) {
        (Word::Changed, Some(Course::Worse)) => 0,
        (Word::Changed, Some(Course::Open) | None) => 1,
        (Word::Changed, Some(Course::Better)) => 2,
        (Word::CantTell, _) => 3 + u8::from(!change.matters),
        (Word::Same, _) => 5,
    };
    // The sort is stable: within a rank, rows stay in the order of the report.
    changes.sort_by_key(|change| (rank(change), change.group));
    let answer: Answer = Comparison::answer_of(&changes);
    Comparison {
        version: COMPARISON_VERSION,
        scenario,
        before,
        after,
        answer,
        method,
        remarks,
        changes,
        overlays,
    }
}

fn comparable(before: &Report, after: &Report) -> Result<(), Incomparable> {
    if before.scenario != after.scenario {
        return Err(Incomparable::Scenario {
            before: before.scenario.clone(),
            after: after.scenario.clone(),
        });
    }
    let phases = |report: &Report| listed(report.phases.iter().map(|phase| &phase.name));
    if phases(before) != phases(after) {
        return Err(Incomparable::Phases { before: phases(before), after: phases(after) });
    }
    let traffic = |report: &Report| listed(report.traffic.iter().map(|class| &class.name));
    if traffic(before) != traffic(after) {
        return Err(Incomparable::Traffic { before: traffic(before), after: traffic(after) });
    }
    Ok(())
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// What else differs between the runs, and what limits each.
fn differences(before: &Report, after: &Report) -> Vec<String> {
    let mut remarks = Vec::new();
    let length = |report: &Report| report.phases.last().map_or(0.0, |phase| phase.to_s);
    if (length(before) - length(after)).abs() > 1e-6 {
        remarks.push(format!("the runs were planned for {} s and {} s", length(before), length(after)));
    }
    if before.overrides != after.overrides {
        let set = |report: &Report| {
            if report.overrides.is_empty() { "nothing".into() } else { report.overrides.join(", ") }
        };
        remarks.push(format!("the command line set {} before, and {} after", set(before), set(after)));
    }
    for (which, report) in [("before", before), ("after", after)] {
        remarks.extend(report.remarks.iter().map(|remark| format!("{which}: {remark}")));
        if report.behaviour.cells.is_empty() {
            remarks.push(format!(
                "{which}: the report has no counts of behaviour; `brownout compare` on its run directory judges it again"
            ));
        }
    }
    remarks
}

/// Names in one sentence, if there are any.
pub(crate) fn named(what: &str, names: &[String]) -> Option<String> {
    let first = names.first()?;
    let shown = names.iter().skip(1).take(NAMES_MAX - 1).fold(first.clone(), |all, name| all + ", " + name);
    let more = names.len().saturating_sub(NAMES_MAX);
    Some(if more > 0 { format!("{what}: {shown}, and {more} more") } else { format!("{what}: {shown}") })
}

/// How figures are compared, in sentences.
pub(crate) fn method(rows: usize, noise: Noise) -> Vec<String> {
    vec![
        format!(
            "{rows} figures were compared. With no change at all, the chance that any is called changed is at most {} % \
             (Holm's correction); requests of a run share its weather and count as {DESIGN_EFFECT} times fewer.",
            ALPHA * 100.0
        ),
        "Shares by Fisher's exact test or with continuity correction, intervals by Newcombe and Wilson; quantiles by \
         Mood's test."
            .to_owned()
            + &format!(" Intervals of quantiles from {RESAMPLES} bootstrap draws of a fixed seed."),
        format!(
            "The smallest change that is called one: 2 percentage points of outcomes (less where a rare one doubles), 5 \
             of balance, 5 % of attempts, 10 % of times and at least {:.2} ms ({:.2} ms for the slowest percent: \
             noise of both runs), 10 % of cost. Breaker figures are single events: twice as many, or 25 % longer.",
            noise.usual_ms, noise.worst_ms
        ),
    ]
}

fn verdicts_of(report: &Report) -> Vec<(String, Verdict)> {
    own(&report.findings).map(|finding| (finding.id.clone(), finding.verdict)).collect()
}

fn side(report: &Report) -> Side {
    Side {
        run: report.run.clone(),
        started: report.started.clone(),
        gateway: report.gateway_named(),
        seed: report.seed,
        simulated: report.simulated,
    }
}

/// Response times of both runs, by class and phase.
fn overlays(before: &Report, after: &Report) -> Vec<Overlay> {
    let responses = before.distributions.iter().filter(|row| row.time == "response");
    responses
        .filter_map(|row| {
            let same = |other: &&reports::Distribution| {
                (&other.traffic, &other.phase, &other.time) == (&row.traffic, &row.phase, &row.time)
            };
            let other = after.distributions.iter().find(same)?;
            Some(Overlay {
                what: format!("response time of {} in {}", row.traffic, row.phase),
                before: row.buckets.clone(),
                after: other.buckets.clone(),
            })
        })
        .collect()
}
