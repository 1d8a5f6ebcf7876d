//! The search for a run: all states that fit what was seen, event by event, and where none is left.

use std::collections::HashSet;

use evidence::Tag;
use units::Moment;

use super::input::Input;
use super::member::Member;
use super::state::{MISSED_LIKELY, State, Steps};
use crate::silence::missed_min;

/// More states than this at a time mean that too little can be told.
const STATES_MAX: usize = 512;

/// Between two results there may be more, since each arrival may have come to any of the instances, but not without end.
const BETWEEN_MAX: usize = 8 * STATES_MAX;

/// One time for which a machine was open, in a run that fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opening {
    /// When the deciding failure was known.
    pub at: Moment,
    /// The first arrival that was let through afterwards; nothing if there was none.
    pub until: Option<Moment>,
    /// The place of the deciding failure among the results.
    pub place: usize,
    /// True if it was a failed probe that opened it again.
    pub again: bool,
    /// Which opening in a row it is, from 1.
    pub nth: u32,
}

/// Why no state is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    /// Requests arrived although it should have been open since then.
    Leaked {
        /// When the failure was known that should have opened it.
        opened: Moment,
    },
    /// It was silent, and let requests through too soon.
    Short {
        /// When the failure was known that opened it.
        opened: Moment,
        /// When a request was let through.
        until: Moment,
    },
    /// It stayed silent for too long after it opened.
    Long {
        /// When the failure was known that opened it.
        opened: Moment,
    },
    /// It went silent with no reason to.
    Silent {
        /// The last arrival before.
        from: Moment,
    },
    /// More probes at a time than declared.
    Probes {
        /// The first of them, by its place in the arrivals.
        first: u32,
    },
}

/// The first event that fits no state.
#[derive(Clone, Debug, PartialEq)]
pub struct Deviation {
    /// When.
    pub at: Moment,
    /// The request that arrived; nothing for a silence to the end.
    pub tag: Option<Tag>,
    /// Why it fits none.
    pub why: Why,
    /// How the machine had opened before.
    pub openings: Vec<Opening>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A run that fits, with its openings.
    Run(Vec<Opening>),
    /// None fits.
    None(Box<Deviation>),
    /// More states fit than can be followed, or all work was spent.
    Blurred,
}

impl Found {
    /// True if a run fits.
    pub fn fits(&self) -> bool {
        matches!(self, Found::Run(_))
    }
}

/// Whether what was seen can be a run of so many instances of a machine. A silence refutes a state only where chance hardly
/// explains it: once in a thousand such ledgers.
pub fn search(input: &Input, member: &Member, instances: u32) -> Found {
    search_within(input, member, instances, &mut Work::endless())
}

/// The same with so much work at the most: what is left of it when it is spent is blurred.
pub fn search_within(input: &Input, member: &Member, instances: u32, work: &mut Work) -> Found {
    run(input, member, instances, &[], None, work)
}

/// How much a search may do, in states that are followed from one event to the next. Several searches may share it, since not the
/// states of one but the machines that are tried make a search long.
#[derive(Clone, Copy, Debug)]
pub struct Work(u64);

impl Work {
    /// So many states.
    pub fn of(states: u64) -> Self {
        Work(states)
    }

    fn endless() -> Self {
        Work(u64::MAX)
    }

    /// Takes some of it. False if it is spent.
    fn take(&mut self, states: usize) -> bool {
        self.0 = self.0.saturating_sub(states as u64);
        self.0 > 0
    }
}

/// The same for a machine next to the declared one, of which `openings` are those of its run: within them a silence refutes
/// the neighbour already where chance explains one in twenty. Elsewhere it takes as much as to refute the declared one: of
/// thousands of gaps, chance makes some as long as that. Of several instances each that is used is taken to get a quarter of its even part of the traffic at least.
pub fn may_be(input: &Input, member: &Member, instances: u32, openings: &[Opening]) -> bool {
    let least = 0.25 / f64::from(instances.max(1));
    match run(input, member, instances, openings, Some(least), &mut Work::endless()) {
        Found::None(_) => false,
        Found::Run(openings) if instances == 1 && !member.ways.check && member.ways.ramp.is_zero() => {
            !waited_too_long(input, member, &openings)
        }
        Found::Run(_) | Found::Blurred => true,
    }
}

/// True if chance hardly explains how long the first requests after all open times were waited for, taken together: each
/// wait alone may be too short to tell, and the sum is not.
///
/// As many requests as are missed in a wait are spread exponentially, and the sum of them as a gamma distribution.
fn waited_too_long(input: &Input, member: &Member, openings: &[Opening]) -> bool {
    let waits = openings.iter().filter_map(|opening| {
        let asked = input.result(opening.place).asked;
        let end = opening.at + member.open_time(opening.nth, asked).1;
        let ready = end + input.blur_at(end);
        let until = opening.until?;
        (until > ready).then(|| input.expected(ready, until))
    });
    let (count, missed) = waits.fold((0, 0.0), |(count, missed), wait| (count + 1, missed + wait));
    count > 1 && erlang_tail(count, missed) < CHANCE_NEIGHBOUR
}

/// A machine beside the declared one is excluded where chance explains it in fewer cases than this.
const CHANCE_NEIGHBOUR: f64 = 0.05;

/// The probability that the sum of `count` exponential waits of mean 1 is at least `sum`.
fn erlang_tail(count: u32, sum: f64) -> f64 {
    let (mut term, mut tail) = ((-sum).exp(), 0.0);
    for nth in 0..count {
        tail += term;
        term *= sum / f64::from(nth + 1);
    }
    tail
}

