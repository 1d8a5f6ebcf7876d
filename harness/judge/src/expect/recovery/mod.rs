//! `recovery`: how soon all is well again once a fault has ended.

#[cfg(test)]
mod tests;

use std::time::Duration;

use evidence::{Ledger, Outcome, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};
use units::{Moment, Share, Stretch, Timespan};

use super::{Expectation, Judged};
use crate::reconstruct::{Case, Facts, Traffic, arrivals, joined, missed_min, recorded_to, silences};
use measure::view::View;

/// With fewer requests after the fault, nothing is proven.
const SAMPLES_MIN: u64 = 20;

/// The time over which a share is counted; longer where it holds fewer than [`BUCKET_MIN`] requests.
const BUCKET: Duration = Duration::from_millis(100);

/// The fewest requests over which a share is counted.
const BUCKET_MIN: usize = 20;

/// So unlikely must failures be at the demanded share for them to speak against it.
const CHANCE: f64 = 0.01;

/// After a fault, requests succeed again in time, and every backend gets traffic again.
///
/// # What it checks
/// Placed in the healthy phase after a fault. Within `within` of the last fault's end, the share of requests that
/// succeed reaches `share` and stays there to the end of the phase. With `backends`, every backend that the fault
/// was on also gets requests again within that time, and is not left alone later. The phase's settling time is not
/// left out: it is what is measured.
///
/// # Why it matters
/// An outage that is over for the upstream and not for the users is made by the gateway: a breaker that does not
/// close, a pool of dead connections, a backend that is never taken back.
///
/// # When it can't tell
/// Inconclusive if no fault ended before the phase, if a fault is still in force in it, if fewer than 20 requests
/// were due after the fault, or if the phase is shorter than `within`. Traffic that is too thin to miss a
/// backend within that time says nothing about backends.
///
/// # Example
/// ```toml
/// [[expect]]
/// in       = "recovery"
/// recovery = { within = "1s", share = 0.99 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// The longest time from the end of the fault.
    pub within: Timespan,
    /// The share of requests that succeed once it has recovered.
    #[serde(default = "nearly_all")]
    pub share: Share,
    /// Whether every backend that the fault was on must get requests again, too.
    #[serde(default = "yes")]
    pub backends: bool,
}

fn nearly_all() -> Share {
    Share::new(0.99).unwrap_or_default()
}

fn yes() -> bool {
    true
}

impl Expectation for Recovery {
    fn judge(&self, ledger: &Ledger, window: &View<'_>) -> Judged {
        let noise = window.noise().resolution();
        let mut case = Case::default();
        let expected = self.demanded();
        let Some(after) = After::of(window, ledger) else {
            let nothing = "no fault ended before the phase, so there is nothing to recover from";
            return Judged::inconclusive("no fault before the phase", expected, nothing);
        };
        let results = results(ledger, window, &after, *self.within);
        let samples_min = window.place.samples_min.unwrap_or(SAMPLES_MIN);
        if (results.len() as u64) < samples_min {
            case.doubt(format!(
                "only {} requests were due after the fault, {samples_min} are needed",
                results.len()
            ));
        }
        if after.healthy.length() < *self.within {
            case.doubt(format!(
                "the time without faults lasted {}, too short to see a recovery within {}",
                Timespan(after.healthy.length()),
                self.within
            ));
        }
        let mut observed = vec![self.rule_share(&mut case, &results, &after, noise)];
        for backend in after.backends.iter().filter(|_| self.backends) {
            observed.push(self.rule_backend(&mut case, ledger, (window, &after), *backend, noise));
        }
        let observed = joined(observed, "; ");
        case.judged(Facts {
            good: format!("recovered in time: {observed}"),
            observed,
            expected,
            because: format!("counted from the end of the last fault, at {}", after.healthy.from),
            observations: results.len() as u64,
            resolution: Facts::resolution_of(noise.max(mean_gap(&results, &after))),
        })
    }

