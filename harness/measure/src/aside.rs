//! What is set aside: observations that are not the gateway's, always counted, with how they ended.

use std::collections::BTreeMap;

use evidence::{Exchange, Outcome};

/// Why an observation is set aside, the plainest reason first: where several hold, the first one is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Never sent, under way when the run ended, or not on record.
    Lost,
    /// Brownout itself had no descriptor or no port left.
    OwnLimit,
    /// The answer was larger than brownout reads.
    BeyondBounds,
    /// Hit by a fault of a neighbouring phase, or sent in one.
    Edge,
    /// The client left before the gateway was done.
    ClientLeft,
    /// A fault that turns connections away may hide some of its attempts.
    Hidden,
    /// A fault of a backend explains it by itself.
    Faulted,
    /// Another attempt of the request was under way meanwhile.
    Overlapping,
    /// The policy left nothing to try again at: no time, or no backend that was certainly in use.
    Unavailable,
    /// The client itself held it up on purpose, by as much as it was late.
    ClientHeld,
    /// Brownout itself stood still meanwhile.
    Stalled,
}

impl Why {
    /// Why an exchange that brownout itself kept from its end says nothing of the gateway.
    pub fn own(outcome: Outcome) -> Option<Why> {
        match outcome {
            Outcome::OwnLimit => Some(Why::OwnLimit),
            Outcome::BeyondBounds => Some(Why::BeyondBounds),
            _ => None,
        }
    }

    /// The reason in words, for a sentence "12 set aside: …".
    pub fn words(self) -> &'static str {
        match self {
            Why::Lost => "never sent, or under way when the run ended",
            Why::OwnLimit => "brownout itself had no descriptor or port left",
            Why::BeyondBounds => "the answer was larger than brownout reads",
            Why::Edge => "at the edge of a phase, met by what belongs to the neighbouring one",
            Why::ClientLeft => "the client left first",
            Why::Hidden => "a fault that turns connections away may hide attempts",
            Why::Faulted => "a fault of a backend explains it by itself",
            Why::Overlapping => "another attempt of the request was under way at the same time",
            Why::Unavailable => {
                "no time was left, or no backend, turn or budget was certainly there to try it with"
            }
            Why::ClientHeld => "the client itself held it up by as much as that",
            Why::Stalled => "brownout's own machine stalled meanwhile",
        }
    }
}

/// Observations that were set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetAside {
    counts: BTreeMap<Why, BTreeMap<String, u64>>,
}

impl SetAside {
    /// Notes an exchange.
    pub fn note(&mut self, why: Why, exchange: &Exchange) {
        let ended = match exchange.status {
            0 => exchange.outcome.to_string(),
            status => status.to_string(),
        };
        *self.counts.entry(why).or_default().entry(ended).or_default() += 1;
    }

    /// Adds what another one holds.
    pub fn add(&mut self, other: &SetAside) {
        for (why, ended) in &other.counts {
            for (end, count) in ended {
                *self.counts.entry(*why).or_default().entry(end.clone()).or_default() += count;
            }
        }
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.counts.values().flat_map(BTreeMap::values).sum()
    }

    /// How many there are for one reason.
    pub fn count(&self, why: Why) -> u64 {
        self.counts.get(&why).map_or(0, |ended| ended.values().sum())
    }

    /// The reasons, each with how the observations ended: a status, or an outcome without one.
    pub fn rows(&self) -> impl Iterator<Item = (Why, &BTreeMap<String, u64>)> {
        self.counts.iter().map(|(why, ended)| (*why, ended))
    }
}
