//! Who may do what: users, each with one token, which is kept as a hash.

use std::fmt;

use rusqlite::{OptionalExtension, Row, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::audit::{Deed, note};
use super::{Store, StoreError};
use crate::WallTime;
use crate::token::{Hashed, draw, hashed};

/// What a user may do. One does not include another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look at everything.
    View,
    /// Start and stop game days, write notes, press the red button and lift it.
    Operate,
    /// Approve game days.
    Approve,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 3] = [Role::View, Role::Operate, Role::Approve];

    /// The role as a word.
    pub fn word(self) -> &'static str {
        match self {
            Role::View => "view",
            Role::Operate => "operate",
            Role::Approve => "approve",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// The name in approvals, notes and the audit log.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// The roles that game days ask approvals of, in whose name they may approve.
    pub approves_as: Vec<String>,
}

impl User {
    /// True if the user may do what `role` stands for. Whoever may do anything may look.
    pub fn may(&self, role: Role) -> bool {
        self.roles.contains(&role) || role == Role::View && !self.roles.is_empty()
    }
}

/// The longest name of a user, or of a role of game days.
const NAME_MAX: usize = 64;

/// Names are read in records and logs: nothing in them may act on a terminal or look like another name.
fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(is_letter)
}

/// Words of whoever is no user.
const NOT_USERS: [&str; 2] = ["server", "schedule"];

impl Store {
    /// Adds a user, at `now`, and returns the token, which nobody can be told again.
    pub fn add_user(&self, user: &User, now: WallTime) -> Result<String, StoreError> {
        for name in [&user.name].into_iter().chain(&user.approves_as) {
            if !is_name(name) || NOT_USERS.contains(&name.as_str()) {
                return Err(StoreError::Name(name.clone()));
            }
        }
        let token = draw()?;
        let hash = hashed(&token).expect("what was drawn is a token");
        let roles: Vec<&str> = user.roles.iter().map(|role| role.word()).collect();
        let detail = format!("{} as {}", roles.join(", "), user.approves_as.join(", "));
        let deed =
            Deed { at: now, who: "command line", what: "add user", subject: &user.name, detail: &detail };
        self.write(|store| {
            let is_new = store.execute(
                "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (name) DO NOTHING",
                params![user.name, hash, json(&user.roles), json(&user.approves_as), now],
            )?;
            if is_new == 0 {
                return Err(StoreError::UserExists(user.name.clone()));
            }
            note(store, deed)
        })?;
        Ok(token)
    }

    /// Removes a user, with their sessions. What they did stays on record.
    pub fn remove_user(&self, name: &str, now: WallTime) -> Result<(), StoreError> {
        let deed = Deed { at: now, who: "command line", what: "remove user", subject: name, detail: "" };
        self.write(|store| {
            if store.execute("DELETE FROM users WHERE name = ?1", [name])? == 0 {
                return Err(StoreError::NoUser(name.to_owned()));
            }
            note(store, deed)
        })
    }

    /// All users, by name.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        let connection = self.connection();
        let mut users = connection.prepare("SELECT * FROM users ORDER BY name")?;
        let users = users.query_map([], user)?;
        Ok(users.collect::<Result<_, _>>()?)
    }

    /// Whose token this is.
    pub fn user_of_token(&self, token: &str) -> Result<Option<User>, StoreError> {
        let Some(hash) = hashed(token) else { return Ok(None) };
        let connection = self.connection();
        let found = connection.query_row("SELECT * FROM users WHERE token = ?1", [hash], |row| {
            Ok((user(row)?, row.get::<_, Hashed>("token")?))
        });
        let found = found.optional()?;
        Ok(found.filter(|(_, kept)| bool::from(kept.ct_eq(&hash))).map(|(user, _)| user))
    }
}

fn json(words: &impl Serialize) -> String {
    serde_json::to_string(words).expect("words are JSON")
}

/// A user from a row with the columns of `users`. Roles that can't be read are none.
pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let words = |column| row.get::<_, String>(column);
    Ok(User {
        name: words("name")?,
        roles: serde_json::from_str(&words("roles")?).unwrap_or_default(),
        approves_as: serde_json::from_str(&words("approves_as")?).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime(1);

    fn ana() -> User {
        User { name: "ana".into(), roles: vec![Role::Approve], approves_as: vec!["sre".into()] }
    }

    #[test]
    fn a_token_is_known_as_its_user_s_until_that_one_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let token = store.add_user(&ana(), NOW).unwrap();
        assert_eq!(store.user_of_token(&token).unwrap(), Some(ana()));
        let mut other = token.clone();
        other.replace_range(12..13, if &token[12..13] == "x" { "y" } else { "x" });
        assert_eq!(store.user_of_token(&other).unwrap(), None);
        store.remove_user("ana", NOW).unwrap();
        assert_eq!(store.user_of_token(&token).unwrap(), None);
        let deeds: Vec<_> = store.audit(i64::MAX, 9).unwrap().into_iter().map(|entry| entry.what).collect();
        assert_eq!(deeds, ["remove user", "add user"]);
    }

    #[test]
    fn a_token_is_in_no_file_of_the_data_directory() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let token = store.add_user(&ana(), NOW).unwrap();
        let mut files = 0;
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let secret = token.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
            files += 1;
        }
        assert!(files >= 2, "the database and its log were looked at");
    }

    #[test]
    fn names_that_would_mislead_a_reader_are_refused_and_so_is_a_second_of_a_name() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for name in ["", "server", "ana\n", "<b>", "\u{202e}ana", "an a", &"a".repeat(65)] {
            let refused = store.add_user(&User { name: name.into(), ..ana() }, NOW).unwrap_err();
            assert!(matches!(refused, StoreError::Name(_)), "{name}: {refused}");
        }
        store.add_user(&ana(), NOW).unwrap();
        assert!(matches!(store.add_user(&ana(), NOW).unwrap_err(), StoreError::UserExists(_)));
        assert!(matches!(store.remove_user("ben", NOW).unwrap_err(), StoreError::NoUser(_)));
    }

    #[test]
    fn no_role_brings_another_but_whoever_may_do_anything_may_look() {
        let approver = ana();
        assert!(approver.may(Role::Approve) && approver.may(Role::View) && !approver.may(Role::Operate));
        assert!(!User { roles: vec![], ..ana() }.may(Role::View));
    }
}
