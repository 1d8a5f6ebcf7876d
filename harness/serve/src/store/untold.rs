//! Firings that were not held, until somebody was told of them: written down with the closing of the firing, so that no kill
//! comes between.

use rusqlite::{Connection, params};

use super::audit::{Deed, note};
use super::firings::firing;
use super::{Firing, State, Store, StoreError};
use crate::WallTime;

/// So many are told of at a time: a server that was away for a year has missed thousands.
const STEP_MAX: u32 = 10_000;

impl Store {
    /// The firings of which somebody has still to be told, in the order of their moments.
    pub(crate) fn untold(&self) -> Result<Vec<Firing>, StoreError> {
        let connection = self.connection();
        let mut rows = connection.prepare(
            "SELECT firings.* FROM untold JOIN firings ON firings.id = untold.firing ORDER BY due, id LIMIT ?1",
        )?;
        let rows = rows.query_map([STEP_MAX], firing)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes what became of the messages about `told`, and that those it speaks for (`with`) are told of.
    pub(crate) fn note_told(
        &self,
        told: &Firing,
        with: &[i64],
        said: &[String],
        now: WallTime,
    ) -> Result<(), StoreError> {
        let subject = format!("firing {}", told.id);
        self.write(|store| {
            for said in said {
                note(store, Deed { at: now, who: "server", what: "tell", subject: &subject, detail: said })?;
            }
            with.iter().try_for_each(|id| {
                store.execute("DELETE FROM untold WHERE firing = ?1", params![id])?;
                Ok(())
            })
        })
    }
}

/// Notes that somebody has to be told of a firing, if it is closed as one that was not held.
pub(super) fn will_be_told(store: &Connection, id: i64, state: State) -> Result<(), StoreError> {
    if matches!(state, State::Missed | State::Overlapped | State::Refused) {
        store.execute("INSERT OR IGNORE INTO untold VALUES (?1)", [id])?;
    }
    Ok(())
}

/// Takes that back for those that are due again.
pub(super) fn nobody_is_told_of_what_is_due(store: &Connection) -> Result<(), StoreError> {
    store.execute("DELETE FROM untold WHERE firing IN (SELECT id FROM firings WHERE state = 'due')", [])?;
    Ok(())
}
