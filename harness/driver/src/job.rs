//! A request that is due, until it is over. Whatever happens to it, it is recorded exactly once.

use std::rc::Rc;

use evidence::{BodyCheck, Disclosed, Exchange, NO_BACKEND, Outcome, Tag, TagEcho};
use units::Moment;

use crate::exchange_log::ExchangeLog;
use crate::template::Template;

/// A request on its way. Dropping it records it as unfinished.
pub(crate) struct Job {
    /// What is known about it so far.
    pub(crate) exchange: Exchange,
    /// Which of the gateway's addresses it goes to.
    pub(crate) target: usize,
    /// Whether it may be carried by a connection that has carried others.
    pub(crate) keep_alive: bool,
    /// The closed-loop user who waits for it.
    user: Option<User>,
    log: Rc<ExchangeLog>,
    over: bool,
}

/// One user of a closed-loop class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct User {
    /// The class, by its index among the closed-loop ones.
    pub(crate) class: usize,
    /// The stretch that the user is in, or waits for.
    pub(crate) stretch: usize,
}

/// What the next request of the same user depends on.
#[derive(Clone, Copy)]
pub(crate) struct Finished {
    pub(crate) user: Option<User>,
    pub(crate) tag: Tag,
    /// When it was over.
    pub(crate) done: Moment,
    /// False if it was over at the moment at which it was sent, as can be in the simulated world.
    pub(crate) took_time: bool,
    /// False if no response head arrived.
    pub(crate) answered: bool,
}

impl Job {
    /// A request of `class`, whose requests are made from `template`.
    pub(crate) fn new(
        log: &Rc<ExchangeLog>,
        template: &Template,
        tag: Tag,
        class: u16,
        due: Moment,
        user: Option<User>,
    ) -> Self {
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
            request_bytes: template.body_bytes,
            request_hash: template.body_hash,
            body_bytes: 0,
            body_hash: None,
            retry_after: None,
            echo: TagEcho::Absent,
            body: BodyCheck::Unknown,
            held: 0,
            disclosed: Disclosed::Unknown,
        };
        let Template { target, keep_alive, .. } = *template;
        Job { exchange, target, keep_alive, user, log: log.clone(), over: false }
    }

    /// Notes when its first byte left. A closed-loop user decides when its request is due, and that is now.
    pub(crate) fn sent_at(&mut self, sent: Moment) {
        self.exchange.sent = sent;
        if self.user.is_some() {
            self.exchange.due = sent;
        }
    }

    /// Records it as over.
    pub(crate) fn finish(&mut self, outcome: Outcome, done: Moment) -> Finished {
        self.close(outcome, done);
        Finished {
            user: self.user,
            tag: self.exchange.tag,
            done,
            took_time: done > self.exchange.sent,
            answered: self.exchange.status != 0,
        }
    }

    fn close(&mut self, outcome: Outcome, done: Moment) {
        self.exchange.outcome = outcome;
        self.exchange.done = done;
        self.over = true;
        self.log.record(&self.exchange);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if !self.over {
            self.close(Outcome::Unfinished, self.log.now());
        }
    }
}
