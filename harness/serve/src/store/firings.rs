//! Firings: each time that a game day is due, and what became of it.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, Row, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::audit::{Deed, note};
use super::{Store, StoreError};
use crate::WallTime;
use crate::practice::Ending;

/// Where a firing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its moment is to come, or has come and something is waited for.
    Due,
    /// Under way.
    Running,
    /// Came to its end; the verdict says how.
    Finished,
    /// A stop condition or a person ended it.
    Stopped,
    /// A prerequisite, an approval, the red button or a mistake in the file kept it from beginning.
    Refused,
    /// It could not be brought to an end.
    Failed,
    /// Its window passed without it.
    Missed,
    /// The same game day was still running.
    Overlapped,
    /// Its schedule was changed, or its file taken away, before its moment.
    Withdrawn,
    /// The server ended while it was under way; what was recorded is judged as cut.
    Recovered,
}

impl State {
    /// All states.
    pub const ALL: [State; 10] = [
        State::Due,
        State::Running,
        State::Finished,
        State::Stopped,
        State::Refused,
        State::Failed,
        State::Missed,
        State::Overlapped,
        State::Withdrawn,
        State::Recovered,
    ];

    /// The state as a word.
    pub fn word(self) -> &'static str {
        match self {
            State::Due => "due",
            State::Running => "running",
            State::Finished => "finished",
            State::Stopped => "stopped",
            State::Refused => "refused",
            State::Failed => "failed",
            State::Missed => "missed",
            State::Overlapped => "overlapped",
            State::Withdrawn => "withdrawn",
            State::Recovered => "recovered",
        }
    }

    fn of(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// A firing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Firing {
    /// Its number.
    pub id: i64,
    /// The name of the game day.
    pub gameday: String,
    /// When it is due.
    pub due: WallTime,
    /// After this it does not begin any more.
    pub closes: WallTime,
    /// Who started it by hand; `null`: its schedule.
    pub asked_by: Option<String>,
    /// What they said.
    pub comment: String,
    /// Where it is.
    pub state: State,
    /// Why it is there, or what it waits for; empty if there is nothing to add.
    pub why: String,
    /// When it began.
    pub began: Option<WallTime>,
    /// When it ended.
    pub ended: Option<WallTime>,
    /// The worst verdict of its runs.
    pub verdict: Option<String>,
    /// Where it is recorded, below the data directory.
    #[serde(skip)]
    pub directory: Option<String>,
}

pub(super) fn firing(row: &Row<'_>) -> rusqlite::Result<Firing> {
    let state: String = row.get("state")?;
    Ok(Firing {
        id: row.get("id")?,
        gameday: row.get("gameday")?,
        due: row.get("due")?,
        closes: row.get("closes")?,
        asked_by: row.get("asked_by")?,
        comment: row.get("comment")?,
        // The table has a check on it.
        state: State::of(&state).unwrap_or(State::Failed),
        why: row.get("why")?,
        began: row.get("began")?,
        ended: row.get("ended")?,
        verdict: row.get("verdict")?,
        directory: row.get("directory")?,
    })
}

/// Which firings are asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Of this game day only.
    pub gameday: Option<String>,
    /// In this state only.
    pub state: Option<State>,
    /// With a smaller number only: the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// Firings, the newest first.
    pub fn firings(&self, query: &Query) -> Result<Vec<Firing>, StoreError> {
        let connection = self.connection();
        let mut rows = connection.prepare(
            "SELECT * FROM firings WHERE (?1 IS NULL OR gameday = ?1) AND (?2 IS NULL OR state = ?2) AND id < ?3 \
             ORDER BY id DESC LIMIT ?4",
        )?;
        let before = query.before.unwrap_or(i64::MAX);
        let state = query.state.map(State::word);
        let rows = rows.query_map(params![query.gameday, state, before, query.limit], firing)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A firing.
    pub fn firing(&self, id: i64) -> Result<Option<Firing>, StoreError> {
        one(&self.connection(), id)
    }

    /// Notes that somebody starts a game day by hand. It begins once all approvals are there, up to `closes`. `None` while it
    /// runs, or was asked for before.
    pub fn ask(
        &self,
        gameday: &str,
        who: &str,
        comment: &str,
        now: WallTime,
        closes: WallTime,
    ) -> Result<Option<Firing>, StoreError> {
        self.write(|store| {
            let sql = "SELECT EXISTS (SELECT 1 FROM firings WHERE gameday = ?1 AND \
                       (state = 'running' OR state = 'due' AND asked_by IS NOT NULL))";
            if store.query_row(sql, [gameday], |row| row.get(0))? {
                return Ok(None);
            }
            store.execute(
                "INSERT INTO firings (gameday, due, closes, asked_by, comment, state) VALUES (?1, ?2, ?3, ?4, ?5, 'due')",
                params![gameday, now, closes, who, comment],
            )?;
            let id = store.last_insert_rowid();
            let subject = format!("firing {id} of {gameday}");
            note(store, Deed { at: now, who, what: "start", subject: &subject, detail: comment })?;
            one(store, id)
        })
    }

    /// Calls off a firing that is due; false if it is not any more.
    pub fn call_off(&self, id: i64, who: &str, why: &str, now: WallTime) -> Result<bool, StoreError> {
        self.write(|store| {
            let said = format!("{who} called it off: {why}");
            let sql = "UPDATE firings SET state = 'withdrawn', why = ?2 WHERE id = ?1 AND state = 'due'";
            let changed = store.execute(sql, params![id, said])?;
            if changed > 0 {
                let subject = format!("firing {id}");
                note(store, Deed { at: now, who, what: "call off", subject: &subject, detail: why })?;
            }
            Ok(changed > 0)
        })
    }

    /// Notes that somebody stops a firing that runs.
    pub fn note_stop(&self, id: i64, who: &str, why: &str, now: WallTime) -> Result<(), StoreError> {
        let subject = format!("firing {id}");
        self.write(|store| note(store, Deed { at: now, who, what: "stop", subject: &subject, detail: why }))
    }

    /// Notes that somebody has answered what had to be decided after a firing.
    pub fn note_decision(&self, id: i64, who: &str, answer: &str, now: WallTime) -> Result<(), StoreError> {
        let subject = format!("firing {id}");
        self.write(|store| {
            note(store, Deed { at: now, who, what: "decide", subject: &subject, detail: answer })
        })
    }

    /// Notes what became of a firing that was running. A second ending is none.
    pub fn end(&self, id: i64, ending: &Ending, now: WallTime) -> Result<(), StoreError> {
        self.write(|store| {
            let changed = store.execute(
                "UPDATE firings SET state = ?2, why = ?3, verdict = ?4, ended = ?5 WHERE id = ?1 AND state = 'running'",
                params![id, ending.state.word(), ending.why, ending.verdict, now],
            )?;
            if changed == 0 {
                return Ok(());
            }
            for (number, run) in ending.runs.iter().enumerate() {
                store.execute(
                    "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    params![
                        id, number as i64, run.scenario, run.gateway, run.verdict, run.failed, run.inconclusive,
                        run.passed, run.directory
                    ],
                )?;
            }
            let (subject, detail) = (format!("firing {id}"), &ending.why);
            note(store, Deed { at: now, who: "server", what: ending.state.word(), subject: &subject, detail })
        })
    }
}

pub(super) fn one(store: &Connection, id: i64) -> Result<Option<Firing>, StoreError> {
    Ok(store.query_row("SELECT * FROM firings WHERE id = ?1", [id], firing).optional()?)
}
