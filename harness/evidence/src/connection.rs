//! One connection that a backend accepted, and arrivals that are not part of the traffic.

use units::Moment;

use crate::table::{table, words};

words! {
    /// Who ended a backend connection, and how.
    ConnectionEnd {
        /// The gateway closed it (FIN).
        GatewayFin = "gateway_fin",
        /// The gateway reset it.
        GatewayRst = "gateway_rst",
        /// The backend closed it (FIN).
        BackendFin = "backend_fin",
        /// The backend reset it.
        BackendRst = "backend_rst",
        /// It was open when the run ended.
        OpenAtEnd = "open_at_end",
    }
}

table! {
    /// One connection that a backend accepted.
    Connection in "connections" as Connections {
        /// The backend, by its index in the plan.
        backend: u16,
        /// Its number, from 1 over the whole pool.
        connection: u32,
        /// When it was accepted; negative for connections made before the epoch.
        accepted: Moment,
        /// When it ended.
        closed: Moment,
        /// How many requests it carried; 0 for a bare connect.
        requests: u32,
        /// The injections that hit the connection itself (a reset at accept), one bit each.
        injections: u64,
        /// Who ended it, and how.
        end: ConnectionEnd,
    }
}

table! {
    /// An untagged arrival: evidence of health checking, never counted as an attempt.
    Probe in "probes" as Probes {
        /// The backend, by its index in the plan.
        backend: u16,
        /// Its connection.
        connection: u32,
        /// When it arrived.
        arrived: Moment,
        /// The status that was answered, or 0.
        status: u16,
    }
}
