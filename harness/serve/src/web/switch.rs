//! The red button.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::call::{Answer, Call};
use super::input::Words;
use super::problem::Problem;
use super::site::Site;

/// A reason.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// Why; it goes to the audit log.
    pub(super) why: Words,
}

/// `GET /button`
pub(super) fn get(site: &Site, _: &Call) -> Result<Answer, Problem> {
    Answer::json(&site.office.store.button()?)
}

/// `POST /button`
pub(super) fn press(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let Why { why } = call.input()?;
    site.office.press(call.who(), &why.0)?;
    get(site, call)
}

/// `DELETE /button`
pub(super) fn lift(site: &Site, call: &Call) -> Result<Answer, Problem> {
    site.office.store.lift(call.who(), "", site.office.now())?;
    site.office.news.tell(None, serde_json::json!({ "button": "lifted" }));
    site.office.wake();
    Ok(Answer::Json(StatusCode::NO_CONTENT, Vec::new()))
}
