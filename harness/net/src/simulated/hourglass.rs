//! Simulated time: it stands still while anything is to be done, and then goes straight to the next moment that somebody waits for.
//!
//! Tokio's paused clock does that too, but its timers are in a wheel that is turned step by step, and each look at the time takes a lock.

use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Nanoseconds of the least that time moves by: moments between two of these are those of the next.
const STEP: i64 = 1000;

/// The time of one simulated world, and who waits for it.
#[derive(Default)]
pub(crate) struct Hourglass {
    /// In nanoseconds.
    now: AtomicI64,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// By moment; who waits for the same moment is woken in the order of asking.
    queue: BTreeMap<(i64, u64), Waker>,
    asked: u64,
}

impl Hourglass {
    /// Nanoseconds since the world began.
    pub(crate) fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    /// Waits for `nanos` from now.
    pub(crate) fn sleep(self: &Arc<Self>, nanos: i64) -> Sleep {
        let steps = nanos.max(0).saturating_add(STEP - 1) / STEP;
        let until = self.now().saturating_add(steps.saturating_mul(STEP));
        Sleep { hourglass: self.clone(), until, queued: None }
    }

    /// Goes to the next moment that somebody waits for, and wakes all who do. To be called when nothing else is left to do.
    pub(crate) fn turn(&self) {
        let Some(next) = self.waiting().queue.keys().next().map(|(moment, _)| *moment) else { return };
        self.now.store(next, Ordering::Relaxed);
        while let Some(waker) = self.due(next) {
            waker.wake();
        }
    }

    /// Takes the first who waits until `now` at most.
    fn due(&self, now: i64) -> Option<Waker> {
        let mut waiting = self.waiting();
        let first = waiting.queue.first_entry().filter(|entry| entry.key().0 <= now);
        first.map(OccupiedEntry::remove)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a moment of simulated time.
pub(crate) struct Sleep {
    hourglass: Arc<Hourglass>,
    until: i64,
    /// Its number, once it is in the queue.
    queued: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Sleep { hourglass, until, queued } = &mut *self;
        if hourglass.now() >= *until {
            *queued = None;
            return Poll::Ready(());
        }
        let mut waiting = hourglass.waiting();
        let number = *queued.get_or_insert_with(|| {
            waiting.asked += 1;
            waiting.asked
        });
        let before = waiting.queue.insert((*until, number), cx.waker().clone());
        drop(waiting);
        // Not while the queue is locked: what a waker owns may wait as well.
        drop(before);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.queued {
            let waker = self.hourglass.waiting().queue.remove(&(self.until, number));
            drop(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    /// Notes its number when it is woken.
    struct Noted(u32, Arc<Mutex<Vec<u32>>>);

    impl Wake for Noted {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    fn asks(sleep: &mut Pin<Box<Sleep>>, number: u32, woken: &Arc<Mutex<Vec<u32>>>) -> bool {
        let waker = Waker::from(Arc::new(Noted(number, woken.clone())));
        sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
    }

    #[test]
    fn sleepers_are_woken_by_moment_and_then_in_the_order_of_asking() {
        let (hourglass, woken) = (Arc::new(Hourglass::default()), Arc::default());
        let mut sleeps: Vec<_> =
            [2000, 1000, 2000, 1000].map(|nanos| Box::pin(hourglass.sleep(nanos))).into();
        // The third asks first.
        for index in [2, 0, 1, 3] {
            assert!(!asks(&mut sleeps[index], index as u32, &woken));
        }
        hourglass.turn();
        assert_eq!((hourglass.now(), woken.lock().unwrap().as_slice()), (1000, &[1, 3][..]));
        hourglass.turn();
        assert_eq!((hourglass.now(), woken.lock().unwrap().as_slice()), (2000, &[1, 3, 2, 0][..]));
        assert!(sleeps.iter_mut().all(|sleep| asks(sleep, 9, &woken)));
        // Nobody waits any more: time stands still.
        hourglass.turn();
        assert_eq!(hourglass.now(), 2000);
    }

    #[test]
    fn who_gave_up_keeps_no_time_and_who_asks_again_is_woken_once() {
        let (hourglass, woken) = (Arc::new(Hourglass::default()), Arc::default());
        let (mut given_up, mut kept) = (Box::pin(hourglass.sleep(1000)), Box::pin(hourglass.sleep(3000)));
        assert!(
            !asks(&mut given_up, 1, &woken) && !asks(&mut kept, 2, &woken) && !asks(&mut kept, 3, &woken)
        );
        drop(given_up);
        hourglass.turn();
        assert_eq!((hourglass.now(), woken.lock().unwrap().as_slice()), (3000, &[3][..]));
    }

    #[test]
    fn time_moves_by_whole_microseconds_and_never_too_little() {
        let hourglass = Arc::new(Hourglass::default());
        let until = |nanos| hourglass.sleep(nanos).until;
        assert_eq!([0, 1, 999, 1000, 1001].map(until), [0, 1000, 1000, 1000, 2000]);
        assert_eq!(until(i64::MAX) / STEP, i64::MAX / STEP);
    }

    #[test]
    fn a_waker_that_waits_itself_does_not_block_who_gives_up() {
        // A waker may own the future that it wakes, and with it another sleep of the same hourglass.
        struct Owner(Mutex<Option<Pin<Box<Sleep>>>>);
        impl Wake for Owner {
            fn wake(self: Arc<Self>) {
                drop(self.0.lock().unwrap().take());
            }
        }
        let hourglass = Arc::new(Hourglass::default());
        let mut inner = Box::pin(hourglass.sleep(1000));
        assert!(!asks(&mut inner, 1, &Arc::default()));
        let waker = Waker::from(Arc::new(Owner(Mutex::new(Some(inner)))));
        let mut outer = Box::pin(hourglass.sleep(2000));
        assert!(outer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        drop(outer);
        hourglass.turn();
        assert_eq!(hourglass.now(), 0, "nobody waits");
    }
}
