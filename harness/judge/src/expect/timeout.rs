//! `timeout`: which timer ended what hung, when it fired, and how accurately.

use std::time::Duration;

use evidence::{Attempt, Entry, Exchange, Ledger, Outcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::{Expectation, Judged};
use crate::Window;
use crate::reconstruct::{Bounds, Case, Ending, Facts, Figures, Ruling, Tally, ending, is_held, joined};

/// With fewer attempts or requests that show a timer, nothing is proven.
const SAMPLES_MIN: u64 = 10;

/// Attempts that hang are given up on time, and so is the request as a whole.
///
/// # What it checks
/// `per_try`: every attempt that a fault held for longer than the timer is abandoned by the gateway after
/// `per_try`, give or take `tolerance`: neither later, nor earlier, nor never. One attempt in a hundred may be off,
/// but none may be left to live. It is measured at the backend, from the arrival to the gateway's walking away, so
/// neither retries nor the client's wait blur it.
///
/// `total`: no request takes longer than `total` plus `tolerance`, over all its attempts. A deadline that is only
/// looked at between attempts is overrun by the last one; the finding says so.
///
/// `status`: what the client may see once a timer has ended its request.
///
/// # Why it matters
/// A timer that does not fire holds a connection and a worker for each hung request; one slow upstream then takes
/// the whole gateway down. One that fires early turns slow answers into errors.
///
/// # When it can't tell
/// Inconclusive if no attempt was held for longer than the timer, if fewer than 10 were, or if brownout's own noise
/// was larger than `tolerance`. Attempts that the client or the end of the whole request cut short show nothing.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "hang"
/// timeout = { per_try = "300ms", total = "2s", status = [504] }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeout {
    /// How long the gateway waits for the answer of one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_try: Option<Timespan>,
    /// How long a request may take as a whole, over all its attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Timespan>,
    /// How far a timer may be off.
    #[serde(default = "tolerance")]
    pub tolerance: Timespan,
    /// What the client may see when a timer has ended its request; anything without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Vec<u16>>,
}

fn tolerance() -> Timespan {
    Timespan::from_millis(50)
}

impl Expectation for Timeout {
    fn judge(&self, ledger: &Ledger, window: &Window<'_>) -> Judged {
        let noise = window.noise(ledger).resolution();
        let samples_min = window.demand.samples_min.unwrap_or(SAMPLES_MIN);
        let mut inquiry = Inquiry { settings: self, noise, samples_min, case: Case::default() };
        let per_try = self.per_try.map(|timer| inquiry.per_try(*timer, &mut window.entries(ledger)));
        let total = self.total.map(|timer| inquiry.total(*timer, &mut window.entries(ledger)));
        if let Some(allowed) = &self.status {
            inquiry.status(allowed, &mut window.entries(ledger));
        }
        let seen = [per_try, total].into_iter().flatten();
        let (words, counts): (Vec<String>, Vec<u64>) = seen.map(|seen| (seen.observed, seen.count)).unzip();
        let observed = joined(words, "; ");
        inquiry.case.judged(Facts {
            good: format!("what hung was given up on time: {observed}"),
            observed,
            expected: self.demanded(),
            because: "a timer is measured at the backend, from the arrival until the gateway walked away".into(),
            observations: counts.into_iter().min().unwrap_or(0),
            resolution: Facts::resolution_of(noise),
        })
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        if self.per_try.is_none() && self.total.is_none() {
            return Some("`timeout` needs `per_try`, `total` or both".into());
        }
        let timers = [("per_try", self.per_try), ("total", self.total)];
        let hidden = timers.into_iter().find(|(_, timer)| timer.is_some_and(|timer| timer <= self.tolerance));
        if let Some((name, _)) = hidden {
            return Some(format!("`{name}` must be longer than `tolerance` ({})", self.tolerance));
        }
        self.status.as_ref().filter(|allowed| allowed.is_empty()).map(|_| "`status` must name at least one status".into())
    }
}

impl Timeout {
    fn demanded(&self) -> String {
        let tolerance = self.tolerance;
        let status = self.status.as_ref().map(|allowed| format!("the client sees {}", any_of(allowed)));
        joined(
            [
                self.per_try.map(|timer| format!("attempts are given up after {timer} ± {tolerance}")),
                self.total.map(|timer| format!("requests end within {timer} + {tolerance}")),
                status,
            ]
            .into_iter()
            .flatten(),
            "; ",
        )
    }
}

/// What was seen of one timer.
struct Seen {
    observed: String,
    count: u64,
}

struct Inquiry<'s> {
    settings: &'s Timeout,
    noise: Duration,
    samples_min: u64,
    case: Case,
}

/// What became of the attempts that were held for longer than the per-try timer.
#[derive(Default)]
struct Lives {
    tally: Tally,
    /// Those that the gateway ended by itself.
    ended: Vec<Duration>,
    /// Those that the gateway let live, with how long they did.
    outlived: Vec<Duration>,
    /// Those that something else cut short.
    cut: u64,
}

