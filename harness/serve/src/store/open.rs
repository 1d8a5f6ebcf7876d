//! Opening the database: who may read it, how safely it writes, and which version it has.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::StoreError;
use super::migrations::{APPLICATION, VERSION, migrate};

/// How long one process waits for another that is writing.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// The database of a data directory. Its transactions take milliseconds; callers in a runtime move to a thread where waiting
/// is allowed.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the database of `dir`; both are made if they are not there.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        make_private(dir)?;
        let path = dir.join("brownout.sqlite");
        let foreign = |what: String| StoreError::Foreign { path: path.clone(), what };
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(BUSY_MAX)?;
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
        let (application, found) = match (number("application_id"), number("user_version")) {
            (Ok(application), Ok(found)) => (application, found),
            (Err(error), _) | (_, Err(error)) => return Err(foreign(error.to_string())),
        };
        let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 && application != APPLICATION {
            return Err(foreign("its tables are somebody else's".to_owned()));
        }
        if found > VERSION {
            return Err(StoreError::Newer { path, found, known: VERSION });
        }
        // A commit is on disk before the step that it announces is taken, also if the power fails.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // The schema may have been edited by somebody else.
        connection.pragma_update(None, "trusted_schema", false)?;
        migrate(&mut connection)?;
        Ok(Store { connection: Mutex::new(connection) })
    }

    /// For tests that write a lot: nothing is waited for until it is on disk.
    #[cfg(test)]
    pub(crate) fn hurry(self) -> Self {
        self.connection().pragma_update(None, "synchronous", "OFF").unwrap();
        self
    }

    /// Reads.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        // A transaction that panicked was rolled back when it was dropped: nothing half done is left.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes: all of it or nothing, and on disk when this returns.
    pub(super) fn write<T>(
        &self,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = body(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

/// Makes a directory that only its owner can look into.
pub(super) fn make_private(dir: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|source| StoreError::Directory { path: dir.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_there_after_it_was_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.write(|store| Ok(store.execute("INSERT INTO looked VALUES (1, 7)", [])?)).unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        let at: i64 = store.connection().query_row("SELECT at FROM looked", [], |row| row.get(0)).unwrap();
        assert_eq!(at, 7);
    }

    #[test]
    fn a_database_of_the_first_brownout_gets_the_tables_of_this_one_and_keeps_what_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = Connection::open(dir.path().join("brownout.sqlite")).unwrap();
        first.execute_batch(include_str!("migrations/1.sql")).unwrap();
        first.execute_batch("INSERT INTO looked VALUES (1, 7)").unwrap();
        first.pragma_update(None, "application_id", APPLICATION).unwrap();
        first.pragma_update(None, "user_version", 1).unwrap();
        drop(first);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.looked().unwrap(), Some(crate::WallTime(7)));
        assert_eq!(store.untold().unwrap(), []);
    }

    #[test]
    fn a_database_of_a_newer_brownout_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::open(dir.path()).unwrap());
        let path = dir.path().join("brownout.sqlite");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", VERSION + 1).unwrap();
        let before = std::fs::read(&path).unwrap();
        let refused = Store::open(dir.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("has version {}, and", VERSION + 1)), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn what_is_no_database_or_somebody_else_s_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("brownout.sqlite");
        std::fs::write(&path, "not a database, but long enough to be looked at as one".repeat(40)).unwrap();
        let refused = Store::open(dir.path()).unwrap_err();
        assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let refused = Store::open(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("somebody else's"), "{refused}");
    }

    #[test]
    fn a_full_disk_is_told_and_nothing_of_the_transaction_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let pages: u32 = store.connection().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        store.connection().pragma_update(None, "max_page_count", pages).unwrap();
        let much = "x".repeat(1 << 20);
        let refused = store.write(|store| {
            store.execute("INSERT INTO looked VALUES (1, 7)", [])?;
            Ok(store.execute("INSERT INTO button VALUES (1, 'ana', ?1, 0)", [&much])?)
        });
        assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
        let rows: u32 =
            store.connection().query_row("SELECT count(*) FROM looked", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_look_into_the_data_directory() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        Store::open(&data).unwrap();
        assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
