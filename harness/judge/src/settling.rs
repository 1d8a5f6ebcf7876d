//! What the settling time leaves out: no window hides failures without a word.

use measure::outcomes::settling;
use measure::view::View;
use units::plural::count;

/// What the settling time left out and how it ended, as the end of a sentence; empty without a settling time.
pub(crate) fn left_out(view: &View<'_>) -> String {
    let ended = settling(view);
    let all: u64 = ended.values().sum();
    if all == 0 {
        return String::new();
    }
    let ends: Vec<String> = ended.iter().map(|(end, count)| format!("{end} × {count}")).collect();
    let settle = view.place.settle;
    format!("; the settling time of {settle} leaves out {}: {}", count(all, "request"), ends.join(", "))
}
