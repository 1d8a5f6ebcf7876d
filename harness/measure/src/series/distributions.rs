//! Response and service times by traffic class and phase, as compact histograms.

use evidence::Exchange;
use hdrhistogram::Histogram;
use reports::Distribution;

use crate::brief::Brief;
use crate::histograms::{coarse, phase_of, record};

/// The most histograms. Those beyond are in the histogram log beside the evidence.
const CELLS_MAX: usize = 200;

/// Histograms by class and phase: response and service time.
pub(super) struct Distributions {
    phases: usize,
    cells: Vec<Option<[Histogram<u64>; 2]>>,
}

impl Distributions {
    pub(super) fn new(brief: &Brief) -> Self {
        let phases = brief.phases.len();
        Distributions { phases, cells: vec![None; (phases * brief.traffic.len()).min(CELLS_MAX)] }
    }

    /// Counts an exchange that was sent, however it ended.
    pub(super) fn take(&mut self, brief: &Brief, exchange: &Exchange) {
        let Some(phase) = phase_of(brief, exchange.due).filter(|_| exchange.was_sent()) else {
            return;
        };
        let Some(cell) = self.cells.get_mut(usize::from(exchange.class) * self.phases + phase) else {
            return;
        };
        let [response, service] = cell.get_or_insert_with(|| [coarse(), coarse()]);
        record(response, exchange.response_time());
        record(service, exchange.service_time());
    }

    pub(super) fn finish(self, brief: &Brief) -> Vec<Distribution> {
        let mut found = Vec::new();
        for (index, cell) in self.cells.into_iter().enumerate() {
            let (class, phase) = (&brief.traffic[index / self.phases], &brief.phases[index % self.phases]);
            let histograms = ["response", "service"].into_iter().zip(cell.into_iter().flatten());
            found.extend(histograms.map(|(time, histogram)| Distribution {
                traffic: class.name.clone(),
                phase: phase.name.clone(),
                time: time.into(),
                buckets: buckets(&histogram),
            }));
        }
        found
    }
}

fn buckets(histogram: &Histogram<u64>) -> Vec<(u64, u64)> {
    let highest = |value| histogram.highest_equivalent(value);
    histogram
        .iter_recorded()
        .map(|bucket| (highest(bucket.value_iterated_to()), bucket.count_at_value()))
        .collect()
}
