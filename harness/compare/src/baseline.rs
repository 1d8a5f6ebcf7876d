//! A baseline: what a run measured, kept beside its scenario, small and in order, so that a change to it can be
//! reviewed.

use std::collections::BTreeMap;
use std::fmt;

use reports::{Change, Group, Report, Verdict, Word};
use serde::{Deserialize, Serialize};

use crate::{
    ALPHA, Estimate, Figure, Noise, Unit, Z99, course, deviations, figures, named, needs, of_nobody, own,
};

/// The version of the file's shape.
pub const BASELINE_VERSION: u32 = 1;

/// What a run measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The version of the shape.
    pub version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// The run that it was made from.
    pub run: String,
    /// When that was started, RFC 3339.
    pub started: String,
    /// The gateway's kind and version.
    pub gateway: String,
    /// The seed.
    pub seed: u64,
    /// True if sockets and time were simulated.
    pub simulated: bool,
    /// The verdict of each finding.
    #[serde(default)]
    pub findings: BTreeMap<String, Verdict>,
    /// The figures by their names.
    #[serde(default)]
    pub figures: BTreeMap<String, BaselineFigure>,
}

/// A figure that a run measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFigure {
    /// The value.
    pub value: f64,
    /// Its unit: `share` (0 to 1), `ms`, `attempts`, `count`.
    pub unit: String,
    /// How far another run may be off: the noise of a difference, and never less than what matters.
    pub tolerance: f64,
    /// Observations that the value rests on.
    pub count: u64,
}

impl Baseline {
    /// The baseline of a run.
    pub fn of(report: &Report) -> Self {
        let noise = Noise::of(report);
        let kept: Vec<Figure> = figures(report).into_iter().filter(|figure| figure.kept).collect();
        let factor = widening(kept.len());
        let entries = kept.iter().filter_map(|figure| {
            let estimate = figure.sample.estimate(figure.seed())?;
            if estimate.count < figure.sample.count_min() {
                return None;
            }
            Some((figure.id.clone(), kept_figure(figure, estimate, noise, factor)))
        });
        Baseline {
            version: BASELINE_VERSION,
            scenario: report.scenario.clone(),
            run: report.run.clone(),
            started: report.started.clone(),
            gateway: report.gateway_named(),
            seed: report.seed,
            simulated: report.simulated,
            findings: own(&report.findings).map(|finding| (finding.id.clone(), finding.verdict)).collect(),
            figures: entries.collect(),
        }
    }

    /// Why it can't be used.
    pub fn problem(&self) -> Option<String> {
        if self.version != BASELINE_VERSION {
            return Some(format!(
                "the baseline has version {}, this brownout reads version {BASELINE_VERSION}",
                self.version
            ));
        }
        let sound = |figure: &BaselineFigure| {
            figure.value.is_finite() && figure.tolerance.is_finite() && figure.tolerance >= 0.0
        };
        let (id, _) = self.figures.iter().find(|(_, figure)| !sound(figure))?;
        Some(format!("figure `{id}`: value and tolerance must be finite, and the tolerance not negative"))
    }

    /// The figures that are too noisy to show anything: the tolerance is more than half of the value, or of the share that
    /// is left to the other side. A value of 0 has no half, and times that are simulated are no measurements.
    pub fn blind(&self) -> impl Iterator<Item = (&str, &BaselineFigure)> {
        let half = |figure: &BaselineFigure| match figure.unit.as_str() {
            "share" => figure.value.max(1.0 - figure.value) / 2.0,
            _ => figure.value / 2.0,
        };
        self.figures
            .iter()
            .filter(|(_, figure)| !(self.simulated && figure.unit == "ms"))
            .filter(move |(_, figure)| figure.value > 0.0 && figure.tolerance > half(figure))
            .map(|(id, figure)| (id.as_str(), figure))
    }

    /// The rows of a run's figures, and what can't be matched.
    pub(crate) fn judge(&self, report: &Report) -> (Vec<Change>, Vec<String>) {
        let found = figures(report);
        let factor = widening(self.figures.len());
        let mut changes = Vec::new();
        for (id, kept) in &self.figures {
            let figure = found.iter().find(|figure| figure.id == *id).cloned();
            let figure = figure.or_else(|| of_nobody(report, id));
            changes.push(row(id, kept, figure.as_ref(), factor));
        }
        let new: Vec<String> = found
            .iter()
            .filter(|figure| figure.kept && !self.figures.contains_key(&figure.id))
            .filter(|figure| figure.sample.count() >= figure.sample.count_min().max(1))
            .map(|figure| figure.id.clone())
            .collect();
        let mut remarks: Vec<String> =
            named("figures that the baseline does not know", &new).into_iter().collect();
        if self.simulated != report.simulated {
            remarks.push(
                "time was simulated for one of the baseline and the run, and real for the other".into(),
            );
        }
        remarks.extend(report.remarks.iter().cloned());
        (changes, remarks)
    }
}

/// How much wider than 99 % the interval of each of so many figures must be, for all of them together.
fn widening(count: usize) -> f64 {
    deviations(ALPHA / count.max(1) as f64) / Z99
}