    fn problem(&self) -> Option<String> {
        (self.share.get() == 0.0).then(|| "`share` must be above 0".into())
    }
}

/// The time without faults after one, and the backends that it was on.
struct After {
    healthy: Stretch,
    backends: Vec<u16>,
}

impl After {
    /// From the end of the last fault that began before the phase to the end of the phase or the next fault.
    fn of(window: &View<'_>, ledger: &Ledger) -> Option<Self> {
        let (brief, phase) = (window.brief, window.brief.phases[window.place.phase].during);
        let before = || brief.injections.iter().filter(|injection| injection.during.from < phase.from);
        let last = before().max_by_key(|injection| injection.during.to)?;
        let from = last.during.to;
        let next =
            brief.injections.iter().map(|injection| injection.during.from).filter(|next| *next >= phase.from);
        let to = next.chain([phase.to, recorded_to(ledger)]).min()?.max(from);
        let outage = brief.phases.get(last.phase).map_or(last.during.from, |outage| outage.during.from);
        let hit = before().filter(|injection| injection.during.to > outage);
        let mut backends: Vec<u16> = hit.flat_map(|injection| injection.backends.iter().copied()).collect();
        backends.sort_unstable();
        backends.dedup();
        Some(After { healthy: Stretch { from, to }, backends })
    }
}

/// One request after the fault.
struct Result {
    due: Moment,
    tag: Tag,
    succeeded: bool,
}

/// The requests after the fault, in the order in which they were due.
fn results(ledger: &Ledger, window: &View<'_>, after: &After, within: Duration) -> Vec<Result> {
    let entries = ledger.entries().filter(|entry| after.healthy.contains(entry.exchange.due));
    let entries =
        entries.filter(|entry| window.place.traffic.is_none_or(|class| entry.exchange.class == class));
    let told = entries.filter(|entry| match entry.exchange.outcome {
        Outcome::Skipped | Outcome::ClientAbort => false,
        Outcome::Unfinished => entry.exchange.service_time() > within,
        _ => true,
    });
    let result = |entry: evidence::Entry<'_>| {
        let exchange = entry.exchange;
        Result { due: exchange.due, tag: exchange.tag, succeeded: exchange.succeeded() }
    };
    let mut results: Vec<Result> = told.map(result).collect();
    results.sort_by_key(|result| (result.due, result.tag));
    results
}

fn failures(results: &[Result]) -> usize {
    results.iter().filter(|result| !result.succeeded).count()
}

/// The index from which on `share` is reached and kept; the number of results if it never is.
fn recovered_from(results: &[Result], share: f64) -> usize {
    let (mut start, mut bucket) = (0, 0);
    for end in 1..=results.len() {
        let whole = end - bucket >= BUCKET_MIN && results[end - 1].due.since(results[bucket].due) >= BUCKET;
        if whole || end == results.len() {
            if is_unlikely(&results[bucket..end], share) {
                let last = results[bucket..end].iter().rposition(|result| !result.succeeded);
                start = last.map_or(start, |last| bucket + last + 1);
            }
            bucket = end;
        }
    }
    let mut failed = failures(&results[start..]);
    while failed as f64 > (1.0 - share) * (results.len() - start) as f64 + 1e-9 {
        start += 1;
        failed -= usize::from(!results[start - 1].succeeded);
    }
    // The last result that does not count is always a failure: what succeeded before it is no part of the outage.
    results[..start].iter().rposition(|result| !result.succeeded).map_or(0, |last| last + 1)
}

/// True if so many failures would hardly come up if the share had been reached.
fn is_unlikely(bucket: &[Result], share: f64) -> bool {
    let (count, failed) = (bucket.len() as u64, failures(bucket) as u64);
    failed > 0 && Binomial::new(1.0 - share, count).is_ok_and(|binomial| binomial.sf(failed - 1) < CHANCE)
}

fn mean_gap(results: &[Result], after: &After) -> Duration {
    u32::try_from(results.len())
        .map_or(Duration::ZERO, |count| after.healthy.length().checked_div(count).unwrap_or_default())
}

