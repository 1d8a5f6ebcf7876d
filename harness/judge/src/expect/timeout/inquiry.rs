//! What the lives of held attempts and the lengths of held requests say of a gateway's timers.

use std::time::Duration;

use evidence::{Attempt, Entry, Exchange, Outcome};
use units::Timespan;

use super::{Timeout, any_of};
use crate::reconstruct::{Bounds, Case, Ending, Figures, Ruling, Tally, ending, is_held, joined};

/// What was seen of one timer.
pub(super) struct Seen {
    pub observed: String,
    pub count: u64,
}

/// The case against the timers of one gateway.
pub(super) struct Inquiry<'s> {
    pub settings: &'s Timeout,
    pub noise: Duration,
    pub samples_min: u64,
    pub case: Case,
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
    /// How long held attempts lived, against the per-try timer.
    pub(super) fn per_try(&mut self, timer: Duration, entries: &mut dyn Iterator<Item = Entry<'_>>) -> Seen {
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
        let cut =
            if lives.cut == 0 { String::new() } else { format!("{} cut short by something else", lives.cut) };
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
            Ending::Gateway if bounds.is_below(length) && self.is_cut_by_total(entry, index) => {
                lives.cut += 1;
            }
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
        let (word, outside) =
            if tally.above >= tally.below { ("late", tally.above) } else { ("early", tally.below) };
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

    /// How long held requests took, against the timer for the whole request.
    pub(super) fn total(&mut self, timer: Duration, entries: &mut dyn Iterator<Item = Entry<'_>>) -> Seen {
        let tolerance = *self.settings.tolerance;
        let bounds = Bounds::new(Duration::ZERO, timer, tolerance, self.noise);
        let mut took = Vec::new();
        let (mut tally, mut fired) = (Tally::default(), 0);
        let (mut soft, mut begun_late, mut longest) = (0, 0, Duration::ZERO);
        for entry in entries.filter(|entry| entry.exchange.was_sent()) {
            let length = entry.exchange.service_time();
            let cut_off = matches!(
                entry.exchange.outcome,
                Outcome::Unfinished | Outcome::ClientTimeout | Outcome::ClientAbort | Outcome::ConnectFailed
            );
            let lasting = entry
                .attempts
                .iter()
                .any(|attempt| would_last(attempt, entry.exchange, timer.saturating_add(tolerance)));
            if !bounds.is_above(length) && (cut_off || !lasting) {
                continue;
            }
            tally.add(&bounds, length);
            took.push(length);
            fired += u64::from(reaches(entry.exchange, timer, tolerance) && !bounds.is_above(length));
            if bounds.is_above(length) {
                let deadline = entry.exchange.sent + timer;
                let last = entry.attempts.last();
                soft += u64::from(
                    last.is_some_and(|last| last.arrived < deadline && entry.attempts.len() > 1 && !cut_off),
                );
                begun_late += u64::from(last.is_some_and(|last| last.arrived > deadline + tolerance));
                longest = longest.max(length);
                self.case.witness(entry.exchange.tag, format!("took {}", Timespan(length)));
            }
        }
        self.rule_total(timer, &tally, &Overrun { soft, begun_late, longest });
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
                } else if how.soft == above {
                    "it is a soft deadline, only looked at between attempts, and the last attempt ran past it".into()
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
    pub(super) fn status(&mut self, allowed: &[u16], entries: &mut dyn Iterator<Item = Entry<'_>>) {
        let timer =
            [self.settings.per_try, self.settings.total].into_iter().flatten().min().unwrap_or_default();
        let (mut count, mut wrong, mut example) = (0u64, 0u64, String::new());
        for entry in entries {
            let Some(last) = entry.attempts.last() else {
                continue;
            };
            let timed_out = is_held(last, timer.saturating_add(*self.settings.tolerance))
                && ending(&entry, last) == Ending::Gateway;
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
            self.case.complain(format!(
                "{wrong} of {count} requests that timed out ended with {example} instead of {allowed}"
            ));
        } else if count == 0 {
            self.case
                .doubt("no request was ended by a timer, so nothing shows what the client sees then".into());
        }
    }
}

/// How requests outlived their deadline.
struct Overrun {
    soft: u64,
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
