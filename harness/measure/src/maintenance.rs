//! What it costs that the gateway is acted on: the requests that were under way meanwhile, and what still came to what was to
//! be left alone.

use std::collections::HashSet;

use evidence::{Action, Attempt, Carried, Entry, Tag};
use units::{Moment, Stretch, Timespan};

use crate::aside::{SetAside, Why};
use crate::brief::{ActionBrief, FaultDoes};
use crate::outcomes::{Ended, ended};
use crate::view::View;

/// How many requests are kept by their tags.
const KEPT: usize = 5;

/// An action that was carried out, with what was planned.
#[derive(Clone, Copy, Debug)]
pub struct CarriedOut<'a> {
    /// Its index in the plan.
    pub index: usize,
    /// What was planned.
    pub brief: &'a ActionBrief,
    /// What is on record of it.
    pub row: &'a Action,
}

/// The actions of the view's phase that were carried out, in the order of the plan.
pub fn carried_out<'a>(view: &View<'a>) -> Vec<CarriedOut<'a>> {
    let planned = planned(view);
    let done = planned.filter_map(|(index, brief)| {
        let row = view.ledger.rest().actions.iter().find(|row| usize::from(row.action) == index)?;
        matches!(row.outcome, Carried::Done | Carried::Down).then_some(CarriedOut { index, brief, row })
    });
    done.collect()
}

/// Why there is no proof that every action of the view's phase was carried out, if one was not: which, and what was said of it.
pub fn not_carried_out(view: &View<'_>) -> Option<String> {
    let missing = planned(view).filter_map(|(index, brief)| {
        let row = view.ledger.rest().actions.iter().find(|row| usize::from(row.action) == index);
        let why = match row.map(|row| (row.outcome, &row.said)) {
            Some((Carried::Done | Carried::Down, _)) => return None,
            Some((Carried::Failed, Some(said))) => format!("failed: {said}"),
            Some((Carried::Failed, None)) => "failed".into(),
            Some((Carried::Unfinished, _)) => "was not over when the run ended".into(),
            None => "never began".into(),
        };
        Some(format!("the action `{}` {why}", brief.kind))
    });
    let missing: Vec<String> = missing.collect();
    (!missing.is_empty()).then(|| missing.join("; "))
}

fn planned<'a>(view: &View<'a>) -> impl Iterator<Item = (usize, &'a ActionBrief)> + use<'a> {
    let phase = view.place.phase;
    view.brief.actions.iter().enumerate().filter(move |(_, action)| action.phase == phase)
}

/// What became of the requests around the actions of a phase.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// Requests under way while an action was carried out that say something.
    pub amid: u64,
    /// Those, and the ones that were under way in the time after it.
    pub around: u64,
    /// Those of them that failed, with no fault of a backend to blame.
    pub failed: u64,
    /// The first few that failed, each with the action that it is near to.
    pub failures: Vec<(Tag, String)>,
    /// Those that say nothing of the gateway.
    pub set_aside: SetAside,
    /// Those of them that were under way while an action was carried out.
    pub aside_amid: SetAside,
}

impl Cost {
    /// The requests of the view's phase around the actions, up to so long after the end of each.
    pub fn of(view: &View<'_>, actions: &[CarriedOut<'_>], after: Timespan) -> Self {
        let mut cost = Cost::default();
        // The settling time is what is asked for: nothing is left out at the start.
        for entry in view.entries_due(view.phase()) {
            let Some(near) = actions.iter().find(|action| touches(&entry, action.row, after)) else {
                continue;
            };
            let amid = actions.iter().any(|action| touches(&entry, action.row, Timespan::default()));
            match how(view, &entry) {
                Ended::Apart(why) => {
                    cost.set_aside.note(why, entry.exchange);
                    if amid {
                        cost.aside_amid.note(why, entry.exchange);
                    }
                    continue;
                }
                Ended::Badly => {
                    cost.failed += 1;
                    if cost.failures.len() < KEPT {
                        cost.failures.push((entry.exchange.tag, shows(&entry, near)));
                    }
                }
                Ended::Well => {}
            }
            cost.around += 1;
            cost.amid += u64::from(amid);
        }
        cost
    }
}

