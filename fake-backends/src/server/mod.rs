//! The servers of a pool: HTTP/1.1 on the codec of `wire`, because they must be able to stop inside a response head, to cut
//! a body after any byte, and to choose between FIN and RST.
//!
//! Faults decide; `serve` takes a decision apart stage by stage, and `handshake`, `read`, `respond` and `steps` act on it.

mod arrivals;
mod body;
mod books;
mod certificates;
mod connection;
mod connections;
mod decide;
mod errors;
mod events;
mod handshake;
mod head;
mod headers;
mod listener;
mod output;
mod pool;
mod read;
mod record;
mod respond;
mod response;
mod serve;
mod shared;
mod steps;
mod totals;
mod windows;

pub use arrivals::Arrivals;
pub use certificates::TLS_NAME;
pub use errors::{BODY_MAX, BindError};
pub use pool::{Pool, bind};
pub use totals::PoolTotals;
