//! What schedules foresee, written down moment by moment, and what the calendar decides of it.

use rusqlite::{Connection, OptionalExtension, params};

use super::approvals::approvals;
use super::audit::{Deed, note};
use super::button::{Button, button};
use super::firings::{firing, one};
use super::untold::{nobody_is_told_of_what_is_due, will_be_told};
use super::{Approval, Firing, State, Store, StoreError};
use crate::WallTime;
use crate::practice::Timetable;

/// The firings that one transaction writes at most: a server that was away for a year catches up in several.
const STEP_MAX: usize = 1_000;

/// What there is beside a firing when it is decided on.
pub(crate) struct Beside<'a> {
    pub(crate) firing: &'a Firing,
    pub(crate) approvals: Vec<Approval>,
    pub(crate) button: Option<Button>,
    /// The firing of the same game day that runs.
    pub(crate) running: Option<i64>,
    /// True if a later firing of the same schedule is due as well.
    pub(crate) is_overtaken: bool,
}

/// What is decided of a firing that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Not now, for this reason.
    Wait(String),
    /// Now; recorded in this directory.
    Begin(String),
    /// Not at all.
    Close(State, String),
}

/// What became of a firing by that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// It is as it was.
    Waits,
    /// It begins, with these approvals.
    Begun(Box<Firing>, Vec<Approval>),
    /// It is closed: it does not begin.
    Closed,
}

impl Store {
    /// Writes down the firings of a game day from where they are accounted for, up to the first one after `now`. True if there
    /// are more to be written.
    pub(crate) fn foresee(
        &self,
        gameday: &str,
        timetable: &dyn Timetable,
        now: WallTime,
    ) -> Result<bool, StoreError> {
        let text = timetable.text();
        self.write(|store| {
            let mut accounted = match accounted(store, gameday)? {
                // By far the most often: nothing is to be written.
                Some((kept, accounted)) if kept == text && accounted > now => return Ok(false),
                Some((kept, accounted)) if kept == text => accounted,
                kept => {
                    if kept.is_some() {
                        withdraw(store, gameday, now, "its schedule was changed")?;
                    }
                    now.max(last(store, gameday)?)
                }
            };
            for _ in 0..STEP_MAX {
                let next = (accounted <= now).then(|| timetable.next(accounted.timestamp())).flatten();
                let Some(next) = next.map(WallTime::from) else { break };
                store.execute(
                    "INSERT INTO firings (gameday, due, closes, state) VALUES (?1, ?2, ?3, 'due')",
                    params![gameday, next, next.after(timetable.window())],
                )?;
                accounted = next;
            }
            store.execute(
                "INSERT OR REPLACE INTO schedules VALUES (?1, ?2, ?3)",
                params![gameday, text, accounted],
            )?;
            Ok(accounted <= now && timetable.next(accounted.timestamp()).is_some())
        })
    }

    /// Takes back what is foreseen of game days that have no schedule any more.
    pub(crate) fn unschedule(&self, gameday: &str, now: WallTime) -> Result<(), StoreError> {
        self.write(|store| {
            if store.execute("DELETE FROM schedules WHERE gameday = ?1", [gameday])? > 0 {
                withdraw(store, gameday, now, "it has no schedule any more")?;
            }
            Ok(())
        })
    }

