//! Phases: from lengths to stretches of the run.

use std::time::Duration;

use measure::brief::PhaseBrief;
use units::{Moment, Stretch, Timespan};

use super::Context;

/// The longest run.
pub(super) const LENGTH_MAX: Timespan = Timespan::from_secs(24 * 3600);

/// Resolves `[[phase]]`.
pub(super) fn compile(context: &mut Context<'_>) -> Vec<PhaseBrief> {
    let tables = &context.scenario.phase;
    if tables.is_empty() {
        let help = "add one: `[[phase]]` with `name = \"steady\"` and `for = \"5s\"`";
        context.note(crate::Diagnostic::error("the scenario has no phase").help(help));
    }
    let mut phases: Vec<PhaseBrief> = Vec::new();
    let mut length = Duration::ZERO;
    for table in tables {
        context.check_name("phase", &table.name);
        if phases.iter().any(|phase| phase.name == table.name.value) {
            let noted =
                context.error(&table.name.span, format!("a second phase `{}`", table.name.escape_debug()));
            noted.help = Some("expectations name phases, so each needs its own name".to_owned());
        }
        if table.length.is_zero() {
            context
                .error(&table.length.span, format!("phase `{}` takes 0 s", table.name.escape_debug()))
                .help = Some("give it a length, such as `for = \"5s\"`, or leave it out".to_owned());
        }
        let before = length;
        length = length.saturating_add(*table.length.value);
        if before <= *LENGTH_MAX && length > *LENGTH_MAX {
            let message =
                format!("the run takes {} up to the end of this phase, allowed are 24 h", Timespan(length));
            context.error(&table.length.span, message);
        }
        check_settle(context, table);
        let during = Stretch { from: Moment::after_epoch(before), to: Moment::after_epoch(length) };
        phases.push(PhaseBrief { name: table.name.value.clone(), during });
    }
    phases
}

fn check_settle(context: &mut Context<'_>, table: &crate::file::PhaseTable) {
    let length = table.length.value;
    if let Some(settle) = table.settle.as_ref().filter(|settle| settle.value >= length && !length.is_zero()) {
        let message = format!("`settle` of {} leaves nothing of a phase of {length}", settle.value);
        context.error(&settle.span, message).help = Some("make it shorter than the phase".to_owned());
    }
}
