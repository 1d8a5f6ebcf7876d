//! What the gateway answers by itself, without any attempt: by which cause, with which status, how fast.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Entry, Exchange, Tag};

use crate::aside::{SetAside, Why};
use crate::usable::Usable;
use crate::view::{Sight, View};

/// Why a request may have been shed, as far as the record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// No backend was certainly in use: breakers were open, or nobody was healthy.
    NobodyInUse,
    /// Some backend was in use all the same: a limit of the gateway, or an answer of its own.
    Other,
}

impl Cause {
    /// The cause in words, for "12 while …".
    pub fn words(self) -> &'static str {
        match self {
            Cause::NobodyInUse => "while no backend was certainly in use (breakers open, or nobody healthy)",
            Cause::Other => "although some backend was in use (a limit, or an answer of the gateway's own)",
        }
    }
}

/// A request that was shed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shed {
    /// The request.
    pub tag: Tag,
    /// The status, or 0 if the connection just ended.
    pub status: u16,
    /// From its sending to the end of the answer.
    pub took: Duration,
    /// By how much brownout itself may have made that longer.
    pub disturbance: Duration,
}

/// What was shed.
#[derive(Clone, Debug, Default)]
pub struct Sheds {
    /// Requests that were sent.
    pub requests: u64,
    /// Those that were answered without any attempt.
    pub shed: Vec<Shed>,
    /// How many there are of each cause.
    pub causes: BTreeMap<Cause, u64>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Sheds {
    /// Measures it. How long each took is told beside by how much brownout may have disturbed it.
    pub fn of(view: &View<'_>) -> Self {
        let mut sheds = Sheds::default();
        let usable = Usable::of(view);
        let sight = Sight { disturbance: Duration::MAX, ..Sight::COUNTS };
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            sheds.requests += 1;
            if !entry.attempts.is_empty() || entry.exchange.answered_by_backend() {
                continue;
            }
            match view.why_apart(&entry, sight) {
                Some(why) => sheds.set_aside.note(why, entry.exchange),
                None => sheds.take(view, &entry, &usable),
            }
        }
        sheds
    }

    fn take(&mut self, view: &View<'_>, entry: &Entry<'_>, usable: &Usable<'_>) {
        let exchange = entry.exchange;
        let cause = if usable.any(exchange.sent, None) { Cause::Other } else { Cause::NobodyInUse };
        *self.causes.entry(cause).or_default() += 1;
        self.shed.push(Shed {
            tag: exchange.tag,
            status: exchange.status,
            took: exchange.service_time(),
            disturbance: view.disturbance(entry),
        });
    }

    /// How many took no longer than `within`, and how many certainly did; the others can't be told, and are set aside.
    pub fn in_time(&self, view: &View<'_>, within: Duration) -> InTime {
        let mut times = InTime::default();
        for shed in &self.shed {
            if shed.took <= within {
                times.kept += 1;
            } else if shed.took > within.saturating_add(shed.disturbance) {
                times.late.push(*shed);
            } else if let Some(exchange) = exchange(view, shed.tag) {
                times.set_aside.note(Why::Stalled, exchange);
            }
        }
        times
    }
}

fn exchange<'a>(view: &View<'a>, tag: Tag) -> Option<&'a Exchange> {
    view.ledger.entry(tag).map(|entry| entry.exchange)
}

/// Shed requests against a length of time.
#[derive(Clone, Debug, Default)]
pub struct InTime {
    /// Those that were answered in time.
    pub kept: u64,
    /// Those that were late by more than brownout's own disturbance.
    pub late: Vec<Shed>,
    /// Those that were late by no more than that.
    pub set_aside: SetAside,
}
