//! The red button: while it is pressed, nothing begins.

use rusqlite::{Connection, OptionalExtension, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::audit::{Deed, note};
use super::{Store, StoreError};
use crate::WallTime;

/// The red button while it is pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Button {
    /// Who pressed it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: WallTime,
}

impl Store {
    /// Presses the button. Who pressed it first stays on it.
    pub fn press(&self, by: &str, why: &str, at: WallTime) -> Result<(), StoreError> {
        self.write(|store| {
            store.execute(
                "INSERT INTO button VALUES (1, ?1, ?2, ?3) ON CONFLICT (id) DO NOTHING",
                params![by, why, at],
            )?;
            note(store, Deed { at, who: by, what: "press", subject: "red button", detail: why })
        })
    }

    /// Lifts the button.
    pub fn lift(&self, by: &str, why: &str, at: WallTime) -> Result<(), StoreError> {
        self.write(|store| {
            store.execute("DELETE FROM button", [])?;
            note(store, Deed { at, who: by, what: "lift", subject: "red button", detail: why })
        })
    }

    /// The button; `None` while it is not pressed.
    pub fn button(&self) -> Result<Option<Button>, StoreError> {
        button(&self.connection())
    }
}

pub(super) fn button(store: &Connection) -> Result<Option<Button>, StoreError> {
    let row = store.query_row("SELECT * FROM button", [], |row| {
        Ok(Button { by: row.get("by")?, why: row.get("why")?, at: row.get("at")? })
    });
    Ok(row.optional()?)
}
