//! Who asks, and whether they may.

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use crate::WallTime;
use crate::store::{Role, Store, User};
use crate::token::TOKEN_MAX;

/// The cookie of a session.
pub(super) const COOKIE_NAME: &str = "brownout_session";

/// The header that says that a page of ours asks, and not one that a browser was led to.
pub(super) const CSRF: &str = "x-brownout-csrf";

/// Who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    pub(super) user: Option<User>,
    /// What their cookie holds, if that is how they said it.
    pub(super) session: Option<String>,
}

/// Who asks, by a bearer token or by a cookie. A token that is not one is refused, whatever else is sent along.
pub(super) fn caller(
    store: &Store,
    method: &Method,
    headers: &HeaderMap,
    now: WallTime,
) -> Result<Caller, Problem> {
    let unknown = || Problem::new(StatusCode::UNAUTHORIZED, "this token is not known here, or not any more");
    if let Some(value) = headers.get(AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|value| value.split_once(' '));
        let token =
            token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let user = token.map(|token| store.user_of_token(token)).transpose()?.flatten();
        return user.map(|user| Caller { user: Some(user), session: None }).ok_or_else(unknown);
    }
    let Some(secret) = cookie(headers) else { return Ok(Caller::default()) };
    // A cookie that has expired is as good as none.
    let Some(user) = store.user_of_session(secret, now)? else { return Ok(Caller::default()) };
    same_origin(headers)?;
    if !method.is_safe() && !is_csrf_of(secret, headers) {
        let why = format!("with a cookie, a request that changes something has to carry the header `{CSRF}`");
        return Err(Problem::new(StatusCode::FORBIDDEN, why));
    }
    Ok(Caller { user: Some(user), session: Some(secret.to_owned()) })
}

/// Whether `user` may do what takes `role`.
pub(super) fn permit(user: Option<&User>, role: Role) -> Result<(), Problem> {
    let Some(user) = user else {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "say who asks: by a bearer token, or by logging in",
        ));
    };
    if user.may(role) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        format!("this takes the role `{role}`, which {} does not have", user.name),
    ))
}

/// Refuses what another site's page asks. Browsers say it in headers that no page can change.
pub(super) fn same_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_foreign_fetch = text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let host = text(HOST.as_str()).unwrap_or_default();
    let is_foreign = text(ORIGIN.as_str()).is_some_and(|origin| {
        origin.split_once("://").is_none_or(|(_, authority)| !authority.eq_ignore_ascii_case(host))
    });
    if is_foreign_fetch || is_foreign {
        return Err(Problem::new(StatusCode::FORBIDDEN, "another site's page may not ask this"));
    }
    Ok(())
}

/// What the page of a session has to send along with what changes something. Another site can't read it.
pub(super) fn csrf_of(secret: &str) -> String {
    let hash = Sha256::new().chain_update(b"csrf:").chain_update(secret).finalize();
    hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn is_csrf_of(secret: &str, headers: &HeaderMap) -> bool {
    headers.get(CSRF).is_some_and(|sent| sent.as_bytes().ct_eq(csrf_of(secret).as_bytes()).into())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut ours = pairs.filter(|(name, value)| *name == COOKIE_NAME && value.len() <= TOKEN_MAX);
    ours.next().map(|(_, value)| value)
}
