//! Sessions of browsers: a cookie stands for a token that was given once, so that no page has to keep the token.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};
use subtle::ConstantTimeEq;

use super::users::user;
use super::{Store, StoreError, User};
use crate::WallTime;
use crate::token::{Hashed, draw, hashed};

/// How long a session lasts: a working day.
pub(crate) const SESSION: Duration = Duration::from_hours(12);

/// The sessions of a user; of more, the oldest ends.
const SESSIONS_MAX: u32 = 16;

impl Store {
    /// Begins a session, and returns what its cookie holds.
    pub fn begin_session(&self, user: &str, now: WallTime) -> Result<String, StoreError> {
        let secret = draw()?;
        let hash = hashed(&secret).expect("what was drawn is a token");
        self.write(|store| {
            store.execute("DELETE FROM sessions WHERE expires <= ?1", [now])?;
            store.execute(
                "DELETE FROM sessions WHERE user = ?1 AND id NOT IN \
                 (SELECT id FROM sessions WHERE user = ?1 ORDER BY expires DESC LIMIT ?2)",
                params![user, SESSIONS_MAX - 1],
            )?;
            store.execute(
                "INSERT INTO sessions VALUES (?1, ?2, ?3)",
                params![hash, user, now.after(SESSION)],
            )?;
            Ok(())
        })?;
        Ok(secret)
    }

    /// Whose session this is, if it has not expired.
    pub fn user_of_session(&self, secret: &str, now: WallTime) -> Result<Option<User>, StoreError> {
        let Some(hash) = hashed(secret) else { return Ok(None) };
        let sql = "SELECT users.*, sessions.id FROM sessions JOIN users ON users.name = sessions.user \
                   WHERE sessions.id = ?1 AND expires > ?2";
        let connection = self.connection();
        let found = connection
            .query_row(sql, params![hash, now], |row| Ok((user(row)?, row.get::<_, Hashed>("id")?)));
        let found = found.optional()?;
        Ok(found.filter(|(_, kept)| bool::from(kept.ct_eq(&hash))).map(|(user, _)| user))
    }

    /// Ends a session.
    pub fn end_session(&self, secret: &str) -> Result<(), StoreError> {
        let Some(hash) = hashed(secret) else { return Ok(()) };
        self.write(|store| {
            store.execute("DELETE FROM sessions WHERE id = ?1", [hash])?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    #[test]
    fn a_session_ends_by_itself_by_hand_with_its_user_and_when_there_are_too_many() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let ana = User { name: "ana".into(), roles: vec![Role::View], approves_as: vec![] };
        store.add_user(&ana, WallTime(0)).unwrap();
        let begin = |at| store.begin_session("ana", WallTime(at)).unwrap();
        let known = |secret: &str, at| store.user_of_session(secret, WallTime(at)).unwrap().is_some();
        let end = SESSION.as_millis() as i64;
        let first = begin(0);
        assert!(known(&first, end - 1) && !known(&first, end));
        assert!(!known("brownout_x", 0));
        let second = begin(1);
        store.end_session(&second).unwrap();
        assert!(!known(&second, 2));
        let many: Vec<String> = (2..2 + i64::from(SESSIONS_MAX)).map(begin).collect();
        assert!(!known(&first, 20), "the oldest gives way");
        assert!(many.iter().all(|secret| known(secret, 20)));
        store.remove_user("ana", WallTime(30)).unwrap();
        assert!(!known(&many[0], 31));
    }
}
