//! The states that a machine can be in, and what an arrival or a result makes of each.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use units::Moment;

use super::count::{Reason, Since, reason};
use super::input::{Arrival, Input};
use super::member::{Member, Rule};
use super::search::{Opening, Why};
use super::window::Recent;
use crate::arrivals::Told;

/// With so many requests missed, a silence is none of chance, but in one of twenty cases.
pub(super) const MISSED_LIKELY: f64 = 3.0;

/// So many probes at the most arrive while the answer of another one is on its way.
const LATE_MAX: u32 = 4;

/// What one instance of a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Mode {
    /// Traffic flows, all of it from `since` on. Where there are several instances, each counts for itself what came to it:
    /// `alone`.
    Closed { since: Moment, counts: (u32, u32), alone: Alone, nth: u32 },
    /// Rejecting, since the failure that was known at that moment, and by the other one at the latest; for the n-th time in a
    /// row.
    Open { at: Moment, by: Moment, nth: u32 },
    /// Probing from an arrival on: so many under way, so many succeeded.
    HalfOpen { since: Moment, first: u32, out: u32, succeeded: u32, nth: u32 },
}

/// What one of several instances has counted: failures in a row, or those of its window; and whether it got anything at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Alone {
    used: bool,
    run: u32,
    recent: Recent,
}

impl Alone {
    /// What it starts from after it was open.
    fn reset() -> Self {
        Alone { used: true, ..Alone::default() }
    }
}

/// All instances of a machine, and how they came there.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub modes: Vec<Mode>,
    /// Which instance let an arrival through whose result is not known yet; only where there are several.
    pending: Vec<(u32, u8)>,
    leaks: u64,
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
    /// No silence shorter than this is one.
    pub shortest: std::time::Duration,
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

    fn with(&self, index: usize, mode: Mode) -> Self {
        let mut next = self.clone();
        next.modes[index] = mode;
        next
    }

    /// The opening of an instance is over.
    fn ended(mut self, opened: Moment, at: Moment) -> Self {
        self.log = self.log.as_ref().map(|log| log.ended(opened, at));
        self
    }

    fn opened(mut self, index: usize, place: usize, input: &Input, again: bool, nth: u32) -> Self {
        let result = input.result(place);
        let at = result.known;
        self.modes[index] = Mode::Open { at, by: result.learnt.max(at + input.blur_at(at)), nth };
        let opening = Opening { at, until: None, place, again, nth };
        self.log = Some(Rc::new(Link { opening, before: self.log.take() }));
        self
    }

    /// True if the state gives the same for both instances.
    fn repeats(&self, index: usize) -> bool {
        self.modes[..index].contains(&self.modes[index])
    }
}

