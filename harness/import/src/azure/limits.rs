//! `<limit-concurrency>`: what of it a policy has words for.

use policy::{Limit, Scope};

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
