//! What can be told of a game day before it is held, at a moment: its schedule, and what its runs would be refused for.

use fake_backends::BindError;
use gateways::Allowed;
use jiff::Timestamp;
use run::RunError;
use scenario::Diagnostic;
use units::Timespan;

use crate::day::GameDay;
use crate::describe::overlaps;
use crate::file::When;
use crate::schedule::ClockChange;

/// The most moments of daylight saving that are told.
const CHANGES_MAX: usize = 4;

/// What is wrong, and what will probably not do what was meant.
pub fn examine(day: &GameDay, now: Timestamp) -> Vec<Diagnostic> {
    let mut found = schedule(day, now);
    let allowed = Allowed {
        hosts: day.allow_hosts.clone(),
        commands: day.allow_commands,
        listen: day.allow_listen.clone(),
    };
    for run in day.runs().chain(day.further.values()) {
        if let Err(error) = run::preflight(&run.loaded.plan, &allowed) {
            let words = error.to_string();
            let (message, help) = words
                .split_once("\nhelp: ")
                .map_or((words.as_str(), None), |(message, help)| (message, Some(help)));
            let diagnostic = Diagnostic::error(format!("the scenario `{}`: {message}", run.scenario));
            let help = match &error {
                RunError::Backends(BindError::NotAllowed { address, .. }) => Some(format!(
                    "add `allow_listen = [\"{address}\"]`; the command line has to allow it, too"
                )),
                _ => help.map(ToOwned::to_owned),
            };
            found.push(help.map_or(diagnostic.clone(), |help| diagnostic.help(help)));
        }
    }
    if let Some(rollback) = day.rollback.as_ref().filter(|rollback| rollback.when == When::Never) {
        let words = rollback.words.join(" ");
        found.push(
            Diagnostic::warning(format!("the rollback `{words}` never runs"))
                .help("`when = \"deviation\"` runs it where it is needed"),
        );
    }
    found
}

fn schedule(day: &GameDay, now: Timestamp) -> Vec<Diagnostic> {
    let Some(schedule) = &day.schedule else { return Vec::new() };
    let span = day.schedule_at.clone();
    if schedule.next(now).is_none() {
        let message = format!("the schedule `{}` never fires", schedule.text);
        return vec![Diagnostic::error(message).at(span).help("there is no such day in any year")];
    }
    let mut found = Vec::new();
    for change in schedule.clock_changes(now).into_iter().take(CHANGES_MAX) {
        let message = match change {
            ClockChange::Skipped(time) => format!(
                "{} does not exist in {}: the clock is put forward over it, and the day begins right after that",
                time.strftime("%Y-%m-%d %H:%M"),
                schedule.zone
            ),
            ClockChange::Twice(time) => format!(
                "{} comes twice in {}: the clock is put back over it, and the day begins once",
                time.strftime("%Y-%m-%d %H:%M"),
                schedule.zone
            ),
        };
        found.push(
            Diagnostic::warning(message)
                .at(span.clone())
                .help("choose an hour that daylight saving does not touch"),
        );
    }
    if let Some(gap) = overlaps(day, now) {
        let message = format!(
            "the schedule comes round after {}, and the day takes {}: each other one is missed",
            Timespan(gap),
            Timespan(day.length())
        );
        found.push(Diagnostic::warning(message).at(span));
    }
    found
}
