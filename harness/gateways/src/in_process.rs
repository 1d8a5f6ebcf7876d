//! A gateway that runs inside of this process: how it is watched, acted on and stopped.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::path::Path;
use std::pin::Pin;
use std::thread;
use std::time::Duration;

use net::Timer;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

use crate::acts::{Acts, Doing, NotDone};

/// How long it may take to stop in order.
const STOP: Duration = Duration::from_secs(2);

/// Orders that may wait for it; more wait for room.
const ORDERS: usize = 16;

/// A gateway that runs inside of this process. Dropping it stops it.
pub struct InProcess {
    cancel: DropGuard,
    /// Resolves when it has ended; an error says that it panicked.
    ended: RefCell<oneshot::Receiver<String>>,
    orders: mpsc::Sender<Order>,
    timer: Timer,
    host: Host,
}

/// Where it runs.
enum Host {
    /// On a thread with a runtime of its own, so that it does not share an event loop with the driver.
    Thread(thread::JoinHandle<()>),
    /// As a task of the current runtime.
    Task(AbortOnDropHandle<()>),
}

/// What it is told to do, and where it says that it has.
pub(crate) struct Order {
    pub(crate) what: What,
    pub(crate) done: oneshot::Sender<Result<(), NotDone>>,
}

/// What it can be told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// To use these backends only, by their index.
    Reload(Vec<usize>),
    /// To begin anew, and lose nothing of what is under way.
    Restart,
    /// To break off all at once, and to begin anew so much later.
    Kill(Duration),
}

/// The gateway's own ends of what it is held by.
pub(crate) struct Reins {
    /// Ends it.
    pub(crate) cancel: CancellationToken,
    /// Where it sends its last words.
    pub(crate) say_ended: oneshot::Sender<String>,
    /// What it is told to do.
    pub(crate) orders: mpsc::Receiver<Order>,
}

/// Our ends of the same.
pub(crate) struct Hold {
    cancel: CancellationToken,
    ended: oneshot::Receiver<String>,
    orders: mpsc::Sender<Order>,
}

/// What a gateway is held by, at both ends.
pub(crate) fn reins() -> (Reins, Hold) {
    let cancel = CancellationToken::new();
    let (say_ended, ended) = oneshot::channel();
    let (give, orders) = mpsc::channel(ORDERS);
    let reins = Reins { cancel: cancel.clone(), say_ended, orders };
    (reins, Hold { cancel, ended, orders: give })
}

impl InProcess {
    /// A gateway on a thread of its own.
    pub(crate) fn thread(thread: thread::JoinHandle<()>, hold: Hold, timer: Timer) -> Self {
        Self::on(Host::Thread(thread), hold, timer)
    }

    /// A gateway that is a task of the current runtime.
    pub(crate) fn task(task: tokio::task::JoinHandle<()>, hold: Hold, timer: Timer) -> Self {
        Self::on(Host::Task(AbortOnDropHandle::new(task)), hold, timer)
    }

    fn on(host: Host, hold: Hold, timer: Timer) -> Self {
        let Hold { cancel, ended, orders } = hold;
        InProcess { cancel: cancel.drop_guard(), ended: RefCell::new(ended), orders, timer, host }
    }

    /// Waits until it ends by itself, and says how; for ever once it has said so. One may wait at a time.
    pub(crate) async fn ended(&self) -> String {
        if self.ended.borrow().is_terminated() {
            pending::<()>().await;
        }
        let ended = poll_fn(|cx| Pin::new(&mut *self.ended.borrow_mut()).poll(cx)).await;
        ended.unwrap_or_else(|_| "it panicked".into())
    }

    /// Stops it: in order within 2 s, else by force. A thread can't be forced; it is left behind with a warning.
    pub(crate) async fn stop(self) {
        drop(self.cancel);
        let mut ended = self.ended.into_inner();
        let ended =
            ended.is_terminated() || self.timer.until(self.timer.now() + STOP, &mut ended).await.is_some();
        match self.host {
            // Its runtime has let go of every task by now, so that joining takes no time.
            Host::Thread(thread) if ended => drop(thread.join()),
            Host::Thread(_) => tracing::warn!("the reference gateway's thread did not stop within {STOP:?}"),
            Host::Task(task) => drop(task),
        }
    }

    fn order(&self, what: What) -> Doing<'_> {
        Box::pin(async move {
            let (done, told) = oneshot::channel();
            let gone = || NotDone::Down("it has ended".into());
            self.orders.send(Order { what, done }).await.map_err(|_| gone())?;
            told.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}

impl Acts for InProcess {
    fn reload<'a>(&'a self, _: Option<&'a Path>, backends: &'a [usize]) -> Doing<'a> {
        self.order(What::Reload(backends.to_vec()))
    }

    fn restart(&self) -> Doing<'_> {
        self.order(What::Restart)
    }

    fn kill(&self, restart_after: Duration) -> Doing<'_> {
        self.order(What::Kill(restart_after))
    }
}

#[cfg(test)]
mod tests {
    use net::{World, simulate};

    use super::*;

    /// A gateway that does `what`, and holds on to the sender of its last words until then.
    fn in_process<F: Future>(
        world: &World,
        what: impl FnOnce(CancellationToken) -> F + 'static,
    ) -> InProcess {
        let (Reins { cancel, say_ended, orders }, hold) = reins();
        let task = tokio::task::spawn_local(async move {
            let _held = (say_ended, orders);
            what(cancel).await;
        });
        InProcess::task(task, hold, world.timer())
    }

    #[test]
    fn a_gateway_that_panics_has_ended_and_can_still_be_stopped() {
        simulate(|world| async move {
            let gateway = in_process(&world, |_| async { panic!("on purpose") });
            assert_eq!(gateway.ended().await, "it panicked");
            assert_eq!(gateway.restart().await, Err(NotDone::Down("it has ended".into())));
            gateway.stop().await;
        });
    }

    #[test]
    fn a_gateway_is_stopped_in_order_and_by_force_where_that_takes_too_long() {
        simulate(|world| async move {
            let begun = world.now();
            in_process(&world, |token| async move { token.cancelled().await }).stop().await;
            assert_eq!(world.now(), begun);
            in_process(&world, |_| pending::<()>()).stop().await;
            assert_eq!(world.now().since(begun).as_millis(), STOP.as_millis());
        });
    }
}
