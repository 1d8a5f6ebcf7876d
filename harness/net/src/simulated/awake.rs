//! A future that is polled only when itself was woken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Polls the future within only when it was woken. The first future of a `LocalSet` is polled whenever any of its tasks
/// is, and a whole run waits for ten things at once.
pub(crate) struct WhenWoken<F> {
    future: Pin<Box<F>>,
    bell: Option<Arc<Bell>>,
}

struct Bell {
    rung: AtomicBool,
    outer: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.outer.wake_by_ref();
    }
}

impl<F: Future> WhenWoken<F> {
    pub(crate) fn new(future: F) -> Self {
        WhenWoken { future: Box::pin(future), bell: None }
    }
}

impl<F: Future> Future for WhenWoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let outer = cx.waker();
        let bell = self.bell.take().filter(|bell| bell.outer.will_wake(outer));
        let bell =
            bell.unwrap_or_else(|| Arc::new(Bell { rung: AtomicBool::new(true), outer: outer.clone() }));
        let rung = bell.rung.swap(false, Ordering::Acquire);
        let waker = rung.then(|| Waker::from(bell.clone()));
        self.bell = Some(bell);
        match waker {
            Some(waker) => self.future.as_mut().poll(&mut Context::from_waker(&waker)),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use super::*;

    #[test]
    fn what_is_within_is_polled_at_first_and_then_when_it_was_woken() {
        let (polls, waker) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(None::<Waker>)));
        let within = std::future::poll_fn({
            let (polls, waker) = (polls.clone(), waker.clone());
            move |cx| {
                polls.set(polls.get() + 1);
                *waker.borrow_mut() = Some(cx.waker().clone());
                if polls.get() < 3 { Poll::Pending } else { Poll::Ready(()) }
            }
        });
        let mut future = Box::pin(WhenWoken::new(within));
        let mut poll = |outer: &Waker| future.as_mut().poll(&mut Context::from_waker(outer)).is_ready();
        let (one, other) = (Waker::noop(), Waker::from(Arc::new(Silent)));
        assert!(!poll(one) && !poll(one) && polls.get() == 1);
        waker.borrow().as_ref().unwrap().wake_by_ref();
        assert!(!poll(one) && !poll(one) && polls.get() == 2);
        // Another outer waker: what is within has to learn whom to wake.
        assert!(poll(&other) && polls.get() == 3);
    }

    struct Silent;

    impl Wake for Silent {
        fn wake(self: Arc<Self>) {}
    }
}
