//! What a search reads: the arrivals at a backend, what each told and when, and the traffic that was offered.

use std::sync::Arc;
use std::time::Duration;

use evidence::{Attempt, End, Entry, Tag};
use policy::{FailureClass, RetryOn};
use units::{Moment, Stretch};

use super::followed::Followed;
use super::member::{Member, Rule};
use super::offered::{BLUR_MAX, Offered};
use super::results::Results;
use super::search::{Deviation, Why};
use crate::arrivals::Told;
use crate::lifetimes::{Ending, ending};
use crate::view::View;

/// One request as it arrived, and what the gateway learnt by it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// The request.
    pub tag: Tag,
    /// When it can have been let through at the earliest: when the request was sent, or the attempt before it was over.
    pub earliest: Moment,
    /// When it arrived.
    pub at: Moment,
    /// When its outcome could be known, give or take a blur.
    pub known: Moment,
    /// When the gateway knew it at the latest: it answered the client, or tried again.
    pub learnt: Moment,
    /// What it told.
    pub told: Told,
    /// For how long its answer asked to be left alone, from when it was known: its `Retry-After`.
    pub asked: Option<Duration>,
}

/// The arrivals at a backend or a pool, with all that a search needs.
#[derive(Clone, Debug)]
pub struct Input {
    /// In order of arrival.
    pub arrivals: Vec<Arrival>,
    /// Their outcomes.
    pub(super) results: Results,
    /// How many requests had been dealt with before each arrival, and how many up to it, itself included.
    ahead: Vec<(u32, u32)>,
    /// When the gateway dealt with requests that would have reached it, and its share of them.
    offered: (Arc<[Moment]>, f64),
    /// What can't be told apart in time, stalls aside.
    pub blur: Duration,
    /// The same with the stalls around any result.
    blur_max: Duration,
    stalls: crate::stalls::Stalls,
    /// What is looked at.
    pub observed: Stretch,
    /// When the last fault of the phase ends.
    pub fault_end: Moment,
    /// When what happened before it could not be followed any more, and when the backend was known to work after that; nothing
    /// if it begins with the run.
    lost: Option<(Moment, Moment)>,
}

impl Input {
    /// What a view shows of some backends: one, or a whole pool. `fails` says what counts as a failure. Nothing if no fault
    /// is on them in the phase and `always` is not set, or if the gateway has been given others: as far as it can be followed.
    pub fn of(
        view: &View<'_>,
        offered: &Offered,
        backends: &[u16],
        fails: &[FailureClass],
        always: bool,
    ) -> Option<Self> {
        let Followed { observed, fault_end, lost } = Followed::of(view, backends, always)?;
        let arrivals = arrivals(view, backends, fails, observed);
        let works = |one: &&Arrival| one.told == Told::Success && lost.is_some_and(|lost| one.known >= lost);
        let works = arrivals.iter().filter(works).map(|one| one.known).min().unwrap_or(Moment::NEVER);
        let mut input = Input {
            arrivals,
            results: Results::default(),
            ahead: Vec::new(),
            offered: offered.towards(view, backends),
            blur: offered.transit,
            blur_max: Duration::ZERO,
            stalls: view.stalls.clone(),
            observed,
            fault_end,
            lost: lost.map(|lost| (lost, works)),
        };
        input.order();
        Some(input)
    }

    /// The same from a later moment on.
    #[must_use]
    pub fn from(&self, from: Moment) -> Self {
        let mut later = self.clone();
        later.arrivals.retain(|arrival| arrival.at >= from);
        later.observed.from = from.min(later.observed.to);
        later.order();
        later
    }

    /// True if what came before it, and could not be followed, may be why a machine of this kind went silent: failures that
    /// are not on record still counted, or it was open already.
    pub fn may_be_owed_to_the_past(&self, deviation: &Deviation, member: &Member) -> bool {
        let Some((lost, works)) = self.lost else { return false };
        match deviation.why {
            Why::Silent { from } if deviation.openings.is_empty() => {
                let counts = match member.rule {
                    Rule::Count(_, within) | Rule::Share(_, within, _) => within,
                    Rule::InARow(_) | Rule::Never => Duration::ZERO,
                };
                from < works.max(lost + counts)
            }
            // How often in a row it had opened is not known.
            Why::Long { .. } => member.growth.is_some(),
            _ => false,
        }
    }

