//! HAR files of made evidence, read back as JSON.

use archive::{Machine, Manifest, ReadRun};
use evidence::{
    Attempt, BodyCheck, End, Evidence, Exchange, Method, NO_BACKEND, Outcome, Planned, RunNonce, Tag, TagEcho,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use units::Stretch;

use super::*;
use crate::Request;

const MS: i64 = 1_000_000;

fn exchange(tag: u64, outcome: Outcome) -> Exchange {
    Exchange {
        tag: Tag(tag),
        class: 0,
        due: Moment(2_000 * MS),
        sent: Moment(2_001 * MS),
        first_byte: Some(Moment(2_011 * MS)),
        done: Moment(2_031 * MS),
        outcome,
        status: 503,
        backend: 1,
        attempt: 2,
        connection: 4,
        nth: 1,
        request_bytes: 5,
        request_hash: Some(0xab),
        body_bytes: 6,
        body_hash: None,
        retry_after: None,
        echo: TagEcho::Same,
        body: BodyCheck::Intact,
        held: 0,
        disclosed: evidence::Disclosed::Unknown,
    }
}

fn attempt(tag: u64, number: u16) -> Attempt {
    Attempt {
        tag: Tag(tag),
        backend: number - 1,
        number,
        connection: 1,
        nth: 1,
        method: Method::Get,
        arrived: Moment(2_002 * MS),
        body_done: None,
        declared: None,
        received: 0,
        body_hash: 0,
        injections: 0b10,
        effective: 0b10,
        planned: Planned::Status,
        delay: 0,
        delay_error: 0,
        paced: 0,
        status: 503,
        answer_bytes: 6,
        answer_hash: Some(0xcd),
        retry_after: None,
        retry_at: None,
        replied: None,
        ended: Moment(2_009 * MS + MS / 2),
        end: End::Replied,
    }
}

fn run(exchanges: Vec<Exchange>, attempts: Vec<Attempt>) -> ReadRun {
    let manifest = Manifest {
        format: archive::FORMAT,
        brownout: "0.0.0".into(),
        run: "a-run".into(),
        scenario_path: "a.toml".into(),
        scenario_text: String::new(),
        overrides: Vec::new(),
        plan: Value::Null,
        seed: 7,
        nonce: RunNonce(7),
        gateway: "reference".into(),
        gateway_version: None,
        gateway_address: None,
        backend_addresses: Vec::new(),
        declared_hashes: std::collections::BTreeMap::new(),
        gateway_log_left_out: 0,
        simulated: true,
        started: "2026-01-01T00:00:00.5Z".into(),
        machine: Machine { system: "any".into(), architecture: "any".into(), cores: 1 },
    };
    ReadRun { manifest, ending: None, evidence: Evidence { exchanges, attempts, ..Evidence::default() } }
}

fn written(run: ReadRun) -> Result<(usize, Value), ExportError> {
    let dir = TempDir::new().unwrap();
    let request = |exchange: &Exchange| {
        (exchange.class == 0).then(|| Request {
            traffic: "reads".into(),
            method: "GET".into(),
            url: format!("http://gateway.test/items/{}?a=1&b&c=%20=", exchange.tag.0),
        })
    };
    let stretch = |from: i64, to: i64| Stretch { from: Moment(from * MS), to: Moment(to * MS) };
    let names = Names {
        traffic: vec!["reads".into()],
        request: &request,
        backends: vec!["a".into()],
        actions: Vec::new(),
        faults: vec!["reset {}".into(), "status { code = 503 }".into()],
        headers: Vec::new(),
        phases: vec![("steady".into(), stretch(0, 2_000)), ("outage".into(), stretch(2_000, 9_000))],
    };
    let mut exported = crate::export(&[&KIND], run, &names, dir.path())?;
    let exported = exported.pop().unwrap().1.pop().unwrap();
    assert_eq!(exported.path, dir.path().join("har/run.har"));
    let text = std::fs::read_to_string(&exported.path).unwrap();
    Ok((exported.rows, serde_json::from_str(&text).unwrap()))
}

#[test]
fn an_entry_tells_the_exchange_with_its_attempts() {
    let run = run(vec![exchange(3, Outcome::Complete)], vec![attempt(3, 1), attempt(3, 2)]);
    let (_, file) = written(run).unwrap();
    let arrival = |backend: &str, number: u16| {
        json!({
            "backend": backend, "number": number, "arrived": 2.0, "ended": 9.5, "status": 503, "end": "replied",
            "faults": ["status { code = 503 }"], "effective": ["status { code = 503 }"],
            "answer_bytes": 6, "answer_hash": "00000000000000cd",
        })
    };
    let expected = json!({
        "pageref": "phase-2",
        "startedDateTime": "2026-01-01T00:00:02.500000Z",
        "time": 31.0,
        "request": {
            "method": "GET",
            "url": "http://gateway.test/items/3?a=1&b&c=%20=",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{ "name": "x-brownout-tag", "value": "0000000000000007-3" }],
            "queryString": [
                { "name": "a", "value": "1" }, { "name": "b", "value": "" }, { "name": "c", "value": "%20=" },
            ],
            "headersSize": -1,
            "bodySize": 5,
        },
        "response": {
            "status": 503,
            "statusText": "Service Unavailable",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [
                { "name": "x-brownout-backend", "value": "1" }, { "name": "x-brownout-attempt", "value": "2" },
            ],
            "content": { "size": 6, "mimeType": "x-unknown" },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": 6,
        },
        "cache": {},
        "timings": {
            "blocked": 1.0, "dns": -1.0, "connect": -1.0, "send": 0.0, "wait": 10.0, "receive": 20.0, "ssl": -1.0,
        },
        "connection": "4",
        "_tag": 3,
        "_traffic": "reads",
        "_outcome": "complete",
        "_backend": "backend 1",
        "_body": "intact",
        "_request_hash": "00000000000000ab",
        "_body_hash": null,
        "_attempts": [arrival("a", 1), arrival("backend 1", 2)],
    });
    assert_eq!(file["log"]["entries"], json!([expected]));
}

