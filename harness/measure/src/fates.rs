//! What the requests of a phase ended on: a planned fault, what follows from one, or something else.

use evidence::{Attempt, Entry, Outcome};
use units::{Moment, Stretch};

use crate::aside::Why;
use crate::brief::{FaultDoes, InjectionBrief};
use crate::view::View;

/// What a request ended on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// On a fault that is looked at, or on what follows from one.
    OnFault,
    /// It reached no backend while a fault turned connections away and the gateway may also have shed it by its breaker:
    /// on the fault, perhaps.
    OnFaultOrShed,
    /// It failed, on something else.
    Elsewhere,
    /// On nothing: it was answered.
    Answered,
    /// Nobody can tell.
    Apart(Why),
}

/// The faults that are looked at in a phase.
#[derive(Clone)]
pub struct Fates<'a> {
    view: View<'a>,
    /// All kinds are looked at.
    any: bool,
    /// One bit each by their index.
    bits: u64,
    /// Those of them that make an attempt fail.
    failing: u64,
    /// When one of them really turned connections away.
    turning_away: Vec<Stretch>,
}

impl<'a> Fates<'a> {
    /// The faults of one kind, or all of them, in the view's phase.
    pub fn of(view: &View<'a>, kind: Option<&str>) -> Self {
        let meant = |injection: &InjectionBrief| kind.is_none_or(|kind| injection.fault == kind);
        let (mut bits, mut failing, mut turning_away) = (0, 0, Vec::new());
        for (index, injection) in view.injections().filter(|(_, injection)| meant(injection)) {
            bits |= 1 << index;
            if is_failure(injection) {
                failing |= 1 << index;
            }
            if injection.hides_attempts {
                turning_away.extend(turned_away(view, index, injection));
            }
        }
        Fates { view: *view, any: kind.is_none(), bits, failing, turning_away }
    }

    /// True if such a fault is planned.
    pub fn are_planned(&self) -> bool {
        self.bits != 0
    }

    /// What a request ended on.
    pub fn fate(&self, entry: &Entry<'_>) -> Fate {
        let fate = if self.any { self.on_any(entry) } else { self.on_kind(entry) };
        let settled = matches!(fate, Fate::Answered | Fate::Apart(_));
        if let (false, Some(why)) = (settled, Why::own(entry.exchange.outcome)) {
            return Fate::Apart(why);
        }
        match (fate, entry.exchange.outcome) {
            // What was never sent is counted by the finding itself, for every kind.
            (_, Outcome::Skipped) => Fate::Answered,
            (Fate::Answered | Fate::Apart(_), _) => fate,
            (_, Outcome::Unfinished) => Fate::Apart(Why::Lost),
            (_, Outcome::ClientAbort) => Fate::Apart(Why::ClientLeft),
            _ if self.view.is_at_edge(entry) => Fate::Apart(Why::Edge),
            _ => fate,
        }
    }

    /// Any fault: whatever failed while one was on and was hit by it, shed, or turned away.
    fn on_any(&self, entry: &Entry<'_>) -> Fate {
        let failed = !entry.exchange.succeeded();
        let Some(last) = entry.attempts.last() else {
            return if self.are_planned() { Fate::OnFault } else { failing(failed) };
        };
        // A success that no backend made is the gateway's own word for the fault.
        let own_word = !entry.exchange.answered_by_backend() && last.effective & self.failing != 0;
        if own_word || (failed && (last.effective & self.bits != 0 || self.was_turned_away(entry, last))) {
            return Fate::OnFault;
        }
        failing(failed)
    }

    /// One kind of fault: the last attempt must have been given it, and no refusal may have come after that.
    fn on_kind(&self, entry: &Entry<'_>) -> Fate {
        let exchange = entry.exchange;
        let Some(last) = entry.attempts.last() else {
            let turned_away =
                self.turning_away.iter().any(|stretch| meets(*stretch, exchange.sent, exchange.done));
            return match (turned_away, self.view.brief.policy.takes_backends_out()) {
                (true, true) => Fate::OnFaultOrShed,
                (true, false) => Fate::OnFault,
                (false, _) => failing(!exchange.succeeded()),
            };
        };
        let given = last.effective & self.bits != 0;
        // The answer of the attempt reached the client: nothing came after it.
        let answered = exchange.answered_by_backend() && exchange.attempt == last.number;
        let hidden = !answered && self.may_be_turned_away_after(last, exchange.done);
        match (given, hidden) {
            (true, false) => Fate::OnFault,
            (true, true) => Fate::Apart(Why::Hidden),
            (false, true) if !exchange.succeeded() && self.was_turned_away(entry, last) => {
                Fate::Apart(Why::Hidden)
            }
            (false, _) => failing(!exchange.succeeded()),
        }
    }

