//! What a check found, and how to mend it.

/// How a check turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Health {
    /// As it should be.
    Well,
    /// Runs work, with a reservation.
    Warning,
    /// Runs, or some of them, can't work.
    Missing,
}

/// What one check found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) what: String,
    pub(super) health: Health,
    pub(super) figure: String,
    /// How to mend it, if it is not well.
    pub(super) help: Option<String>,
}

impl Found {
    pub(super) fn well(what: &str, figure: impl Into<String>) -> Self {
        Found { what: what.to_owned(), health: Health::Well, figure: figure.into(), help: None }
    }

    pub(super) fn not(
        health: Health,
        what: &str,
        figure: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Found { what: what.to_owned(), health, figure: figure.into(), help: Some(help.into()) }
    }
}
