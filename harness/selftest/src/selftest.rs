//! Runs the whole self-test, over all cores.

use std::path::Path;

use policy::Policy;
use reports::{Report, Verdict};
use scenario::Overrides;
use scenarios::Entry;

use crate::cores::on_all_cores;
use crate::mutants::{Mutant, mutants};
use crate::outcome::{CorrectRow, Fate, MutantRow, Outcome};
use crate::pairs::{Pair, pairs};
use crate::trial::Trial;

/// What is to be tested.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seeds of the correct gateway for each scenario of the library.
    pub seeds: u64,
    /// Whether the defects are tried.
    pub defects: bool,
    /// How many pairs of defects are tried.
    pub pairs: usize,
    /// Whether the policy mutants are tried.
    pub mutants: bool,
    /// Only the scenarios of these names; all without any.
    pub scenarios: Vec<String>,
}

/// The seed of the runs with a defect or a mutant.
const SEED: u64 = 7;

/// One run of a self-test.
enum Job {
    Correct {
        entry: &'static Entry,
        seed: u64,
    },
    Defect {
        entry: &'static Entry,
        defect: gateways::reference::Defect,
    },
    /// Two defects in the scenario of the first.
    Pair {
        entry: &'static Entry,
        pair: Pair,
    },
    Mutant {
        entry: &'static Entry,
        mutant: Box<Mutant>,
        business: bool,
    },
}

/// What a run gave.
enum Done {
    /// The verdict on the correct gateway, and what the worst finding says. Not the report: a thousand seeds have as many.
    Correct(Verdict, Option<String>),
    Row(MutantRow),
}

/// Runs it; `progress` is told how many runs are done, of how many. Nothing is written.
pub fn selftest(options: &Options, progress: &(dyn Fn(usize, usize) + Sync)) -> Outcome {
    let jobs = jobs(options);
    let results = on_all_cores(jobs.len(), |index| carry_out(&jobs[index]), progress);
    Outcome { is_part: !options.scenarios.is_empty(), ..gather(&jobs, results) }
}

fn jobs(options: &Options) -> Vec<Job> {
    let wanted = |entry: &&Entry| {
        options.scenarios.is_empty() || options.scenarios.iter().any(|name| name == entry.name)
    };
    let mut jobs = Vec::new();
    for entry in scenarios::LIBRARY.iter().filter(wanted) {
        jobs.extend((1..=options.seeds).map(|seed| Job::Correct { entry, seed }));
        if options.mutants {
            jobs.extend(mutants_of(entry));
        }
    }
    if options.defects {
        for defect in gateways::reference::Defect::all() {
            let (scenario, _) = defect.caught();
            let entry = scenarios::find(scenario).filter(wanted);
            jobs.extend(entry.map(|entry| Job::Defect { entry, defect }));
        }
    }
    for [one, other] in pairs(options.pairs, SEED) {
        for pair in [[one, other], [other, one]] {
            let entry = scenarios::find(pair[0].caught().0).filter(wanted);
            jobs.extend(entry.map(|entry| Job::Pair { entry, pair }));
        }
    }
    jobs
}

fn mutants_of(entry: &'static Entry) -> Vec<Job> {
    let loaded = scenario::load_text(entry.name, entry.text, Path::new("."), &Overrides::default());
    let Ok(loaded) = loaded else { return Vec::new() };
    let about = |key: &str| loaded.plan.demands.iter().any(|demand| demand.expectation.is_about(key));
    let found = mutants(&loaded.plan.policy).into_iter();
    found
        .map(|mutant| {
            let business = about(&mutant.key);
            Job::Mutant { entry, mutant: Box::new(mutant), business }
        })
        .collect()
}

fn carry_out(job: &Job) -> Done {
    match job {
        Job::Correct { entry, seed } => said(run(entry, &[], *seed, None)),
        Job::Defect { entry, defect } => {
            let set = [format!("gateway.reference.defects=[\"{}\"]", defect.name())];
            let fate = match run(entry, &set, SEED, None) {
                Ok(report) => caught(&report, *defect),
                Err(why) => Fate::Broken(why),
            };
            Done::Row(row(entry, defect.name(), defect.caught().1, fate))
        }
        Job::Pair { entry, pair: [one, other] } => {
            let set = [format!("gateway.reference.defects=[\"{}\", \"{}\"]", one.name(), other.name())];
            let fate = match run(entry, &set, SEED, None) {
                Ok(report) => named(&report, one.caught().1),
                Err(why) => Fate::Broken(why),
            };
            Done::Row(row(entry, &format!("{} with {}", one.name(), other.name()), one.caught().1, fate))
        }
        Job::Mutant { entry, mutant, business: false } => {
            Done::Row(row(entry, &mutant.key, &mutant.what, Fate::NoBusiness))
        }
        Job::Mutant { entry, mutant, business: true } => {
            let fate = match run(entry, &[], SEED, Some(&mutant.policy)) {
                Ok(report) => fate(&report),
                Err(why) => Fate::Broken(why),
            };
            Done::Row(row(entry, &mutant.key, &mutant.what, fate))
        }
    }
}

