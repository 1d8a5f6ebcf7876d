//! The gaps between the attempts of one request: how long a gateway waited before it tried again.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Entry, Tag};
use units::Moment;

use crate::aside::{SetAside, Why};
use crate::cell::{Cell, Key};
use crate::fired::Fired;
use crate::lengths::Lengths;
use crate::lifetimes::blur_at;
use crate::spread::{Spread, WIRE};
use crate::view::View;
use crate::worth::{TIMER_GRAIN, asked_wait};

/// Gaps of higher numbers are not told apart from this one: no gateway tries that often.
const NUMBER_MAX: usize = 100;

/// How long a gateway waited before it tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The request.
    pub tag: Tag,
    /// Which gap of the request it is, from 1: before the second attempt.
    pub nth: usize,
    /// When the attempt before was over: answered whole, or ended.
    pub over: Moment,
    /// When the next one arrived.
    pub next: Moment,
    /// From the one to the other. None if the gateway was still holding the attempt before when this one arrived, so
    /// that nobody can see when it gave that one up.
    pub length: Option<Duration>,
    /// True if the gateway walked away from the attempt before: a timer, and no answer, came before the wait.
    pub after_timer: bool,
}

/// The gaps between the attempts of one request, in order.
pub fn gaps(entry: Entry<'_>) -> impl Iterator<Item = Gap> {
    let tag = entry.exchange.tag;
    entry.attempts.windows(2).enumerate().map(move |(index, pair)| {
        let over = pair[0].replied.unwrap_or(pair[0].ended);
        let next = pair[1].arrived;
        // The end of an attempt that is given up is under way while the next one is sent.
        let left_open = pair[0].replied.is_none() && over > next + WIRE;
        let length = (!left_open).then(|| next.since(over));
        Gap { tag, nth: index + 1, over, next, length, after_timer: pair[0].was_abandoned() }
    })
}

/// A gap that says something of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The request.
    pub tag: Tag,
    /// How long it was.
    pub length: Duration,
    /// By how much brownout itself may have disturbed it.
    pub blur: Duration,
    /// How long it could have been: what the declared timer for the whole request left when it began. None without such a
    /// timer.
    pub room: Option<Duration>,
}

/// The gaps of a view by their number, from 1, and what was set aside of them.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    by_number: BTreeMap<usize, Vec<Wait>>,
    set_aside: SetAside,
}

impl Waits {
    /// The gaps between the attempts of all requests of a view.
    pub fn of(view: &View<'_>) -> Self {
        let mut waits = Waits::default();
        for entry in view.entries().filter(|entry| entry.attempts.len() > 1) {
            let why = if view.is_at_edge(&entry) {
                Some(Why::Edge)
            } else {
                // An attempt that left no trace takes a number, and its time lies in a gap.
                view.may_hide(&entry).then_some(Why::Hidden)
            };
            let total = view.brief.policy.timeout.total;
            let end = total.map(|total| entry.exchange.sent + total.saturating_sub(TIMER_GRAIN));
            let asked = |gap: &Gap| !asked_wait(view.brief, &entry.attempts[gap.nth - 1]).is_zero();
            // Where the answer says how long to wait, the backoff does not.
            for gap in gaps(entry).filter(|gap| !asked(gap)) {
                match (why, gap.length) {
                    (Some(why), _) => waits.set_aside.note(why, entry.exchange),
                    (None, None) => waits.set_aside.note(Why::Overlapping, entry.exchange),
                    (None, Some(length)) => {
                        let blur = blur_at(view, gap.over).saturating_add(blur_at(view, gap.next));
                        let numbered = waits.by_number.entry(gap.nth.min(NUMBER_MAX)).or_default();
                        let room = end.map(|end| end.since(gap.over));
                        numbered.push(Wait { tag: gap.tag, length, blur, room });
                    }
                }
            }
        }
        waits
    }

    /// The gaps of one number; none if there were none.
    pub fn number(&self, nth: usize) -> &[Wait] {
        self.by_number.get(&nth).map_or(&[], Vec::as_slice)
    }

    /// The numbers of which there are gaps.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        self.by_number.keys().copied()
    }

    /// What was set aside.
    pub fn set_aside(&self) -> &SetAside {
        &self.set_aside
    }

    /// The lengths of the gaps of one number that nothing disturbed.
    pub fn lengths(&self, nth: usize) -> Lengths {
        let sound = self.number(nth).iter().filter(|wait| wait.blur.is_zero());
        Lengths::of(sound.map(|wait| wait.length).collect())
    }

    /// The same of those that could have been as long as `cap`: where the timer for the whole request would have cut a
    /// longer wait, only the short ones are on record, and their spread is the timer's.
    pub fn lengths_up_to(&self, nth: usize, cap: Duration) -> Lengths {
        let whole = self.number(nth).iter().filter(|wait| wait.blur.is_zero());
        let whole = whole.filter(|wait| wait.room.is_none_or(|room| room >= cap));
        Lengths::of(whole.map(|wait| wait.length).collect())
    }
}

/// How a gateway waits before attempts of one number, whatever it is meant to.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The number of the gap, from 1.
    pub nth: usize,
    /// The gaps that nothing disturbed.
    pub lengths: Lengths,
    /// By how much the median is longer than that of the gap before; None for the first gap.
    pub growth: Option<f64>,
    /// How they are spread between zero and the longest of them.
    pub spread: Option<Spread>,
}

/// How a gateway waits: a cell for each gap number.
pub fn waiting(view: &View<'_>) -> Vec<Cell<Waiting>> {
    let waits = Waits::of(view);
    let fired = Fired::of(view).times();
    let cell = |nth: usize| {
        let lengths = waits.lengths(nth);
        let before = nth.checked_sub(1).and_then(|before| waits.lengths(before).median());
        let longer = before.zip(lengths.median()).filter(|(before, _)| !before.is_zero());
        let growth = longer.map(|(before, this)| this.as_secs_f64() / before.as_secs_f64());
        let spread = lengths.range().and_then(|(_, longest)| Spread::of(&lengths, longest));
        Cell {
            key: Key::default(),
            exposures: lengths.count(),
            first: waits.number(nth).iter().take(5).map(|wait| wait.tag).collect(),
            set_aside: waits.set_aside().clone(),
            fired,
            figure: Waiting { nth, lengths, growth, spread },
        }
    };
    waits.numbers().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn growing() -> Run {
        let run = Run::new().class("reads", Method::Get).backend("a").phase("p", 100.0);
        run.fault("p", "status", &["a"]).calls(20, |n| {
            let failed = || Try::hit("a", "status");
            let call = Call::due("reads", 1_000.0 * n as f64).attempt(failed());
            call.attempt(failed().after(50.0)).attempt(failed().after(100.0))
        })
    }

    #[test]
    fn each_gap_number_has_its_own_figure_and_its_growth() {
        growing().view("p", "", |view| {
            let cells = waiting(view);
            let figures: Vec<_> =
                cells.iter().map(|cell| (cell.figure.nth, cell.exposures, cell.figure.growth)).collect();
            assert_eq!(figures, [(1, 20, None), (2, 20, Some(2.0))]);
        });
    }

    #[test]
    fn only_gaps_that_a_stall_touches_are_disturbed() {
        growing().hiccup(40.0, 30.0).view("p", "", |view| {
            let waits = Waits::of(view);
            assert_eq!(waits.lengths(1).count(), 19);
            assert_eq!(waits.number(1)[0].blur, Duration::from_millis(32));
            assert_eq!(waits.lengths(2).count(), 19, "its first end is where the first gap ended");
        });
    }
}
