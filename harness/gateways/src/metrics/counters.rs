//! What a kind of gateway calls what it counts.

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
}
