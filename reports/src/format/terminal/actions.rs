//! What was done to the gateway, one line each.

use comfy_table::Cell;

use super::dim;
use crate::Report;
use crate::actions::ACTIONS_MAX;
use crate::text::Page;

/// The lines; nothing where no action was planned.
pub(super) fn lines(page: Page, report: &Report) -> String {
    if report.actions.is_empty() {
        return String::new();
    }
    let row =
        |action: &crate::ActionRow| vec![dim("action"), Cell::new(action.name()), Cell::new(action.words())];
    format!("\n{}", page.columns(0, report.actions.iter().take(ACTIONS_MAX).map(row)))
}
