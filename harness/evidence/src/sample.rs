//! What the gateway said of itself: its own metrics, scrape by scrape.

use units::Moment;

use crate::table::table;

table! {
    /// A figure of the gateway's own metrics at one scrape, or the scrape itself: each scrape has a row without a series,
    /// and one for each series of it that is kept.
    Sample in "metrics" as Samples {
        /// The number of the scrape, from 0.
        scrape: u32,
        /// When it was asked for: what had been counted before is in it.
        asked: Moment,
        /// When the answer was there: what was counted after is not in it.
        answered: Moment,
        /// The name of the series with its labels, as the gateway writes them; absent for the scrape itself.
        series: Option<Box<str>>,
        /// The figure of the series; for the scrape itself, how many series the gateway told, kept or not.
        value: f64,
        /// Why the scrape came to nothing, if it did.
        failed: Option<Box<str>>,
    }
}
