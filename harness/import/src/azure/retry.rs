//! `<retry>`.

use policy::{Backoff, Retry, RetryOn};
use units::Timespan;

use super::elements::{Values, strays};
use crate::note::Note;
use crate::place::Place;
use crate::xml::{Asked, Case, Condition, Element, Ended, Verdict};

/// Statuses that are written out where a condition takes in more than a scenario can name one by one.
const USUAL: [u16; 6] = [408, 429, 500, 502, 503, 504];

/// So many statuses are written out as they are.
const LISTED_MAX: usize = 12;

/// The methods: `<retry>` repeats all of them unless its condition asks.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// How often a retry may be made (retry-policy.md).
const COUNT: std::ops::RangeInclusive<u32> = 1..=50;

/// Reads `<retry>`; nothing if it is not understood. The keys of the policy come with their places.
pub(super) fn read(
    element: &Element,
    values: &Values<'_>,
    notes: &mut Vec<Note>,
) -> Option<(Retry, Vec<(&'static str, Place)>)> {
    let known = ["condition", "count", "interval", "max-interval", "delta", "first-fast-retry"];
    strays(element, &known, notes);
    let count = values.number(element, "count", notes);
    let place =
        |name: &str| element.attribute(name).map_or(&element.place, |attribute| &attribute.place).clone();
    let repeated = conditions(element, values.asked, notes);
    let Some(count) = count.filter(|count| COUNT.contains(count)) else {
        let words = "how often this retry tries again is not known, or not 1 to 50: it is left out";
        notes.push(Note::unknown(&place("count"), words));
        return None;
    };
    let (on, methods) = repeated?;
    let attempts = count as u16 + 1;
    let mut retry = Retry::new(attempts, on);
    retry.methods = methods.iter().map(|method| (*method).to_owned()).collect();
    // The pool takes its turns: whether the next attempt meets the same member is chance.
    retry.other_backend = false;
    retry.backoff = backoff(element, attempts, values, notes);
    if methods.contains(&"POST") {
        let words =
            "this retry repeats POST as well, also one that the backend has carried out and failed to answer";
        let help = "ask for the method in the condition: `&& context.Request.Method == \"GET\"`";
        notes.push(Note::lint(&element.place, words).help(help));
    }
    let mut keys = vec![
        ("retry", element.place.clone()),
        ("retry.attempts", place("count")),
        ("retry.on", place("condition")),
        ("retry.methods", element.place.clone()),
    ];
    keys.extend(retry.backoff.map(|_| ("retry.backoff", place("interval"))));
    Some((retry, keys))
}

/// The failures after which the condition surely holds, and the methods for which it does.
fn conditions(
    element: &Element,
    asked: Option<&Asked>,
    notes: &mut Vec<Note>,
) -> Option<(Vec<RetryOn>, Vec<&'static str>)> {
    let Some(attribute) = element.attribute("condition") else {
        notes.push(Note::unknown(&element.place, "this retry has no condition"));
        return None;
    };
    let Some(condition) = Condition::read(&attribute.value) else {
        let words = "the condition is not understood: the retry is left out";
        notes.push(Note::unknown(&attribute.place, words).help("what is understood are comparisons of `context.Response.StatusCode` and `null`, with `&&`, `||` and `!`"));
        return None;
    };
    let verdict = |method: &'static str, ended: Ended| {
        condition.verdict(Case { method: Some(method), request: asked, ended })
    };
    let of = |wanted: Verdict| -> Vec<u16> {
        (400..=599).filter(|status| verdict(METHODS[0], Ended::Status(*status)) == wanted).collect()
    };
    let (certain, open) = (of(Verdict::True), of(Verdict::Open));
    if !open.is_empty() {
        let words =
            format!("after {} it depends on more than the status: that is not rehearsed", listed(&open));
        notes.push(Note::unrehearsed(&attribute.place, words));
    } else if condition.is_open(asked.is_some()) {
        notes.push(Note::unrehearsed(
            &attribute.place,
            "a part of the condition is about more than statuses: it is not rehearsed",
        ));
    }
    let written: Vec<u16> = if certain.len() <= LISTED_MAX {
        certain.clone()
    } else {
        let usual = certain.iter().copied().filter(|status| USUAL.contains(status)).collect();
        let words = format!("it holds after {}: the usual ones of them are rehearsed", listed(&certain));
        notes.push(Note::unrehearsed(&attribute.place, words));
        usual
    };
    let mut on: Vec<RetryOn> = written.into_iter().map(RetryOn::Status).collect();
    on.extend(without_answer(&condition, asked, &attribute.place, notes));
    if on.is_empty() && open.is_empty() {
        notes.push(Note::lint(
            &attribute.place,
            "no failure of a backend makes this condition true: nothing is ever tried again",
        ));
    }
    let holds = |method: &&'static str| {
        certain.iter().all(|status| verdict(method, Ended::Status(*status)) == Verdict::True)
    };
    let methods = METHODS.into_iter().filter(holds).collect();
    (!on.is_empty()).then_some((on, methods))
}

/// Whether it is tried again after an attempt that got no answer.
fn without_answer(
    condition: &Condition,
    asked: Option<&Asked>,
    place: &Place,
    notes: &mut Vec<Note>,
) -> Vec<RetryOn> {
    let reasons = [
        ("BackendConnectionFailure", &[RetryOn::ConnectFailure, RetryOn::Reset][..]),
        ("Timeout", &[RetryOn::Timeout][..]),
    ];
    let mut on = Vec::new();
    for (reason, failures) in reasons {
        match condition.verdict(Case {
            method: Some(METHODS[0]),
            request: asked,
            ended: Ended::Failed(reason),
        }) {
            Verdict::True => on.extend_from_slice(failures),
            Verdict::Fails => {
                let words = format!(
                    "without an answer (`{reason}`), `context.Response` is null and the condition fails: nothing is tried again"
                );
                notes.push(
                    Note::choice(place, words)
                        .help("to try again then, begin the condition with `context.Response == null ||`"),
                );
            }
            Verdict::False | Verdict::Open => {}
        }
    }
    on
}

/// The waits, as far as a policy can say them: none, or the same each time.
fn backoff(element: &Element, attempts: u16, values: &Values<'_>, notes: &mut Vec<Note>) -> Option<Backoff> {
    let interval = values.number(element, "interval", notes)?;
    let is_fast = values
        .text(element, "first-fast-retry", notes)
        .is_some_and(|fast| fast.trim().eq_ignore_ascii_case("true"));
    let is_fixed = element.attribute("delta").is_none();
    if interval == 0 && is_fixed || attempts == 2 && is_fast {
        return None;
    }
    // The first wait is the interval, in each of the three forms.
    if (is_fixed || attempts == 2) && !is_fast {
        return Some(Backoff {
            base: Timespan::from_secs(u64::from(interval)),
            factor: 1.0,
            max: None,
            jitter: false,
        });
    }
    let words = "waits that grow by `delta`, or whose first one is left out, are not rehearsed: the rehearsal tries again at once";
    let place = element
        .attribute("delta")
        .or_else(|| element.attribute("interval"))
        .map_or(&element.place, |one| &one.place);
    notes.push(Note::unrehearsed(place, words));
    None
}

/// Statuses in a few words: `429, 500 to 599`.
fn listed(statuses: &[u16]) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for status in statuses {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *status => *last = *status,
            _ => runs.push((*status, *status)),
        }
    }
    let words: Vec<String> = runs
        .iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first} to {last}") })
        .collect();
    words.join(", ")
}
