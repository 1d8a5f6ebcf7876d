//! A gateway that runs inside of this process, and how it is stopped.

use std::future::pending;
use std::thread;
use std::time::Duration;

use net::Timer;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

/// How long it may take to stop in order.
const STOP: Duration = Duration::from_secs(2);

/// A gateway that runs inside of this process. Dropping it stops it.
pub struct InProcess {
    cancel: DropGuard,
    /// Resolves when it has ended; an error says that it panicked.
    ended: oneshot::Receiver<String>,
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

impl InProcess {
    /// A gateway on a thread of its own, which sends its last words when `cancel` or a mishap ends it.
    pub(crate) fn thread(
        thread: thread::JoinHandle<()>,
        cancel: CancellationToken,
        ended: oneshot::Receiver<String>,
        timer: Timer,
    ) -> Self {
        InProcess { cancel: cancel.drop_guard(), ended, timer, host: Host::Thread(thread) }
    }

    /// A gateway that is a task of the current runtime.
    pub(crate) fn task(
        task: tokio::task::JoinHandle<()>,
        cancel: CancellationToken,
        ended: oneshot::Receiver<String>,
        timer: Timer,
    ) -> Self {
        InProcess {
            cancel: cancel.drop_guard(),
            ended,
            timer,
            host: Host::Task(AbortOnDropHandle::new(task)),
        }
    }

    /// Waits until it ends by itself, and says how; for ever once it has said so.
    pub(crate) async fn ended(&mut self) -> String {
        if self.ended.is_terminated() {
            pending::<()>().await;
        }
        (&mut self.ended).await.unwrap_or_else(|_| "it panicked".into())
    }

    /// Stops it: in order within 2 s, else by force. A thread can't be forced; it is left behind with a warning.
    pub(crate) async fn stop(mut self) {
        drop(self.cancel);
        let ended = self.ended.is_terminated()
            || self.timer.until(self.timer.now() + STOP, &mut self.ended).await.is_some();
        match self.host {
            // Its runtime has let go of every task by now, so that joining takes no time.
            Host::Thread(thread) if ended => drop(thread.join()),
            Host::Thread(_) => tracing::warn!("the reference gateway's thread did not stop within {STOP:?}"),
            Host::Task(task) => drop(task),
        }
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
        let (cancel, (say_ended, ended)) = (CancellationToken::new(), oneshot::channel::<String>());
        let token = cancel.clone();
        let task = tokio::task::spawn_local(async move {
            let _say_ended = say_ended;
            what(token).await;
        });
        InProcess::task(task, cancel, ended, world.timer())
    }

    #[test]
    fn a_gateway_that_panics_has_ended_and_can_still_be_stopped() {
        simulate(|world| async move {
            let mut gateway = in_process(&world, |_| async { panic!("on purpose") });
            assert_eq!(gateway.ended().await, "it panicked");
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
