//! How many observations may be late: hardly any on a quiet machine, more on one that stands still now and then.

use measure::view::View;

use crate::claim::Basis;

/// A share of observations that is off without the gateway being wrong: no scheduler is perfect.
const ALLOWED: f64 = 0.01;

/// That of `count` cases hardly any is `early` or `late`. A pass excludes the share `refuted`.
///
/// While brownout's own threads stood still, so did the gateway's, and at other moments, which nobody saw, for as long
/// again: as large a part of the cases as that part of the time may be late for want of a processor.
pub(crate) fn hardly_any(view: &View<'_>, early: u64, late: u64, count: u64, refuted: f64) -> Basis {
    let stalled = if late >= early { view.stalls.share_of(view.stretch) } else { 0.0 };
    Basis::Mostly { bad: early + late, count, allowed: (ALLOWED + stalled).min(1.0), refuted }
}
