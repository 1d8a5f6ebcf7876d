//! `circuitBreaker` of a backend.

use policy::{AllOut, Breaker, Trip, WayBack};
use units::{Share, Timespan};

use super::fails::fails;
use super::keys::strays;
use crate::iso::timespan;
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// A breaker that is understood.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) breaker: Breaker,
    /// Where the keys of the policy stand: `breaker.trip`.
    pub(super) keys: Vec<(&'static str, Place)>,
    /// What a shed request is answered instead of 503.
    pub(super) answer: Option<(u16, Place)>,
    pub(super) place: Place,
}

/// Reads `circuitBreaker`; nothing if there is no rule that is understood.
pub(super) fn read(breaker: &Value, notes: &mut Vec<Note>) -> Option<Rule> {
    let rule = only_rule(breaker, notes)?;
    strays(
        rule,
        "a rule",
        &["failureCondition", "tripDuration", "acceptRetryAfter", "failureResponse"],
        &["name"],
        notes,
    );
    let condition = rule.get("failureCondition");
    let Some(condition) = condition else {
        notes.push(Note::unknown(&rule.place, "the rule has no `failureCondition` that is known"));
        return None;
    };
    strays(
        condition,
        "`failureCondition`",
        &["count", "percentage", "interval", "statusCodeRanges", "errorReasons"],
        &[],
        notes,
    );
    let (trip, trip_place) = trip(condition, notes)?;
    let (open_for, open_place) = length(rule, "tripDuration", notes)?;
    let fails = fails(condition, notes);
    if fails.is_empty() {
        let words = "no status and no failure opens this breaker, as far as it is understood: it is left out";
        notes.push(Note::lint(&condition.place, words));
        return None;
    }
    let ranges = condition.get("statusCodeRanges").map_or(&condition.place, |ranges| &ranges.place);
    let mut made =
        Breaker { way_back: Some(WayBack::All), all_out: Some(AllOut::Shed), ..Breaker::new(trip, open_for) };
    let mut keys = vec![
        ("breaker", rule.place.clone()),
        ("breaker.trip", trip_place),
        ("breaker.fails", ranges.clone()),
        ("breaker.open_for", open_place),
    ];
    made.fails = fails;
    if let Some(accepts) = rule.get("acceptRetryAfter") {
        match accepts.truth() {
            Some(truth) => {
                made.retry_after = truth;
                keys.push(("breaker.retry_after", accepts.place.clone()));
            }
            None => notes
                .push(Note::unknown(&accepts.place, format!("`acceptRetryAfter` is {}", accepts.words()))),
        }
    }
    let answer = rule.at(&["failureResponse", "statusCode"]);
    Some(Rule {
        breaker: made,
        keys,
        answer: answer.and_then(|answer| self::answer(answer, notes)),
        place: rule.place.clone(),
    })
}

/// The rule, of which there is one.
fn only_rule<'a>(breaker: &'a Value, notes: &mut Vec<Note>) -> Option<&'a Value> {
    let rules = breaker.get("rules")?;
    match rules.items() {
        [] => {
            notes.push(Note::unknown(
                &rules.place,
                format!("the rules of this breaker are {}", rules.words()),
            ));
            None
        }
        [only] => Some(only),
        [first, second, ..] => {
            let words = "API Management takes one rule for each backend: this one and those after it are refused, or not heard";
            notes.push(
                Note::lint(&second.place, words).help("make one rule of them, by its ranges and reasons"),
            );
            Some(first)
        }
    }
}

/// The status of what is answered while the breaker is open.
pub(super) fn answer(status: &Value, notes: &mut Vec<Note>) -> Option<(u16, Place)> {
    let found = status.whole(400..=599);
    if found.is_none() {
        notes.push(Note::unknown(
            &status.place,
            format!("the status of `failureResponse` is {}: a scenario takes 400 to 599", status.words()),
        ));
    }
    found.map(|found| (found as u16, status.place.clone()))
}

/// What opens it. Successes between failures do not set the count back, and none is needed to be in the window.
fn trip(condition: &Value, notes: &mut Vec<Note>) -> Option<(Trip, Place)> {
    let (within, _) = length(condition, "interval", notes)?;
    let nothing = Trip { consecutive: None, count: None, share: None, within: Some(within), min: None };
    let (count, percentage) = (condition.get("count"), condition.get("percentage"));
    if let (Some(_), Some(percentage)) = (count, percentage) {
        notes.push(Note::lint(
            &percentage.place,
            "a rule counts failures or their percentage, not both: the count is taken",
        ));
    }
    if let Some(count) = count {
        let Some(number) = count.whole(1..=policy::REMEMBERED_MAX) else {
            notes.push(Note::unknown(&count.place, format!("the count of failures is {}", count.words())));
            return None;
        };
        return Some((Trip { count: Some(number), ..nothing }, count.place.clone()));
    }
    let Some(percentage) = percentage else {
        notes.push(Note::unknown(
            &condition.place,
            "the rule has neither a `count` nor a `percentage` that is known",
        ));
        return None;
    };
    let Some(share) = percentage.whole(1..=100).and_then(|percent| Share::new(f64::from(percent) / 100.0))
    else {
        notes.push(Note::unknown(
            &percentage.place,
            format!("the percentage of failures is {}", percentage.words()),
        ));
        return None;
    };
    let words =
        "how many requests a percentage needs is not documented: here, one failed request of one is 100 %";
    notes.push(
        Note::choice(&percentage.place, words).help("set `min` in `policy.breaker.trip` for another reading"),
    );
    Some((Trip { share: Some(share), ..nothing }, percentage.place.clone()))
}

fn length(of: &Value, key: &str, notes: &mut Vec<Note>) -> Option<(Timespan, Place)> {
    let Some(value) = of.get(key) else {
        notes.push(Note::unknown(
            &of.place,
            format!("`{key}` is missing, and its default is not documented: the breaker is left out"),
        ));
        return None;
    };
    let length = value.text().and_then(timespan).filter(|length| !length.is_zero());
    if length.is_none() {
        let words = format!("`{key}` is {}: expected a time such as `PT1M`", value.words());
        notes.push(Note::unknown(&value.place, words));
    }
    Some((length?, value.place.clone()))
}
