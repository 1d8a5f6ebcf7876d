//! Runs that were made, and what their reports say.

use rusqlite::{Row, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Store, StoreError};
use crate::WallTime;
use crate::practice::RunRecord;

/// A run among others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MadeRun {
    /// The game day.
    pub gameday: String,
    /// The number of its firing.
    pub firing: i64,
    /// The number of the run in that firing, from 0.
    pub number: i64,
    /// When the firing began.
    pub began: WallTime,
    /// What came of it.
    #[serde(flatten)]
    pub run: RunRecord,
}

/// Which runs are asked for.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// Of this game day only.
    pub gameday: Option<String>,
    /// Of this scenario only.
    pub scenario: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// The runs of a firing, in order.
    pub fn runs(&self, firing: i64) -> Result<Vec<RunRecord>, StoreError> {
        let connection = self.connection();
        let mut rows = connection.prepare("SELECT * FROM runs WHERE firing = ?1 ORDER BY number")?;
        let rows = rows.query_map([firing], record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Runs of all firings, the newest first.
    pub fn made(&self, query: &RunQuery) -> Result<Vec<MadeRun>, StoreError> {
        let connection = self.connection();
        let mut rows = connection.prepare(
            "SELECT runs.*, gameday, began FROM runs JOIN firings ON id = firing \
             WHERE (?1 IS NULL OR gameday = ?1) AND (?2 IS NULL OR scenario = ?2) \
             ORDER BY firing DESC, number LIMIT ?3",
        )?;
        let rows = rows.query_map(params![query.gameday, query.scenario, query.limit], |row| {
            Ok(MadeRun {
                gameday: row.get("gameday")?,
                firing: row.get("firing")?,
                number: row.get("number")?,
                // One that has runs has begun.
                began: row.get::<_, Option<WallTime>>("began")?.unwrap_or(WallTime(0)),
                run: record(row)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    Ok(RunRecord {
        scenario: row.get("scenario")?,
        gateway: row.get("gateway")?,
        verdict: row.get("verdict")?,
        failed: row.get("failed")?,
        inconclusive: row.get("inconclusive")?,
        passed: row.get("passed")?,
        directory: row.get("directory")?,
    })
}
