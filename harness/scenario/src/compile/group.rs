//! What the hits of a fault on a group of backends have in common: `correlate` of an injection.

use fake_backends::{Correlate, Injection};
use units::{Share, Timespan};

use super::Context;
use super::faults::inline;
use crate::file::Located;

/// The shortest time for which a fault stays with a backend, or with all: a listener is closed and opened as often.
const SHORTEST: Timespan = Timespan::from_millis(10);

/// Checks `correlate`.
pub(super) fn correlate(
    context: &mut Context<'_>,
    correlate: &Located<Correlate>,
    injection: &Injection,
) -> Correlate {
    if let Some((problem, help)) = problem(correlate.value, injection) {
        context.error(&correlate.span, format!("fault `{}`: {problem}", injection.fault.name())).help =
            Some(help);
    }
    correlate.value
}

/// What is wrong with it, and what to do.
fn problem(correlate: Correlate, injection: &Injection) -> Option<(String, String)> {
    let (backends, during) = (injection.backends.len(), Timespan(injection.during.length()));
    let leave = "leave `correlate` out".to_owned();
    match correlate {
        Correlate::Requests | Correlate::Moments(_) if !draws(injection) => Some((
            "no part of anything is drawn, so that all is hit in any case".to_owned(),
            "give the fault a `share` below 1, or leave `correlate` out".to_owned(),
        )),
        Correlate::Requests if injection.fault.contract().hides_attempts() => {
            Some(("it acts on connections, before there is a request".to_owned(), leave))
        }
        Correlate::Requests if injection.when.is_of_probes() => {
            Some(("nobody tries a health check again: each is for itself".to_owned(), leave))
        }
        Correlate::Turns(_) if backends < 2 => {
            Some(("one backend alone takes no turns".to_owned(), "name further ones in `on`".to_owned()))
        }
        Correlate::Turns(length) | Correlate::Moments(length) if length < SHORTEST => {
            Some((format!("{length} at a time, allowed is {SHORTEST} or more"), leave))
        }
        Correlate::Turns(length) if length.saturating_mul(backends as u32) > *during => Some((
            format!("{backends} turns of {length} take longer than the {during} for which it is in force"),
            "make the turns shorter, so that each backend has one".to_owned(),
        )),
        Correlate::Moments(length) if length > during => Some((
            format!("{length} at a time, of the {during} for which it is in force"),
            "make it shorter: one draw decides for all of that time".to_owned(),
        )),
        _ => None,
    }
}

/// True if the fault draws a share of what it may hit, at some time.
fn draws(injection: &Injection) -> bool {
    let share = |settings: &_| {
        let tagged = toml::Value::try_from(settings).ok()?;
        tagged.get(injection.fault.name())?.get("share")?.as_float()
    };
    let on_the_way = injection.ramp.iter().flat_map(|ramp| ramp.steps(&injection.fault));
    on_the_way.chain([&injection.fault]).filter_map(share).any(|share| share < Share::ALL.get())
}

/// In the words of the file.
pub(super) fn described(correlate: Correlate) -> String {
    match correlate {
        Correlate::Requests => "requests".to_owned(),
        with_length => inline(&with_length),
    }
}
