//! Sleeping with the kernel's precision: one `timerfd` under the reactor, and a queue of who sleeps until when.
//!
//! Tokio's own timer works in steps of a millisecond, which was measured to put 0.75 ms between due and sent.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The alarm of one runtime. Its queue's lock is only ever taken by that runtime's own thread.
#[derive(Clone)]
pub(crate) struct Alarm(Arc<Shared>);

struct Shared {
    fd: Arc<AsyncFd<OwnedFd>>,
    sleepers: Mutex<Sleepers>,
    ringing: tokio::task::AbortHandle,
}

#[derive(Default)]
struct Sleepers {
    /// By deadline in nanoseconds of `CLOCK_MONOTONIC`, then by number.
    queue: BTreeMap<(i64, u64), Waker>,
    next: u64,
    /// What the kernel's timer is set to.
    armed: Option<i64>,
}

impl Alarm {
    #[expect(
        deprecated,
        reason = "an `OwnedFd` keeps its descriptor open and never swaps it, as the unsafe successor demands"
    )]
    pub(crate) fn start() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let fd = Arc::new(AsyncFd::with_interest(fd, Interest::READABLE)?);
        Ok(Alarm(Arc::new_cyclic(|shared| {
            let ringing = tokio::spawn(ring(fd.clone(), shared.clone())).abort_handle();
            Shared { fd, sleepers: Mutex::default(), ringing }
        })))
    }

    /// Sleeps until `deadline`, in nanoseconds of `CLOCK_MONOTONIC`.
    pub(crate) fn at(&self, deadline: i64) -> Sleep {
        Sleep { shared: self.0.clone(), deadline, queued: None }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.ringing.abort();
    }
}

/// Wakes those whose deadline has come, each time that the kernel's timer fires.
async fn ring(fd: Arc<AsyncFd<OwnedFd>>, shared: Weak<Shared>) {
    while let Ok(mut ready) = fd.readable().await {
        let mut expirations = [0; 8];
        // A read that would block only means that the timer was set anew meanwhile.
        let _ = ready.try_io(|fd| rustix::io::read(fd, &mut expirations).map_err(Into::into));
        let Some(shared) = shared.upgrade() else { return };
        for waker in shared.due() {
            waker.wake();
        }
    }
}

fn now() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

impl Shared {
    fn due(&self) -> Vec<Waker> {
        let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        let later = sleepers.queue.split_off(&(now() + 1, 0));
        let due = std::mem::replace(&mut sleepers.queue, later);
        sleepers.armed = None;
        self.arm(&mut sleepers);
        due.into_values().collect()
    }

    fn arm(&self, sleepers: &mut Sleepers) {
        let Some((&(deadline, _), _)) = sleepers.queue.first_key_value() else {
            return;
        };
        if sleepers.armed.is_some_and(|armed| armed <= deadline) {
            return;
        }
        // An all-zero value would switch the timer off.
        let at = deadline.max(1);
        let value = Timespec { tv_sec: at / 1_000_000_000, tv_nsec: at % 1_000_000_000 };
        let spec = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::ABSTIME, &spec)
            .expect("the timer takes any time");
        sleepers.armed = Some(deadline);
    }
}

/// Sleeps until its deadline; leaves the queue when dropped.
pub(crate) struct Sleep {
    shared: Arc<Shared>,
    deadline: i64,
    queued: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if now() >= self.deadline {
            return Poll::Ready(());
        }
        let shared = self.shared.clone();
        let mut sleepers = shared.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.queued.unwrap_or_else(|| {
            sleepers.next += 1;
            sleepers.next
        });
        self.queued = Some(number);
        sleepers.queue.insert((self.deadline, number), cx.waker().clone());
        shared.arm(&mut sleepers);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.queued {
            let mut sleepers = self.shared.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
            sleepers.queue.remove(&(self.deadline, number));
        }
    }
}
