//! The server of game days: what is due and who approved it, what runs and who may stop it, and the record of both.
//!
//! All that must outlive the process is in the [`Store`], and is there before the step that it announces is taken. So the
//! next start knows what a killed server was doing. The room holds no opinion: verdicts come from the runs.

mod store;
mod token;

pub use store::{AuditEntry, AuditHead, Role, ServerLock, Store, StoreError, User};
