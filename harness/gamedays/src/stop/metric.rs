//! The stop condition `metric`.

use std::time::Duration;

use evidence::Sum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Moment, Timespan};

use super::over::stretch_problem;
use super::{Cast, Look, Reading, Seen, Stop, Watch};

/// How old the last scrape may be: a gateway that does not answer any more says nothing of now.
const FRESH: Duration = Duration::from_secs(5);

/// The shortest stretch over which a counter is looked at, in which two scrapes come.
const OVER_MIN: Duration = Duration::from_secs(2);

/// A figure of the gateway's own metrics is too high.
///
/// # What it watches
/// The sum of the series that `sum` chooses, as the gateway tells it once a second. With `over`: by how much it has grown a second
/// over that stretch, which is how counters are read. Without it: the figure itself, such as a queue's length.
///
/// # When it can't tell
/// Until a scrape has told a series of the sum, `over` has passed, and while the last scrape is older than 5 s. A counter that begins
/// anew, because the gateway was restarted, tells nothing until `over` has passed again. `check` refuses a metric that no run
/// keeps: its scenario says by `metrics = { keep = ["NAME"] }` of the gateway which are kept.
///
/// # Example
/// `metric = { sum = "haproxy_backend_current_queue", above = 100 }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Series that are added up, each by its name and labels: `a_total{code="500"} + b_total`.
    pub sum: String,
    /// The figure above which the day ends.
    pub above: f64,
    /// How far back the growth is taken, from 2 s to 60 s. Without it: the figure itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Timespan>,
}

impl Stop for Metric {
    fn problem(&self, cast: &Cast<'_>) -> Option<String> {
        let sum = match Sum::parse(&self.sum) {
            Ok(sum) => sum,
            Err(why) => return Some(format!("`sum` is `{}`: {why}", self.sum)),
        };
        if !self.above.is_finite() {
            return Some(format!("`above` is {}, expected a number", self.above));
        }
        let kept = |name: &str| {
            let metrics = cast.runs.iter().filter_map(|run| run.loaded.plan.brief.metrics.as_ref());
            metrics.flat_map(|metrics| &metrics.kept).any(|kept| kept == name)
        };
        if let Some(name) = sum.names().find(|name| !kept(name)) {
            return Some(format!(
                "no run keeps the metric `{name}`: `metrics = {{ keep = [\"{name}\"] }}` of its gateway does"
            ));
        }
        let short = self.over.filter(|over| over.0 < OVER_MIN);
        let short = short.map(|over| format!("`over` is {over}, allowed are 2 s to 60 s"));
        short.or_else(|| self.over.and_then(stretch_problem))
    }

    fn words(&self) -> String {
        let Metric { sum, above, over } = self;
        match over {
            None => format!("`{sum}` is above {above}"),
            Some(over) => format!("`{sum}` grows by more than {above}/s over {over}"),
        }
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(self.clone())
    }
}

impl Metric {
    fn look_at(&self, sum: &Sum, run: &Seen<'_>) -> Option<Reading> {
        let now = run.now?;
        let told = run.tally.scrapes.sums(sum);
        let Some((at, last)) = told.last().copied().filter(|(at, _)| now.since(*at) <= FRESH) else {
            return Some(Reading::unknown("no scrape of the last 5 s tells it"));
        };
        let Some(over) = self.over else { return Some(Reading::of(figure(last), last, self.above)) };
        let from = told.iter().rev().find(|(from, _)| at.since(*from) >= over.0);
        let Some((from, first)) = from.copied().filter(|_| !begins_anew(&told, at, over)) else {
            return Some(Reading::unknown(format!("it is not known for {over} yet")));
        };
        let growth = (last - first) / at.since(from).as_secs_f64();
        Some(Reading::of(format!("{}/s", figure(growth)), growth, self.above))
    }
}

/// Whether a counter was set back within the stretch before its last figure.
fn begins_anew(told: &[(Moment, f64)], at: Moment, over: Timespan) -> bool {
    let within = |moment: Moment| at.since(moment) <= over.0;
    told.windows(2).any(|pair| within(pair[1].0) && pair[1].1 < pair[0].1)
}

fn figure(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

impl Watch for Metric {
    fn look(&mut self, look: &Look<'_>) -> Reading {
        let Ok(sum) = Sum::parse(&self.sum) else { return Reading::unknown("it is no sum of series") };
        let readings = look.runs.iter().filter_map(|run| self.look_at(&sum, run));
        Reading::worst(readings).unwrap_or_else(|| Reading::unknown("no run yet"))
    }
}

#[cfg(test)]
mod tests {
    use evidence::Sample;

    use super::super::testing::look_at;
    use super::*;
    use crate::tally::Tally;
    use crate::tally::testing::at;

    /// A run whose gateway tells these figures of two series, one scrape a second; with a third series that nobody asked for.
    fn told(figures: &[f64]) -> Tally {
        let tally = Tally::new(vec!["reads".into()], vec!["a".into()]);
        for (number, value) in (0..).zip(figures) {
            for (series, value) in [("x{of=\"a\"}", *value), ("x{of=\"b\"}", 1.0), ("y", 1e9)] {
                let (asked, answered) = (at(u64::from(number) * 1_000), at(u64::from(number) * 1_000 + 5));
                let series = Some(series.into());
                tally.scrapes.note(&Sample { scrape: number, asked, answered, series, value, failed: None });
            }
        }
        tally
    }

    fn condition(text: &str) -> Metric {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_figure_is_met_above_its_bound_and_says_nothing_once_it_is_old() {
        let mut queue = condition("sum = \"x\"\nabove = 10");
        assert_eq!(look_at(&mut queue, &told(&[3.0, 9.0]), 1_100), Reading::of("10", 10.0, 10.0));
        assert!(look_at(&mut queue, &told(&[3.0, 9.5]), 1_100).met);
        assert!(!look_at(&mut queue, &told(&[30.0, 3.0]), 1_100).met, "the last one counts");
        let old = look_at(&mut queue, &told(&[30.0]), 5_100);
        assert_eq!(old, Reading::unknown("no scrape of the last 5 s tells it"));
    }

    #[test]
    fn a_counter_is_met_by_its_growth_and_tells_nothing_while_it_begins_anew() {
        let mut errors = condition("sum = \"x{of=\\\"a\\\"}\"\nabove = 10\nover = \"2s\"");
        let reading = |errors: &mut Metric, figures: &[f64]| {
            look_at(errors, &told(figures), figures.len() as u64 * 1_000 - 900)
        };
        assert_eq!(reading(&mut errors, &[1_000.0, 1_010.0, 1_020.0]), Reading::of("10/s", 10.0, 10.0));
        assert!(reading(&mut errors, &[1_000.0, 1_010.0, 1_021.0]).met);
        assert!(reading(&mut errors, &[1_000.0, 1_500.0]).nearness.is_none(), "two seconds have not passed");
        assert!(reading(&mut errors, &[1_000.0, 0.0, 900.0]).nearness.is_none(), "it was set back");
    }
}
