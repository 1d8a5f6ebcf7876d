//! How many observations may be late: hardly any on a quiet machine, more on one that stands still now and then.

use std::time::Duration;

use measure::view::View;
use units::stats::at_least;

use crate::claim::Basis;

/// A share of observations that is off without the gateway being wrong: no scheduler is perfect.
const ALLOWED: f64 = 0.01;

/// A gateway's own threads may have stood still for longer than anything of brownout did, and more than once on the way: by no
/// more than so many times the longest stall is it late for want of a processor.
const STALLS: u32 = 4;

/// And this for the work that has piled up meanwhile.
const CAUGHT_UP: Duration = Duration::from_millis(20);

/// That more are far too late than chance may bring is this unlikely in a gateway that is right.
const BEYOND_CHANCE: f64 = 1e-6;

/// That of `count` cases hardly any is `early`, or `late` by the lengths given. A pass excludes the share `refuted`.
///
/// While brownout's own threads stood still, so did the gateway's, and at other moments, which nobody saw, for as long
/// again: as large a part of the cases as that part of the time may be late for want of a processor. What is late by far more
/// than the longest stall is late for another reason, however busy the machine is.
pub(crate) fn hardly_any(
    view: &View<'_>,
    early: u64,
    late: impl IntoIterator<Item = Duration>,
    count: u64,
    refuted: f64,
) -> Basis {
    let explained = view.stalls.longest() * STALLS + CAUGHT_UP;
    let (mut all_late, mut far) = (0, 0);
    for by in late {
        all_late += 1;
        far += u64::from(by > explained);
    }
    if at_least(far, count, ALLOWED) < BEYOND_CHANCE {
        return Basis::Mostly { bad: far, count, allowed: ALLOWED, refuted };
    }
    let stalled = if all_late >= early { view.stalls.share_of(view.stretch) } else { 0.0 };
    Basis::Mostly { bad: early + all_late, count, allowed: (ALLOWED + stalled).min(1.0), refuted }
}