    /// The game days with a schedule.
    pub(crate) fn scheduled(&self) -> Result<Vec<String>, StoreError> {
        let connection = self.connection();
        let mut rows = connection.prepare("SELECT gameday FROM schedules")?;
        let rows = rows.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Makes those due again that were missed and whose moment is still to come: the clock was wrong when they were.
    pub(crate) fn reopen(&self, now: WallTime) -> Result<(), StoreError> {
        self.write(|store| {
            let sql = "UPDATE firings SET state = 'due', why = '' WHERE state = 'missed' AND due > ?1 AND asked_by IS NULL";
            let changed = store.execute(sql, [now])?;
            if changed == 0 {
                return Ok(());
            }
            nobody_is_told_of_what_is_due(store)?;
            let detail = format!("{changed} that were missed are still to come");
            note(store, Deed { at: now, who: "server", what: "set back", subject: "clock", detail: &detail })
        })
    }

    /// The firings that are due at `now`, in order; at most as many as one step takes.
    pub(crate) fn due(&self, now: WallTime) -> Result<Vec<Firing>, StoreError> {
        let connection = self.connection();
        let mut rows = connection
            .prepare("SELECT * FROM firings WHERE state = 'due' AND due <= ?1 ORDER BY due, id LIMIT ?2")?;
        let rows = rows.query_map(params![now, STEP_MAX as i64], firing)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Decides on a firing that is due and carries it out in one transaction, so that neither a kill nor another hand comes
    /// between.
    pub(crate) fn decide(
        &self,
        id: i64,
        now: WallTime,
        decide: impl FnOnce(&Beside<'_>) -> Decision,
    ) -> Result<Decided, StoreError> {
        self.write(|store| {
            let Some(firing) = one(store, id)?.filter(|firing| firing.state == State::Due) else {
                return Ok(Decided::Waits);
            };
            let beside = Beside {
                firing: &firing,
                approvals: approvals(store, id)?,
                button: button(store)?,
                running: running(store, &firing.gameday)?,
                is_overtaken: firing.asked_by.is_none() && is_overtaken(store, &firing, now)?,
            };
            match decide(&beside) {
                Decision::Wait(why) if why == firing.why => Ok(Decided::Waits),
                Decision::Wait(why) => {
                    store.execute("UPDATE firings SET why = ?2 WHERE id = ?1", params![id, why])?;
                    Ok(Decided::Waits)
                }
                Decision::Close(state, why) => {
                    close(store, &firing, state, &why, now)?;
                    Ok(Decided::Closed)
                }
                Decision::Begin(directory) => {
                    let approvals = beside.approvals;
                    store.execute(
                        "UPDATE firings SET state = 'running', why = '', began = ?2, directory = ?3 WHERE id = ?1",
                        params![id, now, directory],
                    )?;
                    let subject = format!("firing {id} of {}", firing.gameday);
                    note(store, Deed { at: now, who: "server", what: "begin", subject: &subject, detail: &directory })?;
                    Ok(one(store, id)?.map_or(Decided::Waits, |firing| Decided::Begun(Box::new(firing), approvals)))
                }
            }
        })
    }

    /// When the calendar was last looked at.
    pub(crate) fn looked(&self) -> Result<Option<WallTime>, StoreError> {
        let looked = self.connection().query_row("SELECT at FROM looked", [], |row| row.get(0));
        Ok(looked.optional()?)
    }

    /// Notes that the calendar was looked at.
    pub(crate) fn look(&self, now: WallTime) -> Result<(), StoreError> {
        self.write(|store| {
            store.execute("INSERT OR REPLACE INTO looked VALUES (1, ?1)", [now])?;
            Ok(())
        })
    }
}

/// The schedule as it is known, and until when its firings are written down.
fn accounted(store: &Connection, gameday: &str) -> Result<Option<(String, WallTime)>, StoreError> {
    let row =
        store.query_row("SELECT schedule, accounted FROM schedules WHERE gameday = ?1", [gameday], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    Ok(row.optional()?)
}

/// The last moment that is not withdrawn.
fn last(store: &Connection, gameday: &str) -> Result<WallTime, StoreError> {
    let sql = "SELECT max(due) FROM firings WHERE gameday = ?1 AND asked_by IS NULL AND state <> 'withdrawn'";
    let last: Option<WallTime> = store.query_row(sql, [gameday], |row| row.get(0))?;
    Ok(last.unwrap_or(WallTime(i64::MIN)))
}

fn running(store: &Connection, gameday: &str) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT id FROM firings WHERE gameday = ?1 AND state = 'running'";
    Ok(store.query_row(sql, [gameday], |row| row.get(0)).optional()?)
}

fn is_overtaken(store: &Connection, firing: &Firing, now: WallTime) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM firings WHERE gameday = ?1 AND asked_by IS NULL AND due > ?2 AND due <= ?3 \
               AND state <> 'withdrawn')";
    Ok(store.query_row(sql, params![firing.gameday, firing.due, now], |row| row.get(0))?)
}

/// Takes back what is foreseen after `now`.
fn withdraw(store: &Connection, gameday: &str, now: WallTime, why: &str) -> Result<(), StoreError> {
    let sql = "SELECT * FROM firings WHERE gameday = ?1 AND asked_by IS NULL AND state = 'due' AND due > ?2";
    let mut rows = store.prepare(sql)?;
    let rows: Vec<Firing> = rows.query_map(params![gameday, now], firing)?.collect::<Result<_, _>>()?;
    rows.iter().try_for_each(|firing| close(store, firing, State::Withdrawn, why, now))
}

fn close(
    store: &Connection,
    firing: &Firing,
    state: State,
    why: &str,
    now: WallTime,
) -> Result<(), StoreError> {
    store.execute(
        "UPDATE firings SET state = ?2, why = ?3 WHERE id = ?1",
        params![firing.id, state.word(), why],
    )?;
    will_be_told(store, firing.id, state)?;
    let subject = format!("firing {} of {}, due {}", firing.id, firing.gameday, firing.due);
    note(store, Deed { at: now, who: "server", what: state.word(), subject: &subject, detail: why })
}
