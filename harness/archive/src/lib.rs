//! The run directory: evidence on disk, written while a run goes on and read back when it is judged.
//!
//! It holds a manifest (what was run), one Arrow IPC stream a table, appended batch by batch, so that a run that is killed
//! can still be judged up to its last batch, and an ending with the seals of all files, written last.

mod arrow;
mod hlog;
mod manifest;
mod reading;
mod recording;
mod seal;
mod writing;

pub use hlog::{Logged, write_hlog};
pub use manifest::{Ending, FORMAT, Machine, Manifest, OLDEST_FORMAT};
pub use reading::{ReadError, ReadRun, read_run};
pub use recording::Recording;
pub use seal::Seal;
pub use writing::write_run;
