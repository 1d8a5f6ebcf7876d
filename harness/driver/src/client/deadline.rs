//! The deadline of whatever a connection carries, at next to no cost a request.
//!
//! Deadlines mostly move later, request by request. So one sleep is kept, until an earlier one of them; only when it
//! ends is the true deadline looked at. It has a waker of its own that notes that it was woken: asking the sleep each time
//! the connection's task runs would go through the timer's queue each time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use net::Timer;
use units::Moment;

/// Tells a connection's task that a deadline has passed.
pub(crate) struct Deadline {
    timer: Timer,
    sleep: Option<Sleep>,
}

struct Sleep {
    until: Moment,
    future: Pin<Box<dyn Future<Output = ()>>>,
    waker: Arc<SleepWaker>,
}

/// Wakes the connection's task, and notes that it was the sleep that woke it.
struct SleepWaker {
    woken: AtomicBool,
    task: Waker,
}

impl Wake for SleepWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl Deadline {
    pub(crate) fn new(timer: Timer) -> Self {
        Deadline { timer, sleep: None }
    }

    /// Ready once `deadline` has passed.
    pub(crate) fn poll(&mut self, cx: &Context<'_>, deadline: Moment) -> Poll<()> {
        if self.sleep.as_ref().is_some_and(|sleep| sleep.until > deadline) {
            self.sleep = None;
        }
        loop {
            let sleep = self.sleep.get_or_insert_with(|| Sleep::start(&self.timer, deadline, cx));
            // Asked for each request, and hardly ever true: reading is cheaper than exchanging.
            if !sleep.waker.woken.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            sleep.waker.woken.store(false, Ordering::Release);
            let waker = Waker::from(sleep.waker.clone());
            if sleep.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                return Poll::Pending;
            }
            let until = sleep.until;
            self.sleep = None;
            if until >= deadline {
                return Poll::Ready(());
            }
        }
    }
}

impl Sleep {
    /// A sleep that has yet to be polled: it counts as having been woken.
    fn start(timer: &Timer, until: Moment, cx: &Context<'_>) -> Self {
        let timer = timer.clone();
        let waker = Arc::new(SleepWaker { woken: AtomicBool::new(true), task: cx.waker().clone() });
        Sleep { until, future: Box::pin(async move { timer.sleep_until(until).await }), waker }
    }
}