fn touches(entry: &Entry<'_>, row: &Action, after: Timespan) -> bool {
    let exchange = entry.exchange;
    exchange.sent <= row.ended + *after && exchange.done >= row.began && exchange.due <= row.ended + *after
}

/// How a request ended, as far as the gateway is to blame.
fn how(view: &View<'_>, entry: &Entry<'_>) -> Ended {
    match ended(view, entry, None) {
        Ended::Badly if view.may_hide(entry) => Ended::Apart(Why::Hidden),
        Ended::Badly if entry.attempts.iter().any(|attempt| explains(view, entry, attempt)) => {
            Ended::Apart(Why::Faulted)
        }
        how => how,
    }
}

/// True if a fault took effect on the attempt that explains a failure: anything but a delay that is shorter than every timer.
fn explains(view: &View<'_>, entry: &Entry<'_>, attempt: &Attempt) -> bool {
    let timeout = &view.brief.policy.timeout;
    let deadline = view.brief.traffic.get(usize::from(entry.exchange.class)).map(|class| class.deadline);
    let timers = [timeout.per_try, timeout.total, deadline].into_iter().flatten();
    let shortest = timers.filter(|timer| !timer.is_zero()).min();
    let harmless = |does: FaultDoes| match does {
        FaultDoes::Delays { most, .. } => shortest.is_some_and(|timer| most < timer),
        _ => false,
    };
    let injections = view.brief.injections.iter().take(64).enumerate();
    { injections }.any(|(index, injection)| {
        attempt.effective & (1 << index) != 0
            && !injection.outline.is_some_and(|outline| harmless(outline.does))
    })
}

fn shows(entry: &Entry<'_>, action: &CarriedOut<'_>) -> String {
    let (kind, exchange) = (&action.brief.kind, entry.exchange);
    let (began, ended) = (action.row.began, action.row.ended);
    let place = if exchange.sent < began {
        format!("it was under way when `{kind}` began")
    } else if exchange.sent <= ended {
        format!("it was sent {} after `{kind}` began", Timespan(exchange.sent.since(began)))
    } else {
        format!("it was sent {} after `{kind}` was over", Timespan(exchange.sent.since(ended)))
    };
    format!("it failed ({}), and no fault is to blame: {place}", exchange.outcome)
}

/// What still came to what an action was to leave alone.
#[derive(Clone, Debug, Default)]
pub struct Leftovers {
    /// Attempts after the time given, in which it would have shown: weighted by how many of them would have gone there.
    pub exposures: f64,
    /// Attempts that came too late, by the first few.
    pub late: u64,
    /// The first few of them, with what they show.
    pub shown: Vec<(Tag, String)>,
    /// The longest time from the beginning of an action to such an attempt, of all of them.
    pub longest: Timespan,
    /// Actions after which something is to be left alone.
    pub actions: u64,
}

impl Leftovers {
    /// Attempts later than `within` after the beginning of an action of the view's phase, up to the next one or the end of the
    /// phase: at backends that it took out, or on connections of a process that it replaced.
    pub fn of(view: &View<'_>, actions: &[CarriedOut<'_>], within: Timespan) -> Self {
        let mut found = Leftovers::default();
        for action in actions {
            let left = Left::of(view, action);
            if left.is_nothing() {
                continue;
            }
            found.actions += 1;
            let next = view
                .ledger
                .rest()
                .actions
                .iter()
                .map(|row| row.began)
                .filter(|began| *began > action.row.began);
            let until = next.min().unwrap_or(Moment::NEVER).min(view.phase().to);
            let during = Stretch { from: action.row.began, to: until };
            let arrived = |attempt: &&Attempt| during.contains(attempt.arrived);
            for attempt in view.ledger.attempts().iter().filter(arrived) {
                found.look(view, &left, (action, attempt), within);
            }
        }
        found
    }

    fn look(
        &mut self,
        view: &View<'_>,
        left: &Left,
        (action, attempt): (&CarriedOut<'_>, &Attempt),
        within: Timespan,
    ) {
        let began = action.row.began;
        let since = attempt.arrived.since(began);
        let due = since.saturating_sub(view.stalls.touching(began, attempt.arrived));
        let Some(what) = left.has(attempt) else {
            if since > *within {
                self.exposures += left.share(view);
            }
            return;
        };
        self.longest = self.longest.max(Timespan(since));
        if due > *within {
            (self.late, self.exposures) = (self.late + 1, self.exposures + 1.0);
            if self.shown.len() < KEPT {
                let words = format!("{what} {} after `{}` began", Timespan(since), action.brief.kind);
                self.shown.push((attempt.tag, words));
            }
        }
    }
}

