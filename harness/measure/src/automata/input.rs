//! What a search reads: the arrivals at a backend, what each told and when, and the traffic that was offered.

use std::time::Duration;

use evidence::{Attempt, End, Entry, Tag};
use policy::{FailureClass, RetryOn};
use units::stats::quantile;
use units::{Moment, Stretch};

use crate::arrivals::{Told, recorded_to};
use crate::lifetimes::{Ending, ending};
use crate::view::View;

/// No transit is taken to be known finer than this: timers and clocks of machines have about this granularity.
const BLUR_MIN: Duration = Duration::from_millis(1);
/// Nor coarser: what is slower is queueing, which a breaker does not excuse.
const BLUR_MAX: Duration = Duration::from_millis(20);
/// With fewer requests before the first fault, the planned weights say more than the counted shares.
const BASELINE_MIN: u64 = 100;

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
}

/// The arrivals at a backend or a pool, with all that a search needs.
#[derive(Clone, Debug)]
pub struct Input {
    /// In order of arrival.
    pub arrivals: Vec<Arrival>,
    /// Indices of the arrivals, in the order in which their outcomes were known.
    pub results: Vec<u32>,
    /// How many of the first results were failures, and how many told anything; one longer than `results`.
    pub(super) sums: Vec<(u32, u32)>,
    /// When requests were offered that would have reached it, and its share of them.
    offered: (Vec<Moment>, f64),
    /// What can't be told apart in time, stalls aside.
    pub blur: Duration,
    stalls: crate::stalls::Stalls,
    /// What is looked at.
    pub observed: Stretch,
    /// When the last fault of the phase ends.
    pub fault_end: Moment,
}

