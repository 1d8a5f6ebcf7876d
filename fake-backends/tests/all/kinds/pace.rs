//! Faults of pace.

use std::time::Duration;

use evidence::End;

use super::raw::{Ended, attempt, faulty, millis, post};
use crate::common::get;

#[test]
fn a_head_or_a_body_comes_at_its_pace() {
    let (seen, evidence) = faulty(&["slow_headers = { rate = '1KiB/s' }"], get(1), 900);
    let head = seen.head().len();
    let expected = Duration::from_secs_f64(head as f64 / 1024.0);
    assert!(seen.at(head) + millis(30) >= expected && seen.last() < expected * 3, "{:?}", seen.reads);
    assert!(attempt(&evidence).paced > 100_000_000);
    let (_, evidence) = faulty(&["slow_headers = { rate = '100B/s' }"], get(1), 300);
    assert_eq!(attempt(&evidence).effective, 1, "who leaves before the head has ended has met its pace");

    for fault in ["throttle = { rate = '1000B/s' }", "slow_body = { over = '300ms' }"] {
        let (seen, evidence) = faulty(&[fault], get(1), 900);
        assert_eq!(seen.body().len(), 300);
        assert!(seen.at(seen.head().len()) < millis(250), "the head comes at once: {:?}", seen.reads);
        assert!(seen.last() >= millis(250) && seen.last() < millis(900), "{fault}: {:?}", seen.reads);
        assert!(seen.reads.len() > 5, "it comes in pieces: {:?}", seen.reads);
        assert_eq!((attempt(&evidence).end, attempt(&evidence).effective), (End::Replied, 1));
        assert_eq!(attempt(&evidence).answer_hash, Some(evidence::body_hash(&seen.body())));
    }
}

#[test]
fn a_stall_stands_still_after_its_bytes_for_its_time_or_for_ever() {
    let (seen, _) = faulty(&["stall = { after = '100B', length = '300ms' }"], get(1), 900);
    let head = seen.bytes.len() - 300;
    assert!(seen.at(head + 99) < millis(250) && seen.at(head + 100) >= millis(300), "{:?}", seen.reads);
    assert_eq!(seen.body().len(), 300);

    let (seen, evidence) = faulty(&["stall = { after = '100B' }"], get(1), 300);
    assert_eq!((seen.body().len(), seen.end), (100, Some(Ended::Open)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).answer_bytes), (End::AbandonedFin, 100));
}

#[test]
fn a_request_that_is_read_slowly_is_whole_as_late_as_that() {
    let (seen, evidence) = faulty(&["slow_read = { rate = '100KiB/s' }"], post(1, 40 * 1024), 2000);
    assert_eq!(seen.status(), 200);
    let attempt = attempt(&evidence);
    let took = attempt.body_done.unwrap().since(attempt.arrived);
    assert!(took >= millis(200) && took < Duration::from_secs(2), "{took:?}");
    assert_eq!(attempt.received, 40 * 1024);
}

#[test]
fn a_pace_that_nothing_had_to_wait_for_is_no_effect() {
    let faults = [
        "throttle = { rate = '1GB/s' }",
        "slow_headers = { rate = '1GB/s' }",
        "slow_read = { rate = '1GB/s' }",
    ];
    let (seen, evidence) = faulty(&faults, get(1), 300);
    assert_eq!((seen.status(), attempt(&evidence).injections, attempt(&evidence).effective), (200, 0b111, 0));
    let (_, evidence) = faulty(&["slow_read = { rate = '1KiB/s' }"], get(1), 300);
    assert_eq!(attempt(&evidence).effective, 0, "there was no body to read");
}
