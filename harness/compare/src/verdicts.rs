//! From two figures to a word: same, changed, or can't tell, with why and what it would take.

use reports::{Change, Course, Finding, Group, Report, Verdict, Word};

use super::figure::{Better, Figure, Noise, SHARE_TELLABLE};
use super::findings::own;
use super::sample::Sample;
use super::stats::{self, Test, holm};
use super::words::{Unit, about};

/// Times that are this many times apart, with none in between, belong to two modes.
const MODES_APART: f64 = 1.5;

/// A figure before and after.
pub(crate) struct Pair {
    pub before: Figure,
    pub after: Figure,
}

/// Judges all figures together, because the more there are, the more differ by chance. `timeless` says why times
/// can't be compared, if they can't.
pub(crate) fn judge(pairs: &[Pair], noise: Noise, timeless: Option<&str>) -> Vec<Change> {
    let tests: Vec<Option<Test>> =
        pairs.iter().map(|pair| pair.before.sample.test(&pair.after.sample, pair.before.seed())).collect();
    let odds: Vec<f64> = tests.iter().flatten().map(|test| test.p).collect();
    let mut rejected = holm(&odds).into_iter();
    let mut changes: Vec<Change> = Vec::with_capacity(pairs.len());
    for (pair, test) in pairs.iter().zip(tests) {
        let told = match test {
            Some(test) => {
                let beyond_chance = rejected.next().unwrap_or(false);
                pair.tested(test, beyond_chance, noise)
            }
            None => pair.untested(noise),
        };
        let by_clock = pair.before.unit == Unit::Ms && pair.before.group != Group::Breaker;
        let told = match timeless.filter(|_| by_clock) {
            Some(why) => Told::unknown(why.into(), "two runs in the same world"),
            None => told,
        };
        changes.push(pair.change(told));
    }
    changes
}

/// What is said of a pair.
struct Told {
    word: Word,
    because: String,
    needed: Option<String>,
}

impl Told {
    fn unknown(because: String, needed: impl Into<String>) -> Self {
        Told { word: Word::CantTell, because, needed: Some(needed.into()) }
    }

    fn known(word: Word, because: String) -> Self {
        Told { word, because, needed: None }
    }
}

impl Pair {
    fn values(&self) -> (Option<f64>, Option<f64>) {
        (self.before.sample.value(), self.after.sample.value())
    }

    fn tested(&self, test: Test, beyond_chance: bool, noise: Noise) -> Told {
        let (Some(a), Some(b)) = self.values() else {
            return Told::unknown(
                "there is nothing to compare it with".into(),
                "requests of this kind in both runs",
            );
        };
        let (unit, figure) = (self.before.unit, &self.before);
        let difference = (b - a).abs();
        let (relevant, tellable) = (figure.relevant(a, b, noise), figure.tellable(a, b, noise));
        let seen = self.before.sample.count().min(self.after.sample.count());
        let min = figure.sample.count_min();
        let interval = format!(
            "difference {} to {} (99 % interval)",
            unit.difference(test.low),
            unit.difference(test.high)
        );
        if beyond_chance && difference >= relevant {
            return Told::known(Word::Changed, format!("{interval}; chance does not explain it"));
        }
        if seen < min {
            let because = format!("it rests on {seen} observations");
            return Told::unknown(because, needs(min as f64, seen));
        }
        if difference < relevant && (beyond_chance || test.resolution() <= tellable) {
            return Told::known(
                Word::Same,
                format!("less than {} apart; {interval}", unit.difference(relevant)),
            );
        }
        let alone = test.low > 0.0 || test.high < 0.0;
        if alone && difference >= relevant {
            let because = format!("{interval}: by itself a change, but one of many figures");
            return Told::unknown(because, needs(seen as f64 * 2.0, seen));
        }
        if let Some(because) = self.between_modes().filter(|_| test.resolution() > tellable) {
            return Told::known(Word::Same, because);
        }
        if test.resolution() > tellable {
            let factor = (test.resolution() / tellable).powi(2);
            return Told::unknown(interval, needs(seen as f64 * factor, seen));
        }
        let resolution = unit.difference(test.resolution());
        Told::known(Word::Same, format!("no difference to ± {resolution}; {interval}"))
    }

