//! What outlives the process: one SQLite database in the data directory, by subject.

mod approvals;
mod audit;
mod button;
mod error;
mod firings;
mod lock;
mod migrations;
mod notes;
mod open;
mod runs;
mod schedules;
mod sessions;
mod untold;
mod users;

pub use approvals::Approval;
pub use audit::{AuditEntry, AuditHead};
pub use button::Button;
pub use error::StoreError;
pub use firings::{Firing, Query, State};
pub use lock::ServerLock;
pub use notes::Note;
pub use open::Store;
pub use runs::{MadeRun, RunQuery};
pub(crate) use schedules::{Beside, Decided, Decision};
pub(crate) use sessions::SESSION;
pub use users::{Role, User};
