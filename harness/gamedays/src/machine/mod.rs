//! The world as it is: this machine's clock, its programs, its network, and runs in this process.

mod asking;
mod programs;
mod runs;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use net::World;
use tokio_util::sync::CancellationToken;

use crate::environment::{Environment, Errand, Pending, Question, Ran, RunEnd, RunOrder, Underway};

/// What is said of everything that was given up.
const GIVEN_UP: &str = "it was ended at once, by hand";

/// This machine.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Cancelled when whoever began the day wants it ended at once.
    pub abort: CancellationToken,
}

impl Environment for Machine {
    fn now(&self) -> Timestamp {
        // A clock that shows a year which the calendar does not have is as good as none.
        World::real().wall_clock().try_into().unwrap_or_default()
    }

    fn pause(&self, time: Duration) {
        // Nobody unparks it; one that wakes up early looks once more.
        std::thread::park_timeout(time);
    }

    fn ask(&self, question: &Question) -> Pending<Result<u16, String>> {
        let (question, abort) = (question.clone(), self.abort.clone());
        apart("asking", move || {
            blocking(async |world| {
                let answer = abort.run_until_cancelled(asking::ask(world, question)).await;
                answer.unwrap_or_else(|| Err(GIVEN_UP.to_owned()))
            })
        })
    }

    fn execute(&self, errand: &Errand) -> Pending<Result<Ran, String>> {
        let (errand, abort) = (errand.clone(), self.abort.clone());
        apart("program", move || blocking(async |world| programs::execute(world, errand, &abort).await))
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn begin(&self, order: &RunOrder<'_>) -> Result<Box<dyn Underway>, String> {
        runs::begin(order, &self.abort)
    }

    fn judge(&self, dir: &Path) -> RunEnd {
        runs::judge(dir)
    }

    fn is_given_up(&self) -> bool {
        self.abort.is_cancelled()
    }

    fn secret(&self, variable: &str) -> Option<String> {
        std::env::var(variable).ok().filter(|value| !value.is_empty())
    }
}

/// Does something on a thread of its own.
fn apart<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Pending<Result<T, String>> {
    let (sender, receiver): (_, Receiver<Result<T, String>>) = sync_channel(1);
    let body = move || {
        // Nobody waits any more where it was given up.
        let _ = sender.send(work());
    };
    let mut refused = std::thread::Builder::new().name(name.to_owned()).spawn(body).err();
    Box::new(move || {
        if let Some(error) = refused.take() {
            return Some(Err(error.to_string()));
        }
        match receiver.try_recv() {
            Ok(done) => Some(done),
            Err(std::sync::mpsc::TryRecvError::Empty) => None,
            Err(std::sync::mpsc::TryRecvError::Disconnected) => Some(Err("it ended unexpectedly".to_owned())),
        }
    })
}

/// Runs a future to its end on this thread.
fn blocking<T>(work: impl AsyncFnOnce(World) -> Result<T, String>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    // A name that is still being looked up when all is over is no reason to wait.
    let done = runtime.block_on(async { work(World::real()).await });
    runtime.shutdown_background();
    done
}
