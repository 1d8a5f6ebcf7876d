//! The rows of headers that a call leaves on record, where a run records any.

use evidence::{Attempt, Exchange, Header, Message, RecordedHeader, TARGET, body_hash, is_secret_header};

use super::{Call, Run};

/// The path of every request, as far as tests don't say otherwise.
const PATH: &str = "/orders?all=1";

type Changes = [(String, Option<String>)];

impl Run {
    /// Has these headers on record, and the path.
    pub fn records(mut self, names: &[&str]) -> Self {
        let header = |name: &&str| RecordedHeader { name: (*name).into(), secret: is_secret_header(name) };
        (self.brief.headers, self.records) = (names.iter().map(header).collect(), true);
        self
    }

    pub(super) fn headers(&self, call: &Call, exchange: &Exchange, attempts: &[Attempt]) -> Vec<Header> {
        if !self.records {
            return Vec::new();
        }
        let message = |message, attempt, path: Option<&str>, sent: &[(String, String)], changes: &Changes| {
            let row = |header, value: Option<&str>, secret| {
                row(exchange, (message, attempt), header, value, secret)
            };
            let target = path.map(|path| row(TARGET, Some(path), false));
            let values = self.brief.headers.iter().zip(0..).map(|(header, index)| {
                row(index, value(&header.name, sent, changes).as_deref(), header.secret)
            });
            target.into_iter().chain(values).collect::<Vec<_>>()
        };
        let mut rows = message(Message::ClientSent, 0, Some(PATH), &call.sends, &[]);
        for (attempt, arrived) in attempts.iter().zip(&call.attempts) {
            let path = arrived.path.as_deref().unwrap_or(PATH);
            let number = attempt.number;
            rows.extend(message(Message::BackendReceived, number, Some(path), &call.sends, &arrived.gets));
            if attempt.status > 0 {
                rows.extend(message(Message::BackendSent, number, None, &arrived.answers, &[]));
            }
            if exchange.attempt == number {
                rows.extend(message(Message::ClientReceived, 0, None, &arrived.answers, &call.got));
            }
        }
        rows
    }
}

fn value(name: &str, sent: &[(String, String)], changes: &Changes) -> Option<String> {
    if let Some((_, change)) = changes.iter().rfind(|(changed, _)| changed == name) {
        return change.clone();
    }
    sent.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.clone())
}

fn row(exchange: &Exchange, of: (Message, u16), header: u16, value: Option<&str>, secret: bool) -> Header {
    let count = |value: &str| value.split(',').count() as u16;
    Header {
        tag: exchange.tag,
        attempt: of.1,
        message: of.0,
        header,
        lines: u16::from(value.is_some()),
        items: value.map_or(0, count),
        hash: value.map_or(0, |value| body_hash(value.as_bytes())),
        text: value.filter(|_| !secret).map(Into::into),
    }
}
