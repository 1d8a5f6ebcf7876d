//! Response and service times by traffic class and phase, as histograms of microseconds.

use std::time::Duration;

use evidence::Ledger;
use hdrhistogram::Histogram;
use units::Moment;

use crate::brief::Brief;

/// The longest time that is told apart from longer ones: an hour, in microseconds.
const LONGEST_US: u64 = 3_600_000_000;

/// Three significant digits: 0.1 %.
const DIGITS: u8 = 3;

/// What one histogram is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramKey {
    /// `response` or `service`.
    pub time: &'static str,
    /// The traffic class.
    pub class: String,
    /// The phase.
    pub phase: String,
    /// When the phase starts, since the epoch.
    pub start: Duration,
    /// How long it lasts.
    pub length: Duration,
}

/// Two significant digits: 1 %, finer than a chart or a glance can show.
const COARSE_DIGITS: u8 = 2;

/// An empty histogram of microseconds.
pub fn empty() -> Histogram<u64> {
    with_digits(DIGITS)
}

/// An empty histogram for what is only looked at, which takes a tenth of the memory.
pub fn coarse() -> Histogram<u64> {
    with_digits(COARSE_DIGITS)
}

fn with_digits(digits: u8) -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, digits)
        .expect("the bounds are constants that HdrHistogram accepts")
}

/// Records a length; one longer than an hour counts as an hour.
pub fn record(histogram: &mut Histogram<u64>, length: Duration) {
    histogram.saturating_record((length.as_micros() as u64).max(1));
}

/// A quantile from 0 to 1.
pub fn quantile(histogram: &Histogram<u64>, quantile: f64) -> Duration {
    Duration::from_micros(histogram.value_at_quantile(quantile))
}

/// Response and service time of every traffic class in every phase that it was due in, in that order.
///
/// All exchanges that were sent count, however they ended: a failure, too, is waited for. One that was under way when
/// the run ended counts with the time it had taken until then.
pub fn histograms(brief: &Brief, ledger: &Ledger) -> Vec<(HistogramKey, Histogram<u64>)> {
    let phases = brief.phases.len();
    let mut cells: Vec<Option<[Histogram<u64>; 2]>> = vec![None; phases * brief.traffic.len()];
    for entry in ledger.entries().filter(|entry| entry.exchange.was_sent()) {
        let exchange = entry.exchange;
        let Some(phase) = phase_of(brief, exchange.due) else {
            continue;
        };
        let Some(cell) = cells.get_mut(usize::from(exchange.class) * phases + phase) else {
            continue;
        };
        let [response, service] = cell.get_or_insert_with(|| [empty(), empty()]);
        record(response, exchange.response_time());
        record(service, exchange.service_time());
    }
    let mut all = Vec::new();
    for (index, cell) in cells.into_iter().enumerate() {
        let (class, phase) = (&brief.traffic[index / phases], &brief.phases[index % phases]);
        for (time, histogram) in ["response", "service"].into_iter().zip(cell.into_iter().flatten()) {
            let key = HistogramKey {
                time,
                class: class.name.clone(),
                phase: phase.name.clone(),
                start: phase.during.from.since(Moment::EPOCH),
                length: phase.during.length(),
            };
            all.push((key, histogram));
        }
    }
    all
}

/// The phase in which a moment lies.
pub fn phase_of(brief: &Brief, moment: Moment) -> Option<usize> {
    let index = brief.phases.partition_point(|phase| phase.during.from <= moment).checked_sub(1)?;
    brief.phases[index].during.contains(moment).then_some(index)
}
