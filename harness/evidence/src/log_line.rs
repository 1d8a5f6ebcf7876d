//! What the gateway wrote of each request: the lines of its own access log.

use crate::Tag;
use crate::table::{table, words};

words! {
    /// What a row of the table is about.
    Logged {
        /// A line that tells what the scenario says a line tells.
        Line = "line",
        /// A line of one of the run's requests that is written otherwise.
        Other = "other",
        /// The end of what was read: lines may be missing, for the reason that is told.
        Lacking = "lacking",
    }
}

table! {
    /// A line of the gateway's own access log that has one of the run's tags in it, in the order in which they stand there.
    LogLine in "access_log" as LogLines {
        /// What the row is about.
        kind: Logged,
        /// The request whose tag the line has in it; 0 for what is about no line.
        tag: Tag,
        /// The status that the gateway says it answered; absent if it says that it gave no answer, or nothing of it.
        status: Option<u64>,
        /// How many attempts the gateway says it made; absent if it does not say.
        attempts: Option<u64>,
        /// What the gateway says became of the request, in its own words, such as Envoy's response flags; or what is lacking.
        reason: Option<Box<str>>,
    }
}
