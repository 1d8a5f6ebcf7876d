//! An exchange, and an attempt, as a span with the names of OpenTelemetry's conventions for HTTP.

use evidence::{Attempt, Exchange, Outcome, trace};
use serde::Serialize;
use units::Moment;

use super::Traces;

/// The kinds of spans (`opentelemetry/proto/trace/v1/trace.proto`).
const SERVER: u8 = 2;
const CLIENT: u8 = 3;

/// The status of a span that failed.
const ERROR: u8 = 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    trace_id: String,
    #[serde(rename = "spanId")]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    name: String,
    kind: u8,
    /// Numbers of 64 bits are text in the JSON of protocol buffers.
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute>,
    events: Vec<Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    time_unix_nano: String,
    name: &'static str,
    attributes: Vec<Attribute>,
}

#[derive(Serialize)]
struct Status {
    code: u8,
}

/// A name with its value.
#[derive(Serialize)]
pub(super) struct Attribute {
    key: &'static str,
    value: Value,
}

#[derive(Serialize)]
enum Value {
    #[serde(rename = "stringValue")]
    Text(String),
    #[serde(rename = "boolValue")]
    Flag(bool),
    #[serde(rename = "intValue")]
    Number(String),
}

impl Attribute {
    pub(super) fn text(key: &'static str, value: impl Into<String>) -> Self {
        Attribute { key, value: Value::Text(value.into()) }
    }

    pub(super) fn flag(key: &'static str, value: bool) -> Self {
        Attribute { key, value: Value::Flag(value) }
    }

    fn number(key: &'static str, value: u64) -> Self {
        Attribute { key, value: Value::Number(value.to_string()) }
    }
}

impl Span {
    /// From when the request was due, as its user would count, to when it was over.
    pub(super) fn of_exchange(traces: &Traces<'_>, exchange: &Exchange) -> Self {
        let request = (traces.names().request)(exchange);
        let phase = traces.names().phases.iter().find(|(_, during)| during.contains(exchange.due));
        let mut attributes = vec![
            Attribute::number("brownout.tag", exchange.tag.0),
            Attribute::text("brownout.outcome", exchange.outcome.word()),
        ];
        let mut name = "request".to_owned();
        if let Some(request) = request {
            name = format!("{} {}", request.method, request.traffic);
            attributes.push(Attribute::text("http.request.method", request.method));
            attributes.push(Attribute::text("url.full", request.url));
            attributes.push(Attribute::text("brownout.traffic", request.traffic));
        }
        if let Some((phase, _)) = phase {
            attributes.push(Attribute::text("brownout.phase", phase.clone()));
        }
        if exchange.status > 0 {
            attributes.push(Attribute::number("http.response.status_code", exchange.status.into()));
        }
        let failed = !exchange.succeeded();
        if failed {
            attributes.push(Attribute::text("error.type", error_type(exchange)));
        }
        let mut events = Vec::new();
        if exchange.was_sent() {
            events.push(Event::new(traces, "sent", exchange.sent, Vec::new()));
        }
        events.extend(exchange.first_byte.map(|at| Event::new(traces, "first byte", at, Vec::new())));
        Span {
            trace_id: trace_id(traces, exchange.tag),
            id: hexadecimal(trace::span_id(traces.nonce, exchange.tag)),
            parent_span_id: None,
            name,
            kind: CLIENT,
            start_time_unix_nano: unix(traces, exchange.due),
            end_time_unix_nano: unix(traces, exchange.done),
            attributes,
            events,
            status: failed.then_some(Status { code: ERROR }),
        }
    }

    /// From its arrival at the backend to its end there.
    pub(super) fn of_attempt(traces: &Traces<'_>, attempt: &Attempt) -> Self {
        let names = traces.names();
        let mut attributes = vec![
            Attribute::number("brownout.tag", attempt.tag.0),
            Attribute::number("brownout.attempt", attempt.number.into()),
            Attribute::text("brownout.end", attempt.end.word()),
            Attribute::text("http.request.method", attempt.method.word()),
        ];
        if attempt.number > 1 {
            attributes.push(Attribute::number("http.request.resend_count", u64::from(attempt.number) - 1));
        }
        if attempt.status > 0 {
            attributes.push(Attribute::number("http.response.status_code", attempt.status.into()));
        }
        if attempt.failed() {
            let status = (attempt.status > 0).then(|| attempt.status.to_string());
            attributes
                .push(Attribute::text("error.type", status.unwrap_or_else(|| attempt.end.word().into())));
        }
        let fault = |index: usize| {
            let bit = 1u64 << index;
            let about = vec![
                Attribute::text("brownout.fault", names.faults[index].clone()),
                Attribute::flag("brownout.fault.done", attempt.effective & bit != 0),
            ];
            Event::new(traces, "fault", attempt.arrived, about)
        };
        let planned = (0..names.faults.len().min(64)).filter(|index| attempt.injections >> index & 1 == 1);
        Span {
            trace_id: trace_id(traces, attempt.tag),
            id: hexadecimal(trace::attempt_span_id(traces.nonce, attempt.tag, attempt.number)),
            parent_span_id: Some(hexadecimal(trace::span_id(traces.nonce, attempt.tag))),
            name: format!("{} {}", attempt.method, names.backend(attempt.backend)),
            kind: SERVER,
            start_time_unix_nano: unix(traces, attempt.arrived),
            end_time_unix_nano: unix(traces, attempt.ended),
            attributes,
            events: planned.map(fault).collect(),
            status: attempt.failed().then_some(Status { code: ERROR }),
        }
    }
}

impl Event {
    fn new(traces: &Traces<'_>, name: &'static str, at: Moment, attributes: Vec<Attribute>) -> Self {
        Event { time_unix_nano: unix(traces, at), name, attributes }
    }
}

/// The status where one arrived, and else how the exchange ended.
fn error_type(exchange: &Exchange) -> String {
    let answered = matches!(exchange.outcome, Outcome::Complete | Outcome::CloseDelimited);
    if answered { exchange.status.to_string() } else { exchange.outcome.word().to_owned() }
}

fn trace_id(traces: &Traces<'_>, tag: evidence::Tag) -> String {
    trace::trace_id(traces.nonce, tag).map(hexadecimal).concat()
}

fn hexadecimal(number: u64) -> String {
    format!("{number:016x}")
}

fn unix(traces: &Traces<'_>, at: Moment) -> String {
    (traces.started + i128::from(at.0)).to_string()
}