impl Recovery {
    fn demanded(&self) -> String {
        let backends =
            if self.backends { ", and every backend that the fault was on gets requests again" } else { "" };
        format!("{} of requests succeed within {} of the fault's end{backends}", self.share, self.within)
    }

    /// Whether requests succeed again in time; what was seen.
    fn rule_share(&self, case: &mut Case, results: &[Result], after: &After, noise: Duration) -> String {
        let start = recovered_from(results, self.share.get());
        let (failed, count) = (failures(results), results.len());
        let Some(last) = start.checked_sub(1).map(|last| &results[last]) else {
            return if count == 0 {
                "no requests".into()
            } else {
                "requests succeeded from the fault's end on".into()
            };
        };
        let took = last.due.since(after.healthy.from);
        let late = results[..start].iter().filter(|result| !result.succeeded);
        for result in late.filter(|result| result.due.since(after.healthy.from) > *self.within) {
            let length = Timespan(result.due.since(after.healthy.from));
            case.witness(result.tag, format!("failed {length} after the fault had ended"));
        }
        let never = start == count;
        let sentence = if never {
            format!(
                "requests never recovered: {failed} of {count} failed in the {} after the fault had ended",
                Timespan(after.healthy.length())
            )
        } else {
            format!("requests went on failing for {} after the fault had ended", Timespan(took))
        };
        if took > self.within.saturating_add(noise) {
            case.complain(sentence.clone());
        } else if took > *self.within {
            case.doubt(format!("{sentence}: within brownout's own noise of {}", Timespan(noise)));
        }
        sentence
    }

    /// Whether a backend gets requests again in time; what was seen.
    fn rule_backend(
        &self,
        case: &mut Case,
        ledger: &Ledger,
        (window, after): (&View<'_>, &After),
        backend: u16,
        noise: Duration,
    ) -> String {
        let name = window.brief.backend_name(backend);
        let traffic = Traffic::towards(ledger, window.brief, backend);
        let Some(mean_gap) = traffic.mean_gap(after.healthy) else {
            return format!("`{name}` is in reserve");
        };
        let found = arrivals(ledger, backend, after.healthy);
        let mut silences = silences(&found, &traffic, after.healthy, Duration::ZERO);
        // After a stall of the machine, what was due in it is sent at once: it is not missing before it can arrive.
        silences.retain(|silence| {
            let end = silence.to.unwrap_or(after.healthy.to) - noise;
            traffic.expected(silence.from, end) >= missed_min(found.len())
        });
        let since = |moment: Moment| moment.since(after.healthy.from);
        let back = match silences.last() {
            Some(silence) => silence.to,
            None => found.first().map(|arrival| arrival.at),
        };
        let Some(back) = back else {
            let Some(silence) = silences.last() else {
                case.doubt(format!(
                    "the traffic is too thin to tell whether `{name}` gets its requests again"
                ));
                return String::new();
            };
            let since_when =
                if silence.before == 0 { "the fault had ended".into() } else { silence.from.to_string() };
            let length = Timespan(after.healthy.to.since(silence.from));
            let sentence = format!(
                "backend `{name}` never returned: none of about {:.0} requests reached it in the {length} since {since_when}",
                silence.missed
            );
            if since(after.healthy.to) > self.within.saturating_add(noise) {
                case.complain(sentence.clone());
            }
            return sentence;
        };
        let took = since(back);
        let sentence =
            format!("backend `{name}` got requests again {} after the fault had ended", Timespan(took));
        let blur = noise.saturating_add(mean_gap * 3);
        if took > self.within.saturating_add(blur) && !silences.is_empty() {
            case.complain(format!(
                "{sentence}, {} later than demanded",
                Timespan(took.saturating_sub(*self.within))
            ));
        } else if took > *self.within {
            case.doubt(format!("{sentence}: that can't be told to better than {}", Timespan(blur)));
        }
        sentence
    }
}
