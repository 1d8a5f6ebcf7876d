//! Keeps a connection's task from being woken by itself.
//!
//! hyper passes a response from one half of a connection to the other through a channel, which wakes the task that
//! is running already: it would be polled once more for nothing, for each request. So the halves are polled with a
//! waker that takes a wake during a turn as a wish for another turn at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Turns that a task takes before it lets others have theirs: a gateway that sends without end keeps asking for more.
const TURNS_MAX: usize = 8;

/// The wakers of one connection's task.
#[derive(Default)]
pub(crate) struct Turns {
    current: Option<(Arc<Inner>, Waker)>,
}

struct Inner {
    task: Waker,
    running: AtomicBool,
    again: AtomicBool,
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.running.load(Ordering::Acquire) {
            self.again.store(true, Ordering::Release);
        } else {
            self.task.wake_by_ref();
        }
    }
}

impl Turns {
    /// Polls `step` until it is ready, or until nothing that it is made of asked for another turn meanwhile. After a few
    /// turns the task is woken to go on later.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &Context<'_>,
        mut step: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let current = self.current.take().filter(|(inner, _)| inner.task.will_wake(cx.waker()));
        let (inner, waker) = current.unwrap_or_else(|| {
            let inner = Arc::new(Inner {
                task: cx.waker().clone(),
                running: AtomicBool::new(false),
                again: AtomicBool::new(false),
            });
            (inner.clone(), Waker::from(inner))
        });
        let mut taken = 0;
        let result = loop {
            taken += 1;
            inner.again.store(false, Ordering::Release);
            inner.running.store(true, Ordering::Release);
            let result = step(&mut Context::from_waker(&waker));
            inner.running.store(false, Ordering::Release);
            if result.is_ready() || !inner.again.load(Ordering::Acquire) {
                break result;
            }
            if taken == TURNS_MAX {
                inner.task.wake_by_ref();
                break result;
            }
        };
        self.current = Some((inner, waker));
        result
    }
}