#[test]
fn a_phase_is_a_page() {
    let (_, file) = written(run(Vec::new(), Vec::new())).unwrap();
    assert_eq!(
        (&file["log"]["version"], &file["log"]["creator"]["name"]),
        (&json!("1.2"), &json!("brownout"))
    );
    let page = |id: &str, title: &str, started: &str| json!({ "id": id, "title": title, "startedDateTime": started, "pageTimings": {} });
    let pages = [
        page("phase-1", "steady", "2026-01-01T00:00:00.500000Z"),
        page("phase-2", "outage", "2026-01-01T00:00:02.500000Z"),
    ];
    assert_eq!(file["log"]["pages"], json!(pages));
}

#[test]
fn what_was_never_sent_has_no_entry_and_is_counted() {
    let exchanges = vec![
        exchange(0, Outcome::Skipped),
        exchange(1, Outcome::Unfinished),
        exchange(2, Outcome::Skipped),
        exchange(3, Outcome::Complete),
    ];
    let (entries, file) = written(run(exchanges, Vec::new())).unwrap();
    let tags: Vec<&Value> =
        file["log"]["entries"].as_array().unwrap().iter().map(|entry| &entry["_tag"]).collect();
    assert_eq!((entries, tags), (2, vec![&json!(1), &json!(3)]));
    let comment = file["log"]["comment"].as_str().unwrap();
    assert!(comment.contains("2 requests") && comment.contains("simulated run a-run"), "{comment}");
}

#[test]
fn without_an_answer_all_time_is_waiting_and_without_a_connection_it_is_blocked() {
    let silent = Exchange {
        status: 0,
        backend: NO_BACKEND,
        first_byte: None,
        body_bytes: 0,
        ..exchange(0, Outcome::EofNoStatus)
    };
    let refused = Exchange { tag: Tag(1), sent: silent.due, connection: 0, ..silent.clone() };
    let (_, file) = written(run(vec![silent, refused], Vec::new())).unwrap();
    let timings = |index: usize| {
        let timings = &file["log"]["entries"][index]["timings"];
        ["blocked", "send", "wait", "receive"].map(|name| timings[name].clone())
    };
    assert_eq!(timings(0), [1.0, 0.0, 30.0, 0.0].map(Value::from));
    assert_eq!(timings(1), [31.0, 0.0, 0.0, 0.0].map(Value::from));
    let entry = &file["log"]["entries"][1];
    assert_eq!((&entry["response"]["status"], &entry["_backend"]), (&json!(0), &Value::Null));
    assert_eq!((entry.get("connection"), &entry["_outcome"]), (None, &json!("eof_no_status")));
}

#[test]
fn a_manifest_that_does_not_fit_the_evidence_is_refused() {
    let stray = Exchange { class: 5, ..exchange(0, Outcome::Complete) };
    let error = written(run(vec![stray], Vec::new())).unwrap_err();
    assert!(error.path.ends_with("har/run.har"), "{error}");
    assert!(error.source.to_string().contains("traffic class 5"), "{}", error.source);
    let mut run = run(Vec::new(), Vec::new());
    run.manifest.started = "yesterday".into();
    let error = written(run).unwrap_err().source.to_string();
    assert!(error.contains("`yesterday`"), "{error}");
}
