//! Faults of time.

use std::time::Duration;

use evidence::{Attempt, End, Planned};
use units::Moment;

use super::raw::{asked_all, attempt, faulty, millis};
use crate::common::get;

#[test]
fn latency_on_the_body_sends_the_head_at_once() {
    let (seen, evidence) = faulty(&["latency = { fixed = '300ms', on = 'body' }"], get(1), 900);
    let head = seen.head().len();
    assert!(seen.at(head) < millis(250), "{:?}", seen.reads);
    assert!(seen.last() >= millis(300), "{:?}", seen.reads);
    let attempt = attempt(&evidence);
    assert_eq!((attempt.delay, attempt.paced, attempt.effective), (0, 300_000_000, 1));
    assert_eq!(attempt.end, End::Replied);
}

#[test]
fn congestion_makes_each_wait_for_the_others() {
    let requests = (0..4).map(|tag| get(tag).into_bytes()).collect();
    // Something has to keep them under way, also where a busy machine lets them arrive one after the other.
    let faults = ["latency = { fixed = '1s' }", "congestion = { each = '200ms', most = '5s' }"];
    let (seen, evidence) = asked_all(&faults, requests, 4000);
    let mut delays: Vec<u64> = evidence.attempts.iter().map(|attempt| attempt.delay / 1_000_000).collect();
    delays.sort_unstable();
    assert_eq!(delays, [1000, 1200, 1400, 1600]);
    let waited = evidence.attempts.iter().filter(|attempt| attempt.effective == 0b11).count();
    assert_eq!(waited, 3, "one found nobody else under way");
    assert!(
        evidence.attempts.iter().all(|attempt| attempt.duration() >= Duration::from_nanos(attempt.delay))
    );
    assert!(seen.iter().all(|seen| seen.status() == 200 && seen.last() >= millis(1000)));
}

#[test]
fn capacity_queues_and_sheds() {
    let requests = (0..5).map(|tag| get(tag).into_bytes()).collect();
    let fault = "capacity = { workers = 1, takes = '700ms', queue = 2, shed = 503 }";
    let (seen, evidence) = asked_all(&[fault], requests, 4000);
    let (shed, worked): (Vec<&Attempt>, Vec<&Attempt>) =
        evidence.attempts.iter().partition(|attempt| attempt.planned == Planned::Status);
    // One after the other, each for as long as one takes.
    let mut done: Vec<Moment> =
        worked.iter().map(|attempt| attempt.arrived + Duration::from_nanos(attempt.delay)).collect();
    done.sort_unstable();
    let gaps: Vec<Duration> = done.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert_eq!(gaps, [millis(700), millis(700)]);
    assert_eq!((shed.len(), shed.iter().map(|attempt| attempt.delay).sum::<u64>()), (2, 0), "shed at once");
    let statuses = |status| seen.iter().filter(|seen| seen.status() == status).count();
    assert_eq!((statuses(200), statuses(503)), (3, 2));
}
