//! Backends that failed nothing while another one did: they must go on.

use measure::arrivals::Told;
use measure::automata::followed::Given;
use measure::automata::input::told;
use measure::automata::offered::Offered;
use measure::silence::missed_min;
use measure::view::View;
use policy::FailureClass;
use units::plural::count;
use units::{Moment, Stretch, Timespan};

use super::Breaker;
use crate::claim::Claim;

/// What is claimed of the backends without a fault; nothing if there are none that get traffic.
pub(super) fn claim(
    demand: &Breaker,
    view: &View<'_>,
    offered: &Offered,
    fails: &[FailureClass],
) -> Option<Claim> {
    let brief = view.brief;
    let given = Given::of(view);
    let during = given.within(view.phase());
    let backends = 0..u16::try_from(brief.backends.len()).unwrap_or(u16::MAX);
    let faulty = |backend: u16| view.injections().any(|(_, injection)| injection.backends.contains(&backend));
    let (mut seen, mut claims) = (0, Vec::new());
    for (backend, all) in backends.zip(arrivals(view, fails)) {
        let back = back_since(demand, view, backend, &all).map(|back| back.max(during.from));
        let Some(begin) = back.filter(|_| given.have(&[backend]) && !faulty(backend)) else { continue };
        let here: Vec<_> = all.into_iter().filter(|(at, _)| during.contains(*at)).collect();
        if here.iter().any(|(_, told)| told.may_fail()) {
            continue;
        }
        seen += here.len() as u64;
        let (sent, share) = offered.towards(view, &[backend]);
        let before = |moment: Moment| sent.partition_point(|sent| *sent < moment);
        let expected = |from, to| share * before(to).saturating_sub(before(from)) as f64;
        let later = || here.iter().map(|(at, _)| *at).filter(|at| *at > begin);
        let starts = std::iter::once(begin).chain(later());
        let ends = later().chain(std::iter::once(during.to));
        let missed = missed_min(here.len());
        let silent = starts
            .zip(ends)
            .find(|(from, to)| to.since(*from) >= *demand.open_for / 2 && expected(*from, *to) >= missed);
        if let Some((from, to)) = silent {
            claims.push(broken(view, &brief.backend_name(backend), Stretch { from, to }));
        }
    }
    claims.into_iter().next().or_else(|| {
        let good = "backends without a fault went on";
        (seen > 0).then(|| {
            Claim::never(0, seen, None)
                .says("", "")
                .because(good)
                .seen("", "")
                .remedy("send more requests to the other backends")
        })
    })
}

/// Since when a backend has all of its traffic for certain, if it ever does: an earlier fault may have had it left alone, and
/// then it is back once it has worked again.
fn back_since(demand: &Breaker, view: &View<'_>, backend: u16, all: &[(Moment, Told)]) -> Option<Moment> {
    let phase = view.phase();
    let earlier = view.brief.injections.iter().filter(|one| one.backends.contains(&backend));
    let earlier = earlier.filter(|one| one.during.from < phase.from);
    let Some(fault_end) = earlier.map(|one| one.during.to).max() else { return Some(phase.from) };
    let works = |(at, told): &&(Moment, Told)| *at >= fault_end && *told == Told::Success;
    all.iter().find(works).map(|(at, _)| *at + demand.member(view).ways.ramp)
}

/// What arrived at each backend up to the end of the phase, in order, and what it told.
fn arrivals(view: &View<'_>, fails: &[FailureClass]) -> Vec<Vec<(Moment, Told)>> {
    let to = view.phase().to;
    let mut found = vec![Vec::new(); view.brief.backends.len()];
    for entry in view.ledger.entries().filter(|entry| view.takes(entry.exchange.class)) {
        for attempt in entry.attempts.iter().filter(|attempt| attempt.arrived < to) {
            if let Some(here) = found.get_mut(usize::from(attempt.backend)) {
                here.push((attempt.arrived, told(&entry, attempt, fails)));
            }
        }
    }
    for here in &mut found {
        here.sort_by_key(|(at, _)| *at);
    }
    found
}

/// A backend without a fault went silent. Why is said only where the ledger excludes other causes.
fn broken(view: &View<'_>, name: &str, silent: Stretch) -> Claim {
    let here = view.ledger.entries().filter(|entry| silent.contains(entry.exchange.sent));
    let shed = here.filter(|entry| entry.attempts.is_empty() && !entry.exchange.succeeded());
    let (mut turned_away, mut witnesses) = (0, Vec::new());
    for entry in shed {
        turned_away += 1;
        if witnesses.len() < 10 {
            witnesses.push((entry.exchange.tag, format!("turned away although `{name}` was healthy")));
        }
    }
    let meanwhile = match turned_away {
        0 => String::new(),
        shed => format!("; the gateway turned {} away by itself meanwhile", count(shed, "request")),
    };
    let bad = format!(
        "backend `{name}` went silent for {} although none of its requests had failed{meanwhile}",
        Timespan(silent.length())
    );
    Claim::never(1, 1, None)
        .says("", bad.clone())
        .because("a breaker that is kept for each backend leaves the others alone")
        .seen(bad, "backends without a fault go on")
        .shown(witnesses)
}
