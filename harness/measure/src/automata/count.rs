//! Whether the results so far may, or must, have opened a machine, as far as their order and times can be told.

use std::time::Duration;

use units::Moment;

use super::input::Input;
use super::member::{Member, Rule};
use crate::arrivals::Told;

/// From where on a closed machine counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since {
    /// The first result that counts, by its place.
    pub place: u32,
    /// The first arrival whose result counts: what was let through before a change of state may be left out.
    pub arrival: u32,
}

/// What follows from the results up to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    /// Some order within the blur has opened it.
    pub may: bool,
    /// Every order has.
    pub must: bool,
}

impl Reason {
    const NONE: Reason = Reason { may: false, must: false };
}

/// What the results from `since` up to the one at `place` are reason for.
pub(super) fn reason(input: &Input, member: &Member, since: Since, place: usize) -> Reason {
    let result = input.result(place);
    let (blur, is_sure) = (input.blur_at(result.known), result.told == Told::Failure);
    match member.rule {
        Rule::InARow(count) if result.told.may_fail() => {
            let most = (count + member.slack) as usize;
            let (least, largest) = in_a_row(input, since, place, blur, most);
            Reason { may: largest >= count as usize, must: is_sure && least >= most }
        }
        Rule::Count(count, within) if result.told.may_fail() => {
            let window = Window::of(input, since, place, (result.known, within), blur);
            let most = count.saturating_add(member.slack);
            Reason { may: window.failed.1 >= count, must: is_sure && window.failed.0 >= most }
        }
        Rule::Share(share, within, min) => {
            let reason = |end| {
                let window = Window::of(input, since, place, (end, within), blur);
                by_share(&window, share, min, member.slack)
            };
            let now = reason(result.known);
            if member.looks.is_zero() {
                // Some gateways look whether to open at each result, others at failures only.
                return Reason { must: now.must && is_sure, ..now };
            }
            // A look by the clock may fall between two results, when old ones have left the window already.
            let until = input
                .results
                .order
                .get(place + 1)
                .map_or(input.observed.to, |_| input.result(place + 1).known);
            Reason { may: now.may || reason(until).may, ..now }
        }
        Rule::Never | Rule::InARow(_) | Rule::Count(..) => Reason::NONE,
    }
}

fn by_share(window: &Window, share: f64, min: u32, slack: u32) -> Reason {
    let (fewest, most) = (f64::from(window.failed.0), f64::from(window.failed.1));
    let (least, largest) = (f64::from(window.told.0), f64::from(window.told.1));
    let passed = ((least - fewest).min(largest - most) - f64::from(window.late)).max(0.0);
    let may = window.told.1 >= min && most >= share * (most + passed) - 1e-9;
    // At the very edge of a share, one result more or less decides, and gateways differ in `>` and `>=`.
    let worst = (largest - most).max(least - fewest);
    let sure = fewest - 1.0 - f64::from(slack);
    let opens = window.told.0 > min.saturating_add(slack) && sure >= share * (sure + worst + 1.0);
    Reason { may, must: opens }
}

/// The fewest and the most failures in a row that end with the one at `place`, counted up to a little over `enough`.
fn in_a_row(input: &Input, since: Since, place: usize, blur: Duration, enough: usize) -> (usize, usize) {
    let known = input.result(place).known;
    let soon = (place + 1..input.results.order.len()).map(|next| input.result(next));
    let mut soon = soon.take_while(|next| next.known <= known + blur);
    let doubted = soon.any(|next| next.told == Told::Success);
    let (mut least, mut most, mut success) = (0, 0, None::<Moment>);
    let mut broken = doubted;
    for before in (since.place as usize..=place).rev() {
        let result = input.result(before);
        if input.results.order[before] < since.arrival || result.told == Told::Nothing {
            continue;
        }
        if success.is_some_and(|success| result.known + blur < success) || most > enough {
            break;
        }
        if result.told == Told::Unsure {
            most += 1;
        } else if result.told == Told::Failure {
            let near = success.is_some_and(|success| result.known <= success);
            most += 1;
            let next_success = broken || near || preceded(input, since, before, blur);
            broken |= near;
            least += usize::from(!next_success);
        } else {
            broken = true;
            // One that may have come after the last failure does not end the row.
            if result.known + blur < known {
                success = success.or(Some(result.known));
            }
        }
    }
    (least, most)
}

/// True if a success came so shortly before a result that it may have come after it.
fn preceded(input: &Input, since: Since, place: usize, blur: Duration) -> bool {
    let known = input.result(place).known;
    let before = (since.place as usize..place).rev().map(|before| input.result(before));
    before.take_while(|result| result.known + blur >= known).any(|result| result.told == Told::Success)
}

/// So many results at the most become known after a change of state of what was let through before.
const STALE_MAX: usize = 256;

/// The fewest and the most results in a window.
struct Window {
    failed: (u32, u32),
    told: (u32, u32),
    /// The successes that came so shortly before the last result that the gateway may have known of them after it.
    late: u32,
}

impl Window {
    /// What the results from `since` up to the one at `place` put into the window that has an end and a length.
    fn of(input: &Input, since: Since, place: usize, window: (Moment, Duration), blur: Duration) -> Self {
        let back = i64::try_from(window.1.as_nanos()).unwrap_or(i64::MAX);
        let start = Moment(window.0.0.saturating_sub(back));
        let from = since.place as usize;
        let sure = input.place_at(start + blur).max(from).min(place + 1);
        let old = input.place_at(start - blur).max(from).min(sure);
        let new = input.place_at(input.result(place).known + blur).max(place + 1);
        let between = |from: usize, to: usize| {
            let (one, other) = (input.results.sums[from], input.results.sums[to]);
            (other.failed - one.failed, other.told - one.told, other.unsure - one.unsure)
        };
        // What was let through before the last change of state is not counted.
        let stale = (sure..(from + STALE_MAX).min(place + 1))
            .filter(|index| input.results.order[*index] < since.arrival)
            .map(|index| input.result(index).told);
        let (mut failed, mut told, _) = between(sure, place + 1);
        for left_out in stale {
            failed -= u32::from(left_out == Told::Failure);
            told -= u32::from(matches!(left_out, Told::Failure | Told::Success));
        }
        let (more_failed, more_told, unsure) = between(old, new);
        let (late_failed, late, _) =
            between(input.place_at(input.result(place).known - blur).max(sure).min(place), place);
        Window {
            failed: (failed, more_failed + unsure),
            told: (told, more_told + unsure),
            late: late - late_failed,
        }
    }
}
