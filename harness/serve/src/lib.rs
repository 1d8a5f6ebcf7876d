//! The server of game days: what is due and who approved it, what runs and who may stop it, and the record of both.
//!
//! All that must outlive the process is in the [`Store`], and is there before the step that it announces is taken. So the
//! next start knows what a killed server was doing. The room holds no opinion: verdicts come from the runs.

mod calendar;
mod days;
mod files;
mod news;
mod office;
mod practice;
mod profiles;
mod server;
mod store;
#[cfg(test)]
mod testing;
mod tls;
mod token;
mod unheld;
mod walltime;
mod web;

pub use files::GameDayFiles;
pub use news::{News, Told};
pub use office::{Clock, Keeper, Office, SystemClock};
pub use practice::{ApprovalRule, Day, Ending, Order, Practice, RunRecord, Timetable};
pub use server::{Options, ServeError, serve};
pub use store::{
    Approval, AuditEntry, AuditHead, Button, Firing, MadeRun, Note, Query, Role, RunQuery, ServerLock, State,
    Store, StoreError, User,
};
pub use tls::TlsFiles;
pub use walltime::WallTime;
pub use web::document;
