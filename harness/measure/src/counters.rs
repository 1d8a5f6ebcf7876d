//! What the gateway counted by its own word, and what the ledger has of the same, between two scrapes of its metrics.
//!
//! Both are intervals. A request that was under way at a scrape may be counted before or after it; what a restart
//! lost nobody knows; an attempt that left no trace may have been counted. Nothing else is uncertain: there is no tolerance.

mod recorded;
mod scrapes;
pub mod states;
#[cfg(test)]
mod tests;

use evidence::{Ledger, Sum, Tag};
use reports::{CounterRow, GatewayMetrics};
use units::{Moment, Timespan};

use self::recorded::Recorded;
use self::scrapes::Scrapes;
use crate::brief::Brief;
use crate::stalls::Stalls;
use crate::view::{Place, View};

/// What gateways count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Requests that came from clients.
    Requests,
    /// Further attempts of requests.
    Retries,
    /// Answers to clients with a status of 500 or more.
    Errors,
}

impl What {
    /// All of them.
    pub const ALL: [What; 3] = [What::Requests, What::Retries, What::Errors];

    /// Its word: `requests`.
    pub fn word(self) -> &'static str {
        match self {
            What::Requests => "requests",
            What::Retries => "retries",
            What::Errors => "errors",
        }
    }

    /// The series by which the gateway's kind counts it, by its documentation.
    pub fn known<'a>(self, view: &View<'a>) -> Option<&'a str> {
        let metrics = view.brief.metrics.as_ref()?;
        match self {
            What::Requests => metrics.requests.as_deref(),
            What::Retries => metrics.retries.as_deref(),
            What::Errors => metrics.errors.as_deref(),
        }
    }
}

/// What was counted, and what is on record.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What the counters grew by at the least and at the most. They differ only if the gateway was acted on in between.
    pub counted: (f64, f64),
    /// What is on record at the least, and at the most; without an end where attempts may have left no trace.
    pub recorded: (u64, Option<u64>),
    /// When the first scrape was asked for, and when the answer to the last was there.
    pub between: (Moment, Moment),
    /// Scrapes that were answered, the first and the last included.
    pub scrapes: u64,
    /// Scrapes in between that came to nothing.
    pub failed: u64,
    /// Times that counters began anew.
    pub resets: u64,
    /// The first few requests that were to be counted.
    pub shown: Vec<Tag>,
}

impl Told {
    /// What the series that `sum` adds up tell of `what` in the view: between the first and the last scrape of the settled part of
    /// its phase, or of the whole run. `late` is how long after its end a request may be counted. If nothing can be told: why.
    pub fn of(view: &View<'_>, what: What, sum: &Sum, late: Timespan) -> Result<Told, String> {
        let scrapes = Scrapes::of(view)?;
        let counted = scrapes.counted(sum)?;
        let recorded = Recorded::of(view, what, late, &scrapes, &counted.blind);
        Ok(Told {
            counted: (counted.low, counted.high),
            recorded: (recorded.certain, recorded.possible),
            between: scrapes.between(),
            scrapes: scrapes.answered.len() as u64,
            failed: scrapes.failed,
            resets: counted.resets,
            shown: recorded.shown,
        })
    }

    /// What was counted for each one on record: the least and the most that it can be. 1 is the truth.
    pub fn ratio(&self) -> (f64, f64) {
        let of = |counted: f64, recorded: f64| match recorded {
            0.0 if counted > 0.0 => f64::INFINITY,
            0.0 => 1.0,
            recorded => counted / recorded,
        };
        let low = self.recorded.1.map_or(0.0, |most| of(self.counted.0, most as f64));
        (low, of(self.counted.1, self.recorded.0 as f64))
    }
}

/// What the gateway counted over the whole run beside what is on record, for the report; nothing where nothing was scraped.
pub fn table(brief: &Brief, ledger: &Ledger) -> Option<GatewayMetrics> {
    let metrics = brief.metrics.as_ref().filter(|_| !brief.phases.is_empty())?;
    let scrapes = || ledger.rest().samples.iter().filter(|sample| sample.series.is_none());
    let stalls = Stalls::of(ledger);
    let view = View::of(brief, ledger, &stalls, Place { whole_run: true, ..Place::default() });
    let row = |what: What| {
        let series = what.known(&view)?;
        let told = Told::of(&view, what, &Sum::parse(series).ok()?, metrics.late).ok()?;
        Some(CounterRow {
            what: what.word().to_owned(),
            series: series.to_owned(),
            counted: told.counted.0,
            recorded: told.recorded.0,
            recorded_max: told.recorded.1,
        })
    };
    Some(GatewayMetrics {
        scrapes: scrapes().count() as u64,
        failed: scrapes().filter(|scrape| scrape.failed.is_some()).count() as u64,
        why: scrapes().find_map(|scrape| scrape.failed.as_deref()).map(str::to_owned),
        counters: What::ALL.into_iter().filter_map(row).collect(),
    })
}
