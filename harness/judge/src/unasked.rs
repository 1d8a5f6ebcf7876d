//! What the ledger shows and nobody demanded: a replay in a phase whose `no_replay` names another one is as true as any.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Entry, Ledger, Outcome, Tag, TagEcho};
use measure::brief::Brief;
use measure::histograms::phase_of;
use measure::view::client_left;
use reports::Unasked;

use crate::demand::Demand;
use crate::witness;

/// Witnesses for each row.
const WITNESSES_MAX: usize = 2;

/// A backend that goes on for so long after the client has left works for nobody. Less is a connection being torn down.
const LET_GO_WITHIN: Duration = Duration::from_secs(1);

/// Something that no gateway should do unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    /// A request that is not idempotent arrived again although it had arrived whole.
    Replayed,
    /// An answer carried another request's tag.
    CrossTalk,
    /// A request failed in a phase without a fault.
    FailedInPeace,
    /// The gateway kept a backend at work for a client that had left.
    KeptForNobody,
}

impl Seen {
    /// The kinds of expectations that ask for it.
    fn kinds(self) -> &'static [&'static str] {
        match self {
            Seen::Replayed => &["no_replay", "attempts", "policy"],
            Seen::CrossTalk => &["integrity"],
            Seen::FailedInPeace => &["availability", "recovery", "status", "stable_after"],
            Seen::KeptForNobody => &[],
        }
    }

    /// What it is, for a sentence that begins with a number.
    fn words(self, count: usize) -> &'static str {
        match (self, count) {
            (Seen::Replayed, 1) => "request of a method that is not idempotent was delivered more than once",
            (Seen::Replayed, _) => {
                "requests of methods that are not idempotent were delivered more than once"
            }
            (Seen::CrossTalk, 1) => "answer belonged to another request",
            (Seen::CrossTalk, _) => "answers belonged to another request",
            (Seen::FailedInPeace, 1) => "request failed although no fault was in force",
            (Seen::FailedInPeace, _) => "requests failed although no fault was in force",
            (Seen::KeptForNobody, 1) => {
                "request kept a backend at work for over a second after its client had left"
            }
            (Seen::KeptForNobody, _) => {
                "requests kept a backend at work for over a second after their clients had left"
            }
        }
    }

    fn of(entry: &Entry<'_>, in_peace: bool) -> Option<Self> {
        let exchange = entry.exchange;
        let whole = entry.attempts.iter().position(|attempt| attempt.body_done.is_some());
        let again = whole.is_some_and(|first| entry.attempts.len() > first + 1);
        if again && !entry.attempts[0].method.is_idempotent() {
            return Some(Seen::Replayed);
        }
        if exchange.echo == TagEcho::Other {
            return Some(Seen::CrossTalk);
        }
        let last = entry.attempts.iter().map(|attempt| attempt.ended).max();
        if client_left(entry) && last.is_some_and(|last| last.since(exchange.done) > LET_GO_WITHIN) {
            return Some(Seen::KeptForNobody);
        }
        let told = !matches!(exchange.outcome, Outcome::Skipped | Outcome::Unfinished | Outcome::ClientAbort);
        let met_a_fault = entry.attempts.iter().any(|attempt| attempt.injections != 0);
        (in_peace && told && !exchange.succeeded() && !met_a_fault).then_some(Seen::FailedInPeace)
    }
}

/// What was seen and not asked for, by phase and traffic class.
pub(crate) fn unasked(brief: &Brief, demands: &[Demand], ledger: &Ledger) -> Vec<Unasked> {
    let mut found: BTreeMap<(usize, u16, Seen), Vec<Tag>> = BTreeMap::new();
    for entry in ledger.entries() {
        let Some(phase) = phase_of(brief, entry.exchange.due) else { continue };
        let during = brief.phases[phase].during;
        let in_peace = !brief.injections.iter().any(|injection| injection.during.overlaps(&during));
        if let Some(seen) = Seen::of(&entry, in_peace) {
            found.entry((phase, entry.exchange.class, seen)).or_default().push(entry.exchange.tag);
        }
    }
    found.retain(|(phase, class, seen), _| !is_asked(demands, *phase, *class, *seen));
    let rows = found.into_iter().map(|((phase, class, seen), tags)| {
        let shown: Vec<(Tag, String)> =
            tags.iter().take(WITNESSES_MAX).map(|tag| (*tag, seen.words(1).to_owned())).collect();
        Unasked {
            phase: brief.phases[phase].name.clone(),
            traffic: Some(brief.traffic_name(class).into_owned()),
            what: seen.words(tags.len()).into(),
            count: tags.len() as u64,
            witnesses: witness::draw(brief, ledger, &shown),
        }
    });
    rows.collect()
}

/// True if an expectation looks at this phase and class for it.
fn is_asked(demands: &[Demand], phase: usize, class: u16, seen: Seen) -> bool {
    demands.iter().any(|demand| {
        (demand.phase == phase || demand.whole_run)
            && demand.traffic.is_none_or(|traffic| traffic == class)
            && seen.kinds().contains(&demand.expectation.name())
    })
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use crate::testing::{Call, Judging, Run, Try};

    fn run() -> Run {
        let run = Run::new().phase("hung", 10.0).phase("bad", 10.0).backend("a").backend("b");
        let run =
            run.class("writes", Method::Post).fault("hung", "hang", &["a"]).fault("bad", "status", &["a"]);
        run.calls(24, |n| {
            Call::due("writes", 1_000.0 + 50.0 * n as f64)
                .attempt(Try::hit("a", "hang"))
                .attempt(Try::ok("b"))
        })
    }

    #[test]
    fn what_another_phase_was_asked_for_is_said() {
        let report = run().demand("bad", "writes", "no_replay = {}").report();
        let row = &report.unasked[0];
        assert_eq!((row.phase.as_str(), row.count, row.witnesses.len()), ("hung", 24, 2));
        assert!(row.what.starts_with("requests of methods that are not idempotent"), "{}", row.what);
    }

    #[test]
    fn what_was_asked_for_is_not_said_again() {
        assert_eq!(run().demand("hung", "", "no_replay = {}").report().unasked, []);
    }

    #[test]
    fn a_failure_in_a_phase_without_faults_is_said_and_one_that_a_fault_made_is_not() {
        let run = Run::new().phase("calm", 10.0).backend("a").class("reads", Method::Get);
        let run = run.call(Call::due("reads", 100.0)).call(Call::due("reads", 200.0).attempt(Try::ok("a")));
        let report = run.report();
        assert_eq!(report.unasked.len(), 1);
        assert_eq!(report.unasked[0].what, "request failed although no fault was in force");
    }
}
