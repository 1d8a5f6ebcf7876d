//! What the evidence shows and no expectation asks about, in words that every format shares.

use crate::Unasked;
use crate::escape;

/// The title of the section.
pub(crate) const TITLE: &str = "Seen, but demanded by nobody";

/// What the section is, for those who see it for the first time.
pub(crate) const NOTE: &str = "The evidence shows this, and no expectation asks about it. It has no part in the verdict: \
    demand it if it must not be, or leave it if it may.";

/// The most items that are shown; the JSON has them all.
pub(crate) const ITEMS_MAX: usize = 20;

/// Where it was seen: the phase, and the traffic.
pub(crate) fn place(seen: &Unasked) -> String {
    let traffic =
        seen.traffic.as_deref().map_or_else(String::new, |traffic| format!(" / {}", escape::name(traffic)));
    format!("{}{traffic}", escape::name(&seen.phase))
}

/// What was seen.
pub(crate) fn what(seen: &Unasked) -> String {
    escape::sentence(&seen.what)
}
