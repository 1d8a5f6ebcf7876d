//! Whether the traffic follows the health checks: a backend is left alone once so many in a row have failed, and not before; it is
//! back once so many in a row have succeeded, and not before.

use evidence::{Attempt, Probe, Tag};
use units::{Moment, Stretch};

use super::arrivals::Arrivals;
use super::{SHOWN, by_backend, is_good};
use crate::lifetimes::PASSED_ON;
use crate::view::View;

/// As many requests of its own must be missing at a backend for it to have been left alone: of fewer, chance may give it none.
const MISSING: f64 = 14.0;

/// What the traffic made of the checks.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// Requests that a backend would have got, had it been in use after its last failed check.
    pub while_down: u64,
    /// Those that came to it all the same.
    pub still_used: Vec<Tag>,
    /// Requests that came to a backend, or were missing there, when all but the last check before its turn had failed.
    pub before_fall: u64,
    /// Where they were missing.
    pub out_early: Vec<Missed>,
    /// Requests that a backend would have got, had it come back before its last good check.
    pub before_rise: u64,
    /// Those that came to it.
    pub back_early: Vec<Tag>,
    /// Requests that came to a backend, or were missing there, once the last good check was answered.
    pub after_rise: u64,
    /// Where they were missing.
    pub back_late: Vec<Missed>,
}

/// A time in which a backend got nothing.
#[derive(Clone, Debug)]
pub struct Missed {
    /// The backend.
    pub backend: u16,
    /// When.
    pub during: Stretch,
    /// How many requests it would have got by its weight.
    pub expected: f64,
    /// The first few requests that came to the others meanwhile.
    pub elsewhere: Vec<Tag>,
}

/// What the checks of a backend say of it.
#[derive(Clone, Copy, Debug)]
enum Says {
    /// It is out: from the last failed check on to the first good one that counts.
    Out(Stretch),
    /// It is out still: from the first good check to the last one.
    Rising(Stretch),
    /// It is in use still: from the last but one failed check to the last.
    Falling(Stretch),
    /// It is back: from the last good check to the next one.
    Back(Stretch),
}

impl Turns {
    /// Measures what follows after `fall` failed checks in a row, and after `rise` good ones.
    pub fn of(view: &View<'_>, fall: u32, rise: u32) -> Self {
        let arrivals = Arrivals::of(view);
        let mut turns = Turns::default();
        for (backend, checks) in (0..).zip(by_backend(view)) {
            for says in said(&checks, fall, rise, |before| arrivals.is_in_use(backend, before)) {
                turns.take(view, &arrivals, backend, says);
            }
        }
        turns
    }

    fn take(&mut self, view: &View<'_>, arrivals: &Arrivals<'_>, backend: u16, says: Says) {
        let (Says::Out(within) | Says::Rising(within) | Says::Falling(within) | Says::Back(within)) = says;
        // The gateway has the answer soon after it was sent, and what it had sent on before is still on its way.
        let blur = PASSED_ON + view.stalls.touching(within.from - PASSED_ON, within.from + PASSED_ON);
        let from = (within.from + blur).max(view.stretch.from);
        let during = Stretch { from, to: within.to.min(view.stretch.to) };
        if during.from >= during.to || view.may_hide_at(backend, during.from, during.to) {
            return;
        }
        let counted = match says {
            Says::Back(_) => arrivals.all_in(during).filter(|one| is_prompt(view, one, during.from)).count(),
            _ => arrivals.count(during),
        };
        let expected = counted as f64 * view.brief.weight_share(usize::from(backend));
        let own = arrivals.at(backend, during);
        match says {
            Says::Out(_) | Says::Rising(_) => {
                // With nobody else to turn to, some gateways send what comes to those that are out.
                let wrong = own.filter(|attempt| {
                    begun(view, attempt) >= during.from
                        && arrivals.others_are_in_use(backend, attempt.arrived)
                });
                let wrong: Vec<Tag> = wrong.map(|attempt| attempt.tag).collect();
                let cases = (expected as u64).max(wrong.len() as u64);
                if matches!(says, Says::Out(_)) {
                    self.while_down += cases;
                    self.still_used.extend(wrong);
                } else {
                    self.before_rise += cases;
                    self.back_early.extend(wrong);
                }
            }
            Says::Falling(_) | Says::Back(_) => {
                let policy = &view.brief.policy;
                // A breaker may have left it alone instead, and keys are not dealt evenly.
                if policy.breaker.is_some() || policy.affinity.is_some() {
                    return;
                }
                let came = own.count() as u64;
                let missed = (came == 0 && expected >= MISSING).then(|| {
                    let elsewhere = arrivals.elsewhere(backend, during).take(SHOWN).collect();
                    Missed { backend, during, expected, elsewhere }
                });
                let cases = if missed.is_some() { expected as u64 } else { came };
                if matches!(says, Says::Falling(_)) {
                    self.before_fall += cases;
                    self.out_early.extend(missed);
                } else {
                    self.after_rise += cases;
                    self.back_late.extend(missed);
                }
            }
        }
    }
}

/// The earliest moment at which a gateway can have chosen a backend for an attempt: a request may be on its way, or wait for its turn,
/// for longer than checks take to be known.
fn begun(view: &View<'_>, attempt: &Attempt) -> Moment {
    let Some(entry) = view.ledger.entry(attempt.tag) else { return attempt.arrived };
    let before = entry.attempts.iter().take_while(|one| one.number < attempt.number).last();
    before.map_or(entry.exchange.sent, |before| before.replied.unwrap_or(before.ended))
}