impl Input {
    /// What a view shows of some backends: one, or a whole pool. `fails` says what counts as a failure. Nothing if no fault
    /// is on them in the phase and `always` is not set.
    ///
    /// It begins at the epoch, or with the phase where a fault before it hid attempts, and ends where the next fault begins
    /// or the evidence ends, or where a fault begins that hides attempts.
    pub fn of(view: &View<'_>, backends: &[u16], fails: &[FailureClass], always: bool) -> Option<Self> {
        let phase = view.brief.phases[view.place.phase].during;
        let on_it =
            || view.brief.injections.iter().filter(|one| one.backends.iter().any(|b| backends.contains(b)));
        let here = on_it().filter(|injection| injection.during.overlaps(&phase));
        let fault_end = here.map(|injection| injection.during.to).max();
        let fault_end = if always { fault_end.unwrap_or(phase.to) } else { fault_end? };
        let hides = |one: &&crate::brief::InjectionBrief| one.hides_attempts;
        let blind = on_it().filter(hides).any(|one| one.during.from < phase.from);
        // What came before decides which state a breaker is in, unless it can't be followed.
        let from = if blind { phase.from } else { Moment::EPOCH.min(phase.from) };
        let next = on_it().map(|injection| injection.during.from).filter(|begin| *begin >= fault_end).min();
        let hidden = on_it().filter(hides).filter(|one| one.during.to > phase.from);
        let hidden = hidden.map(|injection| injection.during.from).min();
        let to = next.unwrap_or(Moment::NEVER).min(hidden.unwrap_or(Moment::NEVER));
        let observed = Stretch { from, to: to.min(recorded_to(view.ledger)).max(from) };
        let arrivals = arrivals(view, backends, fails, observed);
        let mut input = Input {
            results: Vec::new(),
            arrivals,
            sums: Vec::new(),
            offered: offered(view, backends),
            blur: blur(view),
            stalls: view.stalls.clone(),
            observed,
            fault_end,
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

    fn order(&mut self) {
        let arrivals = &self.arrivals;
        self.results = (0..arrivals.len() as u32).collect();
        self.sums = vec![(0, 0)];
        self.results.sort_by_key(|index| (arrivals[*index as usize].known, *index));
        let (mut failed, mut told) = (0, 0);
        for index in &self.results {
            failed += u32::from(arrivals[*index as usize].told == Told::Failure);
            told += u32::from(arrivals[*index as usize].told != Told::Nothing);
            self.sums.push((failed, told));
        }
    }

    /// What can't be told apart around a moment: the transit, and stalls that touch it.
    pub fn blur_at(&self, moment: Moment) -> Duration {
        self.blur + self.stalls.touching(moment - self.blur, moment + self.blur)
    }

    /// How many requests would have arrived from one moment up to another.
    pub fn expected(&self, from: Moment, to: Moment) -> f64 {
        let before = |moment: Moment| self.offered.0.partition_point(|sent| *sent < moment);
        self.offered.1 * before(to).saturating_sub(before(from)) as f64
    }

    /// The share of the offered requests that reaches it while all is well.
    pub fn share(&self) -> f64 {
        self.offered.1
    }

    /// When requests were offered that may have reached it, in order.
    pub(super) fn offered(&self) -> &[Moment] {
        &self.offered.0
    }

    /// The mean time between two arrivals while it is in use; nothing if it gets no traffic.
    pub fn mean_gap(&self) -> Option<Duration> {
        let expected = self.expected(self.observed.from, self.observed.to);
        (expected > 0.0).then(|| self.observed.length().div_f64(expected.max(1e-3)))
    }

    /// A result, by its place in the order in which they were known.
    pub(super) fn result(&self, place: usize) -> &Arrival {
        &self.arrivals[self.results[place] as usize]
    }

    /// The place of the first result that was known at a moment or later.
    pub(super) fn place_at(&self, moment: Moment) -> usize {
        self.results.partition_point(|index| self.arrivals[*index as usize].known < moment)
    }

    /// The most failures in a row.
    pub fn longest_run(&self) -> usize {
        let told = self.results.iter().map(|index| self.arrivals[*index as usize].told);
        let mut run = 0;
        let runs = told.map(|told| {
            run = match told {
                Told::Failure => run + 1,
                Told::Success => 0,
                Told::Nothing => run,
            };
            run
        });
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
    let failed = match (ending(entry, attempt), attempt.end) {
        (Ending::Client | Ending::AfterClient | Ending::Overtaken, _)
        | (_, End::OpenAtEnd | End::RequestCut | End::Malformed) => return Told::Nothing,
        (_, End::Replied) => fails.iter().any(|class| class.takes_status(attempt.status)),
        (_, End::AbandonedFin | End::AbandonedRst) => counts(RetryOn::Timeout),
        (_, End::Reset | End::Closed) => counts(RetryOn::Reset),
    };
    if failed { Told::Failure } else { Told::Success }
}

/// The robust transit: what 99 in 100 fault-free first attempts don't exceed from sending to arrival.
fn blur(view: &View<'_>) -> Duration {
    let clean = view.ledger.entries().filter_map(|entry| {
        let first =
            entry.attempts.first().filter(|attempt| attempt.number == 1 && attempt.injections == 0)?;
        Some(first.arrived.since(entry.exchange.sent))
    });
    let mut transits: Vec<Duration> = clean.collect();
    quantile(&mut transits, 0.99).unwrap_or_default().clamp(BLUR_MIN, BLUR_MAX)
}

/// When requests were offered that reach these backends while all is well, and the share of them that does.
///
/// Traffic of classes that never reach them is none of theirs. With too few requests before the first fault, the weights
/// tell the share.
fn offered(view: &View<'_>, backends: &[u16]) -> (Vec<Moment>, f64) {
    let first_fault = view.brief.injections.iter().map(|injection| injection.during.from).min();
    let classes = view.brief.traffic.len();
    let (mut all, mut here) = (vec![0u64; classes], vec![0u64; classes]);
    for entry in view.ledger.entries().filter(|entry| view.takes(entry.exchange.class)) {
        let class = usize::from(entry.exchange.class);
        let well = first_fault.is_none_or(|fault| entry.exchange.done < fault);
        if let Some(first) = entry.attempts.first().filter(|_| well && class < classes) {
            all[class] += 1;
            here[class] += u64::from(backends.contains(&first.backend));
        }
    }
    let reaches = |class: usize| class < classes && (all[class] < BASELINE_MIN || here[class] > 0);
    let sent = view.ledger.entries().filter(|entry| {
        let exchange = entry.exchange;
        view.takes(exchange.class) && exchange.was_sent() && reaches(usize::from(exchange.class))
    });
    let mut sent: Vec<Moment> = sent.map(|entry| entry.exchange.sent).collect();
    sent.sort_unstable();
    let sum = |of: &[u64]| (0..classes).filter(|class| reaches(*class)).map(|class| of[class]).sum::<u64>();
    let share = match sum(&all) {
        few if few < BASELINE_MIN => weight_share(view, backends),
        enough => sum(&here) as f64 / enough as f64,
    };
    (sent, share)
}

fn weight_share(view: &View<'_>, backends: &[u16]) -> f64 {
    let all = &view.brief.backends;
    let first = all.iter().map(|other| other.priority).min().unwrap_or(0);
    let of_first = all.iter().enumerate().filter(|(_, other)| other.priority == first);
    let (mut own, mut total) = (0.0, 0.0);
    for (index, backend) in of_first {
        total += f64::from(backend.weight);
        own += if backends.contains(&(index as u16)) { f64::from(backend.weight) } else { 0.0 };
    }
    if total > 0.0 { own / total } else { 0.0 }
}
