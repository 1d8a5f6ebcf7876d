//! The battery: which questions are asked, in an order in which each rests on what is known before.

use std::collections::BTreeMap;

use crate::bill::Bill;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab, Site, Watch};
use crate::profile::{About, FORMAT, Profile};
use crate::questions;

/// What asks a question.
type Ask = fn(&mut Lab<'_>, &mut Profile) -> Result<(), DiscoverError>;

/// One question: its name, and what asks it.
struct Question {
    name: &'static str,
    ask: Ask,
    /// The experiments by which it begins whatever is known, which can be run beside those of other questions.
    at_once: fn(&Lab<'_>) -> Vec<Experiment>,
    /// True if the answer rests on what becomes of many requests a second: a rate limit would turn them away.
    floods: bool,
}

const fn asks(name: &'static str, ask: Ask) -> Question {
    Question { name, ask, at_once: |_| Vec::new(), floods: false }
}

const fn floods(name: &'static str, ask: Ask) -> Question {
    Question { floods: true, ..asks(name, ask) }
}

impl Question {
    const fn at_once(self, experiments: fn(&Lab<'_>) -> Vec<Experiment>) -> Self {
        Question { at_once: experiments, ..self }
    }
}

/// A rate limit is asked about before anything was sent that it counts. What keeps requests together comes next, because it decides how
/// clients have to come, and last, because an outage is asked about by
/// a failure that is known to matter. Timers come before retries, because a timer may end what would have been tried again.
const QUESTIONS: [Question; 19] = [
    asks("rate-limit", questions::rate_limit::ask),
    asks("affinity", questions::affinity::ask),
    asks("pool", questions::pool::ask).at_once(|lab| vec![questions::pool::experiment(lab)]),
    asks("timers", questions::timers::ask).at_once(|lab| questions::timers::experiments(lab).into()),
    asks("retries", questions::retries::ask),
    asks("retry-after", questions::retry_after::ask),
    asks("replays", questions::replays::ask),
    floods("limits", questions::limits::ask),
    floods("budget", questions::budget::ask),
    floods("refusals", questions::refusals::ask),
    floods("connect", questions::connect::ask).at_once(|lab| vec![questions::connect::experiment(lab)]),
    asks("cancel", questions::cancel::ask).at_once(|lab| vec![questions::cancel::experiment(lab)]),
    asks("answers", questions::answers::ask).at_once(|lab| vec![questions::answers::experiment(lab)]),
    asks("headers", questions::headers::ask),
    asks("connections", questions::connections::ask)
        .at_once(|lab| vec![questions::connections::experiment(lab)]),
    floods("health", questions::health::ask).at_once(|lab| vec![questions::health::experiment(lab)]),
    floods("breaker", questions::breaker::ask),
    floods("all-out", questions::all_out::ask),
    floods("affinity", questions::affinity::ask_outage),
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

/// How many questions come before those that begin at once: they decide what can be asked, and how clients have to come.
const FIRST: usize = 2;

/// Runs the experiments by which questions begin whatever is known.
fn begin(lab: &mut Lab<'_>, profile: &Profile, wanted: impl Fn(&str) -> bool) -> Result<(), DiscoverError> {
    let limited = questions::is_rate_limited(profile);
    let asked = QUESTIONS.iter().filter(|one| wanted(one.name) && !(one.floods && limited));
    let experiments = asked.flat_map(|one| (one.at_once)(lab)).collect();
    lab.ahead(experiments)
}

/// Asks all questions, and gives what is known and what it cost. An interrupt ends it, and keeps what is known.
pub fn discover(site: Site, options: &Options, watch: Watch<'_>) -> Result<(Profile, Bill), DiscoverError> {
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
    let (mut bill, mut begun) = (Bill::default(), false);
    for (number, question) in QUESTIONS.iter().enumerate().filter(|(_, question)| wanted(question.name)) {
        if question.floods && questions::is_rate_limited(&profile) {
            profile.cannot_tell(question.name, LIMITED, "rush");
            continue;
        }
        let has_begun = std::mem::replace(&mut begun, number >= FIRST);
        let asked = if begun && !has_begun { begin(&mut lab, &profile, wanted) } else { Ok(()) };
        let asked = asked.and_then(|()| (question.ask)(&mut lab, &mut profile));
        bill.add(question.name, std::mem::take(&mut lab.asked));
        match asked {
            Err(DiscoverError::Interrupted) => {
                profile.about.ended_early = Some(format!("interrupted at the question `{}`", question.name));
                break;
            }
            other => other?,
        }
    }
    profile.about.version.clone_from(&lab.version);
    bill.all = lab.cost;
    Ok((profile, bill))
}
