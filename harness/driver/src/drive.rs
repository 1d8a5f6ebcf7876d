//! Sends one part of the load on time.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use evidence::{Recorder, Tag};
use net::World;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use units::Moment;

use crate::worker::Worker;
use crate::{Live, Part, Totals, users};

/// How often what was recorded is handed over, so that a killed run loses little.
const FLUSH_EVERY: Duration = Duration::from_millis(250);

/// Sends `part` of the load, and returns when all of it is over or its end has come.
///
/// What is then still under way is recorded as unfinished, so that every request that was due is on record exactly
/// once. If `stop` is cancelled, it ends in the same way at once, and what was not due yet is not recorded.
///
/// The epoch of `world` must have been set. Runs on a [`tokio::task::LocalSet`] of a current-thread runtime; in the
/// real world each part has its own thread.
///
/// # Panics
/// Outside of a `LocalSet`.
pub async fn drive(
    world: World,
    part: Part,
    recorder: Recorder,
    live: Arc<Live>,
    stop: CancellationToken,
) -> Totals {
    let worker = Rc::new(Worker::new(world, part, &recorder, live));
    drop(recorder);
    let closing = Closing(worker.clone());
    users::start(&worker);
    pace(&worker, &stop).await;
    drop(closing);
    let mut tasks = worker.tasks.take();
    while let Some(ended) = tasks.join_next().await {
        pass_on_panic(ended);
    }
    worker.totals.get()
}

/// Ends the tasks also if the future is dropped before its end.
struct Closing(Rc<Worker>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
        self.0.tasks.borrow_mut().abort_all();
    }
}

async fn pace(worker: &Rc<Worker>, stop: &CancellationToken) {
    let part = &worker.part;
    let mut due = part.prepared.schedule.iter().zip(0..).skip(part.index).step_by(part.of).peekable();
    let mut flush_at = worker.now() + FLUSH_EVERY;
    let mut stopped = std::pin::pin!(stop.cancelled());
    loop {
        let now = worker.now();
        while let Some((due, number)) = due.next_if(|(due, _)| due.at <= now) {
            worker.send(Tag(number), due.class, due.at);
        }
        if now >= flush_at {
            worker.sheet.borrow_mut().flush();
            flush_at = now + FLUSH_EVERY;
            reap(worker);
        }
        let next = due.peek().map(|(due, _)| due.at);
        if next.is_none() && worker.is_quiet() || now >= part.end {
            return;
        }
        let wake_at = next.unwrap_or(Moment::NEVER).min(flush_at).min(part.end);
        tokio::select! {
            biased;
            () = &mut stopped => return,
            () = worker.quiet.notified(), if next.is_none() => {}
            () = worker.timer.sleep_until(wake_at) => {}
        }
    }
}

/// Forgets tasks that are over.
fn reap(worker: &Worker) {
    let mut tasks = worker.tasks.borrow_mut();
    while let Some(ended) = tasks.try_join_next() {
        pass_on_panic(ended);
    }
}

/// A panic in a task is a mistake of the driver, which must not look like a gateway that does not answer.
fn pass_on_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}
