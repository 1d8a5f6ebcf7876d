//! Faults of bodies and their framing.

use evidence::{End, Planned};

use super::raw::{Ended, attempt, faulty};
use crate::common::get;

#[test]
fn a_length_is_wrong_as_it_was_asked_for() {
    let (seen, evidence) = faulty(&["wrong_length = { longer = '10B' }"], get(1), 300);
    assert!(seen.head().contains("content-length: 310"), "{}", seen.head());
    assert_eq!((seen.body().len(), seen.end), (300, Some(Ended::Fin)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).planned), (End::Closed, Planned::Close));

    let (seen, evidence) = faulty(&["wrong_length = { shorter = '10B' }"], get(1), 300);
    assert!(seen.head().contains("content-length: 290"), "{}", seen.head());
    assert_eq!((seen.body().len(), seen.end), (300, Some(Ended::Open)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).planned), (End::Spoiled, Planned::Spoiled));
}

#[test]
fn chunks_are_broken_or_missing_as_they_were_asked_for() {
    let (seen, evidence) = faulty(&["bad_chunk = {}"], get(1), 300);
    let body = String::from_utf8(seen.body()).unwrap();
    assert!(body.starts_with("96\r\n") && body.contains("\r\nzz\r\n"), "{body}");
    assert_eq!((seen.end, attempt(&evidence).end), (Some(Ended::Fin), End::Spoiled));

    let (seen, evidence) = faulty(&["missing_last_chunk = {}"], get(1), 300);
    let body = String::from_utf8(seen.body()).unwrap();
    assert!(body.starts_with("96\r\n") && !body.contains("\r\n0\r\n"), "{body}");
    assert_eq!(
        (seen.end, attempt(&evidence).end, attempt(&evidence).answer_bytes),
        (Some(Ended::Fin), End::Closed, 300)
    );
}

#[test]
fn the_end_of_a_body_is_told_twice() {
    let (seen, evidence) = faulty(&["duplicate_framing = {}"], get(1), 300);
    assert!(
        seen.head().contains("content-length: 300") && seen.head().contains("transfer-encoding: chunked")
    );
    assert!(seen.text().ends_with("\r\n0\r\n\r\n"));
    assert_eq!(attempt(&evidence).end, End::Spoiled);

    let (seen, _) = faulty(&["duplicate_framing = { by = 'lengths' }"], get(1), 300);
    assert!(seen.head().contains("content-length: 300") && seen.head().contains("content-length: 301"));
}

#[test]
fn garbage_is_no_http() {
    let (seen, evidence) = faulty(&["garbage = {}"], get(1), 300);
    assert_eq!((seen.text().as_str(), seen.end), ("SSH-2.0-OpenSSH_9.6\r\n", Some(Ended::Fin)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).status), (End::Spoiled, 0));
}

#[test]
fn bytes_are_changed_and_the_hash_is_that_of_what_was_sent() {
    let (seen, evidence) = faulty(&["corrupt = { every = 50 }"], get(1), 300);
    let body = seen.body();
    let hash = evidence::body_hash(&body);
    assert!(seen.head().contains(&format!("x-brownout-body-hash: {hash:016x}")), "{}", seen.head());
    assert_eq!((attempt(&evidence).answer_hash, attempt(&evidence).end), (Some(hash), End::Replied));
    let (healthy, _) = faulty(&[], get(1), 300);
    let changed = body.iter().zip(healthy.body()).filter(|(one, other)| **one != *other).count();
    assert_eq!(changed, 6);
}

#[test]
fn a_content_coding_is_said_and_not_there() {
    let (seen, _) = faulty(&["false_encoding = { coding = 'br' }"], get(1), 300);
    assert!(seen.head().contains("content-encoding: br") && seen.body().starts_with(b"{\"tag\""));
}

#[test]
fn a_body_is_rightly_framed_by_chunks_or_by_the_end() {
    let (seen, evidence) = faulty(&["framing = { by = 'chunks' }"], get(1), 300);
    assert!(seen.head().contains("transfer-encoding: chunked") && seen.text().ends_with("\r\n0\r\n\r\n"));
    assert_eq!((seen.end, attempt(&evidence).end), (Some(Ended::Open), End::Replied));

    let (seen, evidence) = faulty(&["framing = { by = 'close' }"], get(1), 300);
    assert!(!seen.head().contains("content-length") && seen.head().contains("connection: close"));
    assert_eq!((seen.body().len(), seen.end), (300, Some(Ended::Fin)));
    assert_eq!(attempt(&evidence).end, End::Replied);
}

#[test]
fn a_body_of_one_byte_has_a_bad_chunk_too_and_a_short_one_is_not_changed() {
    let faults = ["status = { code = 503, body = 'x' }", "bad_chunk = {}"];
    let (seen, evidence) = faulty(&faults, get(1), 300);
    assert!(seen.text().ends_with("\r\n\r\nzz\r\nx\r\n0\r\n\r\n"), "{}", seen.text());
    assert_eq!(attempt(&evidence).end, End::Spoiled);

    let (seen, evidence) = faulty(&["corrupt = { every = 1000 }"], get(1), 300);
    assert_eq!((seen.body().len(), attempt(&evidence).effective), (300, 0));
}
