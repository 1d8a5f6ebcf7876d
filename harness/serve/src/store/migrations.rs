//! The tables, and how those of an older version become those of this one.

use rusqlite::{Connection, TransactionBehavior};

/// Each takes the database from the version before it to its own; the first makes it. One that was released is never
/// changed.
const MIGRATIONS: &[&str] = &[include_str!("migrations/1.sql"), include_str!("migrations/2.sql")];

/// The version of this brownout's tables.
pub(super) const VERSION: u32 = MIGRATIONS.len() as u32;

/// Says whose database a file is (`PRAGMA application_id`): "brwn".
pub(super) const APPLICATION: u32 = 0x6272_776e;

/// Brings the tables to [`VERSION`], all of the way or not at all.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    // Another command may be about it at the same time: who comes second finds it done.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for migration in &MIGRATIONS[(found as usize).min(MIGRATIONS.len())..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}
