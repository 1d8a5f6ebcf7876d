//! What the lengths of held requests say of the timer for the whole request.

use std::time::Duration;

use evidence::{Entry, Outcome, Tag};
use measure::aside::{SetAside, Why};
use measure::bounds::{Bounds, Side};
use measure::lengths::{Cluster, Lengths};
use measure::lifetimes::{Ending, Life, Sign, blur_at, is_held, lives};
use measure::view::{View, client_left};
use units::Timespan;
use units::plural::{count, were};
use units::stats::cases_to_exclude;

use super::{BEYOND, REFUTED, Timers};
use crate::claim::Claim;
use crate::decide::BETA;
use crate::late::hardly_any;

/// Requests against the timer.
struct Requests<'t> {
    timers: &'t Timers<'t>,
    timer: Duration,
    bounds: Bounds,
    /// How long the gateway was seen to wait for attempts that it tried again after.
    per_try: Option<Cluster>,
    on_time: Vec<Duration>,
    early: Vec<Duration>,
    late: Vec<Late>,
    set_aside: SetAside,
    off: Vec<(Tag, String)>,
}

/// How a request outlived its deadline.
struct Late {
    length: Duration,
    /// An attempt was begun after the deadline.
    after_deadline: bool,
    /// Its last attempt, begun before the deadline, was ended by its own per-try timer after it.
    own_timer: bool,
}

/// The claim that requests which would last longer end when the timer says.
pub(super) fn claim(timers: &Timers<'_>, timer: Duration, view: &View<'_>) -> Claim {
    let bounds = timers.settings.bounds(timer);
    let mut requests = Requests {
        timers,
        timer,
        bounds,
        per_try: retried_after(view),
        on_time: Vec::new(),
        early: Vec::new(),
        late: Vec::new(),
        set_aside: SetAside::default(),
        off: Vec::new(),
    };
    for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
        if view.is_at_edge(&entry) {
            let lasted = would_last(&entry, &bounds);
            lasted.then(|| requests.set_aside.note(Why::Edge, entry.exchange));
        } else {
            requests.take(view, &entry);
        }
    }
    requests.claim(view)
}

/// How long the gateway waits for one attempt, as seen where it tried again: no timer for the whole request ends those.
fn retried_after(view: &View<'_>) -> Option<Cluster> {
    let lengths = view.entries().flat_map(|entry| {
        let held = lives(view, entry, Duration::from_nanos(1));
        let retried = held.filter(|life| life.ending == Ending::Gateway && !life.last);
        retried.map(|life| life.length).collect::<Vec<_>>()
    });
    Lengths::of(lengths.collect()).clusters().into_iter().max_by_key(|cluster| cluster.count)
}

/// True if, left alone, the last attempt would have kept its request beyond the timer.
fn would_last(entry: &Entry<'_>, bounds: &Bounds) -> bool {
    entry.attempts.last().is_some_and(|last| {
        let gone = last.arrived.since(entry.exchange.sent);
        is_held(last, bounds.high().saturating_add(BEYOND).saturating_sub(gone))
    })
}

