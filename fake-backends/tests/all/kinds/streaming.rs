//! Faults of streams.

use evidence::End;

use super::raw::{attempt, faulty, millis};
use crate::common::get;

#[test]
fn events_come_one_by_one_and_end_as_they_were_asked_for() {
    let (seen, evidence) = faulty(&["events = { count = 4, every = '60ms' }"], get(1), 400);
    assert!(seen.head().contains("content-type: text/event-stream"));
    assert!(seen.text().contains("data: [DONE]\n\n\r\n0\r\n\r\n"), "{}", seen.text());
    assert_eq!(seen.text().matches("\"event\":").count(), 4);
    assert!(seen.last() >= millis(240) && seen.reads.len() >= 4, "{:?}", seen.reads);
    assert_eq!(attempt(&evidence).end, End::Replied);

    let (seen, _) = faulty(&["events = { count = 2, end = 'cut-short' }"], get(1), 300);
    assert!(!seen.text().contains("[DONE]") && seen.text().ends_with("\r\n0\r\n\r\n"));
    let (seen, _) = faulty(&["events = { count = 2, end = 'error' }"], get(1), 300);
    assert!(seen.status() == 200 && seen.text().contains("event: error"));
}
