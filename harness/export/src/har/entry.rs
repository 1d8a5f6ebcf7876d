//! An exchange as an entry of a HAR file.

use std::time::Duration;

use ::har::v1_2 as spec;
use evidence::{Attempt, Entry, Exchange, TAG_HEADER, headers};
use serde::Serialize;
use units::Moment;

use super::{Entries, page, wall_clock};
use crate::Request;

/// An entry with the fields that are ours.
#[derive(Serialize)]
pub(super) struct Extended<'a> {
    #[serde(flatten)]
    entry: spec::Entries,
    #[serde(rename = "_tag")]
    tag: u64,
    #[serde(rename = "_traffic")]
    traffic: String,
    #[serde(rename = "_outcome")]
    outcome: &'static str,
    #[serde(rename = "_backend")]
    backend: Option<String>,
    /// Whether the response body is what the backend sent.
    #[serde(rename = "_body")]
    body: &'static str,
    /// XXH3-64 of the bodies, as 16 hexadecimal digits.
    #[serde(rename = "_request_hash")]
    request_hash: Option<String>,
    #[serde(rename = "_body_hash")]
    body_hash: Option<String>,
    #[serde(rename = "_attempts")]
    attempts: Vec<Arrival<'a>>,
}

/// An attempt; times are milliseconds from the entry's start.
#[derive(Serialize)]
struct Arrival<'a> {
    backend: String,
    number: u16,
    arrived: f64,
    ended: f64,
    status: u16,
    end: &'static str,
    /// The faults that were to act on it, and those whose effect it was given.
    faults: Vec<&'a str>,
    effective: Vec<&'a str>,
    answer_bytes: u64,
    answer_hash: Option<String>,
}

impl<'a> Entries<'a> {
    /// The entry of an exchange; nothing if the plan does not have its traffic class.
    pub(super) fn entry(&self, entry: Entry<'a>) -> Option<Extended<'a>> {
        let exchange = entry.exchange;
        let request = (self.names.request)(exchange)?;
        let phase = self.names.phases.iter().position(|(_, during)| during.contains(exchange.due));
        Some(Extended {
            tag: exchange.tag.0,
            traffic: request.traffic.clone(),
            outcome: exchange.outcome.word(),
            backend: exchange.answered_by_backend().then(|| self.names.backend(exchange.backend)),
            body: exchange.body.word(),
            request_hash: exchange.request_hash.map(hexadecimal),
            body_hash: exchange.body_hash.map(hexadecimal),
            attempts: entry.attempts.iter().map(|attempt| self.arrival(attempt, exchange.due)).collect(),
            entry: spec::Entries {
                pageref: phase.map(page),
                started_date_time: wall_clock(self.started, exchange.due),
                time: ms(exchange.response_time()),
                request: self.request(exchange, request),
                response: response(exchange),
                timings: timings(exchange),
                connection: Some(exchange.connection)
                    .filter(|number| *number > 0)
                    .map(|number| number.to_string()),
                ..spec::Entries::default()
            },
        })
    }

    fn request(&self, exchange: &Exchange, request: Request) -> spec::Request {
        spec::Request {
            query_string: query(&request.url),
            method: request.method,
            url: request.url,
            http_version: "HTTP/1.1".into(),
            headers: vec![header(TAG_HEADER, format!("{}-{}", self.nonce, exchange.tag.0))],
            headers_size: -1,
            body_size: exchange.request_bytes as i64,
            ..spec::Request::default()
        }
    }

    fn arrival(&self, attempt: &Attempt, due: Moment) -> Arrival<'a> {
        let since_due = |moment: Moment| moment.0.saturating_sub(due.0) as f64 / 1e6;
        Arrival {
            backend: self.names.backend(attempt.backend),
            number: attempt.number,
            arrived: since_due(attempt.arrived),
            ended: since_due(attempt.ended),
            status: attempt.status,
            end: attempt.end.word(),
            faults: self.names.faults(attempt.injections).collect(),
            effective: self.names.faults(attempt.effective).collect(),
            answer_bytes: attempt.answer_bytes,
            answer_hash: attempt.answer_hash.map(hexadecimal),
        }
    }
}

fn header(name: &str, value: String) -> spec::Headers {
    spec::Headers { name: name.to_owned(), value, comment: None }
}

fn hexadecimal(hash: u64) -> String {
    format!("{hash:016x}")
}

/// The parameters as they stand in the URL, not decoded.
fn query(url: &str) -> Vec<spec::QueryString> {
    let Some((_, query)) = url.split_once('?') else { return Vec::new() };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .map(|(name, value)| spec::QueryString { name: name.into(), value: value.into(), comment: None })
        .collect()
}

fn response(exchange: &Exchange) -> spec::Response {
    let answered = exchange.status != 0;
    let mut known = Vec::new();
    if exchange.answered_by_backend() {
        known.push(header(headers::BACKEND, exchange.backend.to_string()));
        known.push(header(headers::ATTEMPT, exchange.attempt.to_string()));
    }
    let reason =
        http::StatusCode::from_u16(exchange.status).ok().and_then(|status| status.canonical_reason());
    spec::Response {
        status: exchange.status.into(),
        status_text: reason.unwrap_or_default().into(),
        http_version: if answered { "HTTP/1.1".into() } else { String::new() },
        headers: known,
        content: spec::Content {
            size: exchange.body_bytes as i64,
            // What browsers write where the type is not known.
            mime_type: Some("x-unknown".into()),
            ..spec::Content::default()
        },
        redirect_url: Some(String::new()),
        headers_size: -1,
        body_size: if answered { exchange.body_bytes as i64 } else { -1 },
        ..spec::Response::default()
    }
}

/// They add up to the response time. What no connection carried was blocked all the while.
fn timings(exchange: &Exchange) -> spec::Timings {
    let (sent, first_byte) = if exchange.connection == 0 {
        (exchange.done, exchange.done)
    } else {
        (exchange.sent, exchange.first_byte.unwrap_or(exchange.done))
    };
    spec::Timings {
        blocked: Some(ms(sent.since(exchange.due))),
        // Names are not looked up, and making a connection is part of having to wait for one.
        dns: Some(-1.0),
        connect: Some(-1.0),
        ssl: Some(-1.0),
        // Requests are handed to the socket at once.
        send: 0.0,
        wait: ms(first_byte.since(sent)),
        receive: ms(exchange.done.since(first_byte)),
        comment: None,
    }
}

fn ms(length: Duration) -> f64 {
    length.as_nanos() as f64 / 1e6
}
