//! Who did what and when: a log that only grows, each entry bound to all before it.

use rusqlite::{Connection, OptionalExtension, Row, params};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Store, StoreError};
use crate::WallTime;

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuditEntry {
    /// Its number, from 1 without a gap.
    pub number: i64,
    /// When.
    pub at: WallTime,
    /// A user's name, or `server`, or `command line`.
    pub who: String,
    /// The deed, as a word: `approve`.
    pub what: String,
    /// What it was done to: `firing 7`.
    pub subject: String,
    /// What they said, or what came of it.
    pub detail: String,
}

/// The end of the log. Who keeps it elsewhere can tell later whether entries were cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditHead {
    /// How many entries there are.
    pub entries: i64,
    /// The hash of the last one, in hexadecimal: it stands for all of them.
    pub hash: String,
}

/// A deed that is about to be noted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed<'a> {
    pub(super) at: WallTime,
    pub(super) who: &'a str,
    pub(super) what: &'a str,
    pub(super) subject: &'a str,
    pub(super) detail: &'a str,
}

/// Where the chain begins.
const BEGINNING: [u8; 32] = [0; 32];

/// Notes a deed, in the transaction that does it: neither is there without the other.
pub(super) fn note(store: &Connection, deed: Deed<'_>) -> Result<(), StoreError> {
    let last = store.query_row("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
    });
    let (number, before) = last.optional()?.unwrap_or((0, BEGINNING));
    let entry = AuditEntry {
        number: number + 1,
        at: deed.at,
        who: deed.who.to_owned(),
        what: deed.what.to_owned(),
        subject: deed.subject.to_owned(),
        detail: deed.detail.to_owned(),
    };
    store.execute(
        "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            entry.number,
            entry.at,
            entry.who,
            entry.what,
            entry.subject,
            entry.detail,
            chain(&before, &entry)
        ],
    )?;
    Ok(())
}

/// The hash of an entry that follows `before`. Lengths go in as well, so that no text can pass for its neighbour's.
fn chain(before: &[u8; 32], entry: &AuditEntry) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(entry.number.to_be_bytes());
    hash.update(entry.at.0.to_be_bytes());
    for text in [&entry.who, &entry.what, &entry.subject, &entry.detail] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        number: row.get("number")?,
        at: row.get("at")?,
        who: row.get("who")?,
        what: row.get("what")?,
        subject: row.get("subject")?,
        detail: row.get("detail")?,
    })
}

impl Store {
    /// At most `limit` entries before the number `before`, the newest first.
    pub fn audit(&self, before: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let connection = self.connection();
        let mut entries =
            connection.prepare("SELECT * FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2")?;
        let entries = entries.query_map(params![before, limit], entry)?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    /// Reads the whole log and checks each entry against all before it.
    ///
    /// # Errors
    /// [`StoreError::Audit`] names the first entry that is missing or was changed. Entries that were cut off at the end, and a log
    /// that was written anew, show only against a head that was `kept` elsewhere: entries and hash.
    pub fn verify_audit(&self, kept: Option<(i64, &str)>) -> Result<AuditHead, StoreError> {
        let connection = self.connection();
        let mut rows = connection.prepare("SELECT * FROM audit ORDER BY number")?;
        let mut rows = rows.query([])?;
        let (mut entries, mut before) = (0, BEGINNING);
        let mut is_met = kept.is_none_or(|(kept, _)| kept == 0);
        while let Some(row) = rows.next()? {
            let (entry, sealed) = (entry(row)?, row.get::<_, [u8; 32]>("hash")?);
            entries += 1;
            if entry.number != entries {
                return Err(StoreError::Audit { entry: entries, what: "is missing" });
            }
            before = chain(&before, &entry);
            if before != sealed {
                return Err(StoreError::Audit { entry: entries, what: "was changed, or one before it was" });
            }
            is_met |= kept.is_some_and(|(number, hash)| number == entries && hash == hex(&before));
        }
        if !is_met {
            return Err(StoreError::AuditHead { entries });
        }
        Ok(AuditHead { entries, hash: hex(&before) })
    }
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for (at, what) in [(1, "start"), (2, "approve"), (3, "stop")] {
            let deed = Deed { at: WallTime(at), who: "ana", what, subject: "firing 1", detail: "go" };
            store.write(|store| note(store, deed)).unwrap();
        }
        (dir, store)
    }

    /// What somebody could do who has the file and no respect.
    fn tamper(dir: &tempfile::TempDir, sql: &str) -> String {
        let other = Connection::open(dir.path().join("brownout.sqlite")).unwrap();
        other
            .execute_batch("DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_shortened")
            .unwrap();
        assert_eq!(other.execute(sql, []).unwrap(), 1);
        Store::open(dir.path()).unwrap().verify_audit(None).unwrap_err().to_string()
    }

    #[test]
    fn a_log_that_nobody_touched_is_whole() {
        let (_dir, store) = three();
        let head = store.verify_audit(None).unwrap();
        assert_eq!((head.entries, head.hash.len()), (3, 64));
        let newest: Vec<_> = store.audit(i64::MAX, 2).unwrap().into_iter().map(|entry| entry.what).collect();
        assert_eq!(newest, ["stop", "approve"]);
    }

    #[test]
    fn the_database_itself_refuses_to_change_or_to_shorten_the_log() {
        let (_dir, store) = three();
        for sql in ["UPDATE audit SET who = 'ben'", "DELETE FROM audit"] {
            assert!(store.connection().execute(sql, []).unwrap_err().to_string().contains("only grows"));
        }
    }

    #[test]
    fn an_entry_that_was_edited_moved_or_taken_out_is_named() {
        for (sql, says) in [
            ("UPDATE audit SET detail = 'no' WHERE number = 2", "entry 2 of the audit log was changed"),
            ("UPDATE audit SET who = 'anaa', what = 'pprove' WHERE number = 2", "entry 2"),
            ("DELETE FROM audit WHERE number = 1", "entry 1 of the audit log is missing"),
            ("UPDATE audit SET number = 9 WHERE number = 3", "entry 3 of the audit log is missing"),
        ] {
            let (dir, _store) = three();
            let found = tamper(&dir, sql);
            assert!(found.starts_with(says), "{sql}: {found}");
        }
    }

    #[test]
    fn what_was_cut_off_at_the_end_shows_against_a_head_that_was_kept() {
        let (dir, store) = three();
        let kept = store.verify_audit(None).unwrap();
        let other = Connection::open(dir.path().join("brownout.sqlite")).unwrap();
        other
            .execute_batch("DROP TRIGGER audit_is_not_shortened; DELETE FROM audit WHERE number = 3")
            .unwrap();
        store.verify_audit(None).unwrap();
        let since = |entries, hash: &str| store.verify_audit(Some((entries, hash)));
        assert!(matches!(since(3, &kept.hash), Err(StoreError::AuditHead { entries: 2 })));
        assert!(since(2, &kept.hash).is_err(), "another hash");
        let head = store.verify_audit(None).unwrap();
        since(2, &head.hash).unwrap();
    }
}
