//! What a kind of gateway calls what it counts, and by what it says which backends it uses.

use units::Timespan;

/// The series by which a gateway counts, by its own documentation; sums of series are written `a_total{label="x"} + b_total`.
/// Labels are those of a configuration that brownout makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// The path of its page.
    pub path: &'static str,
    /// Requests that came from clients.
    pub requests: Option<&'static str>,
    /// Further attempts of requests.
    pub retries: Option<&'static str>,
    /// Answers to clients with a status of 500 or more.
    pub errors: Option<&'static str>,
    /// Whether a backend is in use.
    pub up: Option<Up>,
}

/// By what a gateway says whether it uses a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Up {
    /// Its series, above 0 while the backend is in use, and 0 while it is left alone; `{{backend.name}}` and `{{backend.address}}`
    /// stand for the backend.
    pub series: &'static str,
    /// How old its word may be, beside the time that it takes to be asked.
    pub late: Timespan,
}
