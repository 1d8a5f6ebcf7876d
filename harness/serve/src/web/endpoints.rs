//! Everything that can be asked of the API, as one table: the router, the guard and the OpenAPI document are made of it, so
//! that none of them can forget one.

use axum::http::Method;
use schemars::{Schema, SchemaGenerator};

use super::call::{Answer, Call};
use super::problem::Problem;
use super::site::Site;
use super::{firings, gamedays, openapi, profiles, records, sessions, switch, timeline};
use crate::store::{AuditEntry, Button, Firing, MadeRun, Note, Role};

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Anybody.
    Nobody,
    /// Users with the role.
    Role(Role),
}

/// What an answer holds.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    /// Nothing (204).
    Nothing,
    /// JSON of this schema, with this status.
    Json(u16, fn(&mut SchemaGenerator) -> Schema),
    /// Something of this media type.
    Other(&'static str),
}

/// A request that there is.
pub(super) struct Endpoint {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) needs: Needs,
    pub(super) summary: &'static str,
    /// Its query: an object whose properties are the parameters.
    pub(super) query: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// Its body.
    pub(super) body: Option<fn(&mut SchemaGenerator) -> Schema>,
    pub(super) holds: Holds,
    /// Statuses of refusals beside those that any request can meet.
    pub(super) refusals: &'static [u16],
    pub(super) handle: fn(&Site, &Call) -> Result<Answer, Problem>,
}

const VIEW: Needs = Needs::Role(Role::View);
const OPERATE: Needs = Needs::Role(Role::Operate);
const APPROVE: Needs = Needs::Role(Role::Approve);

/// The schema of a type.
macro_rules! of {
    ($type:ty) => {
        |generator| generator.subschema_for::<$type>()
    };
}

impl Endpoint {
    const fn new(
        method: Method,
        path: &'static str,
        needs: Needs,
        summary: &'static str,
        handle: fn(&Site, &Call) -> Result<Answer, Problem>,
    ) -> Self {
        let (query, body, refusals): (_, _, &[u16]) = (None, None, &[]);
        Endpoint { method, path, needs, summary, query, body, holds: Holds::Nothing, refusals, handle }
    }

    const fn query(mut self, schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        self.query = Some(schema);
        self
    }

    const fn body(mut self, schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        self.body = Some(schema);
        self
    }

    const fn gives(mut self, status: u16, schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        self.holds = Holds::Json(status, schema);
        self
    }

    const fn gives_other(mut self, media_type: &'static str) -> Self {
        self.holds = Holds::Other(media_type);
        self
    }

