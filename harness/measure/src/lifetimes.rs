//! How long attempts that a fault held lived, and which side ended each of them.

use std::time::Duration;

use evidence::{Attempt, End, Entry, Outcome, Planned, Tag};

use crate::aside::{SetAside, Why};
use crate::cell::{Cell, Key};
use crate::fired::Fired;
use crate::lengths::Lengths;
use crate::view::View;

/// Two events that follow from each other through the gateway are seen no further apart: one turn of its event loop
/// (1 ms in the coarsest that is known), two hops on one machine, and one turn of our own. It errs on the long side: to
/// take a timer for the client's leaving costs one observation, the reverse would cost a verdict.
pub const PASSED_ON: Duration = Duration::from_millis(5);

/// How long after a stall the work that has piled up meanwhile is still late.
const CAUGHT_UP: Duration = Duration::from_millis(5);

/// With more lives, the first so many say enough of what a figure rests on.
const FIRST_MAX: usize = 5;

/// Who ended an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The gateway walked away by itself: a timer fired.
    Gateway,
    /// The gateway walked away some time after the client had left: a timer fired, or it learned of the leaving late.
    AfterClient,
    /// The client left, and the gateway walked away because of it.
    Client,
    /// Another attempt of the request, sent while this one was under way, brought the answer.
    Overtaken,
    /// Another attempt came and was answered just before this one's end: it overtook this one, or was sent because the gateway
    /// had just given this one up.
    Crossed,
    /// The backend answered or closed.
    Backend,
    /// The run ended.
    Run,
}

/// The life of an attempt that a fault held.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// The request.
    pub tag: Tag,
    /// The backend, by its index.
    pub backend: u16,
    /// Which attempt of the request it was, from 1, in order of arrival.
    pub nth: usize,
    /// True if none arrived after it.
    pub last: bool,
    /// From the arrival of its head to its end at the backend.
    pub length: Duration,
    /// From its arrival to the first sign that the gateway no longer waited for it, where that came before its end: it
    /// sent the next attempt, or answered the client itself.
    pub let_go: Option<Sign>,
    /// From the sending of the request to the end of this attempt, or to the gateway's own answer if that came first.
    pub asked: Duration,
    /// Who ended it.
    pub ending: Ending,
    /// By how much brownout itself may have disturbed `length`.
    pub blur: Duration,
}

/// A sign that a gateway no longer waits for an attempt that it leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It answered the client itself, so long after the attempt's arrival: it gave up then.
    Answered(Duration),
    /// The next attempt arrived, so long after this one: it gave up then or before, or it sends two at a time.
    Next(Duration),
}

/// True if the plan held the attempt for at least `length`: a timer of that length had to end it.
///
/// A request that broke off, or was none, is not held: nobody can see when a timer for its answer would start.
pub fn is_held(attempt: &Attempt, length: Duration) -> bool {
    !matches!(attempt.end, End::RequestCut | End::Malformed | End::Spoiled)
        && (attempt.planned == Planned::Hang || Duration::from_nanos(attempt.delay) >= length)
}

/// Who ended one of the entry's attempts.
pub fn ending(entry: &Entry<'_>, attempt: &Attempt) -> Ending {
    ending_within(entry, attempt, PASSED_ON)
}

/// The same, if events that follow from each other are seen no further apart than `grace`.
fn ending_within(entry: &Entry<'_>, attempt: &Attempt, grace: Duration) -> Ending {
    let exchange = entry.exchange;
    // A run that ends lets all clients leave.
    let left =
        matches!(exchange.outcome, Outcome::ClientTimeout | Outcome::ClientAbort | Outcome::Unfinished);
    if left && attempt.ended + grace >= exchange.done {
        let much_later = attempt.ended > exchange.done + grace;
        return if much_later && attempt.was_abandoned() { Ending::AfterClient } else { Ending::Client };
    }
    match attempt.end {
        End::OpenAtEnd => Ending::Run,
        _ if !attempt.was_abandoned() => Ending::Backend,
        _ => overtaken(entry, attempt, grace).unwrap_or(Ending::Gateway),
    }
}

/// Whether another attempt was under way beside this one, and its answer ended this one.
fn overtaken(entry: &Entry<'_>, attempt: &Attempt, grace: Duration) -> Option<Ending> {
    let ended = attempt.ended;
    let others = entry.attempts.iter().filter(|other| !std::ptr::eq(*other, attempt));
    let by = |other: &Attempt| {
        let replied = other.replied.filter(|_| other.arrived < ended)?;
        let before = other.arrived + grace <= ended;
        // A short answer is written before the other attempt is ended; a long one may still be under way.
        let at_once = (ended - grace..=ended).contains(&replied);
        if before {
            (at_once || replied >= ended).then_some(Ending::Overtaken)
        } else {
            at_once.then_some(Ending::Crossed)
        }
    };
    let ways: Vec<Ending> = others.filter_map(by).collect();
    ways.iter().copied().find(|way| *way == Ending::Overtaken).or(ways.first().copied())
}

