//! What a breaker's story says for and against the gateway.

use std::time::Duration;

use evidence::{Ledger, Tag};
use units::{Moment, Stretch, Timespan};

use super::story::{Opening, Outage, Story};
use super::{Breaker, Scope, in_a_row};
use crate::reconstruct::{Bounds, Case, Told, Traffic, arrivals, joined, recorded_to, silences};
use measure::brief::Brief;

/// After an open time, the next request for the backend may be this many mean gaps away; one in a thousand is later.
const GAPS: u32 = 7;

/// The case against the breakers of one gateway.
pub(super) struct Inquiry<'a> {
    pub demand: &'a Breaker,
    pub brief: &'a Brief,
    pub ledger: &'a Ledger,
    pub noise: Duration,
    pub case: Case,
}

impl Inquiry<'_> {
    /// Rules on the breaker of a backend that a fault was on; what was seen.
    pub(super) fn backend(&mut self, outage: &Outage, story: &Story) -> String {
        let name = self.brief.backend_name(outage.backend).into_owned();
        if let Some(doubt) = self.blind(outage, story, &name) {
            self.case.doubt(doubt);
            return String::new();
        }
        self.trip(story, &name);
        self.leaks(story, &name);
        for (nth, opening) in story.openings.iter().enumerate() {
            self.open_time(outage, opening, nth, &name);
        }
        self.probes(story, &name);
        self.recovery(outage, story, &name);
        words(outage, story, &name)
    }

    /// Why nothing can be told of the backend.
    fn blind(&self, outage: &Outage, story: &Story, name: &str) -> Option<String> {
        let on_it =
            self.brief.injections.iter().filter(|injection| injection.backends.contains(&outage.backend));
        let mut here = on_it.filter(|injection| injection.during.overlaps(&outage.phase));
        if let Some(hiding) = here.find(|injection| injection.hides_attempts) {
            let fault = &hiding.fault;
            return Some(format!(
                "the fault `{fault}` hides attempts at `{name}`: failures and silence can't be told"
            ));
        }
        if story.expected < story.expected_min {
            return Some(format!(
                "about {:.0} requests for `{name}` come up in {}, too few to tell a breaker's silence from chance: {:.0} are \
                 needed",
                story.expected,
                self.demand.open_for,
                story.expected_min.ceil()
            ));
        }
        (self.noise > *self.demand.tolerance).then(|| {
            let (noise, tolerance) = (Timespan(self.noise), self.demand.tolerance);
            format!("brownout's own noise of {noise} is larger than the tolerance of {tolerance}")
        })
    }

    fn trip(&mut self, story: &Story, name: &str) {
        let demanded = self.demand.trips_after.words();
        if story.early {
            self.case.complain(format!(
                "the breaker of `{name}` opened after {}, before {demanded}",
                in_a_row(story.run_at_trip.unwrap_or(0))
            ));
        } else if story.open_before && story.run_at_trip.is_none() {
            self.case.doubt(format!(
                "`{name}` got no requests from the start of the phase on: its breaker was open before"
            ));
        } else if !story.had_reason {
            self.case.doubt(format!(
                "the breaker of `{name}` had no reason to open: {demanded} were not seen, at most {} in a row",
                story.longest_run
            ));
        }
    }

    fn leaks(&mut self, story: &Story, name: &str) {
        let leaked = story.leaks.len() as u64;
        if leaked <= self.demand.leaked_max {
            let blurred = story.expected / self.demand.open_for.as_secs_f64() * story.allowance.as_secs_f64();
            let enough = f64::from(
                self.demand.trips_after.consecutive.or(self.demand.trips_after.count).unwrap_or(10),
            );
            if blurred > enough.max(5.0) {
                self.case.doubt(format!(
                    "requests that leaked to `{name}` can't be told from {blurred:.0} that may have been on their way: \
                     brownout's own noise was {}",
                    Timespan(self.noise)
                ));
            }
            return;
        }
        for (tag, at) in &story.leaks {
            let late = Timespan(at.since(story.due_at.unwrap_or_default()));
            self.case.witness(*tag, format!("reached `{name}` {late} after its breaker should have opened"));
        }
        let reason = self.demand.trips_after.words();
        let allowed = match self.demand.leaked_max {
            0 => String::new(),
            max => format!(", allowed {max}"),
        };
        let opened = match (story.openings.first(), story.run_at_trip) {
            (None, _) => "its breaker never opened".to_owned(),
            (_, Some(run)) if story.due_at.is_some_and(|due| due < story.openings[0].from) => {
                format!("its breaker opened late, after about {}", in_a_row(run))
            }
            _ => "its breaker opened, and let them through".to_owned(),
        };
        self.case.complain(format!(
            "backend `{name}` kept receiving requests: {leaked} arrived after {reason}{allowed}; {opened}"
        ));
    }

    fn open_time(&mut self, outage: &Outage, opening: &Opening, nth: usize, name: &str) {
        let (open_for, tolerance) = (*self.demand.open_for, *self.demand.tolerance);
        // A gateway may wait longer each time a probe fails.
        let longest = if opening.again { open_for.saturating_mul(nth as u32 + 1) } else { open_for };
        let late = longest.saturating_add(opening.mean_gap * GAPS).saturating_add(self.noise);
        let end = opening.to.unwrap_or(outage.observed.to);
        let length = end.since(opening.from);
        let bounds = Bounds::new(open_for.saturating_sub(self.noise), late, tolerance);
        let (lasted, demanded) = (Timespan(length), self.demand.open_for);
        match opening.to {
            Some(_) if bounds.is_below(length) => self.case.complain(format!(
                "the breaker of `{name}` let requests through {lasted} after it had opened, {demanded} demanded"
            )),
            Some(_) if bounds.is_above(length) && !opening.again => self.case.complain(format!(
                "the breaker of `{name}` stayed open for {lasted}, {demanded} demanded"
            )),
            None if bounds.is_above(length) => {
                let healthy = end.since(outage.fault_end);
                let though = if healthy.is_zero() {
                    String::new()
                } else {
                    format!(", although the fault had ended {} before", Timespan(healthy))
                };
                self.case.complain(format!(
                    "backend `{name}` never returned: no request reached it for {lasted} after its breaker had opened, \
                     {demanded} demanded{though}"
                ));
                self.missing(opening.from + longest, name);
            }
            None if nth == 0 => self.case.doubt(format!(
                "the evidence ends {lasted} after the breaker of `{name}` opened, before it had to let a request through"
            )),
            _ => {}
        }
    }

    /// Requests that could have been tried on a backend that never returned.
    fn missing(&mut self, after: Moment, name: &str) {
        let due =
            || self.ledger.entries().map(|entry| entry.exchange).filter(|exchange| exchange.due > after);
        let failed = due().filter(|exchange| !exchange.succeeded()).take(5);
        let mut shown: Vec<(Tag, &str)> = failed.map(|exchange| (exchange.tag, "failed")).collect();
        if shown.is_empty() {
            shown.extend(due().take(5).map(|exchange| (exchange.tag, "was answered elsewhere")));
        }
        for (tag, how) in shown {
            self.case.witness(tag, format!("{how}, without a try at `{name}`"));
        }
    }

    fn probes(&mut self, story: &Story, name: &str) {
        let allowed = self.demand.probes_max as usize * self.demand.workers as usize;
        if let Some((most, tag)) = story.probes.filter(|(most, _)| *most > allowed) {
            self.case.witness(tag, format!("probed `{name}`, and was not the only one"));
            self.case.complain(format!(
                "the breaker of `{name}` let {most} requests through before the first one's outcome was known, {allowed} \
                 allowed"
            ));
        }
    }

    fn recovery(&mut self, outage: &Outage, story: &Story, name: &str) {
        let Some(within) = self.demand.recovers_within else {
            return;
        };
        let gap = story.openings.iter().map(|opening| opening.mean_gap).max().unwrap_or_default();
        let allowed = within.saturating_add(gap * GAPS).saturating_add(self.noise);
        let seen = outage.observed.to.since(outage.fault_end);
        match story.returned {
            Some(back) if back.since(outage.fault_end) <= allowed => {}
            Some(back) => self.case.complain(format!(
                "backend `{name}` got its requests again {} after the fault had ended, {within} demanded",
                Timespan(back.since(outage.fault_end))
            )),
            None if seen > allowed => self.case.complain(format!(
                "backend `{name}` had not got its requests again {} after the fault had ended, {within} demanded",
                Timespan(seen)
            )),
            None => self.case.doubt(format!(
                "the evidence ends {} after the fault, too early to tell whether `{name}` is back within {within}",
                Timespan(seen)
            )),
        }
    }

    /// Rules on the backends that failed nothing: they must go on.
    pub(super) fn innocents(&mut self, phase: Stretch, outages: &[Outage]) {
        if self.demand.scope == Scope::Pool {
            return;
        }
        let during = Stretch { from: phase.from, to: phase.to.min(recorded_to(self.ledger)).max(phase.from) };
        for backend in 0..u16::try_from(self.brief.backends.len()).unwrap_or(u16::MAX) {
            let faulty =
                self.brief.injections.iter().any(|injection| {
                    injection.backends.contains(&backend) && injection.during.overlaps(&phase)
                });
            if faulty || outages.iter().any(|outage| outage.backend == backend) {
                continue;
            }
            let found = arrivals(self.ledger, backend, during);
            if found.iter().any(|arrival| arrival.told == Told::Failure) {
                continue;
            }
            let traffic = Traffic::towards(self.ledger, self.brief, backend);
            if let Some(silence) = silences(&found, &traffic, during, *self.demand.open_for / 2).first() {
                let silent = Stretch { from: silence.from, to: silence.to.unwrap_or(during.to) };
                self.innocent(backend, silent);
            }
        }
    }

    fn innocent(&mut self, backend: u16, silent: Stretch) {
        let name = self.brief.backend_name(backend).into_owned();
        let here = self.ledger.entries().filter(|entry| silent.contains(entry.exchange.sent));
        let shed = here.filter(|entry| entry.attempts.is_empty() && !entry.exchange.succeeded());
        let mut count = 0;
        for entry in shed {
            count += 1;
            self.case.witness(entry.exchange.tag, format!("turned away although `{name}` was healthy"));
        }
        let turned_away = match count {
            0 => String::new(),
            count => format!("; the gateway turned {count} requests away by itself meanwhile"),
        };
        self.case.complain(format!(
            "backend `{name}` went silent for {} although none of its requests had failed: the breaker isn't kept per \
             backend{turned_away}",
            Timespan(silent.length())
        ));
    }
}

/// What the breaker did, in words.
fn words(outage: &Outage, story: &Story, name: &str) -> String {
    let Some(first) = story.openings.first() else {
        return format!("the breaker of `{name}` never opened in {} results", story.results);
    };
    let run = story.run_at_trip.map(|run| format!(" after about {}", in_a_row(run))).unwrap_or_default();
    let end = first.to.unwrap_or(outage.observed.to);
    let lasted = Timespan(end.since(first.from));
    let times = match story.openings.len() {
        1 => String::new(),
        count => format!("{count} times, "),
    };
    let returned = match story.returned {
        Some(back) => format!("back {} after the fault had ended", Timespan(back.since(outage.fault_end))),
        None => "not back".into(),
    };
    let leaked = format!("{} leaked", story.leaks.len());
    let opened = format!("the breaker of `{name}` opened{run}, {times}first for {lasted}");
    joined([opened, leaked, returned], ", ")
}
