//! Why the store can't be used.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use thiserror::Error;

/// Why the store can't be opened, read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The data directory can't be made or locked.
    #[error("{}: {source}", path.display())]
    Directory {
        /// The directory, or the file in it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another server works on the directory.
    #[error(
        "{}: {holder} serves this directory already\nhelp: end it, or give this server a directory of its own by `--data`",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who, as the lock's file says.
        holder: String,
    },
    /// A newer brownout has changed the database.
    #[error(
        "{}: the database has version {found}, and this brownout knows versions up to {known}\nhelp: use the brownout that \
         wrote it, or a newer one; this one has changed nothing",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest known one.
        known: u32,
    },
    /// The file is not a database, or not one of ours.
    #[error("{}: this is no database of brownout: {what}\nhelp: move the file away, or give another `--data`", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// There is no room for what had to be written.
    #[error(
        "the disk of the data directory is full, and nothing was changed\nhelp: make room, and try again"
    )]
    Full,
    /// The audit log was changed by something else than brownout.
    #[error(
        "entry {entry} of the audit log {what}\nhelp: somebody changed the database; compare it with a copy of before"
    )]
    Audit {
        /// The number of the first entry that is wrong.
        entry: i64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The audit log does not go on from the head that was kept.
    #[error(
        "the audit log has {entries} entries, and none of them is the head that was kept\nhelp: entries were cut off, or the \
         log was written anew; compare it with a copy of before"
    )]
    AuditHead {
        /// How many there are.
        entries: i64,
    },
    /// There is something of that name already.
    #[error("there is a user `{0}` already\nhelp: choose another name, or remove that user first")]
    UserExists(String),
    /// There is no such user.
    #[error("there is no user `{0}`\nhelp: `brownout serve user list` says who there is")]
    NoUser(String),
    /// A name that would be hard to read in a record.
    #[error("`{0}` is no name for a user\nhelp: 1 to 64 letters, digits, `.`, `_`, `-` and `@`")]
    Name(String),
    /// The system gave no random bytes.
    #[error("no token could be drawn: {0}")]
    Random(#[from] rand::rngs::SysError),
    /// Anything else that SQLite says.
    #[error("the database can't be used: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            _ => StoreError::Sqlite(error),
        }
    }
}
