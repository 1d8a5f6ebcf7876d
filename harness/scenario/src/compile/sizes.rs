//! How many of each there may be, looked at before anything is held against anything else: the work of checking a file
//! stays in proportion to its length.

use std::ops::Range;

use evidence::INJECTIONS_MAX;

use super::Context;

/// The most phases of a run.
const PHASES_MAX: usize = 256;

/// The most backends of a pool. The pool of an API Management backend has at most 30 members.
const BACKENDS_MAX: usize = 64;

/// The most traffic classes.
const CLASSES_MAX: usize = 32;

/// The most mixes: as many as there may be classes.
const MIXES_MAX: usize = CLASSES_MAX;

/// Notes what there is too much of, at the first one too many; false if there is any such thing.
pub(super) fn check(context: &mut Context<'_>) -> bool {
    let scenario = context.scenario;
    let injects = || scenario.phase.iter().flat_map(|phase| &phase.inject);
    let lists: [(&str, usize, usize, Option<&Range<usize>>); 5] = [
        (
            "phases",
            scenario.phase.len(),
            PHASES_MAX,
            scenario.phase.get(PHASES_MAX).map(|phase| &phase.name.span),
        ),
        (
            "backends",
            scenario.backend.0.len(),
            BACKENDS_MAX,
            scenario.backend.0.get(BACKENDS_MAX).map(|(name, _)| &name.span),
        ),
        (
            "traffic classes",
            scenario.traffic.0.len(),
            CLASSES_MAX,
            scenario.traffic.0.get(CLASSES_MAX).map(|(name, _)| &name.span),
        ),
        ("mixes", scenario.mix.0.len(), MIXES_MAX, scenario.mix.0.get(MIXES_MAX).map(|(name, _)| &name.span)),
        (
            "injections",
            injects().count(),
            INJECTIONS_MAX,
            injects().nth(INJECTIONS_MAX).map(|inject| &inject.span),
        ),
    ];
    let mut sound = true;
    for (what, count, most, span) in lists {
        if let Some(span) = span {
            let noted = context.error(span, format!("{count} {what}, allowed are {most}"));
            noted.label = Some("the first one too many".to_owned());
            sound = false;
        }
    }
    sound
}