impl Inquiry<'_> {
    fn per_try(&mut self, timer: Duration, entries: &mut dyn Iterator<Item = Entry<'_>>) -> Seen {
        let bounds = Bounds::new(timer, timer, *self.settings.tolerance, self.noise);
        let mut lives = Lives::default();
        for entry in entries {
            for (index, attempt) in entry.attempts.iter().enumerate() {
                if is_held(attempt, timer.saturating_add(*self.settings.tolerance)) {
                    self.live(&mut lives, &bounds, &entry, index);
                }
            }
        }
        self.rule_per_try(timer, &lives);
        let cut = if lives.cut == 0 { String::new() } else { format!("{} cut short by something else", lives.cut) };
        let outlived = match lives.outlived.len() {
            0 => String::new(),
            count => format!("{count} never given up"),
        };
        let count = lives.tally.count + lives.outlived.len() as u64;
        let ended = match lives.tally.count {
            0 => "no attempt given up by a timer".into(),
            _ => format!("attempts given up after {}", Figures::of(lives.ended)),
        };
        Seen { observed: joined([ended, outlived, cut], ", "), count }
    }

    /// Notes the life of one held attempt.
    fn live(&mut self, lives: &mut Lives, bounds: &Bounds, entry: &Entry<'_>, index: usize) {
        let attempt = &entry.attempts[index];
        let length = attempt.duration();
        match ending(entry, attempt) {
            Ending::Gateway if bounds.is_below(length) && self.is_cut_by_total(entry, index) => lives.cut += 1,
            Ending::Gateway => {
                lives.tally.add(bounds, length);
                lives.ended.push(length);
                if bounds.is_below(length) || bounds.is_above(length) {
                    self.case.witness(attempt.tag, format!("given up after {}", Timespan(length)));
                }
            }
            Ending::Client | Ending::Other if bounds.is_above(length) => {
                lives.outlived.push(length);
                self.case.witness(attempt.tag, format!("not given up for {}", Timespan(length)));
            }
            Ending::Client | Ending::Other => lives.cut += 1,
        }
    }

    /// True if a short life is explained by the end of the whole request.
    fn is_cut_by_total(&self, entry: &Entry<'_>, index: usize) -> bool {
        let is_last = index + 1 == entry.attempts.len();
        is_last
            && match self.settings.total {
                Some(total) => reaches(entry.exchange, *total, *self.settings.tolerance),
                None => index > 0,
            }
    }

    fn rule_per_try(&mut self, timer: Duration, lives: &Lives) {
        let (count, tolerance) = (lives.tally.count, *self.settings.tolerance);
        let named = Timespan(timer);
        if !lives.outlived.is_empty() {
            let outlived = Figures::of(lives.outlived.clone());
            self.case.complain(format!(
                "the per-try timer of {named} did not fire: {} of {} held attempts were never given up and lived for {}",
                outlived.count,
                outlived.count + count,
                Timespan(outlived.median)
            ));
        }
        let held = count + lives.outlived.len() as u64;
        match lives.tally.ruling(tolerance, self.noise) {
            Ruling::Broken => self.off_per_try(timer, lives),
            _ if held < self.samples_min => self.case.doubt(format!(
                "only {held} attempts were held for longer than the per-try timer of {named} and show when it fires; \
                 {} are needed",
                self.samples_min
            )),
            Ruling::Blurred => self.case.doubt(blurred("the per-try timer", self.noise, tolerance, &lives.tally)),
            Ruling::Holds => {}
        }
    }

    fn off_per_try(&mut self, timer: Duration, lives: &Lives) {
        let tally = &lives.tally;
        let (word, outside) = if tally.above >= tally.below { ("late", tally.above) } else { ("early", tally.below) };
        let median = Figures::of(lives.ended.clone()).median;
        let by_total =
            self.settings.total.is_some_and(|total| median.abs_diff(*total) <= *self.settings.tolerance);
        let only = if by_total { "; only the timer for the whole request ended them" } else { "" };
        self.case.complain(format!(
            "the per-try timer of {} fired {word} for {outside} of {} attempts: they were given up after {} (median){only}",
            Timespan(timer),
            tally.count,
            Timespan(median)
        ));
    }

    fn total(&mut self, timer: Duration, entries: &mut dyn Iterator<Item = Entry<'_>>) -> Seen {
        let tolerance = *self.settings.tolerance;
        let bounds = Bounds::new(Duration::ZERO, timer, tolerance, self.noise);
        let mut took = Vec::new();
        let (mut tally, mut fired) = (Tally::default(), 0);
        let (mut overrun, mut begun_late, mut longest) = (0, 0, Duration::ZERO);
        for entry in entries.filter(|entry| entry.exchange.was_sent()) {
            let length = entry.exchange.service_time();
            let cut_off = matches!(
                entry.exchange.outcome,
                Outcome::Unfinished | Outcome::ClientTimeout | Outcome::ClientAbort | Outcome::ConnectFailed
            );
            let lasting = entry.attempts.iter().any(|attempt| would_last(attempt, entry.exchange, timer.saturating_add(tolerance)));
            if !bounds.is_above(length) && (cut_off || !lasting) {
                continue;
            }
            tally.add(&bounds, length);
            took.push(length);
            fired += u64::from(reaches(entry.exchange, timer, tolerance) && !bounds.is_above(length));
            if bounds.is_above(length) {
                let deadline = entry.exchange.sent + timer;
                let last = entry.attempts.last();
                overrun += u64::from(last.is_some_and(|last| last.arrived < deadline && !cut_off));
                begun_late += u64::from(last.is_some_and(|last| last.arrived > deadline + tolerance));
                longest = longest.max(length);
                self.case.witness(entry.exchange.tag, format!("took {}", Timespan(length)));
            }
        }
        self.rule_total(timer, &tally, &Overrun { overrun, begun_late, longest });
        let fired = match fired {
            0 if tally.outside() == 0 => "the timer for the whole request never had to fire".into(),
            fired => format!("{fired} ended by the timer for the whole request"),
        };
        let count = tally.count;
        Seen { observed: format!("requests that hung took {}, {fired}", Figures::of(took)), count }
    }

    fn rule_total(&mut self, timer: Duration, tally: &Tally, how: &Overrun) {
        let (tolerance, named) = (*self.settings.tolerance, Timespan(timer));
        let (above, count) = (tally.above, tally.count);
        match tally.ruling(tolerance, self.noise) {
            Ruling::Broken => {
                let why = if how.begun_late > 0 {
                    format!("{} of them were tried again after the deadline", how.begun_late)
                } else if how.overrun == above {
                    "it is only looked at between attempts, and the last attempt ran past it".into()
                } else {
                    "it did not fire".into()
                };
                self.case.complain(format!(
                    "{above} of {count} requests outlived the timer of {named} for the whole request, the longest by {}: \
                     {why}",
                    Timespan(how.longest.saturating_sub(timer))
                ));
            }
            _ if count < self.samples_min => self.case.doubt(format!(
                "only {count} requests hung for longer than the {named} that a request may take as a whole; {} are needed",
                self.samples_min
            )),
            Ruling::Blurred => self.case.doubt(blurred("the timer for the whole request", self.noise, tolerance, tally)),
            Ruling::Holds => {}
        }
    }

    /// What the client saw of requests whose last attempt a timer ended.
    fn status(&mut self, allowed: &[u16], entries: &mut dyn Iterator<Item = Entry<'_>>) {
        let timer = [self.settings.per_try, self.settings.total].into_iter().flatten().min().unwrap_or_default();
        let (mut count, mut wrong, mut example) = (0u64, 0u64, String::new());
        for entry in entries {
            let Some(last) = entry.attempts.last() else { continue };
            let timed_out = is_held(last, timer.saturating_add(*self.settings.tolerance)) && ending(&entry, last) == Ending::Gateway;
            if !timed_out || entry.exchange.outcome == Outcome::Unfinished {
                continue;
            }
            count += 1;
            if !allowed.contains(&entry.exchange.status) {
                wrong += 1;
                example = match entry.exchange.status {
                    0 => format!("no status ({})", entry.exchange.outcome),
                    status => status.to_string(),
                };
                self.case.witness(entry.exchange.tag, format!("timed out, and the client saw {example}"));
            }
        }
        if wrong > 0 {
            let allowed = any_of(allowed);
            self.case.complain(format!("{wrong} of {count} requests that timed out ended with {example} instead of {allowed}"));
        } else if count == 0 {
            self.case.doubt("no request was ended by a timer, so nothing shows what the client sees then".into());
        }
    }
}

/// How requests outlived their deadline.
struct Overrun {
    overrun: u64,
    begun_late: u64,
    longest: Duration,
}

/// True if, left alone, the attempt would have kept its request beyond `length`.
fn would_last(attempt: &Attempt, exchange: &Exchange, length: Duration) -> bool {
    is_held(attempt, length.saturating_sub(attempt.arrived.since(exchange.sent)))
}

/// True if the request took as long as the timer allows.
fn reaches(exchange: &Exchange, timer: Duration, tolerance: Duration) -> bool {
    !Bounds::new(timer, timer, tolerance, Duration::ZERO).is_below(exchange.service_time())
}

fn blurred(timer: &str, noise: Duration, tolerance: Duration, tally: &Tally) -> String {
    format!(
        "{timer} can't be told to {} ({} of {} outside): brownout's own noise was {}",
        Timespan(tolerance),
        tally.outside(),
        tally.count,
        Timespan(noise)
    )
}

fn any_of(statuses: &[u16]) -> String {
    joined(statuses.iter().map(u16::to_string), " or ")
}
