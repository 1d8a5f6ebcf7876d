//! The breaker of the declared policy, key by key: each by what shows it.

use std::collections::BTreeSet;

use measure::automata::offered::Offered;
use measure::retry_matrix::{Failed, how_failed};
use measure::view::View;
use policy::{AllOut, Breaker as Declared, FailureClass, RetryOn, WayBack};
use serde_json::json;
use units::plural::count;

use super::Policy;
use crate::claim::{Claim, Key};
use crate::expect::breaker::{Breaker, Word};

/// What is claimed of one phase.
pub(super) fn claims(policy: &Policy, declared: &Declared, view: &View<'_>) -> Vec<Claim> {
    let machine = match expectation(declared) {
        Ok(machine) => machine,
        Err(error) => {
            return vec![super::unspeakable(&error).of_key(Key::new("breaker", &trip_words(declared)))];
        }
    };
    let (back, back_words) = way_back(declared);
    let keys = [
        (Word::Trip, "breaker.trip", trip_words(declared)),
        (Word::OpenFor, "breaker.open_for", open_words(declared)),
        (Word::WayBack, back, back_words),
    ];
    let offered = Offered::of(view);
    let words = machine.words(view, &offered);
    let of_word =
        |word: Word| words.iter().filter(move |(of, _)| *of == word).map(|(_, claim)| claim.clone());
    let mut claims = Vec::new();
    for (word, key, declared) in keys {
        if !declared.is_empty() && policy.is_about(key) {
            claims.extend(of_word(word).map(|claim| claim.of_key(Key::new(key, &declared))));
        }
    }
    if policy.is_about("breaker.scope") {
        let key = || Key::new("breaker.scope", "one for each backend");
        claims.extend(machine.bystanders(view, &offered).map(|claim| claim.of_key(key())));
    }
    for class in declared.fails.iter().filter(|class| can_be_seen(**class)) {
        let key = format!("breaker.fails.{class}");
        if policy.is_about(&key) {
            let trips = of_word(Word::Trip).collect();
            let found = by_class(*class, declared, trips, view).into_iter();
            claims.extend(found.map(|claim| claim.of_key(Key::new(&key, "a failure"))));
        }
    }
    let all_out = declared.all_out == Some(AllOut::Shed) && policy.is_about("breaker.all_out");
    if all_out && (0..view.brief.backends.len()).all(|backend| is_faulty(view, backend)) {
        let key = || Key::new("breaker.all_out", "sheds");
        claims.extend(of_word(Word::Trip).map(|claim| claim.of_key(key())));
    }
    claims
}

/// The expectation that follows from what is declared.
pub(super) fn expectation(declared: &Declared) -> serde_json::Result<Breaker> {
    let mut demand = json!({
        "trips_after": declared.trip,
        "open_for": declared.open_for.to_string(),
        "retry_after": declared.retry_after,
        "scope": declared.scope,
        "workers": declared.workers,
        "probes_max": declared.probes,
        "way_back": declared.way_back,
    });
    if let Some(table) = demand.as_object_mut() {
        table.retain(|_, value| !value.is_null());
    }
    serde_json::from_value(demand)
}

fn open_words(breaker: &Declared) -> String {
    let asked = if breaker.retry_after { ", or as `Retry-After` says" } else { "" };
    format!("{}{asked}", breaker.open_for)
}

/// The key that says how traffic comes back, and its words; none if it is left to the gateway.
fn way_back(breaker: &Declared) -> (&'static str, String) {
    match (breaker.probes, breaker.way_back) {
        (Some(probes), _) => ("breaker.probes", format!("{} at a time", count(u64::from(probes), "probe"))),
        (None, Some(WayBack::Probe)) => ("breaker.way_back", "probes".into()),
        (None, Some(WayBack::All)) => ("breaker.way_back", "all at once".into()),
        (None, Some(WayBack::Check)) => ("breaker.way_back", "by a health check".into()),
        (None, Some(WayBack::Ramp(length))) => {
            ("breaker.way_back", format!("little by little over {length}"))
        }
        (None, None) => ("breaker.way_back", String::new()),
    }
}

/// A connection that was refused leaves no trace at the backend, so that nobody sees whether it counted.
fn can_be_seen(class: FailureClass) -> bool {
    class != FailureClass::One(RetryOn::ConnectFailure)
}

/// The claims of the breaker where failures of this class alone gave it reason to open.
fn by_class(class: FailureClass, declared: &Declared, trips: Vec<Claim>, view: &View<'_>) -> Vec<Claim> {
    let of_class = |failed: Failed| match failed {
        Failed::Status(status) => declared.fails.iter().copied().find(|one| one.takes_status(status)),
        Failed::Broken => Some(FailureClass::One(RetryOn::Reset)),
        Failed::GivenUp => Some(FailureClass::One(RetryOn::Timeout)),
        Failed::Cut => None,
    };
    let phase = view.phase();
    let tried = view.ledger.entries().flat_map(|entry| entry.attempts.iter().map(move |one| (entry, one)));
    let here = tried.filter(|(entry, one)| view.takes(entry.exchange.class) && phase.contains(one.arrived));
    let found: BTreeSet<FailureClass> =
        here.filter_map(|(entry, one)| how_failed(&entry, one).and_then(of_class)).collect();
    if found.len() == 1 && found.contains(&class) {
        return trips;
    }
    let why = format!("no phase shows whether failures by `{class}` open it by themselves");
    vec![
        Claim::blind(
            why,
            format!("plan a phase with a fault that makes `{class}` and no other failure, or leave `breaker.fails.{class}` out of `about`"),
        )
        .seen("", "each class of failures opens it by itself"),
    ]
}

fn is_faulty(view: &View<'_>, backend: usize) -> bool {
    view.injections().any(|(_, injection)| injection.backends.contains(&(backend as u16)))
}

fn trip_words(breaker: &Declared) -> String {
    let trip = &breaker.trip;
    let within = trip.within.map(|within| format!(" within {within}")).unwrap_or_default();
    match (trip.consecutive, trip.count, trip.share) {
        (Some(count), ..) => format!("{count} failures in a row"),
        (_, Some(count), _) => format!("{count} failures{within}"),
        (.., Some(share)) => format!("{share} failures{within}"),
        _ => "nothing".into(),
    }
}
