//! What a gateway says of itself, in a made run.

use std::time::Duration;

use evidence::Sample;
use units::Timespan;

use super::{Run, at};
use crate::brief::{MetricsBrief, UpBrief};

impl Run {
    /// Its metrics are scraped, and these series count requests, retries and errors.
    pub fn metrics(mut self) -> Self {
        let known = |series: &str| Some(series.to_owned());
        self.brief.metrics = Some(MetricsBrief {
            requests: known("requests_total"),
            retries: known("retries_total"),
            errors: known("responses_total{class=\"5xx\"}"),
            up: Some(UpBrief {
                series: "up{backend=\"{{backend.name}}\"}".into(),
                late: Timespan::from_millis(100),
            }),
            kept: Vec::new(),
            shared: false,
            late: Timespan::from_millis(100),
        });
        self
    }

    /// A scrape, which takes 1 ms.
    pub fn scrape(mut self, ms: f64, figures: &[(&str, f64)]) -> Self {
        let row = self.scraped(ms);
        self.evidence.samples.push(Sample { value: figures.len() as f64, ..row.clone() });
        for (series, value) in figures {
            self.evidence.samples.push(Sample {
                series: Some((*series).into()),
                value: *value,
                ..row.clone()
            });
        }
        self
    }

    /// A scrape that comes to nothing.
    pub fn scrape_failed(mut self, ms: f64, why: &str) -> Self {
        let row = self.scraped(ms);
        self.evidence.samples.push(Sample { failed: Some(why.into()), ..row });
        self
    }

    /// The row of a scrape.
    fn scraped(&self, ms: f64) -> Sample {
        let scrape = self.evidence.samples.last().map_or(0, |last| last.scrape + 1);
        let asked = at(ms);
        let answered = asked + Duration::from_millis(1);
        Sample { scrape, asked, answered, series: None, value: 0.0, failed: None }
    }
}
