//! Whether requests succeed again in time.

use std::time::Duration;

use evidence::Tag;
use measure::aftermath::Aftermath;
use measure::aside::{SetAside, Why};
use measure::outcomes::{Ended, ended};
use measure::view::View;
use units::plural::count;
use units::stats::{at_least, at_most, cases_to_exclude, scan};
use units::{Moment, Timespan};

use super::Recovery;
use crate::claim::{Basis, Claim};
use crate::decide::{BETA, needed_to_refute};
use crate::estimates;
use crate::witness::Shown;

/// So unlikely must failures be at the demanded share to be counted as a part of the outage, in words.
const CHANCE: f64 = 0.01;

/// How many requests are looked at together to tell up to when they failed.
const BUCKET: usize = 20;

/// One request after the fault.
#[derive(Clone, Copy)]
struct Seen {
    due: Moment,
    tag: Tag,
    failed: bool,
}

/// The requests after a fault, in the order in which they were due.
pub(super) struct Requests {
    /// From the end of the fault on.
    all: Vec<Seen>,
    /// Where those begin that must succeed.
    late: usize,
    from: Moment,
    length: Duration,
    set_aside: SetAside,
}

impl Requests {
    pub(super) fn of(view: &View<'_>, after: &Aftermath<'_>, within: Duration) -> Self {
        let (judged, blurred) = (after.judged(within), after.blurred(view, within));
        let mut requests = Requests {
            all: Vec::new(),
            late: 0,
            from: after.healthy.from,
            length: after.healthy.length(),
            set_aside: SetAside::default(),
        };
        for entry in view.entries_due(after.healthy) {
            let exchange = entry.exchange;
            let is_late = exchange.due >= judged.from;
            let failed = match ended(view, &entry, Some(within)) {
                // In time or not: nobody can tell, and only a failure would speak against the gateway.
                Ended::Badly if blurred.contains(exchange.due) => {
                    requests.set_aside.note(Why::Stalled, exchange);
                    continue;
                }
                Ended::Well => false,
                Ended::Badly => true,
                Ended::Apart(why) if is_late => {
                    requests.set_aside.note(why, exchange);
                    continue;
                }
                Ended::Apart(_) => continue,
            };
            requests.all.push(Seen { due: exchange.due, tag: exchange.tag, failed });
        }
        requests.all.sort_by_key(|seen| (seen.due, seen.tag));
        requests.late = requests.all.partition_point(|seen| seen.due < judged.from);
        requests
    }

    /// The claim that from `within` on the share is reached, in the whole and in each stretch.
    pub(super) fn claim(&self, settings: &Recovery, view: &View<'_>) -> Claim {
        let (within, share, phase) = (settings.within, settings.share, view.phase_name());
        let allowed = 1.0 - share.get();
        let late = &self.all[self.late..];
        let failures: Vec<bool> = late.iter().map(|seen| seen.failed).collect();
        let failed = failures.iter().filter(|failed| **failed).count() as u64;
        let all = late.len() as u64;
        let claim = if allowed <= 0.0 {
            Claim::never(failed, all, view.place.samples_min)
        } else {
            let seen = failed as f64 / all.max(1) as f64;
            let needed = (seen < allowed).then(|| needed_to_refute(seen, allowed, all));
            let p_kept = if all == 0 { 1.0 } else { at_most(failed, all, allowed) };
            Claim::on(Basis::Tested { p_broken: scan(&failures, allowed, 1.0).p, p_kept, count: all, needed })
        };
        let mut shown = Shown::default();
        for seen in late.iter().filter(|seen| seen.failed) {
            let since = Timespan(seen.due.since(self.from));
            shown.add(seen.tag, || format!("failed {since} after the fault had ended"));
        }
        let took = self.took(allowed);
        let observed = self.words(took);
        let needed = if allowed > 0.0 { cases_to_exclude(allowed, BETA) } else { crate::claim::CASES_MIN };
        let claim = claim
            .says(
                format!("recovered in `{phase}` within {within}: {observed}"),
                format!("did not recover in `{phase}` within {within}: {observed}"),
            )
            .because(format!(
                "{failed} of {} failed that were due later than {within} after the fault's end at {}",
                count(all, "request"),
                self.from
            ))
            .seen(observed, "")
            .estimate(estimates::share(format!("requests that succeed after {within}"), all - failed, all))
            .aside(self.set_aside.clone())
            .shown(shown.into_vec())
            .remedy(format!(
                "make `{phase}` longer, or send more: it takes {needed} requests later than {within} after the fault"
            ));
        match took {
            Some((low, high)) => {
                claim.estimate(estimates::millis("time until requests succeed again", low, Some(low), high))
            }
            None => claim,
        }
    }

    /// From the fault's end to the last failure that chance hardly explains, and to the first request after it; the
    /// second one is None if nothing came after it. None altogether if there was no such failure.
    fn took(&self, allowed: f64) -> Option<(Duration, Option<Duration>)> {
        let buckets = self.all.chunks(BUCKET);
        let chance = CHANCE / buckets.len().max(1) as f64;
        let speaks = |bucket: &&[Seen]| {
            let failed = bucket.iter().filter(|seen| seen.failed).count() as u64;
            failed > 0 && at_least(failed, bucket.len() as u64, allowed) < chance
        };
        let last = buckets.enumerate().rfind(|(_, bucket)| speaks(bucket))?;
        let index = last.0 * BUCKET + last.1.iter().rposition(|seen| seen.failed)?;
        let since = |seen: &Seen| seen.due.since(self.from);
        Some((since(&self.all[index]), self.all.get(index + 1).map(since)))
    }

    fn words(&self, took: Option<(Duration, Option<Duration>)>) -> String {
        let failed = self.all.iter().filter(|seen| seen.failed).count();
        match took {
            _ if self.all.is_empty() => "no requests".into(),
            None => "requests succeeded from the fault's end on".into(),
            Some((_, None)) => format!(
                "requests never recovered: {failed} of {} failed in the {} after the fault had ended",
                self.all.len(),
                Timespan(self.length)
            ),
            Some((took, Some(_))) => {
                format!("requests went on failing for {} after the fault had ended", Timespan(took))
            }
        }
    }
}
