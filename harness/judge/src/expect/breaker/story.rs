//! What one breaker did in an outage, read off the arrivals at its backend.

use std::time::Duration;

use evidence::{Ledger, Tag};
use units::{Moment, Stretch};

use super::Breaker;
use super::trip::{Leeway, longest_run, results};
use crate::reconstruct::{Arrival, Silence, Told, Traffic, arrivals, missed_min, recorded_to, silences};
use measure::brief::Brief;

/// What was on its way to the backend when a gateway learnt of a failure arrives within this time, noise aside.
const ON_ITS_WAY: Duration = Duration::from_millis(5);

/// An outage of one backend: when the demanded phase is, when the fault ends, and how far it can be followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub backend: u16,
    pub phase: Stretch,
    /// When the last fault of the phase ends on the backend.
    pub fault_end: Moment,
    /// Up to the next fault on the backend, or to the end of what was recorded.
    pub observed: Stretch,
}

impl Outage {
    /// The outage of a backend in a phase; nothing if no fault is on it.
    pub(super) fn of(brief: &Brief, ledger: &Ledger, phase: Stretch, backend: u16) -> Option<Self> {
        let on_it = || brief.injections.iter().filter(|injection| injection.backends.contains(&backend));
        let here = on_it().filter(|injection| injection.during.overlaps(&phase));
        let fault_end = here.map(|injection| injection.during.to).max()?;
        let next = on_it().map(|injection| injection.during.from).filter(|from| *from >= fault_end).min();
        let to = next.unwrap_or(Moment::NEVER).min(recorded_to(ledger)).max(phase.from);
        Some(Outage { backend, phase, fault_end, observed: Stretch { from: phase.from, to } })
    }
}

/// A time for which the breaker was open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    /// When it opened.
    pub from: Moment,
    /// The first arrival after it; nothing if there was none.
    pub to: Option<Moment>,
    /// True if a probe had failed before it.
    pub again: bool,
    /// The mean gap between the arrivals that were missed.
    pub mean_gap: Duration,
}

/// What the breaker of one backend did.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// Results that the backend showed.
    pub results: u64,
    /// The most failures in a row.
    pub longest_run: usize,
    /// The failures in a row that were known when it opened first.
    pub run_at_trip: Option<usize>,
    /// True if it opened without a reason.
    pub early: bool,
    /// True if it had a reason to open.
    pub had_reason: bool,
    /// True if nothing arrived from the start of the phase on.
    pub open_before: bool,
    /// The times for which it was open.
    pub openings: Vec<Opening>,
    /// Arrivals while it should have been open.
    pub leaks: Vec<(Tag, Moment)>,
    /// When it should have opened, for the first leak.
    pub due_at: Option<Moment>,
    /// The most requests that were let through until the first one's outcome was known, with one of them.
    pub probes: Option<(usize, Tag)>,
    /// The first arrival after the fault's end from which on traffic stayed; nothing if there was none.
    pub returned: Option<Moment>,
    /// How many requests would have arrived at the backend in the open time.
    pub expected: f64,
    /// How many that must be for silence not to be chance.
    pub expected_min: f64,
    /// The time within which an arrival is taken for one that was on its way.
    pub allowance: Duration,
}

impl Story {
    /// Reads it off the ledger.
    pub(super) fn of(
        demand: &Breaker,
        brief: &Brief,
        ledger: &Ledger,
        outage: &Outage,
        noise: Duration,
    ) -> Self {
        let traffic = Traffic::towards(ledger, brief, outage.backend);
        let found = arrivals(ledger, outage.backend, outage.observed);
        let allowance = ON_ITS_WAY.saturating_add(noise);
        let all = results(&found);
        let rate = |length: Duration| length.as_secs_f64() / outage.phase.length().as_secs_f64().max(1e-9);
        let open_for = *demand.open_for;
        let mut story = Story {
            results: all.len() as u64,
            longest_run: longest_run(&all),
            expected: traffic.expected(outage.phase.from, outage.phase.to) * rate(open_for),
            expected_min: missed_min(found.len()) / 0.9,
            allowance,
            ..Story::default()
        };
        let silent = silences(&found, &traffic, outage.observed, open_for / 2);
        let teller = Teller { demand, outage, traffic: &traffic, allowance };
        let earlier = teller.earlier(ledger, brief);
        let mut start = 0;
        for silence in silent.iter().map(Some).chain([None]) {
            let end = silence.map_or(found.len(), |silence| silence.before);
            let segment =
                Segment { arrivals: &found[start..end], earlier: &earlier, half_open: start > 0, silence };
            teller.tell(&mut story, &segment);
            start = end;
        }
        story.open_before = silent.first().is_some_and(|silence| silence.before == 0);
        story.returned = match silent.last() {
            Some(Silence { to: None, .. }) => None,
            Some(Silence { to: Some(to), .. }) if *to >= outage.fault_end => Some(*to),
            _ => found.iter().map(|arrival| arrival.at).find(|at| *at >= outage.fault_end),
        };
        story
    }
}

