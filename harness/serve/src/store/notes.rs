//! Notes that people take while a game day runs, and afterwards.

use rusqlite::params;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Store, StoreError};
use crate::WallTime;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Note {
    /// Who wrote it.
    pub user: String,
    /// When.
    pub at: WallTime,
    /// The text.
    pub text: String,
}

/// The notes of a firing that are kept: more is no note-taker's work.
pub(crate) const NOTES_MAX: u32 = 1_000;

impl Store {
    /// Takes a note; false if there are as many already as are kept.
    pub fn take_note(&self, firing: i64, note: &Note) -> Result<bool, StoreError> {
        self.write(|store| {
            let taken: u32 =
                store
                    .query_row("SELECT count(*) FROM notes WHERE firing = ?1", [firing], |row| row.get(0))?;
            if taken >= NOTES_MAX {
                return Ok(false);
            }
            store.execute(
                "INSERT INTO notes (firing, user, at, text) VALUES (?1, ?2, ?3, ?4)",
                params![firing, note.user, note.at, note.text],
            )?;
            Ok(true)
        })
    }

    /// The notes of a firing, in order.
    pub fn notes(&self, firing: i64) -> Result<Vec<Note>, StoreError> {
        let connection = self.connection();
        let mut rows = connection.prepare("SELECT * FROM notes WHERE firing = ?1 ORDER BY id")?;
        let rows = rows.query_map([firing], |row| {
            Ok(Note { user: row.get("user")?, at: row.get("at")?, text: row.get("text")? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
