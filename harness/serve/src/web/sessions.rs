//! Logging in and out.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Answer, Call, text};
use super::guard::{COOKIE_NAME, csrf_of};
use super::input::Text;
use super::problem::Problem;
use super::site::Site;
use crate::store::{Role, SESSION, User};

/// A token, given once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    /// What `brownout serve user add` has printed.
    token: Text<1, 100>,
}

/// Who asks, and what they may do.
#[derive(Serialize, JsonSchema)]
pub(super) struct Session {
    /// The user.
    user: String,
    /// What they may do.
    roles: Vec<Role>,
    /// In the name of which roles of game days they may approve.
    approves_as: Vec<String>,
    /// What the header `x-brownout-csrf` has to carry with a cookie; `null` with a bearer token.
    csrf: Option<String>,
}

fn session(user: &User, secret: Option<&str>) -> Session {
    let User { name, roles, approves_as } = user.clone();
    Session { user: name, roles, approves_as, csrf: secret.map(csrf_of) }
}

/// `POST /session`
pub(super) fn begin(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let Token { token } = call.input()?;
    let store = &site.office.store;
    let user = store.user_of_token(token.0.trim())?;
    let user = user.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "this token is not known here"))?;
    let secret = store.begin_session(&user.name, site.office.now())?;
    let body = text(&session(&user, Some(&secret)))?;
    Ok(Answer::Cookie(StatusCode::OK, body, cookie(site, &secret, SESSION.as_secs())))
}

/// `GET /session`
pub(super) fn get(_: &Site, call: &Call) -> Result<Answer, Problem> {
    let user = call.user.as_ref().ok_or_else(|| Problem::missing("session"))?;
    Answer::json(&session(user, call.session.as_deref()))
}

/// `DELETE /session`
pub(super) fn end(site: &Site, call: &Call) -> Result<Answer, Problem> {
    if let Some(secret) = &call.session {
        site.office.store.end_session(secret)?;
    }
    Ok(Answer::Cookie(StatusCode::NO_CONTENT, Vec::new(), cookie(site, "", 0)))
}

fn cookie(site: &Site, secret: &str, seconds: u64) -> String {
    let secure = if site.is_secure { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}
