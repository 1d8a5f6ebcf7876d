//! Whether this process may open as many files and sockets as a run can need: told before the run, because in the middle
//! of it the lack of one looks like a gateway that refuses or hangs.

use scenario::Plan;

use crate::error::RunError;

/// Event loops, timers, tables, pipes and the sockets of the status page: counted, and doubled.
const BESIDE: u64 = 64;

/// Raises the limit as far as the system allows, and fails if even so it is lower than `plan` can need.
pub(crate) fn provide(plan: &Plan) -> Result<(), RunError> {
    net::raise_descriptor_limit();
    let needed = needed(plan);
    match net::descriptor_limit() {
        Some(found) if found < needed => Err(RunError::Descriptors { found, needed }),
        _ => Ok(()),
    }
}

/// Each request under way holds two ends of its connection to the gateway, or one where that end is another process's;
/// and likewise of the gateway's connection to a backend.
fn needed(plan: &Plan) -> u64 {
    let inside = plan.gateway.contract().can_be_simulated();
    let ends = if inside { 4 } else { 2 };
    plan.driver.connections_needed() * ends + plan.pool.backends.len() as u64 + BESIDE
}