/// What an action leaves to be left alone.
struct Left {
    backends: Vec<u16>,
    connections: HashSet<u32>,
    replaces: bool,
}

impl Left {
    fn of(view: &View<'_>, action: &CarriedOut<'_>) -> Self {
        let all = || (0..view.brief.backends.len() as u16).collect();
        let before: Vec<u16> = action
            .index
            .checked_sub(1)
            .and_then(|index| view.brief.actions.get(index))
            .map_or_else(all, |earlier| earlier.backends.clone());
        let backends =
            before.into_iter().filter(|backend| !action.brief.backends.contains(backend)).collect();
        let replaces = action.brief.replaces;
        let old = view.ledger.rest().connections.iter();
        let old = old.filter(|connection| replaces && connection.accepted < action.row.began);
        Left { backends, connections: old.map(|connection| connection.connection).collect(), replaces }
    }

    fn is_nothing(&self) -> bool {
        self.backends.is_empty() && !self.replaces
    }

    /// How an attempt came to what is to be left alone, if it did.
    fn has(&self, attempt: &Attempt) -> Option<&'static str> {
        if self.backends.contains(&attempt.backend) {
            Some("it came to a backend that was taken out,")
        } else if self.connections.contains(&attempt.connection) {
            Some("it came on a connection of the process that was replaced,")
        } else {
            None
        }
    }

    /// How much of an attempt elsewhere would have come to what is to be left alone, had nothing changed.
    fn share(&self, view: &View<'_>) -> f64 {
        if self.replaces {
            return 1.0;
        }
        self.backends.iter().map(|backend| view.brief.weight_share(usize::from(*backend))).sum()
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    /// Requests of 40 ms, every 10 ms; a reload at 1 s that takes `a` out, and what came to `a` until then and so long after.
    fn moved(lingers_ms: f64) -> Run {
        let run = Run::new().phase("moving", 3.0).backend("a").backend("b").class("reads", Method::Get);
        run.action("moving", "reload", &["b"], (1_000.0, 1_020.0)).calls(290, move |n| {
            let due = 10.0 * n as f64;
            let to = if due < 1_000.0 + lingers_ms { "a" } else { "b" };
            Call::due("reads", due).attempt(Try::ok(to).takes(40.0))
        })
    }

    #[test]
    fn requests_are_counted_that_were_under_way_at_any_moment_of_an_action() {
        let cost = moved(0.0)
            .view("moving", "", |view| Cost::of(view, &carried_out(view), Timespan::from_millis(500)));
        // Four under way when it began, and those of the 20 ms that it took.
        assert_eq!((cost.amid, cost.failed), (7, 0));
        assert!(cost.around > 50, "{cost:?}");
    }

    #[test]
    fn what_comes_late_to_a_backend_that_was_taken_out_is_found_with_how_late_it_is() {
        let late = |within| {
            moved(300.0).view("moving", "", |view| {
                Leftovers::of(view, &carried_out(view), Timespan::from_millis(within))
            })
        };
        assert_eq!(late(400).late, 0);
        let found = late(100);
        assert!(found.late >= 19 && found.shown.len() == KEPT, "{found:?}");
        assert!(found.longest >= Timespan::from_millis(290), "{found:?}");
    }

    #[test]
    fn an_action_without_a_row_was_not_carried_out() {
        let run = moved(0.0).action_row(Carried::Failed, Some("no such file"));
        let why = run.view("moving", "", |view| (not_carried_out(view), carried_out(view).len()));
        assert_eq!(why, (Some("the action `reload` failed: no such file".to_owned()), 0));
    }
}
