//! What an arrival, or that nothing arrives, makes of a state.

use std::time::Duration;

use units::Moment;

use super::input::Arrival;
use super::member::Rule;
use super::search::{Opening, Why};
use super::state::{Alone, MISSED_LIKELY, Mode, State, Steps};

/// A health check that a fault holds when it ends lasts for so long at the most, before the next one begins: a second is the
/// custom of HAProxy (`timeout check`) and of Envoy's health checks.
const CHECK_MAX: Duration = Duration::from_secs(1);

impl Steps<'_> {
    /// Why a state is refuted by nothing having arrived from `last` up to `now`.
    pub(super) fn silence(&self, state: &State, last: Moment, now: Moment) -> Option<Why> {
        let used =
            state.modes.iter().filter(|mode| !matches!(mode, Mode::Closed { alone, .. } if !alone.used));
        let (ready, part) = match self.least.filter(|_| state.modes.len() > 1) {
            Some(part) => (used.map(|mode| self.ready(mode)).min()?, part),
            None => (state.modes.iter().map(|mode| self.ready(mode)).max()?, 1.0),
        };
        // In which order arrivals were dealt out is not known finer than this: what comes in one burst is no silence.
        let from = (last + self.input.blur_at(last)).max(ready);
        let expected = || part * self.input.expected(from, now) * self.share_back(state, ready, from, now);
        if from >= now || expected() < self.missed_min(from, now) {
            return None;
        }
        let opened = state.modes.iter().filter_map(|mode| match mode {
            Mode::Open { at, .. } => Some(*at),
            _ => None,
        });
        Some(opened.max().map_or(Why::Silent { from: last }, |opened| Why::Long { opened }))
    }

    /// How many requests must be missed from one moment up to another for it not to be chance.
    fn missed_min(&self, from: Moment, now: Moment) -> f64 {
        let middle = from + now.since(from) / 2;
        let within =
            |opening: &Opening| opening.at <= middle && opening.until.is_none_or(|until| middle <= until);
        if self.shown.iter().any(within) { MISSED_LIKELY } else { self.missed_min }
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
    pub(super) fn ready(&self, mode: &Mode) -> Moment {
        match *mode {
            Mode::Closed { since, .. } => since,
            Mode::Open { by, nth, asked, .. } => {
                let end = by + self.member.open_time(nth, asked).1;
                let checked = self.input.fault_end + CHECK_MAX + self.member.open.1;
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
        let idle = matches!(self.member.rule, Rule::Count(..)) && !told.may_fail();
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
            Mode::Open { at, nth, asked, .. } => {
                let blur = self.input.blur_at(now);
                if now + blur < at + self.member.open_time(nth, asked).0 {
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

    /// Forgets what can change nothing from a moment on, when the results before `place` are known, and which of several
    /// instances is which: what is the same is then one state.
    pub(super) fn forget(&self, state: &mut State, place: usize, now: Moment) {
        let is_one = state.modes.len() == 1;
        for mode in &mut state.modes {
            let Mode::Closed { since, counts, alone, nth } = mode else { continue };
            *since = if *since <= now { self.input.observed.from } else { *since };
            if is_one {
                *nth = if self.member.growth.is_none() { 0 } else { *nth };
                *counts = if self.is_past(*counts, place, now) { (0, 0) } else { *counts };
            } else if let Rule::Count(_, within) = self.member.rule {
                // Twice as long: a stall may make the edge of a window uncertain.
                alone.recent = alone.recent.since(now, within.saturating_mul(2));
            }
        }
        if is_one {
            return;
        }
        let mut order: Vec<usize> = (0..state.modes.len()).collect();
        order.sort_by_key(|instance| state.modes[*instance]);
        state.modes.sort_unstable();
        for (_, instance) in &mut state.pending {
            *instance = order.iter().position(|old| *old == usize::from(*instance)).unwrap_or(0) as u8;
        }
    }

    /// True if no result from `place` on is weighed with one that came before a machine began to count: by its rule, it does
    /// not look back as far.
    fn is_past(&self, (from, arrival): (u32, u32), place: usize, now: Moment) -> bool {
        let blur = self.input.blur_max();
        let horizon = match self.member.rule {
            Rule::Never => return true,
            // Back to a success that certainly came before, and to what may have come just before that.
            Rule::InARow(_) => match self.input.success_before(self.input.place_at(now - blur).min(place)) {
                Some(success) => success - blur * 2,
                None => return false,
            },
            Rule::Count(_, within) | Rule::Share(_, within, _) => {
                Moment(now.0.saturating_sub(i64::try_from(within.as_nanos()).unwrap_or(i64::MAX))) - blur
            }
        };
        let first = self.input.place_at(horizon);
        from as usize <= first && arrival <= self.input.results.earliest_from(first)
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
    pub(super) fn soon_known(&self, place: usize, now: Moment) -> bool {
        place < self.input.results.order.len()
            && self.input.result(place).known <= now + self.input.blur_at(now)
    }
}
