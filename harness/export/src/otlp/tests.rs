//! Traces of made evidence, read back by OpenTelemetry's own types, as a receiver does.

use archive::{Machine, Manifest, ReadRun};
use evidence::{
    Attempt, BodyCheck, End, Evidence, Exchange, Method, Outcome, Planned, RunNonce, Tag, TagEcho,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use units::{Moment, Stretch};

use super::*;
use crate::Request;

const MS: i64 = 1_000_000;

fn exchange() -> Exchange {
    Exchange {
        tag: Tag(3),
        class: 0,
        due: Moment(10 * MS),
        sent: Moment(11 * MS),
        first_byte: Some(Moment(70 * MS)),
        done: Moment(71 * MS),
        outcome: Outcome::Complete,
        status: 503,
        backend: 0,
        attempt: 3,
        connection: 1,
        nth: 1,
        request_bytes: 0,
        request_hash: None,
        body_bytes: 0,
        body_hash: None,
        retry_after: None,
        echo: TagEcho::Same,
        body: BodyCheck::Intact,
        held: 0,
        disclosed: evidence::Disclosed::Unknown,
    }
}

fn attempt(number: u16) -> Attempt {
    Attempt {
        tag: Tag(3),
        backend: number % 2,
        number,
        connection: 1,
        nth: 1,
        method: Method::Get,
        arrived: Moment(i64::from(number) * 20 * MS),
        body_done: None,
        declared: Some(0),
        received: 0,
        body_hash: 0,
        injections: 0b11,
        effective: 0b10,
        planned: Planned::Status,
        delay: 0,
        delay_error: 0,
        paced: 0,
        status: 503,
        answer_bytes: 0,
        answer_hash: None,
        retry_after: None,
        retry_at: None,
        replied: Some(Moment(i64::from(number) * 20 * MS + MS)),
        ended: Moment(i64::from(number) * 20 * MS + MS),
        end: End::Replied,
    }
}

/// What a receiver makes of the file.
fn received() -> ExportTraceServiceRequest {
    let manifest = Manifest {
        format: archive::FORMAT,
        brownout: "0.0.0".into(),
        run: "a-run".into(),
        scenario_path: "a.toml".into(),
        scenario_text: String::new(),
        overrides: Vec::new(),
        plan: serde_json::Value::Null,
        seed: 7,
        nonce: RunNonce(7),
        gateway: "reference".into(),
        gateway_version: None,
        gateway_address: None,
        backend_addresses: Vec::new(),
        declared_hashes: std::collections::BTreeMap::new(),
        gateway_log_left_out: 0,
        simulated: true,
        started: "2026-01-01T00:00:00Z".into(),
        machine: Machine { system: "any".into(), architecture: "any".into(), cores: 1 },
    };
    let evidence = Evidence {
        exchanges: vec![exchange()],
        attempts: (1..=3).map(attempt).collect(),
        ..Evidence::default()
    };
    let request = |_: &Exchange| {
        let (traffic, method, url) = ("reads".into(), "GET".into(), "http://gateway.test/items/3".into());
        Some(Request { traffic, method, url })
    };
    let names = Names {
        traffic: vec!["reads".into()],
        backends: vec!["a".into(), "b".into()],
        actions: Vec::new(),
        faults: vec!["latency {}".into(), "status { code = 503 }".into()],
        headers: Vec::new(),
        phases: vec![("outage".into(), Stretch { from: Moment(0), to: Moment(1000 * MS) })],
        request: &request,
    };
    let dir = tempfile::tempdir().unwrap();
    let run = ReadRun { manifest, ending: None, evidence };
    let files = crate::export(&[&KIND], run, &names, dir.path()).unwrap().remove(0).1;
    assert_eq!(files[0].rows, 4);
    serde_json::from_str(&std::fs::read_to_string(&files[0].path).unwrap()).unwrap()
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[test]
fn an_exchange_with_three_attempts_is_a_tree_of_four_spans_over_three_services() {
    let received = received();
    let services: Vec<_> = received
        .resource_spans
        .iter()
        .map(|spans| text(&spans.resource.as_ref().unwrap().attributes, "service.name").unwrap())
        .collect();
    assert_eq!(services, ["brownout", "a", "b"]);
    let of = |index: usize| -> &[Span] { &received.resource_spans[index].scope_spans[0].spans };
    let [root] = of(0) else { panic!("one exchange") };
    assert_eq!((root.name.as_str(), root.parent_span_id.len()), ("GET reads", 0));
    assert_eq!(root.trace_id, [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3]);
    assert_eq!(root.end_time_unix_nano - root.start_time_unix_nano, 61_000_000);
    assert_eq!(text(&root.attributes, "http.response.status_code").as_deref(), Some("503"));
    assert_eq!(text(&root.attributes, "error.type").as_deref(), Some("503"));
    assert_eq!(text(&root.attributes, "brownout.phase").as_deref(), Some("outage"));
    let events: Vec<&str> = root.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(events, ["sent", "first byte"]);

    let attempts: Vec<&Span> = of(1).iter().chain(of(2)).collect();
    assert_eq!((of(1).len(), of(2).len()), (1, 2), "the second attempt went to a, the others to b");
    assert!(
        attempts.iter().all(|span| span.parent_span_id == root.span_id && span.trace_id == root.trace_id)
    );
    let resends: Vec<Option<String>> =
        attempts.iter().map(|span| text(&span.attributes, "http.request.resend_count")).collect();
    assert_eq!(resends, [Some("1".into()), None, Some("2".into())]);
    let faults = &attempts[0].events;
    assert_eq!(text(&faults[1].attributes, "brownout.fault").as_deref(), Some("status { code = 503 }"));
    let done: Vec<_> = faults.iter().map(|event| text(&event.attributes, "brownout.fault.done")).collect();
    assert_eq!(done, [Some("false".into()), Some("true".into())]);
}