/// By how much a stall may have moved the moment at which something was seen.
pub fn blur_at(view: &View<'_>, moment: units::Moment) -> Duration {
    view.stalls.touching(moment - CAUGHT_UP, moment)
}

/// The lives of a request's attempts that were held for at least `length`.
pub fn lives<'a>(
    view: &'a View<'_>,
    entry: Entry<'a>,
    length: Duration,
) -> impl Iterator<Item = Life> + use<'a> {
    let attempts = entry.attempts.iter().enumerate();
    attempts.filter(move |(_, attempt)| is_held(attempt, length)).map(move |(index, attempt)| {
        let exchange = entry.exchange;
        // A timer starts with the head, or once the body is sent, whichever the gateway prefers.
        let upload = attempt.body_done.map_or(Duration::ZERO, |done| done.since(attempt.arrived));
        let grace = PASSED_ON.saturating_add(blur_at(view, attempt.ended));
        let ending = ending_within(&entry, attempt, grace);
        let let_go = sign(&entry, index, ending);
        let seen = match let_go {
            Some(Sign::Answered(after)) => attempt.arrived + after,
            _ => attempt.ended,
        };
        let stalled = blur_at(view, attempt.arrived).saturating_add(blur_at(view, seen));
        Life {
            tag: attempt.tag,
            backend: attempt.backend,
            nth: index + 1,
            last: index + 1 == entry.attempts.len(),
            length: attempt.duration(),
            let_go,
            asked: seen.since(exchange.sent),
            ending,
            blur: upload.saturating_add(stalled),
        }
    })
}

/// The sign that came before the attempt's end, if there is one.
fn sign(entry: &Entry<'_>, index: usize, ending: Ending) -> Option<Sign> {
    let (attempt, exchange) = (&entry.attempts[index], entry.exchange);
    // What is seen just before the end may have come just after it, unless another attempt is known to have come first.
    let came_first = matches!(ending, Ending::Overtaken | Ending::Crossed);
    let margin = if came_first { Duration::ZERO } else { PASSED_ON };
    let before = |at: units::Moment| at + margin < attempt.ended;
    if let Some(next) = entry.attempts.get(index + 1) {
        return before(next.arrived).then(|| Sign::Next(next.arrived.since(attempt.arrived)));
    }
    let own = exchange.outcome == Outcome::Complete && !exchange.answered_by_backend();
    (own && before(exchange.done) && exchange.done >= attempt.arrived)
        .then(|| Sign::Answered(exchange.done.since(attempt.arrived)))
}

/// How long the gateway waits for one attempt, whatever it is meant to: the lives of held attempts that it gave up and
/// followed by another one. No timer for the whole request ends those. A cell for each backend.
pub fn per_try(view: &View<'_>) -> Vec<Cell<Lengths>> {
    by_backend(view, |life| {
        (life.ending == Ending::Gateway && !life.last && life.let_go.is_none()).then_some(life.length)
    })
}

/// How long held requests took until the gateway gave the last attempt up, whatever it is meant to: the timer for the
/// whole request, or the last per-try timer. A cell for each backend of the last attempt.
pub fn given_up(view: &View<'_>) -> Vec<Cell<Lengths>> {
    by_backend(view, |life| (life.ending == Ending::Gateway && life.last).then_some(life.asked))
}

