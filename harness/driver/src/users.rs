//! Closed-loop users: each waits for its answer before it asks again.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use evidence::Tag;
use tokio::sync::Notify;
use units::Moment;

use crate::exchange_log::ExchangeLog;
use crate::job::{Finished, Job, User};
use crate::prepare::Part;

/// How long a user waits after a request that got no answer, so that a gateway that refuses is not hammered.
const AFTER_FAILURE: Duration = Duration::from_millis(10);

/// How long a user waits after an answer that took no time, as can be in the simulated world only: asking again at
/// the same moment would keep time from passing.
const AFTER_NO_TIME: Duration = Duration::from_millis(1);

/// The closed-loop users of one thread.
pub(crate) struct Users {
    part: Part,
    log: Rc<ExchangeLog>,
    /// Those who have not left yet.
    present: Cell<usize>,
    /// Requests that they made so far.
    asked: Cell<u64>,
    /// Those who wait, by when they ask again, and by the order in which they began to wait.
    waiting: RefCell<BinaryHeap<Reverse<(Moment, u64, User)>>>,
    waits: Cell<u64>,
    /// Told when somebody asks again before all others who wait.
    sooner: Notify,
}

/// What a user does next.
enum Turn {
    Asks(Job),
    Waits(User, Moment),
    Leaves,
}

impl Users {
    /// The users of this part of the load, all of whom are about to ask.
    pub(crate) fn new(part: &Part, log: &Rc<ExchangeLog>) -> Self {
        let users = Users {
            part: part.clone(),
            log: log.clone(),
            present: Cell::default(),
            asked: Cell::default(),
            waiting: RefCell::default(),
            waits: Cell::default(),
            sooner: Notify::new(),
        };
        let all = part.prepared.closed.iter().enumerate();
        let all = all.flat_map(|(class, closed)| (0..closed.users).map(move |_| User { class, stretch: 0 }));
        for user in all.skip(part.index).step_by(part.of) {
            users.present.set(users.present.get() + 1);
            users.wait(user, Moment::EPOCH);
        }
        users
    }

    /// True once all have left.
    pub(crate) fn are_gone(&self) -> bool {
        self.present.get() == 0
    }

    /// The next request of the user whose request is over; `None` if there was no user, or the user waits or leaves.
    pub(crate) fn next(&self, finished: Finished) -> Option<Job> {
        let user = finished.user?;
        let closed = &self.part.prepared.closed[user.class];
        let seed = self.part.prepared.seed;
        let thinks = closed.think.map_or(Duration::ZERO, |think| think.after(seed, finished.tag));
        let pause = thinks.max(match finished {
            Finished { answered: false, .. } => AFTER_FAILURE,
            Finished { took_time: false, .. } => AFTER_NO_TIME,
            Finished { .. } => Duration::ZERO,
        });
        if pause.is_zero() {
            return self.turn(user, finished.done);
        }
        let until = finished.done + pause;
        // Whoever would think beyond the end has no more to ask, and the run need not wait.
        if closed.during.last().is_none_or(|last| last.to <= until) {
            self.leave();
        } else {
            self.wait(user, until);
        }
        None
    }

    /// A request of a user who has waited until `now`; `None` if nobody has.
    pub(crate) fn due(&self, now: Moment) -> Option<Job> {
        loop {
            let (_, _, user) = {
                let mut waiting = self.waiting.borrow_mut();
                waiting.peek().filter(|Reverse((until, ..))| *until <= now)?;
                waiting.pop()?.0
            };
            if let Some(job) = self.turn(user, now) {
                return Some(job);
            }
        }
    }

    /// When the next of those who wait asks again.
    pub(crate) fn next_due(&self) -> Option<Moment> {
        self.waiting.borrow().peek().map(|Reverse((until, ..))| *until)
    }

    /// Waits until somebody asks again sooner than was known.
    pub(crate) async fn sooner(&self) {
        self.sooner.notified().await;
    }

    fn wait(&self, user: User, until: Moment) {
        if self.next_due().is_none_or(|next| until < next) {
            self.sooner.notify_one();
        }
        let number = self.waits.get();
        self.waits.set(number + 1);
        self.waiting.borrow_mut().push(Reverse((until, number, user)));
    }

    fn turn(&self, user: User, now: Moment) -> Option<Job> {
        match self.decide(user, now) {
            Turn::Asks(job) => return Some(job),
            Turn::Waits(user, until) => self.wait(user, until),
            Turn::Leaves => self.leave(),
        }
        None
    }

    fn leave(&self) {
        self.present.set(self.present.get() - 1);
    }

    fn decide(&self, mut user: User, now: Moment) -> Turn {
        let closed = &self.part.prepared.closed[user.class];
        while let Some(stretch) = closed.during.get(user.stretch) {
            if now < stretch.from {
                return Turn::Waits(user, stretch.from);
            }
            if now < stretch.to {
                let Some(tag) = self.next_tag() else {
                    return Turn::Leaves;
                };
                let template = self.part.template(closed.class);
                self.log.admit();
                return Turn::Asks(Job::new(&self.log, template, tag, closed.class, now, Some(user)));
            }
            user.stretch += 1;
        }
        Turn::Leaves
    }

    /// The next tag of this part: after those of the schedule, every n-th, so that no thread waits for another and the
    /// tags of all parts together stay dense.
    fn next_tag(&self) -> Option<Tag> {
        let (prepared, of) = (&self.part.prepared, self.part.of as u64);
        let number = self.asked.get().checked_mul(of)?.checked_add(self.part.index as u64)?;
        if number >= prepared.closed_exchanges_max {
            return None;
        }
        self.asked.set(self.asked.get() + 1);
        Some(Tag(prepared.schedule.len() as u64 + number))
    }
}
