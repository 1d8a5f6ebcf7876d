//! The task of one connection: it opens it, carries request after request, and waits in between.

use std::io;
use std::rc::Rc;

use evidence::Outcome;

use crate::job::Job;
use crate::passage::{Idle, Passage};
use crate::slot::Slot;
use crate::users;
use crate::worker::{NextWaiting, Worker};

/// A place among the connections that may be open. Given back when dropped.
pub(crate) struct Lease(Rc<Worker>);

impl Lease {
    pub(crate) fn new(worker: Rc<Worker>) -> Self {
        worker.connection_begins();
        Lease(worker)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.connection_ended();
    }
}

/// Opens a connection for `job` and serves on it for as long as it lives.
pub(crate) async fn open(worker: Rc<Worker>, lease: Lease, job: Job) {
    let deadline = worker.now() + job.template().deadline;
    let connected = worker.timer.until(deadline, worker.world.connect(worker.part.prepared.target)).await;
    let passage = match connected {
        Some(Ok(stream)) => Passage::new(&worker, stream).await.map_err(|_| Outcome::ConnectFailed),
        Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Err(Outcome::ConnectRefused),
        Some(Err(error)) if net::is_own_limit(&error) => Err(Outcome::OwnLimit),
        Some(Err(_)) | None => Err(Outcome::ConnectFailed),
    };
    let left = match passage {
        Ok(passage) => serve(&worker, passage, job).await,
        Err(outcome) => {
            worker.sending();
            let finished = job.finish(outcome, worker.now());
            users::next(&worker, finished)
        }
    };
    // First the place, then who needs it.
    drop(lease);
    if let Some(job) = left {
        worker.dispatch(job);
    }
}

/// Carries requests until the connection ends. Returns the one that the next connection is to carry.
async fn serve(worker: &Rc<Worker>, mut passage: Passage, first: Job) -> Option<Job> {
    let slot = Rc::new(Slot::default());
    let mut job = first;
    loop {
        let (outcome, done, settle_by) = passage.carry(worker, &mut job).await;
        let finished = job.finish(outcome, done);
        let next = users::next(worker, finished);
        let Some(settle_by) = settle_by else { return next };
        if !passage.settle(settle_by).await {
            return next;
        }
        if let Some(next) = next {
            worker.queue(next);
        }
        job = match worker.next_waiting() {
            NextWaiting::Job(job) => job,
            NextWaiting::WantsRoom => return None,
            NextWaiting::None => {
                worker.becomes_idle(&slot);
                match passage.idle(&slot).await {
                    Idle::Job(job) => job,
                    Idle::Ended(left) => {
                        worker.is_no_longer_idle(&slot);
                        return left;
                    }
                }
            }
        };
    }
}