    fn order(&mut self) {
        let arrivals = &self.arrivals;
        let outcomes: Vec<_> = arrivals.iter().map(|arrival| (arrival.known, arrival.told)).collect();
        self.results = Results::of(&outcomes);
        let dealt = &self.offered.0;
        let (mut before, mut up_to) = (0, 0);
        let ahead = arrivals.iter().map(|arrival| {
            before += dealt[before..].iter().take_while(|dealt| **dealt < arrival.at).count();
            up_to += dealt[up_to..].iter().take_while(|dealt| **dealt <= arrival.at).count();
            (before as u32, up_to as u32)
        });
        self.ahead = ahead.collect();
        let blurs = arrivals.iter().map(|arrival| self.blur_at(arrival.known));
        self.blur_max = blurs.max().unwrap_or(self.blur);
    }

    /// The most that can't be told apart in time around any result.
    pub(super) fn blur_max(&self) -> Duration {
        self.blur_max
    }

    /// When the last success before a place of the results was known.
    pub(super) fn success_before(&self, place: usize) -> Option<Moment> {
        self.results.success_before(place).map(|place| self.result(place).known)
    }

    /// How many requests would have arrived between an arrival and the one before it.
    pub(super) fn missed_before(&self, index: usize) -> f64 {
        let before = match index.checked_sub(1) {
            Some(last) => self.ahead[last].1 as usize,
            None => self.offered.0.partition_point(|dealt| *dealt < self.observed.from),
        };
        self.offered.1 * (self.ahead[index].0 as usize).saturating_sub(before) as f64
    }

    /// What can't be told apart around a moment: the transit, and stalls that touch it.
    pub fn blur_at(&self, moment: Moment) -> Duration {
        self.blur + self.stalls.touching(moment - self.blur, moment + self.blur)
    }

    /// How many requests would have arrived between two moments. One that arrived at either is none of them.
    pub fn expected(&self, from: Moment, to: Moment) -> f64 {
        let dealt = &self.offered.0;
        let up_to = dealt.partition_point(|dealt| *dealt <= from);
        self.offered.1 * dealt.partition_point(|dealt| *dealt < to).saturating_sub(up_to) as f64
    }

    /// The share of the offered requests that reaches it while all is well.
    pub fn share(&self) -> f64 {
        self.offered.1
    }

    /// The mean time between two arrivals while it is in use; nothing if it gets no traffic.
    pub fn mean_gap(&self) -> Option<Duration> {
        let expected = self.expected(self.observed.from, self.observed.to);
        (expected > 0.0).then(|| self.observed.length().div_f64(expected.max(1e-3)))
    }

    /// A result, by its place in the order in which they were known.
    pub(super) fn result(&self, place: usize) -> &Arrival {
        &self.arrivals[self.results.order[place] as usize]
    }

    /// The place of the first result that was known at a moment or later.
    pub(super) fn place_at(&self, moment: Moment) -> usize {
        self.results.order.partition_point(|index| self.arrivals[*index as usize].known < moment)
    }

    /// How many failures in a row were known at a moment.
    pub fn run_at(&self, moment: Moment) -> u64 {
        let order = &self.results.order;
        self.results.run_before(order.partition_point(|index| self.arrivals[*index as usize].known <= moment))
    }

    /// How many failures became known between two moments.
    pub fn failures_in(&self, from: Moment, to: Moment) -> u64 {
        let known = |one: &&Arrival| one.told.may_fail() && from <= one.known && one.known <= to;
        self.arrivals.iter().filter(known).count() as u64
    }

    /// The most failures in a row.
    pub fn longest_run(&self) -> u64 {
        let runs = (0..=self.results.order.len()).map(|place| self.results.run_before(place));
        runs.max().unwrap_or(0)
    }
}

