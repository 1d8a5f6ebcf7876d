//! Firings: what is due, what runs, what was.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Answer, Call};
use super::input::{Comment, Text, Words};
use super::problem::Problem;
use super::records::page;
use super::site::Site;
use super::switch::Why;
use crate::calendar::missing;
use crate::practice::RunRecord;
use crate::store::{Approval, Firing, Note, Query, State};

/// Which firings.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Of this game day only.
    gameday: Option<Text<1, 200>>,
    /// In this state only.
    state: Option<State>,
    /// With a smaller number only: the next page begins after the last of this one.
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    before: Option<u32>,
    /// At most so many; 50 without it.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

/// A firing in full.
#[derive(Serialize, JsonSchema)]
pub(super) struct Detail {
    #[serde(flatten)]
    firing: Firing,
    /// Who has agreed.
    approvals: Vec<Approval>,
    /// The approvals that are missing, in words.
    missing: Vec<String>,
    /// The roles that the game day asks approvals of.
    roles: Vec<String>,
    /// SHA-256 of all that the game day is made of now, while it is due: what an approval is given for.
    digest: Option<String>,
    /// The notes.
    notes: Vec<Note>,
    /// The runs.
    runs: Vec<RunRecord>,
}

/// An approval.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Approve {
    /// In the name of which role of the game day.
    role: Text<1, 64>,
    /// What is said of it.
    #[serde(default)]
    comment: Comment,
    /// The `digest` of the game day as it was read: of another text it is no approval. Without it: of the text as it is now.
    digest: Option<Text<64, 64>>,
}

/// A note.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNote {
    /// The text.
    text: Words,
}

/// From where on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    /// News with greater numbers only. The header `Last-Event-ID` goes before it.
    #[schemars(range(max = 4_294_967_295_u32))]
    after: Option<u32>,
}

/// The firing of the path.
pub(super) fn find(site: &Site, call: &Call) -> Result<Firing, Problem> {
    let id = call.number(0, "firing")?;
    site.office.store.firing(id)?.ok_or_else(|| Problem::missing(format_args!("firing `{id}`")))
}

/// `GET /firings`
pub(super) fn list(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let asked: Asked = call.asked()?;
    let limit = page(asked.before, asked.limit)?;
    let before = asked.before.map(i64::from);
    let query = Query { gameday: asked.gameday.map(|name| name.0), state: asked.state, before, limit };
    Answer::json(&site.office.store.firings(&query)?)
}

fn detail(site: &Site, firing: Firing) -> Result<Detail, Problem> {
    let store = &site.office.store;
    let approvals = store.approvals(firing.id)?;
    let days = site.office.practice.days();
    let day = days.iter().find(|day| day.name == firing.gameday).filter(|_| firing.state == State::Due);
    let missing = day.map(|day| {
        missing(&day.approvals, &approvals, firing.asked_by.as_deref(), &day.digest, site.office.now())
    });
    let digest = day.map(|day| day.digest.clone());
    let roles = day.into_iter().flat_map(|day| &day.approvals).map(|rule| rule.role.clone()).collect();
    let (notes, runs) = (store.notes(firing.id)?, store.runs(firing.id)?);
    Ok(Detail { firing, approvals, missing: missing.unwrap_or_default(), roles, digest, notes, runs })
}

/// `GET /firings/{id}`
pub(super) fn get(site: &Site, call: &Call) -> Result<Answer, Problem> {
    Answer::json(&detail(site, find(site, call)?)?)
}

/// `POST /firings/{id}/approvals`
pub(super) fn approve(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let Approve { role, comment, digest } = call.input()?;
    let firing = find(site, call)?;
    if firing.state != State::Due {
        return Err(Problem::conflict(format!(
            "firing {} is {}: there is nothing to approve",
            firing.id, firing.state
        )));
    }
    let user = call.user.as_ref().filter(|user| user.approves_as.contains(&role.0));
    let forbidden = |detail: String| Problem::new(StatusCode::FORBIDDEN, detail);
    if user.is_none() {
        return Err(forbidden(format!("{} does not approve as `{}`", call.who(), role.0)));
    }
    let days = site.office.practice.days();
    let day = days.iter().find(|day| day.name == firing.gameday);
    let day = day.ok_or_else(|| Problem::conflict("there is no file of this game day any more"))?;
    let Some(rule) = day.approvals.iter().find(|rule| rule.role == role.0) else {
        return Err(Problem::conflict(format!("{} asks no approval of role `{}`", day.name, role.0)));
    };
    if !rule.by_asker && firing.asked_by.as_deref() == Some(call.who()) {
        return Err(forbidden("nobody approves what they asked for themselves".to_owned()));
    }
    if digest.is_some_and(|read| read.0 != day.digest) {
        return Err(Problem::conflict(format!(
            "{} was changed since you have read it: read it again",
            day.name
        )));
    }
    let approval = Approval {
        user: call.who().to_owned(),
        role: role.0,
        comment: comment.0,
        at: site.office.now(),
        digest: day.digest.clone(),
    };
    if !site.office.store.approve(firing.id, &approval)? {
        return Err(Problem::conflict("it has begun, or has ended, in this moment"));
    }
    site.office.news.tell(Some(firing.id), serde_json::json!({ "approved": approval.user }));
    site.office.wake();
    Answer::with(StatusCode::CREATED, &detail(site, firing)?)
}

/// `POST /firings/{id}/stop`
pub(super) fn stop(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let Why { why } = call.input()?;
    let firing = find(site, call)?;
    let is_stopped = match firing.state {
        State::Due => site.office.store.call_off(firing.id, call.who(), &why.0, site.office.now())?,
        State::Running => {
            site.office.store.note_stop(firing.id, call.who(), &why.0, site.office.now())?;
            site.office.stop(firing.id)
        }
        _ => false,
    };
    if !is_stopped {
        return Err(Problem::conflict(format!("firing {} does not run", firing.id)));
    }
    site.office.news.tell(Some(firing.id), serde_json::json!({ "stopped_by": call.who(), "why": why.0 }));
    Answer::with(StatusCode::ACCEPTED, &find(site, call)?)
}

/// `POST /firings/{id}/notes`
pub(super) fn take_note(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let NewNote { text } = call.input()?;
    let firing = find(site, call)?;
    let note = Note { user: call.who().to_owned(), at: site.office.now(), text: text.0 };
    if !site.office.store.take_note(firing.id, &note)? {
        return Err(Problem::conflict("this firing has as many notes as are kept"));
    }
    site.office.news.tell(Some(firing.id), serde_json::json!({ "note": note }));
    Answer::with(StatusCode::CREATED, &note)
}

/// `GET /firings/{id}/events`
pub(super) fn events(site: &Site, call: &Call) -> Result<Answer, Problem> {
    Ok(Answer::Live(Some(find(site, call)?.id), since(call)?))
}

/// `GET /events`
pub(super) fn all_events(_: &Site, call: &Call) -> Result<Answer, Problem> {
    Ok(Answer::Live(None, since(call)?))
}

fn since(call: &Call) -> Result<u64, Problem> {
    let Since { after } = call.asked()?;
    let last = call.headers.get("last-event-id").and_then(|last| last.to_str().ok()?.parse().ok());
    Ok(last.unwrap_or(u64::from(after.unwrap_or(0))))
}