    /// What can be said of a quantile that falls into a gap between two modes, fast answers and slow ones. It jumps from
    /// one to the other by chance, and no number of requests changes that; how many are slow can be told.
    fn between_modes(&self) -> Option<String> {
        let (Sample::Quantile { buckets: before, q }, Sample::Quantile { buckets: after, .. }) =
            (&self.before.sample, &self.after.sample)
        else {
            return None;
        };
        let mut bounds: Vec<u64> = before.iter().chain(after).map(|(bound, _)| *bound).collect();
        bounds.sort_unstable();
        let gaps = bounds.windows(2).filter(|pair| pair[1] as f64 > pair[0] as f64 * MODES_APART);
        let above = |buckets: &[(u64, u64)], edge: u64| {
            let slow = buckets.iter().filter(|(bound, _)| *bound > edge).map(|(_, count)| count);
            (slow.sum::<u64>(), buckets.iter().map(|(_, count)| count).sum::<u64>())
        };
        gaps.map(|pair| pair[0]).find_map(|edge| {
            let (first, second) = (above(before, edge), above(after, edge));
            let test = stats::shares(first, second);
            let share = |(slow, all): (u64, u64)| slow as f64 / all as f64;
            let near = |part| (1.0 - share(part) - q).abs() <= test.resolution();
            let told =
                near(first) && near(second) && test.resolution() <= SHARE_TELLABLE && test.p > stats::ALPHA;
            told.then(|| {
                format!(
                    "it lies in a gap between two modes; {} took longer than {} before, and {} after",
                    Unit::Share.show(Some(share(first))),
                    Unit::Ms.show(Some(edge as f64 / 1e3)),
                    Unit::Share.show(Some(share(second)))
                )
            })
        })
    }

    /// A single event: no test can be made, so only a large difference counts.
    fn untested(&self, noise: Noise) -> Told {
        let (Some(a), Some(b)) = self.values() else {
            return Told::unknown(
                "the breaker's states can't be told".into(),
                "faults that leave a trace at the backend, and more traffic",
            );
        };
        let relevant = self.before.unit.difference(self.before.relevant(a, b, noise));
        if (b - a).abs() >= self.before.relevant(a, b, noise) {
            let because = format!("a single event, so no test: it differs by at least {relevant}");
            Told::known(Word::Changed, because)
        } else {
            Told::known(Word::Same, format!("a single event, so no test: it differs by less than {relevant}"))
        }
    }

    fn change(&self, told: Told) -> Change {
        let (a, b) = self.values();
        let figure = &self.before;
        let rises = b.unwrap_or(0.0) > a.unwrap_or(0.0);
        let course = (told.word == Word::Changed).then(|| course(figure.better, rises));
        let shown_as = if figure.id.contains("/attempts/") { Group::Behaviour } else { figure.group };
        Change {
            id: figure.id.clone(),
            group: shown_as,
            what: figure.what.clone(),
            before: figure.unit.show(a),
            after: figure.unit.show(b),
            word: told.word,
            course,
            because: told.because,
            needed: told.needed,
            matters: figure.matters,
        }
    }
}

/// Whether a change is good.
pub(crate) fn course(better: Better, rises: bool) -> Course {
    match (better, rises) {
        (Better::Open, _) => Course::Open,
        (Better::Lower, true) | (Better::Higher, false) => Course::Worse,
        (Better::Lower, false) | (Better::Higher, true) => Course::Better,
    }
}

/// `about 4 000 requests instead of 400`.
pub(crate) fn needs(wanted: f64, seen: u64) -> String {
    format!("{} observations instead of {seen} would tell", about(wanted))
}

/// More attempts that bring more success are a trade, and so are fewer that bring less: neither is simply good or
/// bad, and the same goes for what they cost and how long they take. Not so for writes: one that is sent again may be
/// carried out twice, and no success makes up for that.
pub(crate) fn soften(changes: &mut [Change], report: &Report) {
    let writes = |cell: &str| {
        report.traffic.iter().any(|class| {
            let repeats_harm = class.request.starts_with("POST ") || class.request.starts_with("PATCH ");
            repeats_harm && cell.strip_suffix(class.name.as_str()).is_some_and(|phase| phase.ends_with('/'))
        })
    };
    let turns: Vec<(String, Course)> = changes
        .iter()
        .filter(|change| change.word == Word::Changed)
        .filter_map(|change| Some((change.id.strip_suffix("/succeeded")?.to_owned(), change.course?)))
        .collect();
    for (cell, success) in turns {
        for change in changes.iter_mut() {
            let traded = change.id.strip_prefix(&cell).is_some_and(|rest| {
                ["/attempts/", "/cost/", "/response/", "/service/"].iter().any(|part| rest.starts_with(part))
            });
            let harmful = change.course == Some(Course::Worse) && writes(&cell);
            if traded && !harmful && change.course.is_some_and(|course| course != success) {
                change.course = Some(Course::Open);
                change.because += match success {
                    Course::Better => "; more requests succeed for it",
                    _ => "; fewer requests succeed with it",
                };
            }
        }
    }
}

