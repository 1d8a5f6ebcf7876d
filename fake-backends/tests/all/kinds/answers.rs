//! Faults of what is answered.

use evidence::{End, Planned};

use super::raw::{Ended, Seen, asked_all, attempt, faulty, millis, post};
use crate::common::get;

#[test]
fn a_rate_limit_turns_away_with_a_word_of_when_to_come_back() {
    let requests = (0..3).map(|tag| get(tag).into_bytes()).collect();
    let (seen, evidence) = asked_all(&["rate_limit = { requests = 2, per = '1h' }"], requests, 300);
    let away: Vec<&Seen> = seen.iter().filter(|seen| seen.status() == 429).collect();
    assert_eq!(away.len(), 1);
    assert!(away[0].head().contains("retry-after: 3600"), "{}", away[0].head());
    let effective: u64 = evidence.attempts.iter().map(|attempt| attempt.effective).sum();
    assert_eq!(effective, 1, "only what was turned away was affected");
    let told = evidence.attempts.iter().filter_map(|attempt| {
        let wait = attempt.retry_at?.since(attempt.replied?).as_secs_f64();
        Some((attempt.retry_after?, wait.round() as u64))
    });
    assert_eq!(told.collect::<Vec<_>>(), [(3600, 3600)]);

    let fault = "rate_limit = { requests = 0, per = '1h', code = 503, retry_after = 'date' }";
    let (seen, evidence) = faulty(&[fault], get(1), 300);
    assert!(seen.status() == 503 && seen.head().contains("retry-after: ") && seen.head().contains(" GMT"));
    let dated = attempt(&evidence);
    assert!(dated.retry_after.is_some_and(|number| number > 1_700_000_000), "{dated:?}");
    // A date has whole seconds, and is never before the end of the window.
    let end = units::Moment::EPOCH + std::time::Duration::from_hours(1);
    let late = dated.retry_at.map(|at| at.since(end).as_millis());
    assert!(late.is_some_and(|late| late <= 1_000) && dated.retry_at >= Some(end), "{dated:?}");
}

#[test]
fn an_early_answer_comes_before_the_body_and_the_connection_goes_on() {
    // The body never comes whole: a backend that waited for it would not answer.
    let mut request = post(1, 1000);
    request.truncate(request.len() - 500);
    let (seen, evidence) = faulty(&["early_answer = {}"], request, 300);
    assert_eq!((seen.status(), seen.end), (200, Some(Ended::Open)));
    assert!(seen.last() < millis(200), "{:?}", seen.reads);
    assert_eq!((attempt(&evidence).end, attempt(&evidence).body_done), (End::Replied, None));
    assert_eq!(attempt(&evidence).effective, 1);

    let both = [post(1, 1000), get(2).into_bytes()].concat();
    let (seen, evidence) = faulty(&["early_answer = {}"], both, 300);
    assert_eq!(seen.text().matches("HTTP/1.1 200 OK").count(), 2);
    let effective: Vec<u64> = evidence.attempts.iter().map(|attempt| attempt.effective).collect();
    assert_eq!(effective, [1, 0], "without a body, nothing is early");
}

#[test]
fn huge_headers_are_as_many_and_as_large_as_asked_for() {
    let (seen, _) = faulty(&["huge_headers = { size = '20KiB', fields = 5 }"], get(1), 300);
    let padding: Vec<String> = seen
        .head()
        .lines()
        .filter(|line| line.starts_with("x-brownout-padding-"))
        .map(str::to_owned)
        .collect();
    assert_eq!((padding.len(), seen.status()), (5, 200));
    let size: usize = padding.iter().map(|line| line.len() + 2).sum();
    assert_eq!(size, 20 * 1024);
}

#[test]
fn a_redirect_says_where_to() {
    let (seen, _) = faulty(&["redirect = { code = 307, to = '/elsewhere' }"], get(1), 300);
    assert!(seen.status() == 307 && seen.head().contains("location: /elsewhere\r\n"));
}

#[test]
fn interim_answers_come_at_their_pace_before_the_answer_or_instead_of_it() {
    let (seen, evidence) = faulty(&["interim = { code = 103, count = 3, every = '50ms' }"], get(1), 400);
    assert!(
        seen.text().starts_with(
            "HTTP/1.1 103 \r\n\r\nHTTP/1.1 103 \r\n\r\nHTTP/1.1 103 \r\n\r\nHTTP/1.1 200 OK\r\n"
        )
    );
    assert!(seen.last() >= millis(150), "{:?}", seen.reads);
    assert_eq!(attempt(&evidence).end, End::Replied);

    let (seen, evidence) = faulty(&["interim = { code = 102, then = 'hang' }"], get(1), 300);
    assert_eq!((seen.text().as_str(), seen.end), ("HTTP/1.1 102 \r\n\r\n", Some(Ended::Open)));
    assert_eq!((attempt(&evidence).planned, attempt(&evidence).end), (Planned::Hang, End::AbandonedFin));
}
