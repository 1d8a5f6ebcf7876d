//! Moments in which a gateway does nothing at all although requests come in.

use std::time::Duration;

use evidence::{Exchange, Ledger, Outcome, Tag};
use units::{Moment, Stretch};

use crate::aside::{SetAside, Why};
use crate::strangers::Strangers;
use crate::view::View;

/// The freezes of a phase, and the windows of time that would have shown one.
#[derive(Clone, Debug, Default)]
pub struct Freezes {
    /// Freezes that certainly lasted longer than what was asked.
    pub found: Vec<Freeze>,
    /// Windows of the asked length, besides stalls, in which a request was sent.
    pub windows: u64,
    /// The longest time from a request's sending to the next move of the gateway, less the stalls of brownout's machine.
    pub longest: Duration,
    /// Windows and freezes that say nothing of the gateway.
    pub set_aside: SetAside,
}

/// A time in which nothing moved although a request was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// The first request that found the gateway so.
    pub tag: Tag,
    /// From its sending to the next move.
    pub lasted: Stretch,
    /// Requests that were sent in that time.
    pub requests: u64,
}

impl Freezes {
    /// Looks for freezes of more than `longest`. What moves is looked at over all traffic: a gateway that does anything at
    /// all is not frozen.
    pub fn of(view: &View<'_>, longest: Duration) -> Self {
        let mut freezes = Freezes::default();
        let strangers = Strangers::of(view.brief, view.ledger);
        let mut moves = moves(view.ledger);
        moves.retain(|at| !strangers.came_at(*at));
        let sent = sent(view);
        let mut next = 0;
        while let Some(first) = sent.get(next) {
            let after = moves.get(moves.partition_point(|at| *at <= first.sent)).copied();
            let until = after.unwrap_or_else(|| view.ledger.rest().ended.max(first.sent));
            let waiting = sent[next..].iter().take_while(|exchange| exchange.sent < until).count().max(1);
            let lasted = Stretch { from: first.sent, to: until };
            let hidden = may_hide(view, lasted) || strangers.came_in(lasted);
            freezes.take(view, longest, first, (lasted, hidden), waiting as u64);
            next += waiting;
        }
        freezes.count_windows(view, longest, &sent);
        freezes
    }

    fn take(
        &mut self,
        view: &View<'_>,
        longest: Duration,
        first: &Exchange,
        (lasted, hidden): (Stretch, bool),
        requests: u64,
    ) {
        let length = lasted.length();
        let certain = length.saturating_sub(view.stalls.touching(lasted.from, lasted.to));
        if certain <= longest {
            self.longest = self.longest.max(certain);
            if length > longest {
                self.set_aside.note(Why::Stalled, first);
            }
        } else if hidden {
            self.set_aside.note(Why::Hidden, first);
        } else {
            self.longest = self.longest.max(certain);
            self.found.push(Freeze { tag: first.tag, lasted, requests });
        }
    }

    fn count_windows(&mut self, view: &View<'_>, longest: Duration, sent: &[&Exchange]) {
        let mut from = Moment(i64::MIN);
        for exchange in sent {
            if exchange.sent < from {
                continue;
            }
            let window = window(view, exchange.sent, longest);
            from = window.to;
            if may_hide(view, window) {
                self.set_aside.note(Why::Hidden, exchange);
            } else {
                self.windows += 1;
            }
        }
    }
}

/// The time from a moment on in which a freeze of so long would certainly show: stalls make it longer.
fn window(view: &View<'_>, from: Moment, longest: Duration) -> Stretch {
    let mut to = from + longest;
    loop {
        let enough = from + longest.saturating_add(view.stalls.touching(from, to));
        if enough <= to {
            return Stretch { from, to };
        }
        to = enough;
    }
}

/// True if a fault was in force that hides attempts: a gateway that waits to be connected moves without a trace.
fn may_hide(view: &View<'_>, during: Stretch) -> bool {
    view.brief.injections.iter().any(|one| one.hides_attempts && one.during.overlaps(&during))
}

/// The requests of the phase, in the order in which they were sent.
fn sent<'a>(view: &View<'a>) -> Vec<&'a Exchange> {
    let own = |exchange: &&Exchange| {
        exchange.was_sent()
            && !matches!(exchange.outcome, Outcome::Unfinished | Outcome::BeyondBounds)
            && view.phase().contains(exchange.sent)
    };
    let mut sent: Vec<&Exchange> = view.entries().map(|entry| entry.exchange).filter(own).collect();
    sent.sort_by_key(|exchange| exchange.sent);
    sent
}