/// The findings of two runs, matched by their names.
pub(crate) fn findings(before: &[(String, Verdict)], after: &[Finding]) -> Vec<Change> {
    let known = |id: &str| before.iter().find(|(name, _)| name == id).map(|(_, verdict)| *verdict);
    let mut changes: Vec<Change> =
        own(after).map(|finding| finding_change(known(&finding.id), finding)).collect();
    let gone = before.iter().filter(|(id, _)| !after.iter().any(|finding| finding.id == *id));
    changes.extend(gone.map(|(id, verdict)| Change {
        id: id.clone(),
        group: Group::Finding,
        what: format!("finding {id}"),
        before: verdict.to_string(),
        after: "–".into(),
        word: Word::CantTell,
        course: None,
        because: "the expectation is not judged any more".into(),
        needed: Some("the same expectations in both runs".into()),
        matters: true,
    }));
    changes
}

fn finding_change(before: Option<Verdict>, finding: &Finding) -> Change {
    let (word, course, because) = match (before, finding.verdict) {
        (_, Verdict::Inconclusive) => (Word::CantTell, None, finding.because.clone()),
        (Some(Verdict::Pass), Verdict::Pass) => (Word::Same, None, "it passes in both".into()),
        (Some(Verdict::Fail), Verdict::Fail) => {
            (Word::Same, None, format!("it fails in both: {}", finding.summary))
        }
        (Some(_), Verdict::Fail) => (Word::Changed, Some(Course::Worse), finding.summary.clone()),
        (Some(_), Verdict::Pass) => (Word::Changed, Some(Course::Better), finding.summary.clone()),
        (None, Verdict::Fail) => {
            (Word::Changed, Some(Course::Worse), format!("new, and it fails: {}", finding.summary))
        }
        (None, Verdict::Pass) => (Word::Changed, Some(Course::Better), "new, and it passes".into()),
    };
    Change {
        id: finding.id.clone(),
        group: Group::Finding,
        what: format!("finding {}", finding.id),
        before: before.map_or_else(|| "–".into(), |verdict| verdict.to_string()),
        after: finding.verdict.to_string(),
        word,
        course,
        because,
        needed: (word == Word::CantTell).then(|| "a run that proves it either way".to_owned()),
        matters: true,
    }
}

/// The figures of both, matched by name. What one of them lacks although it counted the whole is a zero there; what
/// can't be matched is named.
pub(crate) fn pairs(before: &[Figure], after: &[Figure]) -> (Vec<Pair>, Vec<String>) {
    let zero = |missing: &Figure, there: &[Figure]| {
        let whole = there.iter().find(|figure| Some(&figure.id) == missing.part_of.as_ref())?;
        Some(Figure { sample: Sample::Share { hits: 0, of: whole.sample.count() }, ..missing.clone() })
    };
    let find = |id: &str, there: &[Figure]| there.iter().find(|figure| figure.id == id).cloned();
    let (mut pairs, mut unmatched) = (Vec::new(), Vec::new());
    for figure in before {
        match find(&figure.id, after).or_else(|| zero(figure, after)) {
            Some(other) => pairs.push(Pair { before: figure.clone(), after: other }),
            None => unmatched.push(format!("{} (before only)", figure.id)),
        }
    }
    for figure in after.iter().filter(|figure| !before.iter().any(|other| other.id == figure.id)) {
        match zero(figure, before) {
            Some(other) => pairs.push(Pair { before: other, after: figure.clone() }),
            None => unmatched.push(format!("{} (after only)", figure.id)),
        }
    }
    (pairs, unmatched)
}
