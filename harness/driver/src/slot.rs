//! Where a connection that waits for work is handed a job: a cell and a waker, which costs less than a channel.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};

use crate::job::Job;

/// The place where one idle connection is given its next job.
#[derive(Default)]
pub(crate) struct Slot {
    job: Cell<Option<Job>>,
    /// The connection is to make room for another.
    leaving: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Slot {
    pub(crate) fn give(&self, job: Job) {
        self.job.set(Some(job));
        self.wake();
    }

    /// Asks the connection to close.
    pub(crate) fn dismiss(&self) {
        self.leaving.set(true);
        self.wake();
    }

    pub(crate) fn take(&self) -> Option<Job> {
        self.job.take()
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.get()
    }

    /// Wakes this task when there is something to do.
    pub(crate) fn watch(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        match &mut *waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => *waker = Some(cx.waker().clone()),
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}
