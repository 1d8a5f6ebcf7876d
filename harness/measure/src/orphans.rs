//! Work of backends that nobody waited for: what went on once the client had left, or had got its answer.

use std::time::Duration;

use evidence::{Attempt, Entry, Outcome, Planned, Tag};
use units::Moment;

use crate::aside::SetAside;
use crate::cancel::{TRANSIT, answer_due, held_until, would_be_tried_again};
use crate::view::{Sight, View, client_left};

/// The work of the requests of a phase, and the part of it that nobody waited for.
#[derive(Clone, Debug, Default)]
pub struct Orphans {
    /// Attempts.
    pub attempts: Part,
    /// Bytes of answers' bodies.
    pub bytes: Part,
    /// Time of attempts at backends, in nanoseconds.
    pub time: Part,
    /// Attempts that went on longer than they may take to hear of it.
    pub shown: Vec<Orphan>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

/// An amount of work, and how much of it nobody waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// All of it.
    pub all: u64,
    /// What certainly nobody waited for.
    pub least: u64,
    /// What may be such work, if no stall of brownout's own and no transit is taken off.
    pub most: u64,
    /// Requests in which a gateway that does not care would have done such work.
    pub exposures: u64,
}

impl Part {
    /// The share that nobody waited for, at the least and at the most; None without any work.
    pub fn shares(self) -> Option<(f64, f64)> {
        (self.all > 0).then(|| (self.least as f64 / self.all as f64, self.most as f64 / self.all as f64))
    }

    fn add(&mut self, all: u64, least: u64, most: u64) {
        self.all = self.all.saturating_add(all);
        self.least = self.least.saturating_add(least);
        self.most = self.most.saturating_add(most);
    }
}

/// An attempt that went on for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The request.
    pub tag: Tag,
    /// The backend, by its index.
    pub backend: u16,
    /// How long it went on once nobody waited for it.
    pub for_nobody: Duration,
    /// True if the client had left; otherwise it had its answer.
    pub client_left: bool,
}

impl Orphans {
    /// Measures it, over all attempts of the phase's requests.
    pub fn of(view: &View<'_>) -> Self {
        let mut orphans = Orphans::default();
        let sight = Sight { attempts: false, client: false, disturbance: Duration::MAX, first: false };
        for entry in view.entries().filter(|entry| !entry.attempts.is_empty()) {
            match view.why_apart(&entry, sight) {
                Some(why) => orphans.set_aside.note(why, entry.exchange),
                None => orphans.take(view, &entry),
            }
        }
        orphans
    }

    fn take(&mut self, view: &View<'_>, entry: &Entry<'_>) {
        let over = entry.exchange.done;
        let left = client_left(entry);
        let mut shows = Shows { begun: left && would_be_tried_again(view.brief, entry), ..Shows::default() };
        for attempt in entry.attempts {
            let from = attempt.arrived.max(over);
            // The one that brought the answer has done what it was for, whatever follows on its connection.
            let answers = brought_answer(entry, attempt);
            let after = if answers { Duration::ZERO } else { attempt.ended.since(from) };
            let blur = TRANSIT.saturating_add(view.stalls.touching(over, attempt.ended));
            let begun = attempt.arrived > over;
            let certain = !answers && attempt.ended > over + blur;
            let certainly_begun = attempt.arrived > over + blur;
            self.attempts.add(1, u64::from(certainly_begun), u64::from(begun));
            let least = if certainly_begun { after } else { after.saturating_sub(blur) };
            self.time.add(nanos(attempt.duration()), nanos(least), nanos(after));
            let unread = if !answers && answered_from(attempt) > over { attempt.answer_bytes } else { 0 };
            self.bytes.add(attempt.answer_bytes, if certain { unread } else { 0 }, unread);
            if certain {
                let (tag, backend) = (attempt.tag, attempt.backend);
                self.shown.push(Orphan { tag, backend, for_nobody: after, client_left: left });
            }
            let lasts = certain || would_last(view, entry, attempt);
            shows.begun |= certainly_begun;
            shows.lasted |= lasts;
            shows.wrote |= lasts && attempt.planned != Planned::Hang && answered_from(attempt) > over;
        }
        self.attempts.exposures += u64::from(shows.begun);
        self.time.exposures += u64::from(shows.lasted);
        self.bytes.exposures += u64::from(shows.wrote);
    }
}

