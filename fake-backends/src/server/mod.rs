//! The servers of a pool: HTTP/1.1 written by hand, because they must be able to stop inside a response head, to cut a
//! body after any byte, and to choose between FIN and RST.
//!
//! Faults decide, and `acting` alone acts on what they decided.

mod acting;
mod arrivals;
mod body;
mod connection;
mod errors;
mod head;
mod injected;
mod input;
mod listening;
mod open;
mod output;
mod pool;
mod record;
mod response;
mod shared;
mod windows;

pub use arrivals::Arrivals;
pub use errors::{BODY_MAX, BindError};
pub use pool::{Pool, PoolTotals, bind};
