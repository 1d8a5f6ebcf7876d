//! The text of OpenMetrics 1.0: families, labels, values.

use std::collections::BTreeSet;
use std::io;

use crate::escape;

/// A label: its name, which is ours, and its value, which may be foreign.
pub(super) type Label<'a> = (&'static str, &'a str);

/// A metric family: one name with its samples.
pub(super) struct Family {
    name: String,
    kind: &'static str,
    unit: &'static str,
    help: &'static str,
    scenario: String,
    samples: Vec<(String, f64)>,
    seen: BTreeSet<String>,
}

impl Family {
    /// A family of gauges. A unit is part of the name, as the format demands.
    pub(super) fn gauge(scenario: &str, name: &str, unit: &'static str, help: &'static str) -> Self {
        Family::new("gauge", scenario, name, unit, help)
    }

    /// A family of quantiles: every sample has the label `quantile`, which collectors take from no other type.
    pub(super) fn summary(scenario: &str, name: &str, unit: &'static str, help: &'static str) -> Self {
        Family::new("summary", scenario, name, unit, help)
    }

    fn new(kind: &'static str, scenario: &str, name: &str, unit: &'static str, help: &'static str) -> Self {
        let end = if unit.is_empty() { String::new() } else { format!("_{unit}") };
        Family {
            name: format!("brownout_{name}{end}"),
            kind,
            unit,
            help,
            scenario: scenario.to_owned(),
            samples: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Adds a sample. A second one with the same labels is left out, since the format forbids it; names are
    /// unique in a plan, so it comes from an edited report only.
    pub(super) fn add(&mut self, labels: &[Label<'_>], value: f64) {
        let scenario = ("scenario", self.scenario.as_str());
        let labels: Vec<String> = std::iter::once(&scenario)
            .chain(labels)
            .map(|(key, value)| format!("{key}=\"{}\"", quoted(value)))
            .collect();
        self.insert(labels.join(","), value);
    }

    fn insert(&mut self, labels: String, value: f64) {
        if self.seen.insert(labels.clone()) {
            self.samples.push((labels, value));
        }
    }

    /// True if both have the same name, of two runs perhaps.
    pub(super) fn is_of_the_name_of(&self, other: &Family) -> bool {
        self.name == other.name
    }

    /// Adds the samples of another family of this name.
    pub(super) fn take(&mut self, other: Family) {
        for (labels, value) in other.samples {
            self.insert(labels, value);
        }
    }

    /// Writes the family; nothing if it has no samples.
    pub(super) fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.samples.is_empty() {
            return Ok(());
        }
        writeln!(out, "# TYPE {} {}", self.name, self.kind)?;
        if !self.unit.is_empty() {
            writeln!(out, "# UNIT {} {}", self.name, self.unit)?;
        }
        writeln!(out, "# HELP {} {}", self.name, self.help)?;
        for (labels, value) in &self.samples {
            writeln!(out, "{}{{{labels}}} {}", self.name, number(*value))?;
        }
        Ok(())
    }
}

/// A label's value: harmless, bounded, and escaped as section "ABNF" of the format demands.
fn quoted(value: &str) -> String {
    escape::plain(value, 240).replace('\\', "\\\\").replace('"', "\\\"")
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}
