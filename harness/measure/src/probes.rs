//! Health checks that the gateway makes of its own accord: how often each backend is asked, what for, and whether the traffic follows
//! what they say.

mod arrivals;
mod turns;

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Probe, Stamp, Tag};
use units::Moment;

pub use turns::{Missed, Turns};

use crate::view::View;
use arrivals::Arrivals;

/// The health checks of a phase.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// How many there are.
    pub checks: u64,
    /// From each to the next at the same backend.
    pub gaps: Vec<Gap>,
    /// The backends that none came to although nothing kept them away, and other requests came.
    pub never_asked: Vec<u16>,
    /// What asked for each path.
    pub paths: BTreeMap<Box<str>, Asked>,
}

/// Checks that ask for the same.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// How many.
    pub count: u64,
    /// Requests that came to a backend next after the first few of them.
    pub next: Vec<Tag>,
}

/// Of checks that are alike, as many are shown by a request that came next.
const SHOWN: usize = 5;

/// From one check of a backend to the next.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// The backend.
    pub backend: u16,
    /// When the earlier one came.
    pub at: Moment,
    /// How long it is.
    pub length: Duration,
    /// How long the earlier one took, after which some gateways begin to wait.
    pub check: Duration,
    /// By how much brownout itself may have changed it.
    pub disturbance: Duration,
    /// The request that came to the backend next after the earlier one.
    pub next: Option<Tag>,
}

impl Checked {
    /// Measures those that came in the view's stretch.
    pub fn of(view: &View<'_>) -> Self {
        let mut checked = Checked::default();
        let arrivals = Arrivals::of(view);
        for (backend, checks) in (0..).zip(by_backend(view)) {
            let here: Vec<&Probe> =
                checks.into_iter().filter(|check| view.stretch.contains(check.arrived)).collect();
            checked.checks += here.len() as u64;
            for check in &here {
                let Some(path) = &check.path else { continue };
                let asked = checked.paths.entry(path.clone()).or_default();
                asked.count += 1;
                if asked.next.len() < SHOWN {
                    asked.next.extend(arrivals.next(backend, check.arrived));
                }
            }
            let gaps = here.iter().zip(here.iter().skip(1));
            checked.gaps.extend(gaps.filter_map(|(one, next)| gap(view, &arrivals, one, next)));
            // A backend of which nothing at all is on record may have recorded nothing.
            let came = arrivals.at(backend, view.stretch).next().is_some();
            if here.is_empty() && came && !view.may_hide_at(backend, view.stretch.from, view.stretch.to) {
                checked.never_asked.push(backend);
            }
        }
        checked
    }
}

/// None where checks in between may be hidden.
fn gap(view: &View<'_>, arrivals: &Arrivals<'_>, one: &Probe, next: &Probe) -> Option<Gap> {
    let (backend, at) = (one.backend, one.arrived);
    let seen = !view.may_hide_at(backend, at, next.arrived);
    seen.then(|| Gap {
        backend,
        at,
        length: next.arrived.since(at),
        check: one.ended.since(at),
        disturbance: view.stalls.touching(at, next.arrived),
        next: arrivals.next(backend, at),
    })
}

/// The checks of each backend over the whole run, in their order.
fn by_backend<'a>(view: &View<'a>) -> Vec<Vec<&'a Probe>> {
    let mut checks: Vec<Vec<&Probe>> = view.brief.backends.iter().map(|_| Vec::new()).collect();
    let untagged = view.ledger.rest().probes.iter().filter(|check| check.stamp == Stamp::Untagged);
    for check in untagged {
        if let Some(own) = checks.get_mut(usize::from(check.backend)) {
            own.push(check);
        }
    }
    for own in &mut checks {
        own.sort_by_key(|check| check.arrived);
    }
    checks
}

/// True if a check was answered well: a status from 200 to 399.
fn is_good(check: &Probe) -> bool {
    (200..400).contains(&check.status)
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try, at};

    #[test]
    fn gaps_are_measured_for_each_backend_and_paths_are_counted() {
        let run = Run::new().phase("steady", 10.0).backend("a").backend("b").class("reads", Method::Get);
        let run = run.calls(2, |n| Call::due("reads", 600.0 * n as f64).attempt(Try::ok(["a", "b"][n])));
        let run = run.checks("a", "/health", 500.0, [200; 20]).checks("a", "/other", 9_990.0, [200]);
        run.view("steady", "", |view| {
            let checked = Checked::of(view);
            assert_eq!((checked.checks, checked.gaps.len()), (21, 20));
            assert_eq!(checked.gaps[3].length, Duration::from_millis(500));
            assert_eq!(checked.gaps[3].at, at(1_750.0));
            assert_eq!(checked.paths.values().map(|asked| asked.count).collect::<Vec<_>>(), [20, 1]);
            assert_eq!(checked.never_asked, [1]);
        });
    }
}
