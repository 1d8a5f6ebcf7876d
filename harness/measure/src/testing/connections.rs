//! Connections to backends in a made run.

use evidence::{Connection, ConnectionEnd, Evidence};

use super::{Run, at};

impl Run {
    /// A connection that a fault hit at accept.
    pub fn connection_hit(mut self, fault: &str, backend: &str, at_ms: f64) -> Self {
        let backend = self.backend_index(backend);
        let injections = 1 << self.injection_index(fault, backend, at(at_ms));
        self.evidence.connections.push(Connection {
            backend,
            connection: 1_000 + self.evidence.connections.len() as u32,
            accepted: at(at_ms),
            closed: at(at_ms),
            requests: 0,
            injections,
            effective: injections,
            end: ConnectionEnd::BackendRst,
        });
        self
    }

    /// A connection by its number, that the gateway opens and closes.
    pub fn connection(mut self, number: u32, backend: &str, open_ms: f64, closed_ms: f64) -> Self {
        let backend = self.backend_index(backend);
        self.evidence.connections.push(Connection {
            backend,
            connection: number,
            accepted: at(open_ms),
            closed: at(closed_ms),
            requests: 1,
            injections: 0,
            effective: 0,
            end: ConnectionEnd::GatewayFin,
        });
        self
    }

    /// All connections so far end so.
    pub fn connections_end(mut self, end: ConnectionEnd) -> Self {
        self.evidence.connections.iter_mut().for_each(|connection| connection.end = end);
        self
    }

    /// A connection that is open from a moment on until a fault closes it.
    pub fn connection_closed(mut self, fault: &str, backend: &str, open_ms: f64, closed_ms: f64) -> Self {
        self = self.connection_hit(fault, backend, closed_ms);
        if let Some(connection) = self.evidence.connections.last_mut() {
            (connection.accepted, connection.end) = (at(open_ms), ConnectionEnd::BackendFin);
        }
        self
    }
}

/// Each connection has carried what is on record of it.
pub(super) fn count_requests(evidence: &mut Evidence) {
    for connection in &mut evidence.connections {
        let attempts = evidence.attempts.iter().map(|attempt| attempt.connection);
        let all = attempts.chain(evidence.probes.iter().map(|probe| probe.connection));
        connection.requests = all.filter(|number| *number == connection.connection).count() as u32;
    }
}
