//! The battery: which questions are asked, in an order in which each rests on what is known before.

use std::collections::BTreeMap;

use crate::lab::{Cost, DiscoverError, Lab, Site, Watch};
use crate::profile::{About, FORMAT, Profile};
use crate::questions;

/// One question: its name, and what asks it.
struct Question {
    name: &'static str,
    ask: fn(&mut Lab<'_>, &mut Profile) -> Result<(), DiscoverError>,
}

/// What keeps requests together comes first, because it decides how clients have to come, and last, because an outage is asked about by
/// a failure that is known to matter. Timers come before retries, because a timer may end what would have been tried again.
const QUESTIONS: [Question; 17] = [
    Question { name: "affinity", ask: questions::affinity::ask },
    Question { name: "pool", ask: questions::pool::ask },
    Question { name: "timers", ask: questions::timers::ask },
    Question { name: "retries", ask: questions::retries::ask },
    Question { name: "retry-after", ask: questions::retry_after::ask },
    Question { name: "replays", ask: questions::replays::ask },
    Question { name: "limits", ask: questions::limits::ask },
    Question { name: "budget", ask: questions::budget::ask },
    Question { name: "refusals", ask: questions::refusals::ask },
    Question { name: "cancel", ask: questions::cancel::ask },
    Question { name: "answers", ask: questions::answers::ask },
    Question { name: "headers", ask: questions::headers::ask },
    Question { name: "connections", ask: questions::connections::ask },
    Question { name: "health", ask: questions::health::ask },
    Question { name: "breaker", ask: questions::breaker::ask },
    Question { name: "all-out", ask: questions::all_out::ask },
    Question { name: "affinity", ask: questions::affinity::ask_outage },
];

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The questions, by name; all of them without any.
    pub only: Vec<String>,
}

impl Options {
    /// The names of all questions.
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = QUESTIONS.iter().map(|question| question.name).collect();
        // One is asked in two parts.
        names.pop();
        names
    }
}

/// Asks all questions, and gives what is known and what it cost. An interrupt ends it, and keeps what is known.
pub fn discover(site: Site, options: &Options, watch: Watch<'_>) -> Result<(Profile, Cost), DiscoverError> {
    let mut lab = Lab::new(site, watch)?;
    let about = About {
        format: FORMAT,
        brownout: env!("CARGO_PKG_VERSION").to_owned(),
        gateway: lab.gateway.clone(),
        version: None,
        backends: lab.backends.iter().map(|backend| backend.name.clone()).collect(),
        ended_early: None,
    };
    let mut profile = Profile { about, fact: BTreeMap::new() };
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    for question in QUESTIONS.iter().filter(|question| wanted(question.name)) {
        match (question.ask)(&mut lab, &mut profile) {
            Err(DiscoverError::Interrupted) => {
                profile.about.ended_early = Some(format!("interrupted at the question `{}`", question.name));
                break;
            }
            other => other?,
        }
    }
    profile.about.version.clone_from(&lab.version);
    Ok((profile, lab.cost))
}
