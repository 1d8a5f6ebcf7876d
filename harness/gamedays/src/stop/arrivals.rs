//! The stop condition `arrivals`.

use std::collections::VecDeque;
use std::time::Duration;

use scenario::nearest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Moment, Rate, Timespan};

use super::over::stretch_problem;
use super::{Cast, Look, Reading, Seen, Stop, Watch};

/// Too much arrives at a backend.
///
/// # What it watches
/// The attempts that reach the backend, counted where they arrive: retries count, and so does what arrives too late for its client.
/// The rate is taken over the last `over`, in each run that has the backend.
///
/// # When it can't tell
/// Until `over` has passed since the run's first moment.
///
/// # Example
/// `arrivals = { backend = "orders-b", above = "500/s", over = "5s" }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    /// The backend, by its name in the scenario.
    pub backend: String,
    /// The rate above which the day ends.
    pub above: Rate,
    /// How far back it looks, from 1 s to 60 s.
    pub over: Timespan,
}

impl Stop for Arrivals {
    fn problem(&self, cast: &Cast<'_>) -> Option<String> {
        let names: Vec<&str> = cast
            .runs
            .iter()
            .flat_map(|run| run.loaded.plan.pool.backends.iter().map(|backend| backend.name.as_str()))
            .collect();
        let unknown = !names.contains(&self.backend.as_str());
        let near = || nearest(&self.backend, names.iter().copied());
        unknown
            .then(|| {
                let near = near().map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
                format!("no run has the backend `{}`{near}", self.backend)
            })
            .or_else(|| stretch_problem(self.over))
    }

    fn words(&self) -> String {
        let Arrivals { backend, above, over } = self;
        format!("more than {}/s arrive at `{backend}` over {over}", above.get())
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(Watched { condition: self.clone(), counts: Vec::new() })
    }
}

struct Watched {
    condition: Arrivals,
    /// By run: what had arrived at each look, as far back as the condition looks.
    counts: Vec<VecDeque<(Moment, u64)>>,
}

/// How often a count is kept, so that a minute of them is some hundred.
const KEPT_EACH: Duration = Duration::from_millis(250);

impl Watched {
    fn look_at(&mut self, index: usize, run: &Seen<'_>) -> Option<Reading> {
        let now = run.now.filter(|now| *now >= Moment::EPOCH)?;
        let backend = run.tally.backends.iter().position(|name| *name == self.condition.backend)?;
        let count = *run.attempts.get(backend)?;
        let counts = &mut self.counts[index];
        if counts.back().is_some_and(|(at, before)| *before > count || *at > now) {
            // Another run has taken the place of the one before.
            counts.clear();
        }
        if counts.back().is_none_or(|(at, _)| now.since(*at) >= KEPT_EACH) {
            counts.push_back((now, count));
        }
        let over = self.condition.over.0;
        while counts.get(1).is_some_and(|(at, _)| now.since(*at) >= over) {
            counts.pop_front();
        }
        let (from, before) = *counts.front()?;
        let passed = now.since(from);
        if passed < over {
            return Some(Reading::unknown(format!("{} of {}", Timespan(passed), self.condition.over)));
        }
        let rate = (count - before) as f64 / passed.as_secs_f64();
        Some(Reading::of(format!("{rate:.1}/s"), rate, self.condition.above.get()))
    }
}

impl Watch for Watched {
    fn look(&mut self, look: &Look<'_>) -> Reading {
        self.counts.resize_with(look.runs.len().max(self.counts.len()), VecDeque::new);
        let readings: Vec<Reading> =
            look.runs.iter().enumerate().filter_map(|(index, run)| self.look_at(index, run)).collect();
        Reading::worst(readings).unwrap_or_else(|| Reading::unknown("nothing has arrived yet"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Nowhere, seen};
    use super::*;
    use crate::tally::Tally;
    use crate::tally::testing::at;

    /// What is read when so many arrive each second, second by second, at the backend `a`.
    fn readings(each: &[u64]) -> Vec<bool> {
        let condition: Arrivals = toml::from_str("backend = \"a\"\nabove = \"10/s\"\nover = \"2s\"").unwrap();
        let tally = Tally::new(Vec::new(), vec!["a".into()]);
        let (mut watch, mut count) = (condition.watch(), 0);
        let mut look = |(second, arrived): (usize, &u64)| {
            count += arrived;
            let run = Seen { attempts: vec![count], ..seen(&tally, at((second as u64 + 1) * 1000)) };
            watch
                .look(&Look { environment: &Nowhere, runs: &[run], base: ".".as_ref(), allow_hosts: &[] })
                .met
        };
        each.iter().enumerate().map(&mut look).collect()
    }

    #[test]
    fn it_is_met_by_a_rate_over_the_whole_stretch_and_not_by_a_burst_or_at_its_beginning() {
        assert_eq!(readings(&[50, 10, 10, 10, 10]), [false; 5]);
        assert_eq!(readings(&[0, 10, 15, 0, 30]), [false, false, true, false, true]);
    }
}
