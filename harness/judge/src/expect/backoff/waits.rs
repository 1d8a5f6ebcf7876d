//! What the gaps between attempts say of a backoff: of each gap number by itself, of growth, and of jitter.

use std::time::Duration;

use evidence::Tag;
use measure::aside::{SetAside, Why};
use measure::bounds::Side;
use measure::gaps::Waits;
use measure::lengths::Lengths;
use measure::spread::Spread;
use measure::view::View;
use units::Timespan;
use units::plural::count;
use units::stats::cases_to_exclude;

use super::{Backoff, Growth};
use crate::claim::{Basis, Claim};
use crate::decide::BETA;
use crate::late::hardly_any;

/// A share of gaps that a pass excludes: 59 clean ones do.
pub(super) const REFUTED: f64 = 0.05;

/// The gaps of one number, or of several that are too few by themselves, against their bounds.
#[derive(Default)]
struct Tally {
    numbers: Vec<usize>,
    lengths: Vec<Duration>,
    short: Vec<Duration>,
    long: Vec<Duration>,
    set_aside: SetAside,
    off: Vec<(Tag, String)>,
}

/// Everything that a backoff claims of a view.
pub(super) fn claims(settings: &Backoff, view: &View<'_>) -> Vec<Claim> {
    if settings.allows_no_wait() {
        let (wait, _) = settings.range(1);
        let why = format!(
            "a gateway that does not wait at all lies within {} of the wait of {}",
            Timespan(settings.tolerance_of(1)),
            Timespan(wait)
        );
        return vec![Claim::blind(why, "set a `tolerance` that is shorter than the wait")];
    }
    let waits = Waits::of(view);
    let needed = cases_to_exclude(REFUTED, BETA);
    let (mut claims, mut few) = (Vec::new(), Tally::default());
    // The first gap is always claimed: without it, nothing was seen at all.
    let numbers = std::iter::once(1).chain(waits.numbers().filter(|nth| *nth > 1));
    for nth in numbers {
        let tally = Tally::of(settings, view, &waits, nth);
        if nth > 1 && tally.bad() == 0 && tally.count() < needed {
            few.add(tally);
        } else {
            claims.push(tally.claim(settings, view, &waits));
        }
    }
    let few_of = few.numbers.len();
    if few.count() >= needed {
        claims.push(few.claim(settings, view, &waits));
    } else if let Some(first) = claims.first_mut().filter(|_| few_of > 0) {
        let words = format!(
            "; {} before later attempts, as demanded, are too few to be judged by themselves",
            count(few.count(), "gap")
        );
        first.observed.push_str(&words);
    }
    claims.extend(settings.exponential.and_then(|growth| grows(settings, growth, &waits)));
    if let Some(growth) = settings.full_jitter {
        claims.extend(jitter(growth, &waits));
    }
    claims
}

impl Tally {
    fn of(settings: &Backoff, view: &View<'_>, waits: &Waits, nth: usize) -> Self {
        let bounds = settings.bounds(nth);
        let set_aside = if nth == 1 { waits.set_aside().clone() } else { SetAside::default() };
        let mut tally = Tally { numbers: vec![nth], set_aside, ..Tally::default() };
        for wait in waits.number(nth) {
            let side = bounds.side(wait.length, wait.blur);
            match side {
                Side::Untold => {
                    if let Some(entry) = view.ledger.entry(wait.tag) {
                        tally.set_aside.note(Why::Stalled, entry.exchange);
                    }
                    continue;
                }
                Side::Inside => {}
                Side::Below => tally.short.push(wait.length),
                Side::Above => tally.long.push(wait.length),
            }
            tally.lengths.push(wait.length);
            if side != Side::Inside {
                let shows = format!("waited {} before attempt {}", Timespan(wait.length), nth + 1);
                tally.off.push((wait.tag, shows));
            }
        }
        tally
    }

    fn add(&mut self, other: Tally) {
        self.numbers.extend(other.numbers);
        self.lengths.extend(other.lengths);
        self.set_aside.add(&other.set_aside);
    }

    fn bad(&self) -> u64 {
        (self.short.len() + self.long.len()) as u64
    }

    fn count(&self) -> u64 {
        self.lengths.len() as u64
    }

    /// `attempt 2`, or `attempts 4, 5`.
    fn before(&self) -> String {
        let numbers: Vec<String> = self.numbers.iter().map(|nth| (nth + 1).to_string()).collect();
        format!("attempt{} {}", if numbers.len() == 1 { "" } else { "s" }, numbers.join(", "))
    }

