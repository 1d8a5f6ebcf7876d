//! The figures of a report that can be compared: made from its counts, by traffic class, phase and backend.

use reports::{BehaviourCell, Distribution, Group, Outage, Report};

use super::figure::{Better, Figure};
use super::sample::{Sample, moments};
use super::stats::DESIGN_EFFECT;
use super::words::Unit;

/// Every figure of a report.
pub(crate) fn figures(report: &Report) -> Vec<Figure> {
    let mut found = Vec::new();
    for cell in &report.behaviour.cells {
        let maker = Maker { phase: &cell.phase, traffic: &cell.traffic };
        maker.outcomes(cell, &mut found);
        maker.attempts(cell, &mut found);
        maker.timers(cell, &mut found);
        maker.cost(cell, &mut found);
    }
    for phase in &report.phases {
        balance(&phase.name, &report.behaviour.cells, &mut found);
    }
    for outage in &report.behaviour.outages {
        breaker(outage, &mut found);
    }
    for distribution in &report.distributions {
        latency(distribution, &mut found);
    }
    // A fault that is planned twice for a phase and a backend gives two outages of one name; the first one stands.
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|figure| seen.insert(figure.id.clone()));
    found
}

/// The figure of this name that a report lacks because no request gave rise to it: none of the whole.
pub(crate) fn of_nobody(report: &Report, id: &str) -> Option<Figure> {
    let most = id.rsplit_once("/attempts/above-")?.1.parse().ok()?;
    let cells = report.behaviour.cells.iter();
    let figures = cells.map(|cell| Maker { phase: &cell.phase, traffic: &cell.traffic }.above(cell, most));
    figures.into_iter().find(|figure| figure.id == id)
}

/// Makes the figures of one traffic class in one phase.
struct Maker<'a> {
    phase: &'a str,
    traffic: &'a str,
}

impl Maker<'_> {
    fn figure(&self, name: &str, what: &str, group: Group, unit: Unit, sample: Sample) -> Figure {
        Figure {
            id: format!("{}/{}/{name}", self.phase, self.traffic),
            what: format!("{what}, {} in {}", self.traffic, self.phase),
            group,
            unit,
            better: Better::Open,
            sample,
            matters: false,
            part_of: None,
            kept: true,
        }
    }

    fn requests(&self) -> String {
        format!("{}/{}/succeeded", self.phase, self.traffic)
    }

    fn outcomes(&self, cell: &BehaviourCell, found: &mut Vec<Figure>) {
        let share = |hits| Sample::Share { hits, of: cell.requests };
        found.push(Figure {
            better: Better::Higher,
            matters: true,
            ..self.figure(
                "succeeded",
                "requests that succeeded",
                Group::Outcome,
                Unit::Share,
                share(cell.succeeded),
            )
        });
        for (name, count) in &cell.endings {
            let status: u16 = name.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0);
            let whole = (100..400).contains(&status) && !name.contains(',');
            let better = match (whole, name.ends_with("from a backend")) {
                (true, true) => Better::Higher,
                (true, false) => Better::Open,
                (false, _) => Better::Lower,
            };
            let figure = self.figure(
                &format!("ending/{name}"),
                &format!("requests that ended as `{name}`"),
                Group::Outcome,
                Unit::Share,
                share(*count),
            );
            found.push(Figure { better, part_of: Some(self.requests()), kept: false, ..figure });
        }
    }

    /// The share of the requests that reached the backends more than so many times.
    fn above(&self, cell: &BehaviourCell, most: usize) -> Figure {
        let above: u64 = cell.attempts.iter().skip(most.saturating_add(1)).sum();
        let times = if most == 1 { "once".to_owned() } else { format!("{most} times") };
        let figure = self.figure(
            &format!("attempts/above-{most}"),
            &format!("requests that reached the backends more than {times}"),
            // Judged like outcomes: a few replayed writes are a change, however few.
            Group::Outcome,
            Unit::Share,
            Sample::Share { hits: above, of: cell.requests },
        );
        Figure { better: Better::Lower, part_of: Some(self.requests()), ..figure }
    }

    fn attempts(&self, cell: &BehaviourCell, found: &mut Vec<Figure>) {
        let mean = Sample::Mean { counts: cell.attempts.clone() };
        found.push(Figure {
            better: Better::Lower,
            matters: true,
            ..self.figure("attempts/mean", "attempts for a request", Group::Behaviour, Unit::Attempts, mean)
        });
        // The first is there even if it is nobody's, so that a baseline knows that nothing was sent again.
        let most = cell.attempts.len().saturating_sub(1).max(2);
        found.extend((1..most).map(|times| self.above(cell, times)));
        if cell.further > 0 {
            let same = Sample::Share { hits: cell.further_same, of: cell.further };
            let what = "further attempts that went to the backend that had just been tried";
            found.push(Figure {
                better: Better::Lower,
                ..self.figure("attempts/same-backend", what, Group::Behaviour, Unit::Share, same)
            });
        }
    }

    fn timers(&self, cell: &BehaviourCell, found: &mut Vec<Figure>) {
        let attempts: u64 = cell.backends.iter().map(|(_, count)| count).sum();
        let given_up: u64 = cell.given_up.iter().map(|(_, count)| count).sum();
        if attempts > 0 {
            let share = Sample::Share { hits: given_up, of: attempts };
            let what = "attempts that the gateway gave up";
            found.push(self.figure("timer/given-up", what, Group::Timer, Unit::Share, share));
        }
        for (name, what, buckets) in [
            (
                "timer/patience",
                "how long the gateway waited for attempts that it gave up, median",
                &cell.given_up,
            ),
            ("timer/gap", "pause between an attempt's end and the next, median", &cell.gaps),
        ] {
            if !buckets.is_empty() {
                let median = Sample::Quantile { buckets: buckets.clone(), q: 0.5 };
                found.push(self.figure(name, what, Group::Timer, Unit::Ms, median));
            }
        }
    }

    fn cost(&self, cell: &BehaviourCell, found: &mut Vec<Figure>) {
        let attempts: u64 = cell.backends.iter().map(|(_, count)| count).sum();
        if attempts > 0 {
            let wasted = Sample::Share { hits: cell.wasted, of: attempts };
            let what = "attempts that were of no use to any client";
            found.push(Figure {
                better: Better::Lower,
                kept: false,
                ..self.figure("cost/wasted", what, Group::Cost, Unit::Share, wasted)
            });
        }
        if cell.succeeded == 0 {
            return;
        }
        let (n, succeeded) = (cell.requests as f64, cell.succeeded as f64);
        let (mean, mean_error) = moments(&cell.attempts);
        // The relative errors of numerator and denominator, as if they were independent.
        let denominator = DESIGN_EFFECT * (n - succeeded) / (succeeded * n);
        let relative = ((mean_error / mean.max(1e-9)).powi(2) + denominator).sqrt();
        for (name, what, unit, all) in [
            ("cost/attempts", "attempts for each request that succeeded", Unit::Attempts, attempts as f64),
            (
                "cost/bytes",
                "body bytes moved for each request that succeeded",
                Unit::Bytes,
                cell.bytes as f64,
            ),
        ] {
            let value = all / succeeded;
            if value > 0.0 {
                let ratio = Sample::Ratio { value, error: value * relative, count: cell.requests };
                let figure = self.figure(name, what, Group::Cost, unit, ratio);
                found.push(Figure { better: Better::Lower, kept: unit == Unit::Attempts, ..figure });
            }
        }
    }
}