fn arrivals(view: &View<'_>, backends: &[u16], fails: &[FailureClass], during: Stretch) -> Vec<Arrival> {
    let mut found = Vec::new();
    for entry in view.ledger.entries().filter(|entry| view.takes(entry.exchange.class)) {
        for (index, attempt) in entry.attempts.iter().enumerate() {
            if !backends.contains(&attempt.backend) || !during.contains(attempt.arrived) {
                continue;
            }
            let known = over(attempt);
            let before =
                index.checked_sub(1).map_or(entry.exchange.sent, |before| over(&entry.attempts[before]));
            let after = entry.attempts.get(index + 1).map_or(entry.exchange.done, |next| next.arrived);
            found.push(Arrival {
                tag: attempt.tag,
                // A wait before a further attempt is no transit.
                earliest: before.max(attempt.arrived - BLUR_MAX).min(attempt.arrived),
                at: attempt.arrived,
                known,
                learnt: if attempt.was_abandoned() { known } else { after.min(known + BLUR_MAX).max(known) },
                told: told(&entry, attempt, fails),
                asked: attempt.retry_at.map(|until| until.since(known)),
            });
        }
    }
    found.sort_by_key(|arrival| (arrival.at, arrival.tag));
    found
}

/// When an attempt was over, for a gateway.
fn over(attempt: &Attempt) -> Moment {
    attempt.replied.unwrap_or(attempt.ended).max(attempt.arrived)
}

/// What an attempt told the gateway of its backend, by what is declared to count as a failure.
pub fn told(entry: &Entry<'_>, attempt: &Attempt, fails: &[FailureClass]) -> Told {
    let counts = |on: RetryOn| fails.contains(&FailureClass::One(on));
    let by_status = fails.iter().any(|class| class.takes_status(attempt.status));
    let failed = match (ending(entry, attempt), attempt.end) {
        // The head of an answer is there before its body breaks off, or is given up: a status that counts has counted, unless
        // the client was gone by then.
        (Ending::Client | Ending::AfterClient | Ending::Overtaken | Ending::Crossed, cut)
            if by_status && breaks_off(cut) =>
        {
            return Told::Unsure;
        }
        (Ending::Client | Ending::AfterClient | Ending::Overtaken, _)
        | (_, End::OpenAtEnd | End::RequestCut | End::Malformed | End::Spoiled) => return Told::Nothing,
        (Ending::Crossed, _) if counts(RetryOn::Timeout) => return Told::Unsure,
        (Ending::Crossed, _) => return Told::Nothing,
        (_, cut) if by_status && breaks_off(cut) => true,
        // It had begun to answer: whether giving that up counts as a timeout, no policy says.
        (_, End::AbandonedFin | End::AbandonedRst) if attempt.status > 0 => {
            return if counts(RetryOn::Timeout) { Told::Unsure } else { Told::Nothing };
        }
        // Who tries again has not read on: it saw a status that does not count.
        (_, End::Reset | End::Closed) if attempt.status > 0 && is_followed(entry, attempt) => false,
        // Nor need it, before it finds that nobody is left to try and passes this answer on: its head may have settled it.
        (_, End::Reset | End::Closed) if attempt.status >= 400 && counts(RetryOn::Reset) => {
            return Told::Unsure;
        }
        (_, End::Replied) => by_status,
        (_, End::AbandonedFin | End::AbandonedRst) => counts(RetryOn::Timeout),
        (_, End::Reset | End::Closed) => counts(RetryOn::Reset),
    };
    if failed { Told::Failure } else { Told::Success }
}

/// True if the answer was not whole.
fn breaks_off(end: End) -> bool {
    matches!(end, End::AbandonedFin | End::AbandonedRst | End::Reset | End::Closed)
}

/// True if another attempt of the request came later.
fn is_followed(entry: &Entry<'_>, attempt: &Attempt) -> bool {
    entry.attempts.last().is_some_and(|last| last.number > attempt.number)
}
