//! What the lives of held attempts say of the per-try timer.

use std::time::Duration;

use evidence::{Entry, Tag};
use measure::aside::{SetAside, Why};
use measure::bounds::{Bounds, Side};
use measure::lengths::Lengths;
use measure::lifetimes::{Ending, Life, Sign, lives};
use measure::view::View;
use units::Timespan;
use units::plural::{count, were};
use units::stats::cases_to_exclude;

use super::{BEYOND, REFUTED, Timers};
use crate::claim::{Basis, Claim};
use crate::decide::BETA;
use crate::late::hardly_any;

/// What one life says of the timer.
#[derive(Clone, Copy)]
enum Says {
    /// It was given up on time.
    OnTime(Duration),
    /// It was given up too early or too late, after so long.
    Off(Side, Duration),
    /// It was not given up, and lived for so long.
    Outlived(Duration),
    /// The timer for the whole request ended it: its own timer had no time to fire.
    CutByTotal,
    /// Nothing: it is not the gateway's.
    Aside(Why),
    /// Nothing: it was over before the timer could fire.
    Nothing,
}

/// What became of the attempts that were held for longer than the timer.
#[derive(Default)]
struct Lives {
    on_time: Vec<Duration>,
    early: Vec<Life>,
    late: Vec<Duration>,
    outlived: Vec<Duration>,
    cut: u64,
    left_open: u64,
    set_aside: SetAside,
    off: Vec<(Tag, String)>,
    undying: Vec<(Tag, String)>,
}

/// The claims on the per-try timer: that it fires when it should, and that it fires at all.
pub(super) fn claims(timers: &Timers<'_>, timer: Duration, view: &View<'_>) -> Vec<Claim> {
    let bounds = timers.settings.bounds(timer);
    let mut seen = Lives::default();
    for entry in view.entries() {
        for life in lives(view, entry, bounds.high().saturating_add(BEYOND)) {
            let why = view.is_at_edge(&entry).then_some(Why::Edge);
            let says = why.map_or_else(|| says(timers, &bounds, &life), Says::Aside);
            seen.note(&entry, &life, says);
        }
    }
    vec![seen.fires(view, timers, timer, &bounds), seen.never_outlived(timer)]
}

fn says(timers: &Timers<'_>, bounds: &Bounds, life: &Life) -> Says {
    let side = |length: Duration| bounds.side(length, life.blur);
    let let_go = match life.let_go {
        Some(Sign::Answered(after)) => return judged(timers, life, side(after), after),
        Some(Sign::Next(after)) => Some((side(after), after)),
        None => None,
    };
    // It was given up on time, whatever became of its connection.
    if let Some((Side::Inside, after)) = let_go {
        return Says::OnTime(after);
    }
    let lived = side(life.length);
    match life.ending {
        // A client that has left makes no gateway wait longer; it may make it stop earlier.
        Ending::AfterClient if lived == Side::Below => Says::Aside(Why::ClientLeft),
        Ending::Gateway | Ending::AfterClient => judged(timers, life, lived, life.length),
        Ending::Overtaken | Ending::Crossed => Says::Aside(Why::Overlapping),
        Ending::Client | Ending::Backend | Ending::Run => match (lived, let_go) {
            // The next attempt came late enough for a timer and a wait before it.
            (Side::Above, Some((Side::Above | Side::Untold, _))) => Says::Aside(Why::Overlapping),
            (Side::Above, _) => Says::Outlived(life.length),
            (Side::Untold, _) => Says::Aside(Why::Stalled),
            _ if life.ending == Ending::Backend => Says::Nothing,
            _ if life.ending == Ending::Run => Says::Aside(Why::Lost),
            _ => Says::Aside(Why::ClientLeft),
        },
    }
}

/// What a life says that the gateway ended after `length`.
fn judged(timers: &Timers<'_>, life: &Life, side: Side, length: Duration) -> Says {
    match side {
        Side::Inside => Says::OnTime(length),
        Side::Untold => Says::Aside(Why::Stalled),
        Side::Below if life.last && timers.total.is_some_and(|total| !total.is_below(life.asked)) => {
            Says::CutByTotal
        }
        side => Says::Off(side, length),
    }
}

