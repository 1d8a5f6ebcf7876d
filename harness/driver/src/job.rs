//! A request that is due, until it is over. Whatever happens to it, it is recorded exactly once.

use std::rc::Rc;

use evidence::{BodyCheck, Exchange, NO_BACKEND, Outcome, Tag, TagEcho};
use units::Moment;

use crate::template::Template;
use crate::users::User;
use crate::worker::Worker;

/// A request on its way. Dropping it records it as unfinished.
pub(crate) struct Job {
    /// What is known about it so far.
    pub(crate) exchange: Exchange,
    /// The closed-loop user who waits for it.
    pub(crate) user: Option<User>,
    worker: Rc<Worker>,
    over: bool,
}

impl Job {
    pub(crate) fn new(worker: Rc<Worker>, tag: Tag, class: u16, due: Moment, user: Option<User>) -> Self {
        let exchange = Exchange {
            tag,
            class,
            due,
            sent: due,
            first_byte: None,
            done: due,
            outcome: Outcome::Unfinished,
            status: 0,
            backend: NO_BACKEND,
            attempt: 0,
            connection: 0,
            nth: 0,
            request_bytes: worker.template(class).body_bytes,
            request_hash: Some(worker.template(class).body_hash),
            body_bytes: 0,
            body_hash: None,
            echo: TagEcho::Absent,
            body: BodyCheck::Unknown,
        };
        Job { exchange, user, worker, over: false }
    }

    /// The fixed parts of its request.
    pub(crate) fn template(&self) -> &Template {
        self.worker.template(self.exchange.class)
    }

    /// Notes when its first byte left. A closed-loop user decides when its request is due, and that is now.
    pub(crate) fn sent_at(&mut self, sent: Moment) {
        self.exchange.sent = sent;
        if self.user.is_some() {
            self.exchange.due = sent;
        }
    }

    /// Records it as over.
    pub(crate) fn finish(mut self, outcome: Outcome, done: Moment) -> Finished {
        self.close(outcome, done);
        Finished {
            user: self.user,
            took_time: done > self.exchange.sent,
            answered: self.exchange.status != 0,
        }
    }

    fn close(&mut self, outcome: Outcome, done: Moment) {
        self.exchange.outcome = outcome;
        self.exchange.done = done;
        self.over = true;
        self.worker.record(&self.exchange);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if !self.over {
            let now = self.worker.now();
            self.close(Outcome::Unfinished, now);
        }
    }
}

/// What the next request of the same user depends on.
#[derive(Clone, Copy)]
pub(crate) struct Finished {
    pub(crate) user: Option<User>,
    /// False if it was over at the moment at which it was sent, as can be in the simulated world.
    pub(crate) took_time: bool,
    /// False if no response head arrived.
    pub(crate) answered: bool,
}
