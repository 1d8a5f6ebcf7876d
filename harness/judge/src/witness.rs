//! Witnesses: requests with their attempts as timelines, so that a finding can be seen and not only believed.

use evidence::{Attempt, Entry, Exchange, Ledger, Planned, Tag};
use reports::{Lane, LaneEvent, Witness, WitnessBar};
use units::{Moment, Timespan};

use measure::brief::Brief;

/// How many witnesses a finding keeps.
pub(crate) const WITNESSES_MAX: usize = 5;

/// Attempts that a witness shows; a gateway in a retry loop makes thousands.
const LANES_MAX: usize = 50;

/// Collects the first few requests that show something, without writing words for the rest.
#[derive(Clone, Default)]
pub(crate) struct Shown(Vec<(Tag, String)>);

impl Shown {
    /// Notes a request and what it shows.
    pub(crate) fn add(&mut self, tag: Tag, shows: impl FnOnce() -> String) {
        if self.0.len() < WITNESSES_MAX {
            self.0.push((tag, shows()));
        }
    }

    /// What was noted, by when it was.
    pub(crate) fn into_vec(self) -> Vec<(Tag, String)> {
        self.0
    }
}

/// Draws the first few requests of `shown`; one that is not on record is left out, and none is drawn twice.
pub(crate) fn draw(brief: &Brief, ledger: &Ledger, shown: &[(Tag, String)]) -> Vec<Witness> {
    let mut witnesses: Vec<Witness> = Vec::new();
    for (tag, shows) in shown {
        if witnesses.len() == WITNESSES_MAX {
            break;
        }
        if witnesses.iter().any(|witness| witness.tag == tag.0) {
            continue;
        }
        let logged = measure::access_log::words(ledger.log_lines(*tag));
        witnesses.extend(ledger.entry(*tag).map(|entry| witness(brief, entry, shows, logged)));
    }
    witnesses
}

fn witness(brief: &Brief, entry: Entry<'_>, shows: &str, logged: Option<String>) -> Witness {
    let exchange = entry.exchange;
    Witness {
        tag: exchange.tag.0,
        traffic: brief.traffic_name(exchange.class).into_owned(),
        shows: shows.to_owned(),
        logged,
        client: WitnessBar { from_ms: ms(exchange.sent), to_ms: ms(exchange.done), ended: answer(exchange) },
        lag_ms: exchange.lag().as_nanos() as f64 / 1e6,
        attempts: entry.attempts.iter().take(LANES_MAX).map(|attempt| lane(brief, attempt)).collect(),
    }
}

/// What the client got, in a few words: `complete 503`.
fn answer(exchange: &Exchange) -> String {
    let held = match exchange.held {
        0 => String::new(),
        _ => format!(", held up by the client itself for {}", Timespan(exchange.held())),
    };
    match exchange.status {
        0 => format!("{}{held}", exchange.outcome),
        status => format!("{} {status}{held}", exchange.outcome),
    }
}

fn lane(brief: &Brief, attempt: &Attempt) -> Lane {
    let ended = match attempt.status {
        0 => attempt.end.to_string(),
        status => format!("{} {status}", attempt.end),
    };
    let whole = attempt
        .body_done
        .filter(|done| *done > attempt.arrived)
        .map(|done| event(done, "request body whole"));
    let written = attempt.replied.map(|replied| event(replied, "answer written"));
    Lane {
        backend: brief.backend_name(attempt.backend).into_owned(),
        number: attempt.number,
        bar: WitnessBar { from_ms: ms(attempt.arrived), to_ms: ms(attempt.ended), ended },
        faults: faults(brief, attempt),
        events: whole.into_iter().chain(written).collect(),
    }
}

fn event(at: Moment, what: &str) -> LaneEvent {
    LaneEvent { at_ms: ms(at), what: what.into() }
}

/// The faults that hit an attempt, with what they made of it: `status 503`, `latency 50 ms`.
fn faults(brief: &Brief, attempt: &Attempt) -> Vec<String> {
    let hits =
        brief.injections.iter().take(64).enumerate().filter(|(index, _)| attempt.hit_by(*index as u16));
    hits.map(|(_, injection)| match injection.fault.as_str() {
        "latency" if attempt.delay > 0 => {
            format!("latency {}", Timespan(std::time::Duration::from_nanos(attempt.delay)))
        }
        fault if attempt.planned == Planned::Status && attempt.status > 0 => {
            format!("{fault} {}", attempt.status)
        }
        fault => fault.to_owned(),
    })
    .collect()
}

fn ms(moment: Moment) -> f64 {
    moment.0 as f64 / 1e6
}
