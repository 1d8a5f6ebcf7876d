//! Collects what speaks against a gateway and what leaves the question open, and makes one judgement of it.

use evidence::Tag;
use reports::Verdict;
use units::Timespan;

use crate::Judged;

/// The case against a gateway: each complaint and each doubt is a sentence.
#[derive(Debug, Default)]
pub(crate) struct Case {
    complaints: Vec<String>,
    doubts: Vec<String>,
    witnesses: Vec<(Tag, String)>,
}

/// What is said whatever the verdict.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// What was seen, with units.
    pub observed: String,
    /// What was demanded, with units.
    pub expected: String,
    /// The summary if nothing speaks against the gateway.
    pub good: String,
    /// Why that follows.
    pub because: String,
    /// How many observations it rests on.
    pub observations: u64,
    /// The smallest difference that could be told.
    pub resolution: Option<String>,
}

impl Case {
    /// The evidence proves that the demand was not met. The most telling complaint comes first.
    pub(crate) fn complain(&mut self, sentence: String) {
        self.complaints.push(sentence);
    }

    /// The evidence leaves something open.
    pub(crate) fn doubt(&mut self, sentence: String) {
        self.doubts.push(sentence);
    }

    /// An exchange that shows it; ten are enough for the report to choose from.
    pub(crate) fn witness(&mut self, tag: Tag, shows: String) {
        if self.witnesses.len() < 10 {
            self.witnesses.push((tag, shows));
        }
    }

    /// A complaint decides, then a doubt.
    pub(crate) fn judged(self, facts: Facts) -> Judged {
        let (verdict, sentences) = match (self.complaints.is_empty(), self.doubts.is_empty()) {
            (false, _) => (Verdict::Fail, self.complaints),
            (true, false) => (Verdict::Inconclusive, self.doubts),
            (true, true) => (Verdict::Pass, vec![facts.good]),
        };
        let mut sentences = sentences.into_iter();
        let summary = sentences.next().unwrap_or_default();
        let others = joined(sentences, "; ");
        let because = if verdict == Verdict::Pass || others.is_empty() { facts.because } else { others };
        Judged {
            verdict,
            summary,
            observed: facts.observed,
            expected: facts.expected,
            because,
            observations: facts.observations,
            resolution: facts.resolution,
            witnesses: self.witnesses,
        }
    }
}

/// Sentences or figures in one line.
pub(crate) fn joined(parts: impl IntoIterator<Item = String>, by: &str) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(by)
}

impl Facts {
    /// The smallest difference that could be told, as a length of time; nothing for none at all.
    pub(crate) fn resolution_of(length: std::time::Duration) -> Option<String> {
        (!length.is_zero()).then(|| Timespan(length).to_string())
    }
}