/// A figure for each backend from what a life says, stalled ones set aside.
fn by_backend(view: &View<'_>, says: impl Fn(&Life) -> Option<Duration>) -> Vec<Cell<Lengths>> {
    type Row = (Vec<Duration>, Vec<Tag>, SetAside);
    let mut rows: Vec<Row> = vec![Row::default(); view.brief.backends.len()];
    for entry in view.entries() {
        // Anything that a fault held on purpose, however shortly.
        for life in lives(view, entry, Duration::from_nanos(1)) {
            let (Some(length), Some(row)) = (says(&life), rows.get_mut(usize::from(life.backend))) else {
                continue;
            };
            let why = if view.is_at_edge(&entry) { Some(Why::Edge) } else { None };
            let why = why.or((!life.blur.is_zero()).then_some(Why::Stalled));
            if let Some(why) = why {
                row.2.note(why, entry.exchange);
            } else {
                row.0.push(length);
                row.1.extend((row.1.len() < FIRST_MAX).then_some(life.tag));
            }
        }
    }
    let fired = Fired::of(view).times();
    let cells = rows.into_iter().enumerate().filter(|(_, row)| !row.0.is_empty() || row.2.total() > 0);
    cells
        .map(|(backend, (lengths, first, set_aside))| Cell {
            key: Key::backend(backend as u16),
            exposures: lengths.len() as u64,
            figure: Lengths::of(lengths),
            first,
            set_aside,
            fired,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use rstest::rstest;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn run() -> Run {
        Run::new().class("reads", Method::Get).backend("a").backend("b").phase("p", 100.0).fault(
            "p",
            "hang",
            &["a", "b"],
        )
    }

    fn hung() -> Try {
        Try::hit("a", "hang")
    }

    fn first_life(call: Call) -> Life {
        run().call(call).view("p", "", |view| {
            let entry = view.entries().next().unwrap();
            lives(view, entry, Duration::from_millis(100)).next().unwrap()
        })
    }

    #[rstest]
    #[case::a_timer(Call::due("reads", 0.0).attempt(hung()), Ending::Gateway)]
    #[case::the_client(
        Call::due("reads", 0.0).attempt(hung()).ends(Outcome::ClientTimeout, 299.0),
        Ending::Client
    )]
    #[case::a_timer_after_the_client(
        Call::due("reads", 0.0).attempt(hung()).ends(Outcome::ClientTimeout, 100.0),
        Ending::AfterClient
    )]
    #[case::a_timer_before_the_client(
        Call::due("reads", 0.0).attempt(hung()).ends(Outcome::ClientTimeout, 900.0),
        Ending::Gateway
    )]
    #[case::the_run(
        Call::due("reads", 0.0).attempt(hung()).ends(Outcome::Unfinished, 300.0),
        Ending::Client
    )]
    #[case::a_hedge_that_was_answered(
        Call::due("reads", 0.0).attempt(hung().takes(106.2)).attempt(beside(100.0, 6.0)),
        Ending::Overtaken
    )]
    #[case::a_hedge_that_was_answered_at_once_or_a_retry_that_crossed_the_end(
        Call::due("reads", 0.0).attempt(hung().takes(102.2)).attempt(beside(100.0, 2.0)),
        Ending::Crossed
    )]
    #[case::a_retry_that_was_answered_quickly(
        Call::due("reads", 0.0).attempt(hung().takes(100.0)).attempt(Try::ok("b").after(0.1)),
        Ending::Gateway
    )]
    fn who_ended_an_attempt_is_told_from_what_happened_beside_it(#[case] call: Call, #[case] ending: Ending) {
        assert_eq!(first_life(call).ending, ending);
    }

    /// An attempt that arrives `ms` milliseconds into a request whose first attempt is still open, and takes `takes`.
    fn beside(ms: f64, takes: f64) -> Try {
        Try::ok("b").row(move |attempt| {
            let arrived = units::Moment(((ms + 0.2) * 1e6) as i64);
            let takes = Duration::from_secs_f64(takes / 1e3);
            (attempt.arrived, attempt.ended, attempt.replied) =
                (arrived, arrived + takes, Some(arrived + takes));
        })
    }

    #[test]
    fn an_attempt_whose_connection_stays_open_is_let_go_when_the_client_is_answered() {
        let call = Call::due("reads", 0.0).attempt(hung().takes(5_000.0)).rejected(504, 300.2);
        let life = first_life(call);
        assert_eq!(life.let_go, Some(Sign::Answered(Duration::from_millis(300))));
        assert_eq!(life.asked, Duration::from_micros(300_200));
    }

    #[test]
    fn only_a_stall_at_one_of_its_ends_disturbs_a_life() {
        let blur = |at: f64| {
            let run = run().call(Call::due("reads", 1_000.0).attempt(hung())).hiccup(at, 40.0);
            run.view("p", "", |view| {
                lives(view, view.entries().next().unwrap(), Duration::ZERO).next().unwrap().blur
            })
        };
        assert_eq!(blur(1_100.0), Duration::ZERO);
        assert_eq!(blur(990.0), Duration::from_millis(42));
        assert_eq!(blur(1_290.0), Duration::from_millis(42));
    }

    #[test]
    fn the_per_try_timer_is_measured_where_no_other_timer_can_have_fired() {
        let run = run().calls(20, |n| {
            let call = Call::due("reads", 1_000.0 * n as f64).attempt(hung().takes(300.0));
            call.attempt(Try::hit("b", "hang").takes(100.0))
        });
        run.view("p", "", |view| {
            let cells = per_try(view);
            assert_eq!(cells.len(), 1, "only `a` had first attempts");
            assert_eq!(cells[0].figure.to_string(), "median 300 ms, 300 ms to 300 ms, of 20");
            assert_eq!(given_up(view)[0].figure.to_string(), "median 400 ms, 400 ms to 400 ms, of 20");
        });
    }
}
