//! Response and service times as HdrHistogram interval logs (`.hlog`), readable by the HdrHistogram tools.

use std::io::{self, Write};
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2Serializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogIterator, IntervalLogWriterBuilder, LogEntry, Tag,
};

/// What one histogram is about: its tag in the log is `time=…;class=…;phase=…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramKey {
    /// `response` or `service`.
    pub time: String,
    /// The traffic class.
    pub class: String,
    /// The phase.
    pub phase: String,
    /// When the phase starts, since the epoch.
    pub start: Duration,
    /// How long it lasts.
    pub length: Duration,
}

impl HistogramKey {
    fn tag(&self) -> String {
        format!("time={};class={};phase={}", self.time, self.class, self.phase)
    }
}

/// Writes histograms of microseconds, one line each.
pub fn write_hlog(out: &mut impl Write, histograms: &[(HistogramKey, Histogram<u64>)]) -> io::Result<()> {
    let mut serializer = V2Serializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment("brownout: times in microseconds, divided by 1 000 in the Max column");
    builder.with_max_value_divisor(1_000.0);
    let mut log = builder.begin_log_with(out, &mut serializer)?;
    for (key, histogram) in histograms {
        let tag = key.tag();
        let tag =
            Tag::new(&tag).ok_or_else(|| io::Error::other(format!("`{tag}` can't be a histogram tag")))?;
        log.write_histogram(histogram, key.start, key.length, Some(tag))
            .map_err(|error| io::Error::other(error.to_string()))?;
    }
    Ok(())
}

/// The tags in a log, in order; nothing if it is not an interval log.
pub fn read_hlog(log: &[u8]) -> Option<Vec<String>> {
    IntervalLogIterator::new(log)
        .filter_map(|entry| match entry {
            Ok(LogEntry::Interval(interval)) => Some(Some(interval.tag()?.as_str().to_owned())),
            Ok(_) => None,
            Err(_) => Some(None),
        })
        .collect()
}
