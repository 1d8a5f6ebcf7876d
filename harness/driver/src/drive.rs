//! Sends one part of the load on time.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use evidence::{Recorder, Tag};
use net::{Timer, World};
use tokio_util::sync::CancellationToken;
use units::Moment;

use crate::exchange_log::ExchangeLog;
use crate::live::{Live, Totals};
use crate::prepare::Part;
use crate::sender::Sender;
use crate::users::Users;

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
    let timer = world.timer();
    let record = part.prepared.record.as_ref();
    let log = Rc::new(ExchangeLog::new(world.clone(), &recorder, live, part.in_flight_max(), record));
    drop(recorder);
    let users = Rc::new(Users::new(&part, &log));
    let sender = Sender::new(&part, world, timer.clone(), &log, &users);
    let closing = Closing(sender.clone());
    pace(&part, &timer, &log, &users, &sender, &stop).await;
    drop(closing);
    sender.ended().await;
    log.totals()
}

/// Ends the tasks also if the future is dropped before its end.
struct Closing(Rc<Sender>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Sends what the schedule and the users have due, until all of it is over, or the end, or the stop.
async fn pace(
    part: &Part,
    timer: &Timer,
    log: &ExchangeLog,
    users: &Users,
    sender: &Rc<Sender>,
    stop: &CancellationToken,
) {
    let mut due = part.prepared.schedule.iter().zip(0..).skip(part.index).step_by(part.of).peekable();
    let mut flush_at = log.now() + FLUSH_EVERY;
    let mut stopped = std::pin::pin!(stop.cancelled());
    loop {
        let now = log.now();
        while let Some(job) = users.due(now) {
            sender.dispatch(job);
        }
        while let Some((due, number)) = due.next_if(|(due, _)| due.at <= now) {
            sender.send(Tag(number), due.class, due.at);
        }
        if now >= flush_at {
            log.flush();
            flush_at = now + FLUSH_EVERY;
            sender.reap();
        }
        let next = due.peek().map(|(due, _)| due.at);
        if next.is_none() && log.is_quiet() && users.are_gone() || now >= part.end {
            return;
        }
        let wake_at = [next, users.next_due(), Some(flush_at), Some(part.end)].into_iter().flatten().min();
        tokio::select! {
            biased;
            () = &mut stopped => return,
            () = log.quiet(), if next.is_none() => {}
            () = users.sooner() => {}
            () = timer.sleep_until(wake_at.unwrap_or(Moment::NEVER)) => {}
        }
    }
}