impl Lives {
    fn note(&mut self, entry: &Entry<'_>, life: &Life, says: Says) {
        self.left_open += u64::from(life.let_go.is_some() && matches!(says, Says::OnTime(_)));
        match says {
            Says::OnTime(length) => self.on_time.push(length),
            Says::Off(side, length) => {
                self.off.push((life.tag, format!("given up after {}", Timespan(length))));
                if side == Side::Below {
                    self.early.push(Life { length, ..*life });
                } else {
                    self.late.push(length);
                }
            }
            Says::Outlived(length) => {
                self.undying.push((life.tag, format!("not given up for {}", Timespan(length))));
                self.outlived.push(length);
            }
            Says::CutByTotal => self.cut += 1,
            Says::Aside(why) => self.set_aside.note(why, entry.exchange),
            Says::Nothing => {}
        }
    }

    fn given_up(&self) -> Lengths {
        let early = self.early.iter().map(|life| life.length);
        Lengths::of(self.on_time.iter().copied().chain(early).chain(self.late.iter().copied()).collect())
    }

    /// That those which were given up were given up on time.
    fn fires(&self, view: &View<'_>, timers: &Timers<'_>, timer: Duration, bounds: &Bounds) -> Claim {
        let lengths = self.given_up();
        let (early, late) = (self.early.len() as u64, self.late.len() as u64);
        let named = Timespan(timer);
        let mut observed = match lengths.count() {
            0 => "no attempt given up by a per-try timer".to_owned(),
            _ => format!("attempts given up after: {lengths}"),
        };
        if self.left_open > 0 {
            let words = format!(", {} of them with the connection left open", self.left_open);
            observed.push_str(&words);
        }
        if self.cut > 0 {
            let words = format!(", {} cut short by the timer for the whole request", self.cut);
            observed.push_str(&words);
        }
        let needed = cases_to_exclude(REFUTED, BETA);
        let least = Timespan(bounds.high().saturating_add(BEYOND));
        let claim =
            Claim::on(hardly_any(view, early, late, lengths.count(), REFUTED))
                .says(
                    format!("the per-try timer fired on time: {observed}"),
                    self.off_words(named, lengths.count()),
                )
                .because("the per-try timer is measured at the backend, from the arrival until the gateway walked away")
                .seen(observed, format!("attempts are given up after {}", timers.words(timer)))
                .aside(self.set_aside.clone())
                .shown(self.off.clone())
                .remedy(format!(
                    "hold at least {needed} attempts of this traffic for longer than {least}: by a `hang`, more requests or \
                     a longer phase, and clients whose `deadline` is longer still"
                ));
        lengths.estimate("time until an attempt is given up").into_iter().fold(claim, Claim::estimate)
    }

    /// What is wrong, of those that are off and of no others.
    fn off_words(&self, named: Timespan, of: u64) -> String {
        let early = Lengths::of(self.early.iter().map(|life| life.length).collect());
        let late = Lengths::of(self.late.clone());
        let words = [("late", late), ("early", early)].into_iter().filter_map(|(word, lengths)| {
            let median = Timespan(lengths.median()?);
            let number = lengths.count();
            Some(format!(
                "{word} for {number} of {of} attempts: {} given up after {median} (median)",
                if number == 1 { "it was" } else { "they were" },
            ))
        });
        let words = words.collect::<Vec<_>>().join(", and ");
        format!("the per-try timer of {named} fired {words}{}", self.undeclared_total())
    }

    /// Early endings that look like a timer for the whole request: each ended its request, and all at the same age of it.
    fn undeclared_total(&self) -> String {
        let ages = Lengths::of(self.early.iter().map(|life| life.asked).collect());
        let [age] = ages.clusters()[..] else { return String::new() };
        let further = self.early.iter().all(|life| life.last && life.nth > 1);
        if !further || self.on_time.is_empty() {
            return String::new();
        }
        format!(
            "; each of them ended its request, when that had taken {} (median), as a timer for the whole request would \
             that is not declared",
            Timespan(age.median)
        )
    }

    /// That none lived on.
    fn never_outlived(&self, timer: Duration) -> Claim {
        let (outlived, given_up) = (Lengths::of(self.outlived.clone()), self.given_up().count());
        let (lived, held) = (outlived.count(), outlived.count() + given_up);
        let median = Timespan(outlived.median().unwrap_or_default());
        let named = Timespan(timer);
        let bad = format!(
            "the per-try timer of {named} did not fire: {lived} of {} {} never given up and lived for {median} (median)",
            count(held, "held attempt"),
            were(lived)
        );
        let needed = cases_to_exclude(REFUTED, BETA);
        Claim::on(Basis::Never { violations: lived, exposures: held, needed })
            .says("", bad)
            .because("an attempt that lives on until the client leaves or the backend answers was given up by no timer")
            .seen(if lived == 0 { String::new() } else { format!("{lived} never given up") }, "")
            .aside(self.set_aside.clone())
            .shown(self.undying.clone())
    }
}