fn run(
    input: &Input,
    member: &Member,
    instances: u32,
    shown: &[Opening],
    part_min: Option<f64>,
    work: &mut Work,
) -> Found {
    let missed_min = missed_min(input.arrivals.len());
    let least_missed = if shown.is_empty() { missed_min } else { MISSED_LIKELY.min(missed_min) };
    let steps = Steps { input, member, missed_min, shown, least: part_min };
    let mut states = vec![State::closed(input.observed.from, instances)];
    let (mut next, mut seen) = (Vec::new(), HashSet::new());
    let (mut place, mut last) = (0, input.observed.from);
    for (index, arrival) in input.arrivals.iter().enumerate() {
        while place < input.results.order.len() && input.result(place).known < arrival.at {
            if let [state] = states.as_slice()
                && state.is_closed()
                && steps.is_idle(place)
            {
                place += 1;
                continue;
            }
            step(&mut states, &mut next, &mut seen, |state, next| steps.result(state, place, next));
            place += 1;
            if states.len() > STATES_MAX || !work.take(states.len()) {
                return Found::Blurred;
            }
        }
        let may_be_silence = input.missed_before(index) >= least_missed;
        // Most arrivals come to a closed machine, without any doubt about it, and change nothing.
        if let [state] = states.as_slice()
            && state.is_closed()
            && !may_be_silence
        {
            last = arrival.at;
            continue;
        }
        let mut refuted = None;
        let fallback = states[0].clone();
        let many = states.len() > 1;
        step(&mut states, &mut next, &mut seen, |state, next| {
            let made = next.len();
            let why = may_be_silence.then(|| steps.silence(&state, last, arrival.at)).flatten();
            let why = why.or_else(|| steps.arrival(&state, index as u32, place, next));
            if many || instances > 1 {
                next[made..].iter_mut().for_each(|state| steps.forget(state, place, arrival.at));
            }
            if let Some(why) = why {
                refuted.get_or_insert((why, state));
            }
        });
        if states.is_empty() {
            let tag = Some(arrival.tag);
            return Found::None(deviation(refuted, &fallback, arrival.at, tag, arrival.at));
        }
        if states.len() > BETWEEN_MAX || !work.take(states.len()) {
            return Found::Blurred;
        }
        last = arrival.at;
    }
    ending(&steps, states, place, last)
}

/// What is known after the last arrival, and the silence up to the end.
fn ending(steps: &Steps<'_>, mut states: Vec<State>, mut place: usize, last: Moment) -> Found {
    let (input, mut next, mut seen) = (steps.input, Vec::new(), HashSet::new());
    let to = input.observed.to;
    while place < input.results.order.len() && input.result(place).known < to {
        step(&mut states, &mut next, &mut seen, |state, next| steps.result(state, place, next));
        place += 1;
    }
    let mut refuted = None;
    let fallback = states[0].clone();
    step(&mut states, &mut next, &mut seen, |state, next| match steps.silence(&state, last, to) {
        Some(why) => {
            refuted.get_or_insert((why, state));
        }
        None => next.push(state),
    });
    match states.first() {
        Some(state) => Found::Run(openings(state)),
        None => Found::None(deviation(refuted, &fallback, to, None, last)),
    }
}

#[expect(clippy::unnecessary_box_returns, reason = "it goes into the boxed side of a result")]
fn deviation(
    refuted: Option<(Why, State)>,
    fallback: &State,
    at: Moment,
    tag: Option<Tag>,
    last: Moment,
) -> Box<Deviation> {
    let (why, state) = refuted.unwrap_or((Why::Silent { from: last }, fallback.clone()));
    Box::new(Deviation { at, tag, why, openings: openings(&state) })
}

/// Makes the states that follow out of those before, each once.
fn step(
    states: &mut Vec<State>,
    next: &mut Vec<State>,
    seen: &mut HashSet<State>,
    mut follow: impl FnMut(State, &mut Vec<State>),
) {
    next.clear();
    for state in states.drain(..) {
        follow(state, next);
    }
    if next.len() > FEW {
        seen.clear();
        next.retain(|state| seen.insert(state.clone()));
    } else {
        let mut kept = 0;
        for index in 0..next.len() {
            if !next[..kept].contains(&next[index]) {
                next.swap(kept, index);
                kept += 1;
            }
        }
        next.truncate(kept);
    }
    std::mem::swap(states, next);
}

/// So few states are sooner compared each with each than hashed.
const FEW: usize = 8;

fn openings(state: &State) -> Vec<Opening> {
    let mut found = Vec::new();
    let mut link = state.log.as_ref();
    while let Some(one) = link {
        found.push(one.opening);
        link = one.before.as_ref();
    }
    found.reverse();
    found
}

impl Input {
    /// How many requests would have arrived during some openings, of those that this shows to be none of chance.
    pub fn missed(&self, openings: &[Opening]) -> u64 {
        let missed = openings.iter().map(|opening| {
            let from = opening.at + self.blur_at(opening.at);
            let to = opening.until.unwrap_or(self.observed.to);
            let before = |moment: Moment| self.arrivals.partition_point(|arrival| arrival.at < moment);
            // What leaked was not missed.
            self.expected(from, to) - before(to).saturating_sub(before(from)) as f64
        });
        missed.filter(|missed| *missed >= MISSED_LIKELY).sum::<f64>().round() as u64
    }
}
