//! Where a part of the harness runs: on a thread of its own, or among the tasks of the simulation.

use net::World;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::error::RunError;

/// The output of a part, once it is over; an error if it panicked.
pub(crate) type Output<T> = oneshot::Receiver<T>;

/// Starts a part: in the real world on its own thread with a current-thread runtime, so that no part waits for
/// another's work; in the simulated world on the one thread that there is.
pub(crate) fn spawn<M, F>(world: &World, part: &'static str, make: M) -> Result<Output<F::Output>, RunError>
where
    M: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    if world.is_simulated() {
        tokio::task::spawn_local(async move { sender.send(make().await).ok() });
        return Ok(receiver);
    }
    let refused = |source| RunError::Part { part, source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
    let body = move || {
        let output = LocalSet::new().block_on(&runtime, async { make().await });
        sender.send(output).ok();
    };
    std::thread::Builder::new().name(part.into()).spawn(body).map_err(refused)?;
    Ok(receiver)
}