/// What a gateway that does not care would have done for one request once nobody waited for it.
#[derive(Default)]
struct Shows {
    begun: bool,
    lasted: bool,
    wrote: bool,
}

/// From when on the body of an answer is written, by its plan.
fn answered_from(attempt: &Attempt) -> Moment {
    attempt.arrived + Duration::from_nanos(attempt.delay)
}

/// True if the client got its whole answer from this attempt.
fn brought_answer(entry: &Entry<'_>, attempt: &Attempt) -> bool {
    let exchange = entry.exchange;
    exchange.attempt == attempt.number
        && matches!(exchange.outcome, Outcome::Complete | Outcome::CloseDelimited)
}

/// True if an attempt would have gone on for long in a gateway that does not care that nobody waits any more.
fn would_last(view: &View<'_>, entry: &Entry<'_>, attempt: &Attempt) -> bool {
    let over = entry.exchange.done;
    let until = if client_left(entry) {
        held_until(view.brief, entry, attempt)
    } else if brought_answer(entry, attempt) {
        return false;
    } else {
        // The gateway's timers are why it was over.
        answer_due(attempt)
    };
    let blur = view.stalls.touching(over, attempt.ended.max(over));
    until > over + TRANSIT.saturating_mul(2).saturating_add(blur)
}

fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn run() -> Run {
        let run = Run::new().phase("slow", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.fault("slow", "hang", &["a", "b"])
    }

    /// The client is answered, or leaves, after 200 ms; the attempt lives for so long.
    fn call(lives: f64, left: bool) -> Call {
        let call = Call::due("reads", 100.0).attempt(Try::hit("a", "hang").takes(lives - 0.2));
        if left { call.ends(Outcome::ClientAbort, 200.0) } else { call.rejected(504, 200.0) }
    }

    fn measured(run: &Run) -> Orphans {
        run.view("slow", "", Orphans::of)
    }

    #[test]
    fn time_that_an_attempt_goes_on_for_nobody_is_counted_whether_the_client_left_or_was_answered() {
        for left in [true, false] {
            let orphans = measured(&run().call(call(400.0, left)));
            let (least, most) = orphans.time.shares().unwrap();
            assert!(
                (least - 180.0 / 399.8).abs() < 1e-9 && (most - 200.0 / 399.8).abs() < 1e-9,
                "{orphans:?}"
            );
            assert_eq!(
                (orphans.time.exposures, orphans.attempts.exposures, orphans.attempts.least),
                (1, 0, 0)
            );
            assert_eq!((orphans.shown[0].for_nobody.as_millis(), orphans.shown[0].client_left), (200, left));
        }
    }

    #[test]
    fn what_is_let_go_is_no_orphan_and_shows_that_it_was() {
        let orphans = measured(&run().call(call(201.0, true)));
        assert_eq!((orphans.time.least, orphans.time.exposures, orphans.shown.len()), (0, 1, 0));
    }

    #[test]
    fn what_the_client_waited_for_to_its_end_shows_nothing() {
        let orphans = measured(&run().call(Call::due("reads", 100.0).attempt(Try::ok("a"))));
        assert_eq!((orphans.time.least, orphans.time.exposures), (0, 0));
    }

    #[test]
    fn an_attempt_and_an_answer_for_nobody_are_orphans_as_a_whole() {
        let answered = Try::ok("b").after(300.0).row(|attempt| attempt.answer_bytes = 1_000);
        let orphans = measured(&run().call(call(201.0, true).attempt(answered)));
        assert_eq!(orphans.attempts, Part { all: 2, least: 1, most: 1, exposures: 1 });
        // That of one millisecond is no certain orphan; the one that was begun later is.
        assert_eq!((orphans.bytes.all, orphans.bytes.least, orphans.bytes.exposures), (1_000, 1_000, 1));
    }

    #[test]
    fn a_stall_takes_off_what_it_may_have_added() {
        let orphans = measured(&run().call(call(400.0, true)).hiccup(310.0, 300.0));
        assert_eq!((orphans.time.least, orphans.shown.len()), (0, 0));
        assert!(orphans.time.most > 0);
    }
}