/// Every moment at which the gateway did something that can be seen, in order.
fn moves(ledger: &Ledger) -> Vec<Moment> {
    let mut moves: Vec<Moment> = Vec::new();
    for entry in ledger.entries() {
        let exchange = entry.exchange;
        moves.extend(exchange.first_byte);
        if ended_by_gateway(exchange.outcome) {
            moves.push(exchange.done);
        }
        for attempt in entry.attempts {
            moves.push(attempt.arrived);
            if attempt.was_abandoned() {
                moves.push(attempt.ended);
            }
        }
    }
    moves.extend(ledger.rest().connections.iter().map(|connection| connection.accepted));
    moves.extend(ledger.rest().probes.iter().map(|probe| probe.arrived));
    moves.sort_unstable();
    moves
}

fn ended_by_gateway(outcome: Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::ClientTimeout
            | Outcome::ClientAbort
            | Outcome::Skipped
            | Outcome::Unfinished
            | Outcome::OwnLimit
            | Outcome::ConnectFailed
            | Outcome::BeyondBounds
    )
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    const LONGEST: Duration = Duration::from_millis(100);

    /// A request every 10 ms for 4 s; in the time from 1 s on for so long, none is answered before its end.
    fn frozen(ms: f64) -> Run {
        let run = Run::new().phase("steady", 4.0).backend("a").class("reads", Method::Get);
        run.calls(400, move |n| {
            let due = 10.0 * n as f64;
            let waits = if due >= 1_000.0 && due < 1_000.0 + ms { 1_000.0 + ms - due } else { 0.2 };
            Call::due("reads", due).attempt(Try::ok("a").after(waits))
        })
    }

    fn measured(run: &Run) -> Freezes {
        run.view("steady", "", |view| Freezes::of(view, LONGEST))
    }

    #[test]
    fn a_time_in_which_nothing_moves_is_found_with_all_that_waited() {
        let freezes = measured(&frozen(300.0));
        let [freeze] = freezes.found[..] else { panic!("{freezes:?}") };
        assert_eq!((freeze.lasted.length(), freeze.requests), (Duration::from_millis(300), 30));
        assert_eq!(freezes.longest, Duration::from_millis(300));
    }

    #[test]
    fn a_gateway_that_answers_anything_is_not_frozen() {
        let other = |n: usize| Call::due("reads", 1_005.0 + 50.0 * n as f64).attempt(Try::ok("a"));
        assert!(measured(&frozen(300.0).calls(6, other)).found.is_empty());
        assert!(measured(&frozen(90.0)).found.is_empty());
        assert_eq!(measured(&frozen(0.0)).windows, 40);
    }

    #[test]
    fn what_may_be_a_strangers_neither_ends_a_freeze_nor_proves_one() {
        let knocked = || frozen(300.0).connection(77, "a", 1_150.0, 1_160.0);
        assert_eq!(measured(&knocked()).found[0].lasted.length(), Duration::from_millis(150));
        let freezes = measured(&knocked().off_loopback("a"));
        assert!(freezes.found.is_empty() && freezes.set_aside.count(Why::Hidden) >= 1, "{freezes:?}");
        assert_eq!(measured(&frozen(300.0).off_loopback("a")).found.len(), 1);
    }

    #[test]
    fn a_stalled_machine_is_told_from_a_stalled_gateway() {
        let stalled = measured(&frozen(300.0).hiccup(1_000.0, 250.0));
        assert!(stalled.found.is_empty() && stalled.set_aside.count(Why::Stalled) >= 1, "{stalled:?}");
        assert_eq!(measured(&frozen(600.0).hiccup(1_000.0, 250.0)).found.len(), 1);
        // A stall of a second is taken off the four in which a freeze would have shown.
        assert_eq!(measured(&frozen(0.0).hiccup(1_000.0, 998.0)).windows, 30);
    }

    #[test]
    fn a_wait_for_a_connection_that_a_fault_refuses_can_not_be_seen() {
        let run = Run::new().phase("out", 4.0).backend("a").class("reads", Method::Get);
        let run = run
            .fault("out", "refuse", &["a"])
            .calls(20, |n| Call::due("reads", n as f64).rejected(502, 900.0));
        let freezes = run.view("out", "", |view| Freezes::of(view, LONGEST));
        assert_eq!((freezes.found.len(), freezes.windows), (0, 0));
        assert!(freezes.set_aside.count(Why::Hidden) >= 1);
    }
}