/// Whether a backend was certainly chosen for an attempt after a moment, by a gateway that did not stand still: one that does may
/// choose for all that has piled up before it looks at the answers to its checks.
fn is_prompt(view: &View<'_>, attempt: &Attempt, since: Moment) -> bool {
    let begun = begun(view, attempt);
    begun >= since && attempt.arrived.since(begun) <= PASSED_ON
}

/// What the checks say, one after the other. Before the first of them it is open whether the backend is in use: `was_used` tells
/// whether it got requests at a moment.
fn said(checks: &[&Probe], fall: u32, rise: u32, was_used: impl Fn(Moment) -> bool) -> Vec<Says> {
    let mut said = Vec::new();
    let (mut up, mut alike) = (None, Vec::<&Probe>::new());
    for (index, check) in checks.iter().enumerate() {
        let good = is_good(check);
        if alike.first().is_some_and(|first| is_good(first) != good) {
            alike.clear();
        }
        alike.push(check);
        if up == Some(good) || alike.len() != if good { rise } else { fall } as usize {
            continue;
        }
        let before = alike.len().checked_sub(2).map(|last_but_one| alike[last_but_one]);
        if good && up == Some(false) {
            let first = before.map(|_| alike[0]);
            said.extend(first.map(|first| Says::Rising(Stretch { from: first.ended, to: check.arrived })));
            let next = checks.get(index + 1).map_or(check.ended, |next| next.arrived);
            said.push(Says::Back(Stretch { from: check.ended, to: next }));
        } else if !good {
            let before = before.filter(|_| up == Some(true) || was_used(alike[0].arrived));
            let falling = before.map(|before| Stretch { from: before.ended, to: check.arrived });
            said.extend(falling.map(Says::Falling));
            // To the first good one, or the last that there is.
            let until =
                checks[index..].iter().find(|later| is_good(later)).unwrap_or(&checks[checks.len() - 1]);
            said.push(Says::Out(Stretch { from: check.ended, to: until.arrived }));
        }
        up = Some(good);
    }
    said
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    /// Two backends get a request each 20 ms, in turn; the checks of `a`, each 250 ms, fail from the fifth to the twelfth. After
    /// `out` failed ones `a` is left alone, until `back` good ones.
    fn run(out: usize, back: usize) -> Run {
        let statuses = (1..=30).map(|nth| if (5..=12).contains(&nth) { 503 } else { 200 });
        let run = Run::new().phase("steady", 7.5).backend("a").backend("b").class("reads", Method::Get);
        let run = run.checks("a", "/health", 250.0, statuses).checks("b", "/health", 250.0, [200; 30]);
        // The nth check comes at (n - 0.5) × 250 ms.
        let (from, to) = (250.0 * (3.5 + out as f64), 250.0 * (11.5 + back as f64));
        run.calls(370, move |n| {
            let ms = 20.0 * n as f64;
            let is_out = (from..to).contains(&ms);
            Call::due("reads", ms).attempt(Try::ok(if is_out || n % 2 == 0 { "b" } else { "a" }))
        })
    }

    fn turns(out: usize, back: usize) -> Turns {
        run(out, back).view("steady", "", |view| Turns::of(view, 3, 2))
    }

    #[test]
    fn traffic_that_follows_the_checks_leaves_nothing_to_be_said() {
        let turns = turns(3, 2);
        assert!(turns.still_used.is_empty() && turns.out_early.is_empty(), "{turns:?}");
        assert!(turns.back_early.is_empty() && turns.back_late.is_empty(), "{turns:?}");
        let cases = [turns.while_down, turns.before_fall, turns.before_rise, turns.after_rise];
        assert!(cases.iter().all(|cases| *cases >= 5), "{cases:?}");
    }

    #[test]
    fn what_piled_up_while_the_gateway_stood_still_was_not_left_alone_by_it() {
        // It stands still from before its second good check until shortly before the third, and then chooses by what it knew.
        let stood_still = |held: bool| {
            let statuses = (1..=30).map(|nth| if (5..=12).contains(&nth) { 503 } else { 200 });
            let run = Run::new().phase("steady", 7.5).backend("a").backend("b").class("reads", Method::Get);
            let run = run.checks("a", "/health", 250.0, statuses).checks("b", "/health", 250.0, [200; 30]);
            let run = run.calls(1_480, move |n| {
                let ms = 5.0 * n as f64;
                let is_out = (1_675.0..3_622.0).contains(&ms);
                let to = if is_out || n % 2 == 0 { "b" } else { "a" };
                let after = if held && (3_300.0..3_621.0).contains(&ms) { 3_621.0 - ms } else { 1.0 };
                Call::due("reads", ms).attempt(Try::ok(to).after(after))
            });
            run.view("steady", "", |view| Turns::of(view, 3, 2).back_late.len())
        };
        assert_eq!((stood_still(true), stood_still(false)), (0, 1));
    }

    #[test]
    fn one_check_too_late_and_one_too_early_are_seen() {
        assert!(turns(4, 2).still_used.len() >= 5);
        assert!(turns(3, 1).back_early.len() >= 5);
    }

    #[test]
    fn what_is_missing_is_seen_where_enough_would_have_come() {
        // Twelve requests come between two checks, six of them to each: too few to be missed.
        assert!(turns(2, 3).out_early.is_empty() && turns(2, 3).back_late.is_empty());
        let dense = |out, back| {
            let more = |n: usize| Call::due("reads", 2.0 * n as f64).attempt(Try::ok("b"));
            run(out, back).calls(3_700, more).view("steady", "", |view| Turns::of(view, 3, 2))
        };
        assert_eq!(dense(2, 2).out_early.len(), 1);
        assert_eq!(dense(3, 3).back_late.len(), 1);
        assert!(dense(3, 2).out_early.is_empty() && dense(3, 2).back_late.is_empty());
    }
}
