//! Response and service times as HdrHistogram interval logs (`.hlog`), readable by the HdrHistogram tools.

use std::io::{self, Write};
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2Serializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

/// A histogram of microseconds in a log.
pub struct Logged<'a> {
    /// What it is about: no blanks, no commas.
    pub tag: String,
    /// When what it counts starts, since the epoch.
    pub start: Duration,
    /// How long that lasts.
    pub length: Duration,
    /// The counts.
    pub histogram: &'a Histogram<u64>,
}

/// Writes histograms of microseconds, one line each.
pub fn write_hlog<'a>(
    out: &mut impl Write,
    histograms: impl IntoIterator<Item = Logged<'a>>,
) -> io::Result<()> {
    let mut serializer = V2Serializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment("brownout: times in microseconds, divided by 1 000 in the Max column");
    builder.with_max_value_divisor(1_000.0);
    let mut log = builder.begin_log_with(out, &mut serializer)?;
    for Logged { tag, start, length, histogram } in histograms {
        let tag =
            Tag::new(&tag).ok_or_else(|| io::Error::other(format!("`{tag}` can't be a histogram tag")))?;
        log.write_histogram(histogram, start, length, Some(tag))
            .map_err(|error| io::Error::other(error.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;

    #[test]
    fn a_log_is_read_back_by_the_histogram_library() {
        let mut histogram = Histogram::new(3).unwrap();
        (1..=1000).for_each(|micros| histogram.record(micros).unwrap());
        let one = |tag: &str| Logged {
            tag: tag.into(),
            start: Duration::from_secs(5),
            length: Duration::from_secs(2),
            histogram: &histogram,
        };
        let mut log = Vec::new();
        write_hlog(&mut log, [one("time=response"), one("time=service")]).unwrap();
        let entries = IntervalLogIterator::new(&log).filter_map(|entry| match entry.unwrap() {
            LogEntry::Interval(interval) => Some(interval),
            _ => None,
        });
        let entries: Vec<_> = entries.collect();
        let tags: Vec<_> = entries.iter().map(|entry| entry.tag().unwrap().as_str()).collect();
        assert_eq!(tags, ["time=response", "time=service"]);
        assert_eq!(
            (entries[0].start_timestamp(), entries[0].duration()),
            (Duration::from_secs(5), Duration::from_secs(2))
        );
        assert!((entries[0].max() - 1.0).abs() < 1e-9, "the largest one in milliseconds");
        assert!(write_hlog(&mut Vec::new(), [one("with a blank, and a comma")]).is_err());
    }
}