impl Requests<'_> {
    fn take(&mut self, view: &View<'_>, entry: &Entry<'_>) {
        let exchange = entry.exchange;
        let own =
            matches!(exchange.outcome, Outcome::ConnectFailed | Outcome::ConnectRefused | Outcome::TlsFailed);
        let lasting = would_last(entry, &self.bounds);
        let last = lives(view, *entry, Duration::ZERO).last().filter(|life| life.last && lasting);
        // A timer starts with the head or with the end of the body, and what a client reads late was there before.
        let held = exchange.held();
        let last = last.map(|life| Life { blur: life.blur.saturating_add(held), ..life });
        let blur =
            blur_at(view, exchange.sent).saturating_add(blur_at(view, exchange.done)).saturating_add(held);
        let took = exchange.service_time();
        match self.bounds.side(took, blur) {
            Side::Above => self.too_late(entry, last.as_ref(), took),
            _ if own => {}
            _ if exchange.outcome == Outcome::Unfinished => {
                lasting.then(|| self.set_aside.note(Why::Lost, exchange));
            }
            _ if client_left(entry) => self.left(entry, last.as_ref()),
            side => {
                if let Some(last) = last.filter(|last| was_given_up_at_the_end(entry, last)) {
                    self.given_up(view, entry, &last, side, took);
                }
            }
        }
    }

    /// The client left before its request was late: only what the gateway did later can show the timer.
    fn left(&mut self, entry: &Entry<'_>, last: Option<&Life>) {
        let Some(last) = last else { return };
        let after = last.ending == Ending::AfterClient;
        match self.bounds.side(last.asked, last.blur) {
            Side::Inside if after => self.on_time.push(last.asked),
            Side::Above => self.too_late(entry, Some(last), last.asked),
            _ => self.set_aside.note(Why::ClientLeft, entry.exchange),
        }
    }

    /// The gateway gave the last attempt up, and with it the request.
    fn given_up(&mut self, view: &View<'_>, entry: &Entry<'_>, last: &Life, side: Side, took: Duration) {
        match side {
            Side::Inside => self.on_time.push(took),
            // It had no need to fire.
            Side::Below if self.is_per_try(last) => {}
            Side::Below if view.may_hide(entry) => self.set_aside.note(Why::Hidden, entry.exchange),
            Side::Below => {
                self.early.push(took);
                self.off.push((entry.exchange.tag, format!("given up after {}", Timespan(took))));
            }
            Side::Above | Side::Untold => {
                let why = if entry.exchange.held > 0 { Why::ClientHeld } else { Why::Stalled };
                self.set_aside.note(why, entry.exchange);
            }
        }
    }

    /// True if the life is that of an attempt whose own timer fired: the declared one, or the one that was seen to end
    /// attempts before others.
    fn is_per_try(&self, life: &Life) -> bool {
        let length = match life.let_go {
            Some(Sign::Answered(after)) => after,
            _ => life.length,
        };
        let declared =
            |bounds: &Bounds| bounds.side(length, life.blur) != Side::Below && !bounds.is_above(length);
        self.timers.per_try.as_ref().is_some_and(declared)
            || self.per_try.is_some_and(|seen| seen.holds(length))
    }

    fn too_late(&mut self, entry: &Entry<'_>, last: Option<&Life>, length: Duration) {
        let deadline = entry.exchange.sent + self.timer;
        let tolerance = self.timers.settings.tolerance_of(self.timer);
        let arrived = entry.attempts.last().map(|last| last.arrived);
        let before = arrived.is_some_and(|arrived| arrived < deadline) && entry.attempts.len() > 1;
        let own_timer =
            last.is_some_and(|last| before && last.ending == Ending::Gateway && self.is_per_try(last));
        let after_deadline = arrived.is_some_and(|arrived| arrived > deadline + tolerance);
        self.late.push(Late { length, after_deadline, own_timer });
        self.off.push((entry.exchange.tag, format!("took {}", Timespan(length))));
    }

    fn claim(self, view: &View<'_>) -> Claim {
        let late = self.late.iter().map(|late| late.length);
        let all = self.on_time.iter().copied().chain(self.early.iter().copied()).chain(late);
        let lengths = Lengths::of(all.collect());
        let observed = match lengths.count() {
            0 => "the timer for the whole request never had to fire".to_owned(),
            _ => format!("requests that hung ended after: {lengths}"),
        };
        let needed = cases_to_exclude(REFUTED, BETA);
        let (early, late) = (self.early.len() as u64, self.late.len() as u64);
        let basis = hardly_any(view, early, late, lengths.count(), REFUTED);
        let claim = Claim::on(basis)
            .says(format!("the timer for the whole request fired on time: {observed}"), self.bad(lengths.count()))
            .because(
                "the timer for the whole request is measured at the client, on requests that would have lasted longer",
            )
            .seen(observed, format!("requests that last longer end after {}", self.timers.words(self.timer)))
            .remedy(format!(
                "let at least {needed} requests last longer than {}: hold the last attempt too, with per-try timers and \
                 attempts that add up to more, and clients that wait longer",
                Timespan(self.bounds.high().saturating_add(BEYOND))
            ));
        let claim = claim.aside(self.set_aside).shown(self.off);
        lengths.estimate("time until a held request is ended").into_iter().fold(claim, Claim::estimate)
    }

    fn bad(&self, of: u64) -> String {
        let mut words = Vec::new();
        if !self.late.is_empty() {
            words.push(self.late_words(of));
        }
        let early = Lengths::of(self.early.clone());
        if let Some(median) = early.median() {
            words.push(format!(
                "the timer of {} for the whole request fired early: {} of {} {} given up after {} (median), and no \
                 per-try timer explains it",
                Timespan(self.timer),
                early.count(),
                count(of, "request"),
                were(early.count()),
                Timespan(median)
            ));
        }
        words.join("; ")
    }

    fn late_words(&self, of: u64) -> String {
        let number = self.late.len();
        let longest = self.late.iter().map(|late| late.length).max().unwrap_or_default();
        let begun = self.late.iter().filter(|late| late.after_deadline).count();
        // A cause is named only where it explains all of them.
        let why = if begun > 0 {
            format!(": {begun} of them were tried again after the deadline")
        } else if self.late.iter().all(|late| late.own_timer) {
            ": it is a soft deadline, only looked at between attempts, and the last attempt ran to its own timer".into()
        } else {
            String::new()
        };
        format!(
            "{number} of {} outlived the timer of {} for the whole request, the longest by {}{why}",
            count(of, "request"),
            Timespan(self.timer),
            Timespan(longest.saturating_sub(self.timer))
        )
    }
}

/// True if the request ended because the gateway gave its last attempt up.
fn was_given_up_at_the_end(entry: &Entry<'_>, last: &Life) -> bool {
    let answered = matches!(last.let_go, Some(Sign::Answered(_)));
    (last.ending == Ending::Gateway || answered) && super::status::ended_with_it(entry, last)
}
