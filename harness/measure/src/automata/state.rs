//! The states that a machine can be in.

use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

use units::Moment;

use super::input::Input;
use super::member::Member;
use super::search::Opening;
use super::window::Recent;

/// With so many requests missed, a silence is none of chance, but in one of twenty cases.
pub(super) const MISSED_LIKELY: f64 = 3.0;

/// What one instance of a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Mode {
    /// Traffic flows, all of it from `since` on. Where there are several instances, each counts for itself what came to it:
    /// `alone`.
    Closed { since: Moment, counts: (u32, u32), alone: Alone, nth: u32 },
    /// Rejecting, since the failure that was known at that moment, and by the other one at the latest; for the n-th time in a
    /// row, and for as long as that failure asked, if it did.
    Open { at: Moment, by: Moment, nth: u32, asked: Option<Duration> },
    /// Probing from an arrival on: so many under way, so many succeeded.
    HalfOpen { since: Moment, first: u32, out: u32, succeeded: u32, nth: u32 },
}

/// What an instance keeps to itself: since when its next look has been going to open it; and where there are several, its
/// failures in a row, or those of its window, and whether it got anything at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Alone {
    pub due: Option<Moment>,
    pub used: bool,
    pub run: u32,
    pub recent: Recent,
}

impl Alone {
    /// What it starts from after it was open.
    pub(super) fn reset() -> Self {
        Alone { used: true, ..Alone::default() }
    }
}

/// All instances of a machine, and how they came there.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub modes: Vec<Mode>,
    /// Which instance let an arrival through whose result is not known yet; only where there are several.
    pub pending: Vec<(u32, u8)>,
    pub leaks: u64,
    pub log: Option<Rc<Link>>,
}

/// The last opening of a state, and those before it.
#[derive(Debug)]
pub(super) struct Link {
    pub opening: Opening,
    pub before: Option<Rc<Link>>,
}

impl Link {
    /// The same log, in which the opening at a moment has an end.
    fn ended(self: &Rc<Self>, opened: Moment, at: Moment) -> Rc<Self> {
        if self.opening.at == opened && self.opening.until.is_none() {
            let opening = Opening { until: Some(at), ..self.opening };
            return Rc::new(Link { opening, before: self.before.clone() });
        }
        match &self.before {
            // Only several instances have an opening that is not the last one.
            Some(before) if self.opening.at > opened => {
                Rc::new(Link { opening: self.opening, before: Some(before.ended(opened, at)) })
            }
            _ => self.clone(),
        }
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.modes == other.modes && self.pending == other.pending && self.leaks == other.leaks
    }
}

impl Eq for State {}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.modes.hash(state);
        self.pending.hash(state);
        self.leaks.hash(state);
    }
}

/// What a step needs to know.
pub(super) struct Steps<'a> {
    pub input: &'a Input,
    pub member: &'a Member,
    /// How many requests must be missed for a silence not to be chance.
    pub missed_min: f64,
    /// The openings within which fewer are enough.
    pub shown: &'a [Opening],
    /// The least part of the traffic that an instance which is used is taken to get; without it any of them may be given
    /// nothing for any time.
    pub least: Option<f64>,
}

impl State {
    /// All instances closed from a moment on.
    pub(super) fn closed(since: Moment, instances: u32) -> Self {
        let mode = Mode::Closed { since, counts: (0, 0), alone: Alone::default(), nth: 0 };
        State { modes: vec![mode; instances.max(1) as usize], pending: Vec::new(), leaks: 0, log: None }
    }

    pub(super) fn with(&self, index: usize, mode: Mode) -> Self {
        let mut next = self.clone();
        next.modes[index] = mode;
        next
    }

    /// The opening of an instance is over.
    pub(super) fn ended(mut self, opened: Moment, at: Moment) -> Self {
        self.log = self.log.as_ref().map(|log| log.ended(opened, at));
        self
    }

    pub(super) fn opened(mut self, index: usize, place: usize, input: &Input, again: bool, nth: u32) -> Self {
        let result = input.result(place);
        let at = result.known;
        let by = result.learnt.max(at + input.blur_at(at));
        self.modes[index] = Mode::Open { at, by, nth, asked: result.asked };
        let opening = Opening { at, until: None, place, again, nth };
        self.log = Some(Rc::new(Link { opening, before: self.log.take() }));
        self
    }

    /// True if it has one instance, which lets its traffic through: an arrival changes nothing.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.modes.as_slice(), [Mode::Closed { alone: Alone { used: true, .. }, .. }])
    }

    /// True if the state gives the same for both instances.
    pub(super) fn repeats(&self, index: usize) -> bool {
        self.modes[..index].contains(&self.modes[index])
    }
}