    const fn refuses(mut self, refusals: &'static [u16]) -> Self {
        self.refusals = refusals;
        self
    }
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;

/// All of them.
#[rustfmt::skip]
pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(GET, "/api/v1/openapi.json", Needs::Nobody, "This document.", openapi::get)
        .gives(200, openapi::any),
    Endpoint::new(POST, "/api/v1/session", Needs::Nobody, "Log in: a cookie in return for a token.", sessions::begin)
        .body(of!(sessions::Token)).gives(200, of!(sessions::Session)).refuses(&[401, 403]),
    Endpoint::new(GET, "/api/v1/session", VIEW, "Who asks.", sessions::get)
        .gives(200, of!(sessions::Session)),
    Endpoint::new(DELETE, "/api/v1/session", VIEW, "Log out.", sessions::end),
    Endpoint::new(GET, "/api/v1/gamedays", VIEW, "The game days that there are.", gamedays::list)
        .gives(200, of!(Vec<gamedays::Overview>)),
    Endpoint::new(GET, "/api/v1/gamedays/{name}", VIEW, "A game day, with its plan.", gamedays::get)
        .gives(200, of!(gamedays::Detail)).refuses(&[404]),
    Endpoint::new(POST, "/api/v1/gamedays/{name}/firings", OPERATE, "Start a game day by hand.", gamedays::start)
        .body(of!(gamedays::Start)).gives(201, of!(Firing)).refuses(&[404, 409]),
    Endpoint::new(GET, "/api/v1/firings", VIEW, "What is due and what was, the newest first.", firings::list)
        .query(of!(firings::Asked)).gives(200, of!(Vec<Firing>)),
    Endpoint::new(GET, "/api/v1/firings/{id}", VIEW, "A firing, with approvals, notes and runs.", firings::get)
        .gives(200, of!(firings::Detail)).refuses(&[404]),
    Endpoint::new(POST, "/api/v1/firings/{id}/approvals", APPROVE, "Approve a firing.", firings::approve)
        .body(of!(firings::Approve)).gives(201, of!(firings::Detail)).refuses(&[404, 409]),
    Endpoint::new(POST, "/api/v1/firings/{id}/stop", OPERATE, "Stop a firing; what it has done is rolled back.", firings::stop)
        .body(of!(switch::Why)).gives(202, of!(Firing)).refuses(&[404, 409]),
    Endpoint::new(POST, "/api/v1/firings/{id}/notes", OPERATE, "Take a note.", firings::take_note)
        .body(of!(firings::NewNote)).gives(201, of!(Note)).refuses(&[404, 409]),
    Endpoint::new(GET, "/api/v1/firings/{id}/timeline", VIEW, "The steps that were taken in a firing, in order.", timeline::get)
        .gives(200, openapi::list).refuses(&[404, 409]),
    Endpoint::new(POST, "/api/v1/firings/{id}/decisions", OPERATE, "Answer what has to be decided after a firing.", timeline::decide)
        .body(of!(timeline::NewDecision)).gives(201, openapi::any).refuses(&[404, 409]),
    Endpoint::new(GET, "/api/v1/firings/{id}/events", VIEW, "What happens in a firing, as it happens.", firings::events)
        .query(of!(firings::Since)).gives_other("text/event-stream").refuses(&[404]),
    Endpoint::new(GET, "/api/v1/firings/{id}/runs/{number}/report", VIEW, "The report of a run, as a page.", records::report)
        .gives_other("text/html").refuses(&[404]),
    Endpoint::new(GET, "/api/v1/runs", VIEW, "Runs that were made, the newest first.", records::made)
        .query(of!(records::Made)).gives(200, of!(Vec<MadeRun>)),
    Endpoint::new(GET, "/api/v1/firings/{id}/bundle", VIEW, "All that is known of a firing, as one archive.", records::bundle)
        .gives_other("application/octet-stream").refuses(&[404, 409]),
    Endpoint::new(GET, "/api/v1/compare", VIEW, "Two runs compared, as a page.", records::compare)
        .query(of!(records::Two)).gives_other("text/html").refuses(&[404, 409]),
    Endpoint::new(GET, "/api/v1/profiles", VIEW, "What gateways really do, as it was discovered over time.", profiles::list)
        .gives(200, of!(Vec<profiles::Trend>)),
    Endpoint::new(GET, "/api/v1/profiles/{name}/changes", VIEW, "What changed between two profiles, as a page.", profiles::changes)
        .query(of!(profiles::Both)).gives_other("text/html").refuses(&[404, 409]),
    Endpoint::new(GET, "/api/v1/button", VIEW, "The red button; `null` while it is not pressed.", switch::get)
        .gives(200, of!(Option<Button>)),
    Endpoint::new(POST, "/api/v1/button", OPERATE, "Press the red button: all runs stop, and nothing begins.", switch::press)
        .body(of!(switch::Why)).gives(200, of!(Option<Button>)),
    Endpoint::new(DELETE, "/api/v1/button", OPERATE, "Lift the red button.", switch::lift),
    Endpoint::new(GET, "/api/v1/events", VIEW, "All that happens, as it happens.", firings::all_events)
        .query(of!(firings::Since)).gives_other("text/event-stream"),
    Endpoint::new(GET, "/api/v1/audit", VIEW, "The audit log, the newest first.", records::audit)
        .query(of!(records::Page)).gives(200, of!(Vec<AuditEntry>)),
];