fn run(entry: &Entry, set: &[String], seed: u64, really: Option<&Policy>) -> Result<Report, String> {
    Trial { text: entry.text, set, seed, really }.report().map_err(|error| error.to_string())
}

/// A defect must be caught by the expectation that it names, and by none that it does not name.
fn caught(report: &Report, defect: gateways::reference::Defect) -> Fate {
    let (_, by) = defect.caught();
    let mut failed = report.findings.iter().filter(|finding| finding.verdict == Verdict::Fail);
    if let Some(other) = failed.clone().find(|finding| !defect.may_fail(&finding.expectation)) {
        return Fate::Alive(format!("{} failed, which it does not name: {}", other.id, other.summary));
    }
    match failed.clone().next() {
        Some(other) if failed.all(|finding| finding.expectation != by) => {
            Fate::Alive(format!("only {} failed: {}", other.id, other.summary))
        }
        Some(_) => Fate::Caught(by.into()),
        None => fate(report),
    }
}

/// Beside another defect, one must still be caught by the expectation that it names. What the other one breaks in this
/// scenario is no concern here.
fn named(report: &Report, by: &str) -> Fate {
    let mut of_kind = report.findings.iter().filter(|finding| finding.expectation == by);
    match of_kind.clone().find(|finding| finding.verdict == Verdict::Fail) {
        Some(_) => Fate::Caught(by.into()),
        None => Fate::Alive(of_kind.next().map_or_else(
            || format!("no finding of `{by}`"),
            |finding| format!("{}: {}", finding.id, finding.summary),
        )),
    }
}

/// An inconclusive finding kills nothing: whoever runs the scenario would not learn what is wrong.
fn fate(report: &Report) -> Fate {
    let mut failed = report.findings.iter().filter(|finding| finding.verdict == Verdict::Fail);
    if let Some(finding) = failed.next() {
        return Fate::Caught(finding.expectation.clone());
    }
    let open = report.findings.iter().find(|finding| finding.verdict == Verdict::Inconclusive);
    Fate::Alive(
        open.map_or_else(
            || "everything passed".into(),
            |finding| format!("{}: {}", finding.id, finding.summary),
        ),
    )
}

fn row(entry: &Entry, key: &str, what: &str, fate: Fate) -> MutantRow {
    MutantRow { scenario: entry.name.into(), key: key.into(), what: what.into(), fate }
}

fn gather(jobs: &[Job], results: Vec<Done>) -> Outcome {
    let mut outcome = Outcome::default();
    for (job, result) in jobs.iter().zip(results) {
        match (job, result) {
            (Job::Correct { entry, .. }, Done::Correct(verdict, words)) => {
                note(&mut outcome.correct, entry, verdict, words);
            }
            (Job::Defect { .. }, Done::Row(row)) => outcome.defects.push(row),
            (Job::Pair { .. }, Done::Row(row)) => outcome.pairs.push(row),
            (Job::Mutant { .. }, Done::Row(row)) => outcome.mutants.push(row),
            _ => {}
        }
    }
    outcome
}

fn said(result: Result<Report, String>) -> Done {
    match result {
        Ok(report) => {
            let worst = report.findings.iter().find(|finding| finding.verdict == report.verdict);
            let words =
                worst.map(|finding| format!("seed {}: {}: {}", report.seed, finding.id, finding.summary));
            Done::Correct(report.verdict, words.or_else(|| report.remarks.first().cloned()))
        }
        Err(why) => Done::Correct(Verdict::Inconclusive, Some(why)),
    }
}

fn note(rows: &mut Vec<CorrectRow>, entry: &Entry, verdict: Verdict, words: Option<String>) {
    if rows.last().is_none_or(|row| row.scenario != entry.name) {
        let scenario = entry.name.into();
        rows.push(CorrectRow { scenario, runs: 0, failed: 0, inconclusive: 0, first: None });
    }
    let Some(row) = rows.last_mut() else { return };
    row.runs += 1;
    row.failed += u64::from(verdict == Verdict::Fail);
    row.inconclusive += u64::from(verdict == Verdict::Inconclusive);
    if verdict != Verdict::Pass && row.first.is_none() {
        row.first = words;
    }
}
