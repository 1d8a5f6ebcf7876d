//! Closed-loop users: each waits for its answer before it asks again.

use std::rc::Rc;
use std::time::Duration;

use evidence::Tag;
use units::Moment;

use crate::job::{Finished, Job};
use crate::worker::Worker;

/// How long a user waits after a request that got no answer, so that a gateway that refuses is not hammered.
const AFTER_FAILURE: Duration = Duration::from_millis(10);

/// How long a user waits after an answer that took no time, as can be in the simulated world only: asking again at
/// the same moment would keep time from passing.
const AFTER_NO_TIME: Duration = Duration::from_millis(1);

/// One user of a closed-loop class.
#[derive(Clone, Copy)]
pub(crate) struct User {
    /// The class, by its index among the closed-loop ones.
    class: usize,
    /// The stretch that the user is in, or waits for.
    stretch: usize,
}

/// What a user does next.
enum Turn {
    Asks(Job),
    Waits(User, Moment),
    Leaves,
}

/// Starts the users of this part of the load.
pub(crate) fn start(worker: &Rc<Worker>) {
    let mut number = 0;
    for (class, closed) in worker.part.prepared.closed.iter().enumerate() {
        for _ in 0..closed.users {
            if number % worker.part.of == worker.part.index {
                worker.users.set(worker.users.get() + 1);
                go_on(worker, User { class, stretch: 0 });
            }
            number += 1;
        }
    }
}

/// The next request of the user whose request is over; nothing if there was no user, or the user waits or leaves.
pub(crate) fn next(worker: &Rc<Worker>, finished: Finished) -> Option<Job> {
    let user = finished.user?;
    let pause = match finished {
        Finished { answered: false, .. } => AFTER_FAILURE,
        Finished { took_time: false, .. } => AFTER_NO_TIME,
        Finished { .. } => {
            return match turn(worker, user) {
                Turn::Asks(job) => Some(job),
                Turn::Waits(user, until) => wait(worker, user, until),
                Turn::Leaves => leave(worker),
            };
        }
    };
    wait(worker, user, worker.now() + pause)
}

fn go_on(worker: &Rc<Worker>, user: User) {
    match turn(worker, user) {
        Turn::Asks(job) => worker.dispatch(job),
        Turn::Waits(user, until) => drop(wait(worker, user, until)),
        Turn::Leaves => drop(leave(worker)),
    }
}

fn wait(worker: &Rc<Worker>, user: User, until: Moment) -> Option<Job> {
    let waiting = worker.clone();
    worker.spawn(async move {
        waiting.timer.sleep_until(until).await;
        go_on(&waiting, user);
    });
    None
}

fn leave(worker: &Worker) -> Option<Job> {
    worker.users.set(worker.users.get() - 1);
    worker.look_whether_quiet();
    None
}

fn turn(worker: &Rc<Worker>, mut user: User) -> Turn {
    let closed = &worker.part.prepared.closed[user.class];
    let now = worker.now();
    while let Some(stretch) = closed.during.get(user.stretch) {
        if now < stretch.from {
            return Turn::Waits(user, stretch.from);
        }
        if now < stretch.to {
            let Some(tag) = next_tag(worker) else {
                return Turn::Leaves;
            };
            return Turn::Asks(worker.admit(tag, closed.class, now, Some(user)));
        }
        user.stretch += 1;
    }
    Turn::Leaves
}

/// The next tag of this part: after those of the schedule, every n-th, so that no thread waits for another and the
/// tags of all parts together stay dense.
fn next_tag(worker: &Worker) -> Option<Tag> {
    let (prepared, of) = (&worker.part.prepared, worker.part.of as u64);
    let number = worker.closed_exchanges.get().checked_mul(of)?.checked_add(worker.part.index as u64)?;
    if number >= prepared.closed_exchanges_max {
        return None;
    }
    worker.closed_exchanges.set(worker.closed_exchanges.get() + 1);
    Some(Tag(prepared.schedule.len() as u64 + number))
}