fn kept_figure(figure: &Figure, estimate: Estimate, noise: Noise, factor: f64) -> BaselineFigure {
    let value = estimate.value;
    // Another run has its own error, which is as large.
    let chance = estimate.half * std::f64::consts::SQRT_2 * factor;
    BaselineFigure {
        value: rounded(value),
        unit: figure.unit.name().into(),
        tolerance: rounded(figure.relevant(value, value, noise).max(chance)),
        count: estimate.count,
    }
}

/// Four significant digits: a diff should not show more than was measured.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10f64.powi(3 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

fn row(id: &str, kept: &BaselineFigure, figure: Option<&Figure>, factor: f64) -> Change {
    let unit = Unit::named(&kept.unit);
    let show = |value: f64| unit.map_or_else(|| format!("{value}"), |unit| unit.show(Some(value)));
    let mut change = Change {
        id: id.into(),
        group: figure.map_or(Group::Behaviour, |figure| figure.group),
        what: figure.map_or_else(|| id.to_owned(), |figure| figure.what.clone()),
        before: show(kept.value),
        after: "–".into(),
        word: Word::CantTell,
        course: None,
        because: "the run has no such figure".into(),
        needed: Some("requests of this kind, or a baseline without it".into()),
        matters: true,
    };
    let Some((figure, estimate)) =
        figure.and_then(|figure| Some((figure, figure.sample.estimate(figure.seed())?)))
    else {
        return change;
    };
    change.after = show(estimate.value);
    change.matters = figure.matters;
    if unit != Some(figure.unit) {
        change.matters = true;
        change.because =
            format!("the baseline gives it in `{}`, the run in `{}`", kept.unit, figure.unit.name());
        change.needed = Some("a baseline that this version wrote".into());
        return change;
    }
    let (difference, own) = (estimate.value - kept.value, estimate.half * factor);
    let enough = estimate.count >= figure.sample.count_min();
    let room = if own > kept.tolerance { kept.tolerance + own } else { kept.tolerance };
    if difference.abs() > room && enough {
        change.word = Word::Changed;
        change.course = Some(course(figure.better, difference > 0.0));
        change.because = format!("more than ± {} from the baseline", figure.unit.difference(kept.tolerance));
        change.needed = None;
    } else if !enough || own > kept.tolerance {
        let wanted = estimate.count as f64 * (own / kept.tolerance.max(1e-9)).powi(2);
        let wanted =
            wanted.max(figure.sample.count_min() as f64).max(kept.count.min(estimate.count * 2) as f64);
        change.because =
            format!("its own noise of ± {} is larger than the tolerance", figure.unit.difference(own));
        change.needed = Some(needs(wanted, estimate.count));
    } else {
        change.word = Word::Same;
        change.because = format!("within ± {} of the baseline", figure.unit.difference(kept.tolerance));
        change.needed = None;
    }
    change
}

impl fmt::Display for Baseline {
    /// The file: sorted, one line a figure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# What `{}` measured. `brownout run --baseline` judges against it.",
            comment(&self.scenario)
        )?;
        writeln!(f, "version   = {}", self.version)?;
        writeln!(f, "scenario  = {}", quoted(&self.scenario))?;
        writeln!(f, "run       = {}", quoted(&self.run))?;
        writeln!(f, "started   = {}", quoted(&self.started))?;
        writeln!(f, "gateway   = {}", quoted(&self.gateway))?;
        writeln!(f, "seed      = {}", self.seed)?;
        writeln!(f, "simulated = {}\n", self.simulated)?;
        writeln!(f, "[findings]")?;
        for (id, verdict) in &self.findings {
            writeln!(f, "{} = {}", quoted(id), quoted(&verdict.to_string()))?;
        }
        writeln!(f, "\n[figures]")?;
        for (id, figure) in &self.figures {
            writeln!(
                f,
                "{} = {{ value = {:?}, unit = {}, tolerance = {:?}, count = {} }}",
                quoted(id),
                figure.value,
                quoted(&figure.unit),
                figure.tolerance,
                figure.count
            )?;
        }
        Ok(())
    }
}

/// A basic string of TOML: that of JSON, but for DEL, which TOML wants escaped.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// Text that can't end its comment.
fn comment(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(figures: &[(&str, f64, &str, f64)], simulated: bool) -> Baseline {
        let figures = figures.iter().map(|(id, value, unit, tolerance)| {
            let (value, tolerance) = (*value, *tolerance);
            ((*id).to_owned(), BaselineFigure { value, unit: (*unit).to_owned(), tolerance, count: 300 })
        });
        Baseline { simulated, figures: figures.collect(), ..Baseline::of(&Report::default()) }
    }

    #[test]
    fn a_figure_whose_tolerance_is_more_than_half_of_it_shows_nothing() {
        let baseline = kept(
            &[
                ("blind", 0.219, "ms", 27.28),
                ("fair", 0.5, "share", 0.26),
                ("half", 2.0, "ms", 1.0),
                ("never", 0.0, "share", 0.1),
                ("rare", 0.01, "share", 0.02),
                ("tries", 1.5, "attempts", 0.8),
            ],
            false,
        );
        let blind: Vec<&str> = baseline.blind().map(|(id, _)| id).collect();
        assert_eq!(blind, ["blind", "fair", "tries"]);
    }

    #[test]
    fn simulated_times_are_no_measurements() {
        assert_eq!(kept(&[("p50", 0.001, "ms", 0.05)], true).blind().count(), 0);
    }
}