impl Steps<'_> {
    /// Why a state is refuted by nothing having arrived from `last` up to `now`.
    pub(super) fn silence(&self, state: &State, last: Moment, now: Moment) -> Option<Why> {
        if now.since(last) < self.shortest {
            return None;
        }
        let used =
            state.modes.iter().filter(|mode| !matches!(mode, Mode::Closed { alone, .. } if !alone.used));
        let (ready, part) = match self.least.filter(|_| state.modes.len() > 1) {
            Some(least) => (used.map(|mode| self.ready(mode)).min()?, least),
            None => (state.modes.iter().map(|mode| self.ready(mode)).max()?, 1.0),
        };
        let from = last.max(ready);
        let expected = || part * self.input.expected(from, now) * self.share_back(state, ready, from, now);
        if from >= now || expected() < self.missed_min {
            return None;
        }
        let opened = state.modes.iter().filter_map(|mode| match mode {
            Mode::Open { at, .. } => Some(*at),
            _ => None,
        });
        Some(opened.max().map_or(Why::Silent { from: last }, |opened| Why::Long { opened }))
    }

    /// The mean share of its traffic that a state gets from one moment up to another: less than all while an open machine
    /// lets it back on a ramp, which begins when it is ready.
    fn share_back(&self, state: &State, ready: Moment, from: Moment, now: Moment) -> f64 {
        let ramp = self.member.ways.ramp.as_secs_f64();
        let is_open = |mode: &Mode| matches!(mode, Mode::Open { .. });
        if ramp <= 0.0 || !state.modes.iter().any(is_open) {
            return 1.0;
        }
        let at = |moment: Moment| (moment.since(ready).as_secs_f64() / ramp).min(1.0);
        f64::midpoint(at(from), at(now))
    }

    /// From when on an instance lets its traffic through.
    fn ready(&self, mode: &Mode) -> Moment {
        match *mode {
            Mode::Closed { since, .. } => since,
            Mode::Open { by, nth, .. } => {
                let end = by + self.member.open_time(nth).1;
                let checked = self.input.fault_end + self.member.open.1;
                let end = if self.member.ways.check { end.max(checked) } else { end };
                // On a ramp the first requests come late.
                end + (self.input.blur_at(end) + self.member.ways.ramp)
            }
            Mode::HalfOpen { since, out, .. } if self.member.ways.probes.is_some_and(|most| out < most) => {
                since
            }
            Mode::HalfOpen { .. } => Moment::NEVER,
        }
    }

    /// What becomes of a state when a request arrives.
    pub(super) fn arrival(
        &self,
        state: &State,
        index: u32,
        place: usize,
        next: &mut Vec<State>,
    ) -> Option<Why> {
        let before = next.len();
        if self.member.panics && state.modes.iter().any(|mode| self.may_panic(mode, index)) {
            next.push(state.clone());
        }
        let (mut leaked, mut refuted) = (None, None);
        for instance in (0..state.modes.len()).filter(|instance| !state.repeats(*instance)) {
            match self.admit(state, instance, index, place, next) {
                Ok(()) => {}
                Err(why) => {
                    leaked =
                        leaked.or(matches!(why, Why::Leaked { .. } | Why::Short { .. }).then_some(instance));
                    refuted = Some(why);
                }
            }
        }
        if next.len() > before {
            return None;
        }
        if leaked.is_some() && state.leaks < self.member.leaked_max {
            next.push(State { leaks: state.leaks + 1, ..state.clone() });
            return None;
        }
        refuted
    }

    /// True if a request may be let through although the instance admits none: all others are out as well.
    fn may_panic(&self, mode: &Mode, index: u32) -> bool {
        let now = self.input.arrivals[index as usize].at;
        match *mode {
            Mode::Closed { .. } => false,
            Mode::Open { .. } => now <= self.ready(mode),
            Mode::HalfOpen { out, .. } => out >= self.member.ways.probes.unwrap_or(0),
        }
    }

    fn admit(
        &self,
        state: &State,
        instance: usize,
        index: u32,
        place: usize,
        next: &mut Vec<State>,
    ) -> Result<(), Why> {
        let Arrival { at: now, earliest, .. } = self.input.arrivals[index as usize];
        let told = self.input.arrivals[index as usize].told;
        // A success at a closed instance that counts failures in a window changes nothing.
        let idle = matches!(self.member.rule, Rule::Count(..)) && told != Told::Failure;
        let mut push = |mut new: State| {
            if new.modes.len() > 1 && !(idle && matches!(new.modes[instance], Mode::Closed { .. })) {
                new.pending.push((index, instance as u8));
            }
            next.push(new);
        };
        match state.modes[instance] {
            Mode::Closed { since, counts, alone, nth } => {
                let alone = Alone { used: true, ..alone };
                push(state.with(instance, Mode::Closed { since, counts, alone, nth }));
            }
            Mode::Open { at, by, .. } if earliest <= by || now <= at + self.input.blur_at(now) => {
                push(state.clone());
            }
            Mode::Open { at, nth, .. } => {
                let blur = self.input.blur_at(now);
                if now + blur < at + self.member.open_time(nth).0 {
                    return Err(self.too_early(at, now, index));
                }
                let ways = self.member.ways;
                if ways.probes.is_some() {
                    let probing = Mode::HalfOpen { since: now, first: index, out: 1, succeeded: 0, nth };
                    push(state.with(instance, probing).ended(at, now));
                }
                if ways.all || ways.check {
                    for arrival in [index, 0] {
                        let closed = Mode::Closed {
                            since: now + ways.ramp,
                            counts: (place as u32, arrival),
                            alone: Alone::reset(),
                            nth,
                        };
                        push(state.with(instance, closed).ended(at, now));
                    }
                }
            }
            Mode::HalfOpen { since, first, out, succeeded, nth } => {
                let most = self.member.ways.probes.unwrap_or(0);
                if out >= most && !self.soon_known(place, now) {
                    return Err(Why::Probes { first });
                }
                let more = Mode::HalfOpen { since, first, out: out.saturating_add(1), succeeded, nth };
                push(state.with(instance, more));
            }
        }
        Ok(())
    }

    /// Forgets of several instances what can change nothing from a moment on, and which of them is which: what is the
    /// same is then one state.
    pub(super) fn forget(&self, state: &mut State, now: Moment) {
        if state.modes.len() == 1 {
            return;
        }
        for mode in &mut state.modes {
            if let Mode::Closed { since, alone, .. } = mode {
                *since = if *since <= now { self.input.observed.from } else { *since };
                if let Rule::Count(_, within) = self.member.rule {
                    // Twice as long: a stall may make the edge of a window uncertain.
                    alone.recent = alone.recent.since(now, within.saturating_mul(2));
                }
            }
        }
        let mut order: Vec<usize> = (0..state.modes.len()).collect();
        order.sort_by_key(|instance| state.modes[*instance]);
        state.modes.sort_unstable();
        for (_, instance) in &mut state.pending {
            *instance = order.iter().position(|old| *old == usize::from(*instance)).unwrap_or(0) as u8;
        }
    }

    /// Why an arrival at an open machine is wrong: it opened late or never, or was open for too short a time.
    fn too_early(&self, opened: Moment, now: Moment, index: u32) -> Why {
        let last = index
            .checked_sub(1)
            .map_or(self.input.observed.from, |last| self.input.arrivals[last as usize].at);
        let missed = self.input.expected(last.max(opened), now);
        if missed >= MISSED_LIKELY { Why::Short { opened, until: now } } else { Why::Leaked { opened } }
    }

    /// True if a result is known so soon that it may have been known at `now` already.
    fn soon_known(&self, place: usize, now: Moment) -> bool {
        place < self.input.results.len() && self.input.result(place).known <= now + self.input.blur_at(now)
    }

    /// What becomes of a state when a result is known.
    pub(super) fn result(&self, state: State, place: usize, next: &mut Vec<State>) {
        let index = self.input.results[place];
        let mut state = state;
        let instance = if state.modes.len() == 1 {
            0
        } else {
            let Some(at) = state.pending.iter().position(|(pending, _)| *pending == index) else {
                next.push(state);
                return;
            };
            usize::from(state.pending.remove(at).1)
        };
        match state.modes[instance] {
            Mode::Closed { .. } => self.counted(state, instance, place, next),
            Mode::HalfOpen { first, .. } if index >= first => self.probed(state, instance, place, next),
            Mode::Open { .. } | Mode::HalfOpen { .. } => next.push(state),
        }
    }

    fn counted(&self, state: State, instance: usize, place: usize, next: &mut Vec<State>) {
        let Mode::Closed { since, counts, alone, nth } = state.modes[instance] else { return };
        if state.modes.len() > 1 {
            for (reason, alone) in self.alone(alone, place) {
                let mut counted = state.clone();
                counted.modes[instance] = Mode::Closed { since, counts, alone, nth };
                self.judged(counted, instance, place, reason, next);
            }
            return;
        }
        let counted = Since { place: counts.0, arrival: counts.1 };
        let reason = reason(self.input, self.member, counted, place);
        self.judged(state, instance, place, reason, next);
    }

    /// What becomes of a closed instance that has such a reason to open.
    fn judged(&self, state: State, instance: usize, place: usize, reason: Reason, next: &mut Vec<State>) {
        let Mode::Closed { nth, .. } = state.modes[instance] else { return };
        if reason.may {
            let again = nth > 0 && self.member.growth.is_some();
            for nth in std::iter::once(1).chain(again.then_some(nth + 1)) {
                next.push(state.clone().opened(instance, place, self.input, false, nth));
            }
        }
        if !reason.must || self.member.may_stay {
            next.push(state);
        }
    }

    /// What an instance among several may make of a result. A success and a failure that can't be told apart in time may have
    /// come in either order, and then the success ends the row before the failure, after it, or both.
    fn alone(&self, counted: Alone, place: usize) -> Vec<(Reason, Alone)> {
        let result = self.input.result(place);
        let (reason, next) = self.told_alone(counted, result);
        let in_a_row = matches!(self.member.rule, Rule::InARow(_));
        match result.told {
            Told::Failure if in_a_row && self.is_doubted(place) => {
                let ended = Alone { run: 0, ..next };
                vec![(Reason { must: false, ..reason }, next), (Reason { may: false, must: false }, ended)]
            }
            Told::Success if in_a_row && self.is_doubted(place) => vec![(reason, next), (reason, counted)],
            _ => vec![(reason, next)],
        }
    }

    /// The same, in the order in which results were known. A share is not followed for each of them, so that one may open
    /// after any failure and never must.
    fn told_alone(&self, mut counted: Alone, result: &Arrival) -> (Reason, Alone) {
        let failed = result.told == Told::Failure;
        let reason = match self.member.rule {
            Rule::InARow(count) => {
                counted.run = match result.told {
                    Told::Failure => counted.run + 1,
                    Told::Success => 0,
                    Told::Nothing => counted.run,
                };
                let most = count.saturating_add(self.member.slack);
                Reason { may: counted.run >= count, must: counted.run >= most }
            }
            Rule::Count(count, within) => {
                if failed {
                    counted.recent = counted.recent.count(result.known, within);
                }
                let blur = self.input.blur_at(result.known);
                let (fewest, most) = counted.recent.within(result.known, within, blur);
                Reason { may: most >= count, must: fewest >= count.saturating_add(self.member.slack) }
            }
            Rule::Share(..) => Reason { may: true, must: false },
            Rule::Never => Reason { may: false, must: false },
        };
        (Reason { may: reason.may && failed, must: reason.must && failed }, counted)
    }

    /// True if a result of the other kind was known at about the same time.
    fn is_doubted(&self, place: usize) -> bool {
        let result = self.input.result(place);
        let blur = self.input.blur_at(result.known);
        let (from, to) = (self.input.place_at(result.known - blur), self.input.place_at(result.known + blur));
        let other = |near: usize| {
            let told = self.input.result(near).told;
            told != Told::Nothing && told != result.told
        };
        (from..to).any(other)
    }

    fn probed(&self, state: State, instance: usize, place: usize, next: &mut Vec<State>) {
        let Mode::HalfOpen { since, first, out, succeeded, nth } = state.modes[instance] else { return };
        let result = self.input.result(place);
        let fewer = Mode::HalfOpen { since, first, out: out.saturating_sub(1), succeeded, nth };
        match result.told {
            Told::Failure => {
                if out > 1 && self.is_doubted(place) {
                    // Another probe's success may have closed it just before, and then nobody hears of this one.
                    next.push(state.with(instance, fewer));
                }
                next.push(state.opened(instance, place, self.input, true, nth + 1));
            }
            Told::Nothing => {
                // Nobody says what becomes of a probe whose client left: a new one, or open again.
                next.push(state.with(instance, fewer));
                next.push(state.opened(instance, place, self.input, true, nth + 1));
            }
            Told::Success => {
                for counts in self.counted_after(&state, place, first) {
                    let since = result.known + self.member.ways.ramp;
                    next.push(
                        state.with(instance, Mode::Closed { since, counts, alone: Alone::default(), nth: 0 }),
                    );
                }
                let needs_more =
                    self.member.ways.probes.is_some_and(|most| succeeded + 1 < most && most < u32::MAX);
                if needs_more {
                    let more = Mode::HalfOpen {
                        since,
                        first,
                        out: out.saturating_sub(1),
                        succeeded: succeeded + 1,
                        nth,
                    };
                    next.push(state.with(instance, more));
                }
            }
        }
    }

    /// From where on a machine counts that was closed by the success of a probe at `place`: the probe may count or not, and
    /// so may what was under way with it.
    fn counted_after(&self, state: &State, place: usize, first: u32) -> Vec<(u32, u32)> {
        if state.modes.len() > 1 {
            return vec![(0, 0)];
        }
        let (arrivals, result) = (&self.input.arrivals, self.input.result(place));
        let until = |moment: Moment| arrivals.partition_point(|arrival| arrival.at <= moment) as u32;
        let after = until(result.known);
        // What arrived just after the probe's answer had gone out was let through as a further probe.
        let late = until(result.known + self.input.blur_at(result.known) * 2).min(after + LATE_MAX);
        let probed = (after..=late).map(|arrival| (place as u32 + 1, arrival));
        probed.chain([(place as u32, first), (place as u32, 0)]).collect()
    }
}