    /// True if any fault that turns connections away was in force between an attempt's end and the answer.
    fn may_be_turned_away_after(&self, last: &Attempt, done: Moment) -> bool {
        let mut injections = self.view.brief.injections.iter();
        injections
            .any(|injection| injection.hides_attempts && meets(injection.during, last.ended.min(done), done))
    }

    /// True if one of the faults that are looked at turned connections away between an attempt's end and the answer.
    fn was_turned_away(&self, entry: &Entry<'_>, last: &Attempt) -> bool {
        let done = entry.exchange.done;
        self.turning_away.iter().any(|stretch| meets(*stretch, last.ended.min(done), done))
    }
}

fn failing(failed: bool) -> Fate {
    if failed { Fate::Elsewhere } else { Fate::Answered }
}

fn meets(stretch: Stretch, from: Moment, to: Moment) -> bool {
    stretch.from <= to && from < stretch.to
}

/// When a fault that hides attempts was seen to turn connections away.
fn turned_away(view: &View<'_>, index: u16, injection: &InjectionBrief) -> Vec<Stretch> {
    let rest = view.ledger.rest();
    let firings = rest.firings.iter().filter(|firing| firing.injection == index);
    let mut found: Vec<Stretch> =
        firings.map(|firing| Stretch { from: firing.from, to: firing.to }).collect();
    if rest.connections.iter().any(|connection| connection.effective & (1 << index) != 0) {
        found.push(injection.during);
    }
    found
}

/// True if a fault makes the attempts fail that it hits; a plan of an older build tells by the kind alone.
fn is_failure(injection: &InjectionBrief) -> bool {
    match injection.outline.map(|outline| outline.does) {
        Some(FaultDoes::Answers { status }) => status >= 400,
        Some(FaultDoes::Delays { .. }) => false,
        Some(_) => true,
        None => injection.fault != "latency",
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn run(faults: &[(&str, &str)]) -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("reads", Method::Get);
        faults.iter().fold(run, |run, (fault, backend)| run.fault("outage", fault, &[*backend]))
    }

    fn fate(run: Run, call: Call, kind: Option<&str>) -> Fate {
        run.call(call).view("outage", "reads", |view| {
            let fates = Fates::of(view, kind);
            let entry = view.entries().next().unwrap();
            fates.fate(&entry)
        })
    }

    fn hit(fault: &str) -> Call {
        Call::due("reads", 100.0).attempt(Try::hit("a", fault))
    }

    #[test]
    fn a_request_whose_last_attempt_may_have_been_refused_ends_on_no_visible_fault() {
        let refusing = || run(&[("hang", "a"), ("refuse", "b")]).firing("refuse", "b", 0.0, 10_000.0);
        assert_eq!(fate(refusing(), hit("hang"), Some("hang")), Fate::Apart(Why::Hidden));
        assert_eq!(fate(refusing(), hit("hang"), Some("refuse")), Fate::Apart(Why::Hidden));
        assert_eq!(fate(refusing(), hit("hang"), None), Fate::OnFault);
        assert_eq!(fate(run(&[("hang", "a")]), hit("hang"), Some("hang")), Fate::OnFault);
    }

    #[test]
    fn an_answer_that_reached_the_client_was_the_last_word() {
        let refusing = run(&[("status", "a"), ("refuse", "b")]).firing("refuse", "b", 0.0, 10_000.0);
        assert_eq!(fate(refusing, hit("status"), Some("status")), Fate::OnFault);
    }

    #[test]
    fn a_slow_answer_is_no_failure() {
        assert_eq!(fate(run(&[("latency", "a")]), hit("latency"), None), Fate::Answered);
        assert_eq!(fate(run(&[("latency", "a")]), hit("latency").rejected(504, 50.0), None), Fate::OnFault);
    }

    #[test]
    fn a_fault_that_was_planned_and_not_given_is_not_what_a_request_ended_on() {
        let overlapped = Try::hit("a", "reset").row(|attempt| attempt.effective = 0);
        let call = Call::due("reads", 100.0).attempt(overlapped);
        assert_eq!(fate(run(&[("reset", "a")]), call, Some("reset")), Fate::Elsewhere);
    }

    #[test]
    fn what_is_shed_in_an_outage_ends_on_it() {
        let shed = || Call::due("reads", 100.0).rejected(500, 1.0);
        assert_eq!(fate(run(&[("status", "a")]), shed(), None), Fate::OnFault);
        assert_eq!(fate(run(&[("status", "a")]), shed(), Some("status")), Fate::Elsewhere);
        assert_eq!(fate(run(&[]), shed(), None), Fate::Elsewhere);
    }

    #[test]
    fn an_answer_that_the_gateway_made_up_ends_on_the_fault_that_it_covers() {
        let made_up = hit("status").rejected(200, 5.0);
        assert_eq!(fate(run(&[("status", "a")]), made_up, None), Fate::OnFault);
    }
}