/// The arrivals from one silence to the next.
struct Segment<'a> {
    arrivals: &'a [Arrival],
    /// What arrived before the phase and counts in it.
    earlier: &'a [Arrival],
    /// True after a silence: the first arrival is a probe.
    half_open: bool,
    /// What follows; nothing at the end of what is observed.
    silence: Option<&'a Silence>,
}

struct Teller<'a> {
    demand: &'a Breaker,
    outage: &'a Outage,
    traffic: &'a Traffic,
    allowance: Duration,
}

impl Teller<'_> {
    /// What arrived before the phase and was told in it, and what was told before and still counts for a share.
    fn earlier(&self, ledger: &Ledger, brief: &Brief) -> Vec<Arrival> {
        let from = self.outage.phase.from;
        let ends = brief.injections.iter().map(|injection| injection.during.to).filter(|end| *end <= from);
        let since = match self.demand.trips_after.share {
            Some(_) => ends.max().unwrap_or(Moment(i64::MIN)).max(from - self.demand.trips_after.window()),
            None => from,
        };
        let mut earlier = arrivals(ledger, self.outage.backend, Stretch { from: Moment(i64::MIN), to: from });
        earlier.retain(|arrival| arrival.known >= since);
        earlier
    }

    fn tell(&self, story: &mut Story, segment: &Segment<'_>) {
        let Some(probe) = segment.arrivals.first().filter(|_| segment.half_open) else {
            self.closed(story, segment, segment.arrivals, false);
            return;
        };
        let at_once =
            segment.arrivals.iter().take_while(|arrival| arrival.at <= probe.at || arrival.at < probe.known);
        let at_once = at_once.count();
        if story.probes.is_none_or(|(most, _)| at_once > most) {
            story.probes = Some((at_once, probe.tag));
        }
        if probe.told == Told::Failure {
            self.leaks(story, segment.arrivals, probe.known);
            self.opening(story, segment, Some(probe.known), true);
        } else {
            self.closed(story, segment, segment.arrivals, true);
        }
    }

    /// A segment in which the breaker was closed until it opened, or should have.
    fn closed(&self, story: &mut Story, segment: &Segment<'_>, here: &[Arrival], again: bool) {
        let told = if again { results(here) } else { results(&[segment.earlier, here].concat()) };
        let leeway = Leeway { workers: self.demand.workers, slack: self.demand.slack, blur: self.allowance };
        let due = self.demand.trips_after.must_be_open_at(&told, leeway);
        let due = due.filter(|due| *due < self.outage.fault_end || segment.silence.is_some());
        story.had_reason |= due.is_some();
        if let Some(due) = due {
            self.leaks(story, here, due);
        }
        if let Some(silence) = segment.silence.filter(|silence| silence.before > 0) {
            if !again {
                let known = told.iter().filter(|result| result.known <= silence.from + self.allowance);
                let known: Vec<Arrival> = known.copied().collect();
                let run = known.iter().rev().take_while(|result| result.told == Told::Failure).count();
                story.run_at_trip = Some(run);
                story.early = !self.demand.trips_after.may_be_open(&told, self.allowance);
                story.had_reason |= !story.early;
            }
            self.opening(story, segment, due, false);
        }
    }

    /// Arrivals although the breaker should have been open since `due`.
    fn leaks(&self, story: &mut Story, arrivals: &[Arrival], due: Moment) {
        let while_failing = arrivals.iter().filter(|arrival| arrival.at < self.outage.fault_end);
        let leaked = while_failing.filter(|arrival| arrival.at > due + self.allowance);
        let before = story.leaks.len();
        story.leaks.extend(leaked.map(|arrival| (arrival.tag, arrival.at)));
        if before == 0 && !story.leaks.is_empty() {
            story.due_at = Some(due);
        }
    }

    fn opening(&self, story: &mut Story, segment: &Segment<'_>, due: Option<Moment>, again: bool) {
        let Some(silence) = segment.silence else { return };
        let to = silence.to.unwrap_or(self.outage.observed.to);
        let possible = |known: &Moment| *known + self.allowance >= silence.from && *known <= to;
        let known = segment.arrivals.iter().filter(|arrival| arrival.told == Told::Failure);
        let known = known.map(|arrival| arrival.known).filter(possible).min();
        let from = due.filter(possible).or(known).unwrap_or(silence.from);
        let during = Stretch { from: silence.from, to };
        let mean_gap = self.traffic.mean_gap(during).unwrap_or_default();
        story.openings.push(Opening { from, to: silence.to, again, mean_gap });
    }
}