    /// That at most one gap in a hundred is off.
    fn claim(self, settings: &Backoff, view: &View<'_>, waits: &Waits) -> Claim {
        let (seen, before) = (self.count(), self.before());
        let (short, long) = (self.short.len() as u64, self.long.len() as u64);
        let overlapping = waits.set_aside().count(Why::Overlapping);
        let observed = match seen {
            0 if overlapping > 0 => format!(
                "all {overlapping} gaps began while the gateway still held the attempt before: nobody can see when it \
                 gave that up"
            ),
            0 => "no request was tried again".to_owned(),
            _ => format!("waits before {before}: {}", Lengths::of(self.lengths.clone())),
        };
        let lengths = Lengths::of(self.lengths.clone());
        let claim = Claim::on(hardly_any(view, short, long, seen, REFUTED))
            .says(format!("further attempts waited as the backoff says: {observed}"), self.bad_words(settings))
            .because("a gap is measured from the end of a failed attempt to the arrival of the next one")
            .seen(observed, settings.demanded())
            .remedy(format!(
                "let at least {} more requests fail in a way that the gateway tries again after, so that {before} follows",
                cases_to_exclude(REFUTED, BETA).saturating_sub(seen).max(1)
            ))
            .aside(self.set_aside)
            .shown(self.off);
        lengths.estimate(format!("wait before {before}")).into_iter().fold(claim, Claim::estimate)
    }

    fn bad_words(&self, settings: &Backoff) -> String {
        let (low, high) = settings.range(self.numbers.first().copied().unwrap_or(1));
        let wanted =
            if low == high { Timespan(high).to_string() } else { format!("at most {}", Timespan(high)) };
        let words =
            [("shorter", &self.short), ("longer", &self.long)].into_iter().filter_map(|(word, lengths)| {
                let median = Timespan(Lengths::of(lengths.clone()).median()?);
                Some(format!(
                    "{} {word} than the backoff allows: {median} (median) instead of {wanted}",
                    lengths.len()
                ))
            });
        let words: Vec<String> = words.collect();
        format!("of {} before {}, {}", count(self.count(), "wait"), self.before(), words.join(", and "))
    }
}

/// That waits were seen to grow, where they must: a gateway whose waits don't grow would have shown it.
fn grows(settings: &Backoff, growth: Growth, waits: &Waits) -> Option<Claim> {
    let (first, second) = (growth.wait(1), growth.wait(2));
    if second <= first {
        // A factor of 1, or a cap at the base: nothing is to grow.
        return None;
    }
    // Gaps whose bounds a wait that did not grow would miss.
    let telling = waits.numbers().filter(|nth| settings.bounds(*nth).is_below(first));
    let seen: u64 = telling.map(|nth| waits.number(nth).len() as u64).sum();
    let open = format!(
        "fail the first two attempts of requests that the gateway makes three of (`fail_first`, `policy.retry.attempts = 3`), \
         so that a wait of {} shows",
        Timespan(second)
    );
    Some(
        Claim::never(0, seen, None)
            .says("", "")
            .seen(if seen == 0 { "no wait was seen that must have grown" } else { "" }, "")
            .remedy(open),
    )
}

/// That jitter is really drawn, and evenly: before the second attempt always, before later ones where they are enough.
fn jitter(growth: Growth, waits: &Waits) -> Vec<Claim> {
    let enough =
        |nth: &usize| *nth > 1 && waits.lengths_up_to(*nth, growth.wait(*nth)).count() >= Spread::NEEDED;
    let numbers = std::iter::once(1).chain(waits.numbers().filter(enough));
    numbers.map(|nth| evenness(growth.wait(nth), nth, waits)).collect()
}

fn evenness(cap: Duration, nth: usize, waits: &Waits) -> Claim {
    let lengths = waits.lengths_up_to(nth, cap);
    let named = Timespan(cap);
    let next = nth + 1;
    let needed = Spread::NEEDED;
    let remedy = format!("let at least {needed} requests be tried again, so that attempt {next} follows");
    let Some(spread) = Spread::of(&lengths, cap) else {
        return Claim::blind(format!("no wait before attempt {next} was seen"), remedy);
    };
    let enough = spread.count >= needed;
    let basis = Basis::Tested {
        p_broken: spread.p_even(),
        p_kept: spread.p_uneven(),
        count: spread.count,
        needed: (!enough).then_some(needed),
    };
    let shown = waits.number(nth).iter().take(5);
    Claim::on(basis)
        .says("", uneven(next, &lengths, cap))
        .because(format!(
            "an even spread up to {named} is tested by the distance from it ({:.2}), the shortest and the longest wait",
            spread.distance
        ))
        .remedy(if enough { format!("jitter up to {named} has too short a range to have a shape: lengthen it") } else { remedy })
        .shown(shown.map(|wait| (wait.tag, format!("waited {} before attempt {next}", Timespan(wait.length)))).collect())
}

fn uneven(next: usize, lengths: &Lengths, cap: Duration) -> String {
    let (shortest, longest) = lengths.range().unwrap_or_default();
    let (from, to) = (Timespan(shortest), Timespan(longest));
    if longest.saturating_sub(shortest) <= cap / 10 {
        return format!(
            "waits before attempt {next} are not jittered: all {} lasted from {from} to {to}",
            lengths.count()
        );
    }
    format!(
        "waits before attempt {next} are not spread evenly up to {}: {} of them lasted from {from} to {to}, {} in the middle",
        Timespan(cap),
        lengths.count(),
        Timespan(lengths.median().unwrap_or_default())
    )
}
