//! Telling people: CloudEvents by web, and a day that goes on whatever becomes of them.

use std::time::Duration;

use super::begin::Stage;
use super::gate::ask;
use super::journal::Journal;
use crate::address::host_of;
use crate::cloud_event::{Telling, post};
use crate::environment::Question;
use crate::file::Occasion;
use crate::timeline::{Event, bounded};

/// How long somebody who is told may take to answer.
const WITHIN: Duration = Duration::from_secs(5);

/// Tells all who are to be told of this.
pub(super) fn tell(stage: &Stage<'_>, journal: &mut Journal<'_>, occasion: Occasion, found: &str) {
    let Stage { day, dir, environment, .. } = stage;
    for (number, notify) in
        day.notifies.iter().enumerate().filter(|(_, notify)| notify.on.contains(&occasion))
    {
        let telling = Telling { day, dir, occasion, found, at: environment.now(), number };
        let secret = notify.secret.as_ref().map(|name| (name, environment.secret(name)));
        let answer = match secret {
            Some((name, None)) => Err(format!("the environment variable `{name}` is not set")),
            Some((_, Some(secret))) => post(&telling, Some(&secret)),
            None => post(&telling, None),
        };
        let answer = answer.and_then(|post| {
            let question = Question { url: notify.url.clone(), post: Some(post), within: WITHIN };
            ask(stage, &question)
        });
        let well = answer.as_ref().is_ok_and(|status| (200..300).contains(status));
        let found = answer.map_or_else(|why| why, |status| status.to_string());
        let host = host_of(&notify.url).unwrap_or_default();
        journal.note(Event::Notified { of: occasion.word().to_owned(), host, well, found: bounded(&found) });
    }
}
