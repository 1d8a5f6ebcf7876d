//! The record of a run: what the client saw, what reached the backends, and the ledger that joins the two.
//!
//! Evidence is plain data. It holds no sockets, no files, no clock and no opinion; the judge has the opinion, later.
//! `archive` keeps it on disk, `export` writes it for other tools: both see its tables as columns of plain numbers and texts.

mod action;
mod attempt;
mod column;
mod connection;
mod damage;
mod exchange;
mod happenings;
mod header;
mod header_log;
mod known_body;
mod ledger;
mod log_line;
mod losses;
mod nonce;
mod recorder;
mod redaction;
mod sample;
mod series;
mod table;
mod tag;
pub mod trace;

pub use action::{Action, Carried};
pub use attempt::{Attempt, End, INJECTIONS_MAX, Method, Planned, UNKNOWN_ATTEMPT};
pub use column::{Column, Columns, Declared, Kind, Misfit};
pub use connection::{Connection, ConnectionEnd, Probe, Stamp};
pub use damage::Damage;
pub use exchange::{BodyCheck, Disclosed, Exchange, NO_BACKEND, Outcome, TagEcho};
pub use happenings::{Firing, Hiccup};
pub use header::{Header, Message, TARGET, TEXT_MAX};
pub use header_log::{HeaderLog, Passing, RecordedHeader, RecordedHeaders, is_secret_header};
pub use known_body::{BODY_FILLER, KnownBody};
pub use ledger::{Entry, Evidence, Ledger};
pub use log_line::{LogLine, Logged};
pub use losses::Losses;
pub use nonce::RunNonce;
pub use recorder::{BATCH_ROWS, Kept, Recorder, Sheet};
pub use redaction::Redaction;
pub use sample::Sample;
pub use series::{Series, Sum};
pub use table::{Batch, Row};
pub use tag::{TAG_HEADER, Tag, body_hash, headers};
