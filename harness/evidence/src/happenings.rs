//! What happened to the run as a whole: faults on listeners, and stalls of the machine.

use units::Moment;

use crate::table::table;

table! {
    /// A fault that acts on a listener really was in force, from one moment to another.
    ///
    /// Faults that act on requests and connections are recorded on the attempt and on the connection.
    Firing in "firings" as Firings {
        /// The injection, by its index in the plan.
        injection: u16,
        /// The backend whose listener it acted on.
        backend: u16,
        /// When the listener had been closed.
        from: Moment,
        /// When it listened again, or the end of the run.
        to: Moment,
    }
}

table! {
    /// The machine, or brownout as a whole, stalled: a watchdog that wanted to wake did not. The stall lies between
    /// `at` and `at` + `length`, and covers them but for one step of the watchdog (2 ms) at the most.
    Hiccup in "hiccups" as Hiccups {
        /// When the watchdog was awake for the last time before the stall.
        at: Moment,
        /// How long it took from there until it was awake again, in nanoseconds.
        length: u64,
    }
}
