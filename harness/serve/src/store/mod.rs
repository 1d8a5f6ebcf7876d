//! What outlives the process: one SQLite database in the data directory, by subject.

mod audit;
mod error;
mod lock;
mod migrations;
mod open;
mod users;

pub use audit::{AuditEntry, AuditHead};
pub use error::StoreError;
pub use lock::ServerLock;
pub use open::Store;
pub use users::{Role, User};
