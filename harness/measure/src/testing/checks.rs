//! Health checks in a made run.

use evidence::Probe;

use super::{Run, at};

impl Run {
    /// A backend is asked for a path each `every_ms`, first after half of that, and answers with these statuses.
    pub fn checks(
        mut self,
        backend: &str,
        path: &str,
        every_ms: f64,
        statuses: impl IntoIterator<Item = u16>,
    ) -> Self {
        let backend = self.backend_index(backend);
        let checks = statuses.into_iter().enumerate().map(|(nth, status)| {
            let arrived = at(every_ms * (nth as f64 + 0.5));
            let ended = arrived + std::time::Duration::from_millis(1);
            Probe { status, ended, path: Some(path.into()), ..Probe::new(backend, 1_000, arrived) }
        });
        self.evidence.probes.extend(checks);
        self
    }

    /// Each check whose number, from 0 over all backends, divides by this comes so much later.
    pub fn late_checks(mut self, each: usize, by_ms: f64) -> Self {
        let by = std::time::Duration::from_secs_f64(by_ms / 1e3);
        for check in self.evidence.probes.iter_mut().step_by(each) {
            (check.arrived, check.ended) = (check.arrived + by, check.ended + by);
        }
        self
    }

    /// On which connections the checks came, in their order.
    pub fn check_connections<const N: usize>(mut self, connections: [u32; N]) -> Self {
        for (check, connection) in self.evidence.probes.iter_mut().zip(connections) {
            check.connection = connection;
        }
        self
    }
}
