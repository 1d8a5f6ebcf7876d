//! Telling people: `CloudEvents` by web, and a day that goes on whatever becomes of them.

use std::time::Duration;

use gateways::Allowed;
use jiff::Timestamp;

use super::begin::{Stage, both};
use super::gate::ask;
use super::journal::Journal;
use crate::address::host_of;
use crate::cloud_event::{Telling, post};
use crate::day::GameDay;
use crate::environment::{Environment, Question};
use crate::event::Event;
use crate::file::Occasion;
use crate::timeline::bounded;

/// How long somebody who is told may take to answer.
const WITHIN: Duration = Duration::from_secs(5);

/// Tells all who are to be told of this.
pub(super) fn tell(stage: &Stage<'_>, journal: &mut Journal<'_>, occasion: Occasion, found: &str) {
    let Stage { day, environment, allowed, .. } = *stage;
    let start = stage.dir.file_name().unwrap_or_default().to_string_lossy();
    let telling = Telling { day, start: &start, occasion, found, at: environment.now() };
    for event in deliver(&telling, allowed, environment) {
        journal.note(event);
    }
}

/// Tells all who are to be told that the day was not held at `firing`, the moment of its schedule: that it was missed, or refused
/// before it began; what became of each message. For whoever keeps the schedule: such a day has no timeline.
pub fn tell_unheld(
    day: &GameDay,
    firing: Timestamp,
    (occasion, why): (Occasion, &str),
    allowed: &Allowed,
    environment: &dyn Environment,
) -> Vec<Event> {
    let start = firing.strftime("%Y-%m-%dT%H-%M-%S").to_string();
    let telling = Telling { day, start: &start, occasion, found: why, at: environment.now() };
    deliver(&telling, &both(day, allowed), environment)
}

fn deliver(telling: &Telling<'_>, allowed: &Allowed, environment: &dyn Environment) -> Vec<Event> {
    let occasion = telling.occasion;
    let told = telling.day.notifies.iter().enumerate().filter(|(_, notify)| notify.on.contains(&occasion));
    let event = told.map(|(number, notify)| {
        let secret = notify.secret.as_ref().map(|name| (name, environment.secret(name)));
        let message = match secret {
            Some((name, None)) => Err(format!("the environment variable `{name}` is not set")),
            Some((_, Some(secret))) => post(telling, number, Some(&secret)),
            None => post(telling, number, None),
        };
        let answer = message.and_then(|post| {
            let question = Question { url: notify.url.clone(), post: Some(post), within: WITHIN };
            ask(environment, allowed, &question)
        });
        let well = answer.as_ref().is_ok_and(|status| (200..300).contains(status));
        let found = bounded(&answer.map_or_else(|why| why, |status| status.to_string()));
        let host = host_of(&notify.url).unwrap_or_default();
        Event::Notified { of: occasion.word().to_owned(), host, well, found }
    });
    event.collect()
}
