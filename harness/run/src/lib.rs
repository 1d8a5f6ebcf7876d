//! The lifecycle of one run, and nothing else: a plan becomes evidence, on disk or in memory.
//!
//! Backends first, then the gateway, then the epoch, then the load; and back in the opposite order, on every path.
//! The room neither reads scenario files nor judges what was recorded.

mod access_log;
mod act;
mod conduct;
mod descriptors;
mod directory;
mod error;
mod observe;
mod parts;
mod progress;
mod scrape;
mod spawn;
mod status;
mod watchdog;

pub use conduct::{Finished, Options, preflight, run, run_in_memory};
pub use driver::Progress as Counts;
pub use error::RunError;
pub use gateways::Allowed;
pub use observe::{Failures, RECENT, Recent, Sight};
pub use progress::{Fault, Progress, Stage};
pub use status::{StatusPage, live_state};
