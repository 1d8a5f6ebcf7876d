//! What was decided and done in a firing, and what has to be decided after it.

use std::path::PathBuf;

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::call::{Answer, Call};
use super::firings::find;
use super::input::Words;
use super::problem::Problem;
use super::site::Site;
use crate::store::Firing;

/// An answer to what has to be decided.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDecision {
    /// The number of the question, from 1 in the order of the game day's file.
    #[schemars(range(min = 1))]
    number: u16,
    /// What is decided.
    answer: Words,
}

/// `GET /firings/{id}/timeline`
pub(super) fn get(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let steps = match directory(site, &find(site, call)?) {
        Some(directory) => site.office.practice.timeline(&directory).map_err(Problem::conflict)?,
        None => Vec::new(),
    };
    Answer::json(&steps)
}

/// `POST /firings/{id}/decisions`
pub(super) fn decide(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let NewDecision { number, answer } = call.input()?;
    let firing = find(site, call)?;
    let over = directory(site, &firing).filter(|_| firing.ended.is_some());
    let directory = over.ok_or_else(|| {
        Problem::conflict(format!("firing {} is {}: there is nothing to decide", firing.id, firing.state))
    })?;
    let step = site
        .office
        .practice
        .decide(&directory, usize::from(number), call.who(), &answer.0)
        .map_err(Problem::conflict)?;
    site.office.store.note_decision(
        firing.id,
        call.who(),
        &format!("{number}: {}", answer.0),
        site.office.now(),
    )?;
    site.office.news.tell(Some(firing.id), serde_json::json!({ "entry": step }));
    Answer::with(StatusCode::CREATED, &step)
}

/// Where a firing is recorded, once it has begun.
fn directory(site: &Site, firing: &Firing) -> Option<PathBuf> {
    firing.directory.as_ref().map(|directory| site.office.data.join(directory))
}
