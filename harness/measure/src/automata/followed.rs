//! Which part of a run can be followed at some backends: in which state a breaker begins decides what may open it, and what
//! leaves no trace, or gives a gateway other backends, hides that.

use units::{Moment, Stretch};

use crate::arrivals::recorded_to;
use crate::brief::{ActionBrief, BackendBrief, Brief, InjectionBrief};
use crate::view::View;

/// The part of a run that can be followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Followed {
    /// From when up to when.
    pub observed: Stretch,
    /// When the last fault of the phase ends.
    pub fault_end: Moment,
    /// When it became impossible to follow what happened before it begins; nothing if it begins with the run.
    pub lost: Option<Moment>,
}

impl Followed {
    /// What a view shows of some backends. Nothing if no fault is on them in the phase and `always` is not set, or if the gateway
    /// has been given others.
    ///
    /// It begins at the epoch, or when a fault that hid attempts was over, or once the gateway had been given the backends that
    /// it has. It ends where the next fault begins, or one that hides attempts, or when the gateway is given
    /// others, or with the evidence.
    pub(super) fn of(view: &View<'_>, backends: &[u16], always: bool) -> Option<Self> {
        let phase = view.brief.phases[view.place.phase].during;
        let on_it =
            || view.brief.injections.iter().filter(|one| one.backends.iter().any(|b| backends.contains(b)));
        let here = on_it().filter(|injection| injection.during.overlaps(&phase));
        let fault_end = here.map(|injection| injection.during.to).max();
        let fault_end = if always { fault_end.unwrap_or(phase.to) } else { fault_end? };
        let given = Given::of(view);
        if !given.have(backends) {
            return None;
        }
        let hides = |one: &&InjectionBrief| one.hides_attempts;
        let blind = on_it().filter(hides).filter(|one| one.during.from < phase.from);
        let blind = blind.map(|one| one.during.to.min(phase.from)).max();
        // What came before decides which state a breaker is in, as far as it can be followed.
        let lost = blind.max(given.since);
        let from = lost.unwrap_or(Moment::EPOCH.min(phase.from));
        let next = on_it().map(|injection| injection.during.from).filter(|begin| *begin >= fault_end).min();
        let hidden = on_it().filter(hides).filter(|one| one.during.to > phase.from);
        let hidden = hidden.map(|injection| injection.during.from).min();
        let to = [next, hidden, given.next].into_iter().flatten().min().unwrap_or(Moment::NEVER);
        let observed = Stretch { from, to: to.min(recorded_to(view.ledger)).max(from) };
        Some(Followed { observed, fault_end, lost })
    }
}

/// The backends that a gateway has in a phase.
pub struct Given {
    /// They, by their index.
    backends: Vec<u16>,
    /// Since when, if not from the start.
    since: Option<Moment>,
    /// When it is given others.
    next: Option<Moment>,
}

impl Given {
    /// What a view's phase begins with: what was planned, at the time that is on record.
    pub fn of(view: &View<'_>) -> Self {
        let from = view.phase().from;
        let all = 0..u16::try_from(view.brief.backends.len()).unwrap_or(u16::MAX);
        let mut given = Given { backends: all.collect(), since: None, next: None };
        let mut actions: Vec<(usize, &ActionBrief)> = view.brief.actions.iter().enumerate().collect();
        actions.sort_by_key(|(_, action)| action.at);
        for (index, action) in actions {
            if given.are(&action.backends) {
                continue;
            }
            let row = view.ledger.rest().actions.iter().find(|row| usize::from(row.action) == index);
            if action.at > from {
                given.next = Some(row.map_or(action.at, |row| row.began));
                break;
            }
            given.since = Some(row.map_or(action.at, |row| row.ended));
            given.backends.clone_from(&action.backends);
        }
        given
    }

    fn are(&self, others: &[u16]) -> bool {
        others.len() == self.backends.len() && self.have(others)
    }

    /// The part of a stretch in which it has them.
    pub fn within(&self, stretch: Stretch) -> Stretch {
        let from = self.since.map_or(stretch.from, |since| since.max(stretch.from));
        Stretch { from, to: self.next.map_or(stretch.to, |next| next.min(stretch.to)).max(from) }
    }

    /// Whether these are among them.
    pub fn have(&self, others: &[u16]) -> bool {
        others.iter().all(|one| self.backends.contains(one))
    }

    /// The share of the traffic that some of them get by their weights, if the gateway was given them after the start: what
    /// was counted before tells nothing then.
    pub(super) fn weight_share(&self, brief: &Brief, backends: &[u16]) -> Option<f64> {
        self.since?;
        let known = |all: &[u16]| -> Vec<&BackendBrief> {
            all.iter().filter_map(|index| brief.backends.get(usize::from(*index))).collect()
        };
        let (all, here) = (known(&self.backends), known(backends));
        let first = all.iter().map(|one| one.priority).min()?;
        let weight = |some: &[&BackendBrief]| -> u64 {
            some.iter().filter(|one| one.priority == first).map(|one| u64::from(one.weight)).sum()
        };
        Some(weight(&here) as f64 / weight(&all).max(1) as f64)
    }
}
