//! `<limit-concurrency>`, `<rate-limit>` and `<rate-limit-by-key>`: what of them a policy has words for.

use policy::{Limit, RateLimit, Scope};
use units::Timespan;

use super::elements::{Values, strays};
use crate::note::Note;
use crate::place::Place;
use crate::xml::Element;

/// The status of a call beyond the limit (limit-concurrency-policy).
const BEYOND: u16 = 429;

/// The most calls that a scenario's limit takes.
const COUNT_MAX: u32 = 65_536;

/// Reads `<limit-concurrency>`; nothing if it is not about each attempt at the backend.
pub(super) fn concurrency(
    element: &Element,
    is_chosen: bool,
    values: &Values<'_>,
    notes: &mut Vec<Note>,
) -> Option<(Limit, Place)> {
    strays(element, &["key", "max-count"], notes);
    let place = element.attribute("max-count").map_or(&element.place, |count| &count.place);
    let mut left_out = |why: &str| {
        let words =
            format!("calls beyond `max-count` are answered 429 at once; {why}: that is not rehearsed");
        notes.push(Note::unrehearsed(place, words));
    };
    let inner = element.all();
    let holds = |name: &str| inner.iter().any(|one| one.name == name);
    if is_chosen {
        left_out("whether it is met is decided with each request");
        return None;
    }
    if element.attribute("key").is_some_and(crate::xml::Attribute::is_expression) {
        left_out("what is counted together is worked out with each request");
        return None;
    }
    if holds("retry") {
        left_out("around a `<retry>`, a call keeps its turn from its first attempt to its last");
        return None;
    }
    if !holds("forward-request") {
        left_out("it is not around `<forward-request>`");
        return None;
    }
    let Some(in_flight) =
        values.number(element, "max-count", notes).filter(|count| (1..=COUNT_MAX).contains(count))
    else {
        notes
            .push(Note::unknown(place, "`max-count` is not known, or not 1 to 65536: the limit is left out"));
        return None;
    };
    let words = "one instance is rehearsed: each of several counts for itself, and with several units the limit may be lower";
    notes.push(Note::choice(place, words));
    let limit = Limit { scope: Scope::Pool, queue: Some(0), status: Some(BEYOND), ..Limit::new(in_flight) };
    Some((limit, place.clone()))
}

/// The longest `renewal-period`, in seconds (rate-limit-policy).
const PERIOD_MAX: u32 = 300;

/// A limit of fewer calls a second would turn away the traffic that shows everything else.
const RATE_MIN: u32 = 4;

/// Reads `<rate-limit>` or `<rate-limit-by-key>`; nothing if it is not one limit for all requests.
pub(super) fn rate(
    element: &Element,
    is_chosen: bool,
    values: &Values<'_>,
    notes: &mut Vec<Note>,
) -> Option<(RateLimit, [(&'static str, Place); 2])> {
    let known = [
        "calls",
        "renewal-period",
        "counter-key",
        "retry-after-header-name",
        "remaining-calls-header-name",
        "total-calls-header-name",
        "remaining-calls-variable-name",
        "retry-after-variable-name",
        "increment-condition",
        "increment-count",
    ];
    strays(element, &known, notes);
    let mut left_out = |why: &str| {
        let words = format!("calls beyond the limit are answered 429; {why}: that is not rehearsed");
        notes.push(Note::unrehearsed(&element.place, words));
    };
    let is_expression =
        |name: &str| element.attribute(name).is_some_and(crate::xml::Attribute::is_expression);
    if is_chosen {
        left_out("whether it is met is decided with each request");
        return None;
    }
    if is_expression("counter-key") {
        left_out("what is counted together is worked out with each request");
        return None;
    }
    if element.attribute("increment-condition").is_some() || element.attribute("increment-count").is_some() {
        left_out("only some calls count, or some more than others");
        return None;
    }
    let calls = values.number(element, "calls", notes).filter(|calls| (1..=COUNT_MAX).contains(calls));
    let per = values.number(element, "renewal-period", notes).filter(|per| (1..=PERIOD_MAX).contains(per));
    let (Some(calls), Some(per)) = (calls, per) else {
        let words = format!(
            "`calls` (1 to {COUNT_MAX}) or `renewal-period` (1 to {PERIOD_MAX} s) is not known: the limit is left out"
        );
        notes.push(Note::unknown(&element.place, words));
        return None;
    };
    if calls < per.saturating_mul(RATE_MIN) {
        let words = format!(
            "{calls} calls in {per} s are fewer than it takes to show all the rest: the limit is not rehearsed"
        );
        notes.push(Note::unrehearsed(&element.place, words));
        return None;
    }
    let words = "a sliding window is rehearsed, as the classic tiers have it, for one instance and one subscription: the v2 tiers have a bucket";
    notes.push(
        Note::choice(&element.place, words)
            .help("for a bucket, set `window = \"bucket\"` in `[policy.rate_limit]`"),
    );
    let name = element.attribute("retry-after-header-name");
    let is_usual = name.is_none_or(|name| name.value.eq_ignore_ascii_case("retry-after"));
    let limit =
        RateLimit { retry_after: is_usual, ..RateLimit::new(calls, Timespan::from_secs(u64::from(per))) };
    let place = |name: &str| element.attribute(name).map_or(&element.place, |one| &one.place).clone();
    Some((limit, [("rate_limit.calls", place("calls")), ("rate_limit.per", place("renewal-period"))]))
}
