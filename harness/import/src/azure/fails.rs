//! What a breaker counts as a failure: `statusCodeRanges` and `errorReasons`.

use policy::{FailureClass, RetryOn};

use crate::note::Note;
use crate::value::Value;

/// The reasons that the documentation names (`context.LastError.Reason`, error-handling-policies), and what of a backend they
/// stand for.
const REASONS: [(&str, &[RetryOn]); 8] = [
    ("BackendConnectionFailure", &[RetryOn::ConnectFailure, RetryOn::Reset]),
    ("Timeout", &[RetryOn::Timeout]),
    ("ClientConnectionFailure", &[]),
    ("OperationNotFound", &[]),
    ("RateLimitExceeded", &[]),
    ("QuotaExceeded", &[]),
    ("ExpressionValueEvaluationFailure", &[]),
    ("SubscriptionKeyNotFound", &[]),
];

/// The failures of `failureCondition`, in the words of a policy.
pub(super) fn fails(condition: &Value, notes: &mut Vec<Note>) -> Vec<FailureClass> {
    let mut statuses = [false; 600];
    for range in condition.get("statusCodeRanges").map(Value::items).unwrap_or_default() {
        mark(range, &mut statuses, notes);
    }
    let mut fails = classes(&statuses);
    for reason in condition.get("errorReasons").map(Value::items).unwrap_or_default() {
        let Some(name) = reason.text() else {
            notes.push(Note::unknown(&reason.place, format!("an error reason is {}", reason.words())));
            continue;
        };
        if let Some((_, failures)) = REASONS.iter().find(|(known, _)| *known == name) {
            fails.extend(failures.iter().map(|failure| FailureClass::One(*failure)));
        } else {
            let words =
                format!("{} is no documented reason: by the letter, no failure matches it", reason.words());
            notes.push(Note::lint(&reason.place, words).help(nearest(name)));
        }
    }
    if !fails.contains(&FailureClass::One(RetryOn::Timeout))
        || !fails.contains(&FailureClass::One(RetryOn::ConnectFailure))
    {
        let place = condition.get("errorReasons").map_or(&condition.place, |reasons| &reasons.place);
        let words = "a backend that refuses, resets or never answers is no failure here unless `errorReasons` names \
                     `BackendConnectionFailure` and `Timeout`: that is the reading by the letter, and the documentation leaves it open";
        notes.push(
            Note::choice(place, words)
                .help("for the other reading, add \"timeout\", \"reset\" and \"connect-failure\" to `policy.breaker.fails`"),
        );
    }
    fails
}

fn nearest(name: &str) -> String {
    let alike = REASONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    match alike {
        Some((known, _)) => format!("reasons are written as in `{known}`"),
        None => "failures of a backend are `BackendConnectionFailure` and `Timeout`; statuses go into `statusCodeRanges`".into(),
    }
}

fn mark(range: &Value, statuses: &mut [bool; 600], notes: &mut Vec<Note>) {
    let end = |key: &str| range.get(key).and_then(|end| end.whole(0..=9999));
    let (Some(min), Some(max)) = (end("min"), end("max")) else {
        return notes.push(Note::unknown(
            &range.place,
            "a range of statuses needs a `min` and a `max` that are known",
        ));
    };
    if min > max {
        let words =
            format!("`min` {min} is above `max` {max}: no status is in this range, and none of it counts");
        return notes.push(Note::lint(&range.place, words).help(format!("write `min: {max}`, `max: {min}`")));
    }
    if min < 200 || max > 599 {
        notes.push(Note::lint(
            &range.place,
            format!("{min} to {max} goes beyond the statuses that are allowed, 200 to 599"),
        ));
    }
    let is_of_the_client = |status: &u32| (400..500).contains(status) && !matches!(status, 408 | 429);
    if let Some(status) = (min..=max.min(599)).find(is_of_the_client) {
        let status = if (min..=max).contains(&404) { 404 } else { status };
        let words = format!(
            "a {status} counts as a failure of the backend: what one client asks for wrongly shuts out all others"
        );
        notes.push(
            Note::lint(&range.place, words).help("leave out the statuses that are the client's own mistakes"),
        );
    }
    if min < 400 {
        let words = format!(
            "{min} to {} are no failures that `[policy]` has words for: they are not rehearsed",
            max.min(399)
        );
        notes.push(Note::unrehearsed(&range.place, words));
    }
    for status in min.max(400)..=max.min(599) {
        statuses[status as usize] = true;
    }
}

/// Statuses in as few words as possible: `5xx` where all of a hundred are there.
fn classes(statuses: &[bool; 600]) -> Vec<FailureClass> {
    let mut found = Vec::new();
    for hundred in [4_u16, 5] {
        let of_it = || (hundred * 100..(hundred + 1) * 100).filter(|status| statuses[usize::from(*status)]);
        if of_it().count() == 100 {
            found.push(FailureClass::Statuses(hundred));
        } else {
            found.extend(of_it().map(|status| FailureClass::One(RetryOn::Status(status))));
        }
    }
    found
}
