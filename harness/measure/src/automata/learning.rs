//! What a result makes of a state, once it is known.

use units::Moment;

use super::count::{Reason, Since, reason};
use super::input::Arrival;
use super::member::Rule;
use super::state::{Alone, Mode, State, Steps};
use crate::arrivals::Told;

/// So many probes at the most arrive while the answer of another one is on its way.
const LATE_MAX: u32 = 4;

impl Steps<'_> {
    /// What becomes of a state when a result is known.
    pub(super) fn result(&self, state: State, place: usize, next: &mut Vec<State>) {
        let index = self.input.results.order[place];
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
            Mode::HalfOpen { first, .. } if index >= first => {
                // What was let through because all were out is no probe, and nobody hears of it.
                if self.member.panics && index > first {
                    next.push(state.clone());
                }
                self.probed(state, instance, place, next);
            }
            Mode::Open { .. } | Mode::HalfOpen { .. } => next.push(state),
        }
    }

    /// True if a result changes nothing at a closed machine that is the only one: it can be no reason to open, now or later.
    pub(super) fn is_idle(&self, place: usize) -> bool {
        !self.input.result(place).told.may_fail() && !matches!(self.member.rule, Rule::Share(..))
    }

    fn counted(&self, mut state: State, instance: usize, place: usize, next: &mut Vec<State>) {
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
        let (reason, due) = self.looked(reason, alone.due, place);
        let alone = Alone { due, ..alone };
        state.modes[instance] = Mode::Closed { since, counts, alone, nth };
        self.judged(state, instance, place, reason, next);
    }

    /// What a reason comes to where the gateway only looks now and then whether there is one: it must have opened once there
    /// was one all the time from one look to the next.
    fn looked(&self, reason: Reason, due: Option<Moment>, place: usize) -> (Reason, Option<Moment>) {
        if self.member.looks.is_zero() || !matches!(self.member.rule, Rule::Share(..)) {
            return (reason, None);
        }
        let now = self.input.result(place).known;
        let due = reason.must.then(|| due.unwrap_or(now));
        let latest = due.map(|due| due + (self.member.looks + self.input.blur_at(now)));
        (Reason { must: latest.is_some_and(|latest| latest < now), ..reason }, due)
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
        let nothing = (Reason { may: false, must: false }, counted);
        let in_a_row = matches!(self.member.rule, Rule::InARow(_));
        match result.told {
            Told::Unsure => vec![(Reason { must: false, ..reason }, next), nothing],
            Told::Failure if in_a_row && self.is_doubted(place) => {
                let ended = Alone { run: 0, ..next };
                vec![(Reason { must: false, ..reason }, next), (nothing.0, ended)]
            }
            Told::Success if in_a_row && self.is_doubted(place) => vec![(reason, next), (reason, counted)],
            _ => vec![(reason, next)],
        }
    }

    /// The same, in the order in which results were known. A share is not followed for each of them, so that one may open
    /// after any failure and never must.
    fn told_alone(&self, mut counted: Alone, result: &Arrival) -> (Reason, Alone) {
        let failed = result.told.may_fail();
        let reason = match self.member.rule {
            Rule::InARow(count) => {
                counted.run = match result.told {
                    Told::Failure | Told::Unsure => counted.run + 1,
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
            told != Told::Nothing && told.may_fail() != result.told.may_fail()
        };
        (from..to).any(other)
    }

    /// True if what arrived after it succeeded at about the same time: it was on its way already, as a further probe.
    fn is_overtaken(&self, place: usize) -> bool {
        let result = self.input.result(place);
        let to = self.input.place_at(result.known + self.input.blur_at(result.known));
        (place + 1..to).any(|near| {
            let later = self.input.results.order[near] > self.input.results.order[place];
            later && self.input.result(near).told == Told::Success
        })
    }

    fn probed(&self, state: State, instance: usize, place: usize, next: &mut Vec<State>) {
        let Mode::HalfOpen { since, first, out, succeeded, nth } = state.modes[instance] else { return };
        let result = self.input.result(place);
        let fewer = Mode::HalfOpen { since, first, out: out.saturating_sub(1), succeeded, nth };
        match result.told {
            Told::Failure => {
                if (out > 1 && self.is_doubted(place)) || self.is_overtaken(place) {
                    // Another probe's success may have closed it just before, and then nobody hears of this one.
                    next.push(state.with(instance, fewer));
                }
                next.push(state.opened(instance, place, self.input, true, nth + 1));
            }
            Told::Nothing | Told::Unsure => {
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
