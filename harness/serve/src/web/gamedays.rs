//! The game days that there are files of.

use std::time::Duration;

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Answer, Call, shortened};
use super::input::Comment;
use super::problem::Problem;
use super::site::Site;
use crate::WallTime;
use crate::practice::Day;
use crate::store::{Firing, Query, State, StoreError};

/// How long somebody who starts a game day by hand waits for approvals.
const ASKED_WINDOW: Duration = Duration::from_hours(24);

/// The firings that a game day is shown with.
const RECENT: u32 = 20;

/// A game day in short.
#[derive(Serialize, JsonSchema)]
pub(super) struct Overview {
    /// Its name.
    name: String,
    /// What is practised.
    title: String,
    /// What is wrong with its file; such a day is not held.
    problem: Option<String>,
    /// Its schedule in words.
    schedule: Option<String>,
    /// When it is due next.
    next: Option<WallTime>,
    /// Its last firings, the newest first.
    recent: Vec<Firing>,
    /// What has to be decided after the last one that was held; `null` if nothing is open.
    undecided: Option<Undecided>,
}

/// What has to be decided after a firing.
#[derive(Serialize, JsonSchema)]
pub(super) struct Undecided {
    /// The number of the firing.
    firing: i64,
    /// The questions that are open.
    questions: Vec<String>,
}

/// A game day in full.
#[derive(Serialize, JsonSchema)]
pub(super) struct Detail {
    #[serde(flatten)]
    overview: Overview,
    /// The whole day as a change board reads it.
    plan: String,
    /// Who has to agree, in words.
    approvals: Vec<String>,
    /// SHA-256 of all that the day is made of.
    digest: String,
}

/// Why somebody starts a game day.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    /// What they say of it.
    #[serde(default)]
    comment: Comment,
}

fn overview(site: &Site, day: &Day) -> Result<Overview, StoreError> {
    let gameday = Some(day.name.clone());
    let recent = site.office.store.firings(&Query { gameday, limit: RECENT, ..Query::default() })?;
    let due = recent.iter().filter(|firing| firing.state == State::Due && firing.asked_by.is_none());
    let held = recent.iter().find(|firing| firing.ended.is_some() && firing.state != State::Refused);
    let undecided = held.and_then(|firing| undecided(site, firing));
    Ok(Overview {
        name: day.name.clone(),
        title: day.title.clone(),
        problem: day.problem.clone(),
        schedule: day.timetable.as_ref().map(|timetable| timetable.text()),
        next: due.map(|firing| firing.due).min(),
        undecided,
        recent,
    })
}

fn undecided(site: &Site, firing: &Firing) -> Option<Undecided> {
    let directory = site.office.data.join(firing.directory.as_ref()?);
    let questions = site.office.practice.undecided(&directory);
    (!questions.is_empty()).then_some(Undecided { firing: firing.id, questions })
}

fn find(site: &Site, call: &Call) -> Result<Day, Problem> {
    let name = call.path.first().map_or("", String::as_str);
    let day = site.office.practice.days().into_iter().find(|day| day.name == name);
    day.ok_or_else(|| Problem::missing(format_args!("game day `{}`", shortened(name))))
}

/// `GET /gamedays`
pub(super) fn list(site: &Site, _: &Call) -> Result<Answer, Problem> {
    let days = site.office.practice.days();
    let days = days.iter().map(|day| overview(site, day)).collect::<Result<Vec<_>, _>>()?;
    Answer::json(&days)
}

/// `GET /gamedays/{name}`
pub(super) fn get(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let day = find(site, call)?;
    let rule = |rule: &crate::ApprovalRule| {
        let own = if rule.by_asker { ", who may have asked for it" } else { "" };
        format!("{} of role {}{own}", rule.count, rule.role)
    };
    let approvals = day.approvals.iter().map(rule).collect();
    let overview = overview(site, &day)?;
    Answer::json(&Detail { overview, plan: day.plan, approvals, digest: day.digest })
}

/// `POST /gamedays/{name}/firings`
pub(super) fn start(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let Start { comment } = call.input()?;
    let day = find(site, call)?;
    if let Some(problem) = &day.problem {
        return Err(Problem::conflict(format!("its file has a mistake: {problem}")));
    }
    if let Some(button) = site.office.store.button()? {
        return Err(Problem::conflict(format!("the red button is pressed, by {}; lift it first", button.by)));
    }
    let now = site.office.now();
    let asked = site.office.store.ask(&day.name, call.who(), &comment.0, now, now.after(ASKED_WINDOW))?;
    let firing = asked.ok_or_else(|| {
        Problem::conflict("it runs, or was asked for and waits for its approvals; stop that one first")
    })?;
    site.office.news.tell(Some(firing.id), serde_json::json!({ "state": "due" }));
    site.office.wake();
    Answer::with(StatusCode::CREATED, &firing)
}
