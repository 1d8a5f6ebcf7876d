//! Patterns of lines, and files that are read from where they ended before the run.

use std::io::Write;

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::GatewaySettings;
use crate::kinds::testing::upstreams;

fn told(pattern: &str, line: &str) -> Option<Told> {
    Pattern::parse(pattern).unwrap().told(line)
}

fn tells(status: Option<u16>, attempts: Option<u32>, reason: Option<&str>) -> Told {
    Told { status, attempts, reason: reason.map(str::to_owned) }
}

#[test]
fn lines_of_gateways_tell_status_attempts_and_reason() {
    let envoy = "<_> status=<status> attempts=<attempts> reason=<reason>";
    assert_eq!(
        told(envoy, "7-1 \"GET /a\" status=503 attempts=2 reason=UF,URX"),
        Some(tells(Some(503), Some(2), Some("UF,URX")))
    );
    assert_eq!(
        told(envoy, "7-1 \"GET /a\" status=0 attempts=1 reason=DC"),
        Some(tells(None, Some(1), Some("DC")))
    );
    let haproxy = "<_> status=<status> server=<server> retries=<retries> reason=<reason>";
    assert_eq!(
        told(haproxy, "7-1 status=200 server=a retries=+1 reason=--"),
        Some(tells(Some(200), Some(2), Some("--")))
    );
    assert_eq!(
        told(haproxy, "7-1 status=503 server=<NOSRV> retries=0 reason=SC"),
        Some(tells(Some(503), Some(0), Some("SC")))
    );
    assert_eq!(
        told(haproxy, "7-1 status=-1 server=a retries=0 reason=CD"),
        Some(tells(None, Some(1), Some("CD")))
    );
    let nginx = "<_> status=<status> upstreams=<upstreams>";
    assert_eq!(
        told(nginx, "7-1 status=200 upstreams=127.0.0.1:9001, [::1]:9002 : unix:/a"),
        Some(tells(Some(200), Some(3), None))
    );
    assert_eq!(told(nginx, "7-1 status=502 upstreams=pool"), Some(tells(Some(502), Some(0), None)));
    let caddy = r#"<_>"status":<status>,<_>"#;
    assert_eq!(told(caddy, r#"{"a":1,"status":200,"b":2}"#), Some(tells(Some(200), None, None)));
}

#[test]
fn a_line_that_looks_otherwise_tells_nothing() {
    let pattern = "status=<status> attempts=<attempts>";
    for line in [
        "",
        "status=200",
        "status=abc attempts=1",
        "status=99 attempts=1",
        "status=200 attempts=-1",
        "x status=200 attempts=1",
    ] {
        assert_eq!(told(pattern, line), None, "{line}");
    }
}

#[test]
fn a_text_may_have_angles_of_its_own() {
    assert_eq!(told("<134>a <status> <b", "<134>a 200 <b"), Some(tells(Some(200), None, None)));
}

#[test]
fn a_pattern_that_tells_nothing_or_not_where_is_refused() {
    let refused = |pattern: &str| {
        let settings = json!({ "pattern": pattern });
        serde_json::from_value::<AccessLog>(settings).unwrap_err().to_string()
    };
    let wrong = [
        "<_>",
        "",
        "<status><reason>",
        "<state>",
        "<status> <status>",
        "<retries> <attempts>",
        &"<status>".repeat(200),
    ];
    assert_snapshot!(wrong.map(refused).join("\n"), @r"
this is not a pattern of a line: it tells nothing: expected `<status>`, or one of `<attempts>`, `<retries>` and `<upstreams>`
this is not a pattern of a line: it tells nothing: expected `<status>`, or one of `<attempts>`, `<retries>` and `<upstreams>`
this is not a pattern of a line: nothing tells where what is before `<reason>` ends: write a text between them
this is not a pattern of a line: `<state>` is none of `<status>`, `<attempts>`, `<retries>`, `<upstreams>`, `<server>`, `<reason>`, `<_>`
this is not a pattern of a line: `<status>` stands there twice
this is not a pattern of a line: one of `<attempts>`, `<retries>` and `<upstreams>` is enough
this is not a pattern of a line: it has 1600 bytes, allowed are 1024
");
}

fn all(reader: LogReader, left_out: u64) -> (Vec<(String, bool)>, Option<String>) {
    let mut lines = Vec::new();
    let lacking = reader.read(left_out, |line, told| {
        lines.push((String::from_utf8_lossy(line).into_owned(), told.is_some()));
    });
    (lines, lacking)
}

#[test]
fn only_what_was_written_during_the_run_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log");
    let reader =
        |printed| LogReader::new(Source::end_of(path.clone(), printed), Pattern::parse("<status>").unwrap());
    std::fs::write(&path, "100 before\n").unwrap();
    let during = reader(false);
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    write!(file, "200\r\nother\n404").unwrap();
    let lines = [("200".into(), true), ("other".into(), false), ("404".into(), true)];
    assert_eq!(all(during, 7), (lines.into(), None), "what it prints is another file");

    assert_eq!(all(reader(false), 0), (vec![], None));
    assert!(all(reader(true), 7).1.unwrap().starts_with("7 bytes of what the gateway printed were not kept"));
    let shortened = reader(false);
    std::fs::write(&path, "200\n").unwrap();
    assert!(
        all(shortened, 0)
            .1
            .unwrap()
            .ends_with("is shorter than it was before the run: it was emptied or begun anew")
    );
    let gone = reader(false);
    std::fs::remove_file(&path).unwrap();
    assert!(all(gone, 0).1.unwrap().contains("can't be read"));
}

#[test]
fn of_a_line_without_end_the_start_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log");
    let reader = LogReader::new(Source::end_of(path.clone(), false), Pattern::parse("<status> <_>").unwrap());
    std::fs::write(&path, format!("200 {}\n404 b\n", "a".repeat(100_000))).unwrap();
    let (lines, lacking) = all(reader, 0);
    let lengths: Vec<(usize, bool)> = lines.iter().map(|(line, fits)| (line.len(), *fits)).collect();
    assert_eq!((lengths, lacking), (vec![(16 * 1024, true), (5, true)], None));
}

#[test]
fn a_configuration_that_brownout_makes_logs_what_the_pattern_says_if_it_is_asked_to() {
    for kind in ["envoy", "haproxy", "nginx", "caddy", "apache"] {
        let made = |settings| {
            let settings = serde_json::from_value::<GatewaySettings>(json!({ kind: settings })).unwrap();
            let upstreams = upstreams(&[(1, 0), (1, 0)], json!({}));
            settings.contract().configuration(&upstreams).unwrap().unwrap()
        };
        let (plain, logging) = (made(json!({})), made(json!({ "access_log": {} })));
        let added: Vec<&str> = logging.lines().filter(|line| !plain.contains(*line)).collect();
        let added = added.join("\n").to_ascii_lowercase();
        assert!(added.contains("access.log") || kind == "haproxy", "{kind}: {added}");
        assert!(
            added.contains("x-brownout-tag") || added.contains("x_brownout_tag") || kind == "caddy",
            "{kind}: {added}"
        );
    }
}

proptest! {
    #[test]
    fn no_line_and_no_pattern_make_it_panic(pattern in "(<[a-z_]{1,9}>|[ -~]|é){0,12}", line in "\\PC{0,60}") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            let _ = pattern.told(&line);
        }
    }

    #[test]
    fn what_is_written_by_a_pattern_is_read_back(status in 100u16..600, attempts: u32, reason in "[A-Z,]{1,20}") {
        let line = format!("7-1 status={status} attempts={attempts} reason={reason}");
        let read = told("<_> status=<status> attempts=<attempts> reason=<reason>", &line);
        prop_assert_eq!(read, Some(tells(Some(status), Some(attempts), Some(&reason))));
    }
}
