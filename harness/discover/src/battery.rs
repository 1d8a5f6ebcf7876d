//! The battery: which questions are asked, in an order in which each rests on what is known before.

use std::collections::BTreeMap;

use crate::lab::{Cost, DiscoverError, Lab, Site, Watch};
use crate::profile::{About, FORMAT, Profile};
use crate::questions;

/// One question: its name, and what asks it.
struct Question {
    name: &'static str,
    ask: fn(&mut Lab<'_>, &mut Profile) -> Result<(), DiscoverError>,
    /// True if the answer rests on what becomes of many requests a second: a rate limit would turn them away.
    floods: bool,
}

/// A rate limit is asked about before anything was sent that it counts. What keeps requests together comes next, because it decides how
/// clients have to come, and last, because an outage is asked about by
/// a failure that is known to matter. Timers come before retries, because a timer may end what would have been tried again.
const QUESTIONS: [Question; 18] = [
    Question { name: "rate-limit", ask: questions::rate_limit::ask, floods: false },
    Question { name: "affinity", ask: questions::affinity::ask, floods: false },
    Question { name: "pool", ask: questions::pool::ask, floods: false },
    Question { name: "timers", ask: questions::timers::ask, floods: false },
    Question { name: "retries", ask: questions::retries::ask, floods: false },
    Question { name: "retry-after", ask: questions::retry_after::ask, floods: false },
    Question { name: "replays", ask: questions::replays::ask, floods: false },
    Question { name: "limits", ask: questions::limits::ask, floods: true },
    Question { name: "budget", ask: questions::budget::ask, floods: true },
    Question { name: "refusals", ask: questions::refusals::ask, floods: true },
    Question { name: "cancel", ask: questions::cancel::ask, floods: false },
    Question { name: "answers", ask: questions::answers::ask, floods: false },
    Question { name: "headers", ask: questions::headers::ask, floods: false },
    Question { name: "connections", ask: questions::connections::ask, floods: false },
    Question { name: "health", ask: questions::health::ask, floods: true },
    Question { name: "breaker", ask: questions::breaker::ask, floods: true },
    Question { name: "all-out", ask: questions::all_out::ask, floods: true },
    Question { name: "affinity", ask: questions::affinity::ask_outage, floods: true },
];

/// Why a question is not asked.
const LIMITED: &str = "a rate limit turns most requests of the experiment away: ask again without it";

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
        if question.floods && questions::is_rate_limited(&profile) {
            profile.cannot_tell(question.name, LIMITED, "rush");
            continue;
        }
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
