//! The record of a run: what the client saw, what reached the backends, and the ledger that joins the two.
//!
//! Evidence is plain data. It holds no sockets, no clock and no opinion; the judge has the opinion, later.
//! On disk it is a directory with a manifest and one Arrow IPC stream a table, appended while the run goes on,
//! so that a run that is killed can still be judged up to its last batch.

mod attempt;
mod connection;
mod damage;
mod exchange;
#[cfg(feature = "export")]
mod export;
mod happenings;
mod hlog;
mod known_body;
mod ledger;
mod manifest;
mod nonce;
mod reading;
mod recorder;
mod seal;
mod table;
mod tag;
mod writing;

pub use attempt::{Attempt, End, Method, Planned, UNKNOWN_ATTEMPT};
pub use connection::{Connection, ConnectionEnd, Probe, Stamp};
pub use damage::Damage;
pub use exchange::{BodyCheck, Exchange, NO_BACKEND, Outcome, TagEcho};
#[cfg(feature = "export")]
pub use export::{ExportError, Exported, HarRequest, HarWords, export_csv, export_har, export_parquet};
pub use happenings::{Firing, Hiccup};
pub use hlog::{HistogramKey, read_hlog, write_hlog};
pub use known_body::{BODY_FILLER, KnownBody};
pub use ledger::{Entry, Evidence, Ledger};
pub use manifest::{Ending, FORMAT, Losses, Machine, Manifest, OLDEST_FORMAT};
pub use nonce::RunNonce;
pub use reading::{ReadError, ReadRun, read_run};
pub use recorder::{Kept, Recorder, Recording, Sheet};
pub use seal::Seal;
pub use table::{Batch, Misfit, Row};
pub use tag::{TAG_HEADER, Tag, body_hash, headers};
pub use writing::write_run;
