//! A member of the family of machines that leave a backend alone.

use std::time::Duration;

use policy::Trip;
use units::Timespan;

/// What opens a machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// So many failures in a row.
    InARow(u32),
    /// So many failures within a window.
    Count(u32, Duration),
    /// So large a share of failures within a window, of at least so many results.
    Share(f64, Duration, u32),
    /// Nothing.
    Never,
}

impl Rule {
    /// The rule that a trip condition words; [`Rule::Never`] for one that names nothing.
    pub fn of(trip: &Trip) -> Self {
        let within = trip.within.map_or(Duration::MAX, |within| *within);
        match (trip.consecutive, trip.count, trip.share) {
            (Some(count), _, _) => Rule::InARow(count.max(1)),
            (_, Some(count), _) => Rule::Count(count.max(1), within),
            (_, _, Some(share)) => Rule::Share(share.get(), within, trip.min.unwrap_or(1).max(1)),
            _ => Rule::Never,
        }
    }

    /// The same, so many failures later (or earlier); nothing if that is no rule any more. A share moves by a
    /// twentieth for each.
    pub fn moved(self, by: i64) -> Option<Self> {
        let count = |count: u32| u32::try_from(i64::from(count) + by).ok().filter(|count| *count > 0);
        match self {
            Rule::InARow(failures) => count(failures).map(Rule::InARow),
            Rule::Count(failures, within) => Some(Rule::Count(count(failures)?, within)),
            Rule::Share(share, within, min) => {
                let moved = share + 0.05 * by as f64;
                (moved > 0.0 && moved <= 1.0).then_some(Rule::Share(moved, within, min))
            }
            Rule::Never => None,
        }
    }

    /// In words, after "opens after".
    pub fn words(self) -> String {
        let failures = |count: u32| if count == 1 { "1 failure".into() } else { format!("{count} failures") };
        match self {
            Rule::InARow(count) => format!("{} in a row", failures(count)),
            Rule::Count(count, within) => format!("{} within {}", failures(count), Timespan(within)),
            Rule::Share(share, within, min) => {
                format!("a share of {share:.2} failures within {} of at least {min}", Timespan(within))
            }
            Rule::Never => "nothing".into(),
        }
    }
}

/// How a backend gets its traffic back, as far as it is declared; several that hold mean any of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ways {
    /// So many probes at a time.
    pub probes: Option<u32>,
    /// All of the traffic at once.
    pub all: bool,
    /// A health check of the gateway's own: later than the open time, until the faults end.
    pub check: bool,
    /// How long it takes until all of the traffic is back.
    pub ramp: Duration,
}

impl Ways {
    /// So many probes at a time, and nothing else.
    pub fn probes(probes: u32) -> Self {
        Ways { probes: Some(probes), all: false, check: false, ramp: Duration::ZERO }
    }

    /// All at once.
    pub fn all() -> Self {
        Ways { probes: None, all: true, check: false, ramp: Duration::ZERO }
    }

    /// Whatever the gateway does: any number of probes, or all at once.
    pub fn any() -> Self {
        Ways { probes: Some(u32::MAX), all: true, check: false, ramp: Duration::ZERO }
    }
}

/// One machine, with what is admitted around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// What opens it.
    pub rule: Rule,
    /// How many failures later it may open.
    pub slack: u32,
    /// How often it looks whether a share is reached; zero if at each result.
    pub looks: Duration,
    /// The shortest and the longest time for which it is open.
    pub open: (Duration, Duration),
    /// Whether the open time grows by the number of openings in a row, and up to what.
    pub growth: Option<Duration>,
    /// If the `Retry-After` of the failure that opens it sets the open time: the declared time that it stands in for.
    pub asked_instead: Option<Duration>,
    /// How traffic comes back.
    pub ways: Ways,
    /// How many arrivals are admitted while it is open.
    pub leaked_max: u64,
    /// True if it need not open although it has a reason, because too many others are out.
    pub may_stay: bool,
    /// True if requests may be let through although it is open, because all others are out as well: nobody learns by them.
    pub panics: bool,
}

impl Member {
    /// The bounds of the n-th open time in a row, from 1. `asked` is for how long the failure that opened it asked to be left
    /// alone.
    pub fn open_time(&self, nth: u32, asked: Option<Duration>) -> (Duration, Duration) {
        if let Some((declared, asked)) = self.asked_instead.zip(asked) {
            let instead = |bound: Duration| asked.saturating_add(bound).saturating_sub(declared);
            return (instead(self.open.0), instead(self.open.1));
        }
        let Some(longest) = self.growth else { return self.open };
        let grown = |length: Duration| length.saturating_mul(nth).min(longest.max(length));
        (grown(self.open.0), grown(self.open.1))
    }
}
