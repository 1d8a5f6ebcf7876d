//! What the gateway said of itself, for every format in the same words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::escape;

/// The gateway's own metrics over the whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayMetrics {
    /// How often they were scraped.
    pub scrapes: u64,
    /// How many of the scrapes came to nothing.
    pub failed: u64,
    /// Why the first of those did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it counted, as far as it is known what its series mean.
    pub counters: Vec<CounterRow>,
}

/// A counter of the gateway beside the record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CounterRow {
    /// What it counts: `requests`, `retries`, `errors`.
    pub what: String,
    /// The series that are added up.
    pub series: String,
    /// How much they grew by.
    pub counted: f64,
    /// How many are on record, for certain.
    pub recorded: u64,
    /// How many they are at the most; absent where attempts may have left no trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_max: Option<u64>,
}

impl GatewayMetrics {
    /// `12 scrapes, 1 of them to nothing: no answer in time`.
    pub(crate) fn words(&self) -> String {
        let scrapes = if self.scrapes == 1 { "1 scrape".into() } else { format!("{} scrapes", self.scrapes) };
        let why = self.why.as_deref().map(|why| format!(": {}", escape::sentence(why))).unwrap_or_default();
        if self.failed == 0 { scrapes } else { format!("{scrapes}, {} of them to nothing{why}", self.failed) }
    }
}

impl CounterRow {
    /// `1000 counted, 990 to 1010 on record`.
    pub(crate) fn words(&self) -> String {
        let recorded = match self.recorded_max {
            None => format!("at least {}", self.recorded),
            Some(most) if most == self.recorded => self.recorded.to_string(),
            Some(most) => format!("{} to {most}", self.recorded),
        };
        format!("{} counted, {recorded} on record", self.counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_read_as_both_numbers() {
        let row = CounterRow { counted: 12.0, recorded: 10, recorded_max: Some(14), ..CounterRow::default() };
        assert_eq!(row.words(), "12 counted, 10 to 14 on record");
        let row = CounterRow { recorded_max: None, ..row };
        assert_eq!(row.words(), "12 counted, at least 10 on record");
        let metrics = GatewayMetrics { scrapes: 9, failed: 1, why: Some("gone".into()), counters: vec![] };
        assert_eq!(metrics.words(), "9 scrapes, 1 of them to nothing: gone");
    }
}