/// How the attempts of a phase spread over the backends.
fn balance(phase: &str, cells: &[BehaviourCell], found: &mut Vec<Figure>) {
    let mut sums: Vec<(&str, u64)> = Vec::new();
    for (backend, count) in cells.iter().filter(|cell| cell.phase == phase).flat_map(|cell| &cell.backends) {
        match sums.iter_mut().find(|(name, _)| name == backend) {
            Some((_, sum)) => *sum += count,
            None => sums.push((backend, *count)),
        }
    }
    let of: u64 = sums.iter().map(|(_, count)| count).sum();
    // With one backend there is nothing to share.
    if of > 0 && sums.len() > 1 {
        let maker = Maker { phase, traffic: "all" };
        found.extend(sums.into_iter().map(|(backend, hits)| {
            let what = format!("attempts that reached {backend}");
            let name = format!("backend/{backend}");
            maker.figure(&name, &what, Group::Behaviour, Unit::Share, Sample::Share { hits, of })
        }));
    }
}

fn breaker(outage: &Outage, found: &mut Vec<Figure>) {
    let maker = Maker { phase: &outage.phase, traffic: &outage.backend };
    let openings = outage.unknown.is_none().then_some(outage.openings as f64);
    let events = [
        ("breaker/openings", "times that the breaker was seen to open", Unit::Count, Some(openings)),
        (
            "breaker/failures",
            "failures before the breaker opened first",
            Unit::Count,
            outage.failures_before.map(|count| Some(count as f64)),
        ),
        ("breaker/open", "longest time that the breaker was open", Unit::Ms, outage.open_ms.map(Some)),
    ];
    for (name, what, unit, value) in events {
        if let Some(value) = value {
            found.push(maker.figure(name, what, Group::Breaker, unit, Sample::Event { value }));
        }
    }
}

fn latency(distribution: &Distribution, found: &mut Vec<Figure>) {
    let maker = Maker { phase: &distribution.phase, traffic: &distribution.traffic };
    let time = distribution.time.as_str();
    for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
        let sample = Sample::Quantile { buckets: distribution.buckets.clone(), q };
        let figure = maker.figure(
            &format!("{time}/{name}"),
            &format!("{time} time {name}"),
            Group::Latency,
            Unit::Ms,
            sample,
        );
        let main = time == "response";
        found.push(Figure {
            better: Better::Lower,
            matters: main && name == "p50",
            kept: main && name != "p90",
            ..figure
        });
    }
}
