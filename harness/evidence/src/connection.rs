//! One connection that a backend accepted, and arrivals that are not part of the traffic.

use units::Moment;

use crate::column::Absent;
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
        /// Its TLS handshake failed.
        TlsFailed = "tls_failed",
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
        /// The injections that were to act on the connection itself (a reset at accept, a certificate), one bit each.
        injections: u64,
        /// Those of them that really acted on it. Evidence of format 1 does not tell: there it is the same as `injections`.
        effective: u64 = Absent::As(&injections),
        /// Who ended it, and how.
        end: ConnectionEnd,
    }
}

words! {
    /// What an arrival that is no attempt carried in place of a tag of this run.
    Stamp {
        /// No tag at all: a health check, or the gateway dropped the header.
        Untagged = "untagged",
        /// What is no tag, or one of another run.
        Foreign = "foreign",
        /// This run's nonce with a number that was never given out.
        Forged = "forged",
    }
}

table! {
    /// An arrival without a tag of this run: evidence of health checking, never counted as an attempt.
    Probe in "probes" as Probes {
        /// The backend, by its index in the plan.
        backend: u16,
        /// Its connection.
        connection: u32,
        /// When it arrived.
        arrived: Moment,
        /// The status that was answered, or 0.
        status: u16,
        /// What it carried in place of a tag. Evidence of format 1 does not tell: there all are untagged.
        stamp: Stamp = Absent::All(Stamp::Untagged),
        /// The injections that really acted on it, one bit each. Older evidence does not tell.
        effective: u64 = Absent::All(0),
        /// The path that it asks for, up to 200 bytes of it, without a query, which may hold a secret. Older evidence does not tell.
        path: Option<Box<str>> = Absent::All(None),
        /// When it was over: answered, given up or cut. Older evidence does not tell: there it is when it arrived.
        ended: Moment = Absent::As(&arrived),
    }
}

impl Probe {
    /// One that has just arrived without a tag, and of which no more is known.
    pub fn new(backend: u16, connection: u32, arrived: Moment) -> Self {
        let (stamp, path) = (Stamp::Untagged, None);
        Probe { backend, connection, arrived, status: 0, stamp, effective: 0, path, ended: arrived }
    }
}
