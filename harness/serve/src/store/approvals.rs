//! Approvals: who agreed to a firing, in the name of which role, and to which text.

use rusqlite::{Connection, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::audit::{Deed, note};
use super::firings::one;
use super::{State, Store, StoreError};
use crate::WallTime;

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Approval {
    /// Who.
    pub user: String,
    /// In the name of which role of the game day.
    pub role: String,
    /// What they said.
    pub comment: String,
    /// When.
    pub at: WallTime,
    /// SHA-256 of what was approved.
    pub digest: String,
}

impl Store {
    /// Notes an approval; false if the firing is not due any more. Whoever approves again takes their first approval back
    /// by it.
    pub fn approve(&self, firing: i64, approval: &Approval) -> Result<bool, StoreError> {
        self.write(|store| {
            if one(store, firing)?.is_none_or(|firing| firing.state != State::Due) {
                return Ok(false);
            }
            let Approval { user, role, comment, at, digest } = approval;
            store.execute(
                "INSERT OR REPLACE INTO approvals VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![firing, user, role, comment, at, digest],
            )?;
            let (subject, detail) =
                (format!("firing {firing}"), format!("as {role}, of {digest}: {comment}"));
            note(store, Deed { at: *at, who: user, what: "approve", subject: &subject, detail: &detail })?;
            Ok(true)
        })
    }

    /// The approvals of a firing, in order.
    pub fn approvals(&self, firing: i64) -> Result<Vec<Approval>, StoreError> {
        approvals(&self.connection(), firing)
    }
}

pub(super) fn approvals(store: &Connection, firing: i64) -> Result<Vec<Approval>, StoreError> {
    let mut rows = store.prepare("SELECT * FROM approvals WHERE firing = ?1 ORDER BY at, user")?;
    let rows = rows.query_map([firing], |row| {
        Ok(Approval {
            user: row.get("user")?,
            role: row.get("role")?,
            comment: row.get("comment")?,
            at: row.get("at")?,
            digest: row.get("digest")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
