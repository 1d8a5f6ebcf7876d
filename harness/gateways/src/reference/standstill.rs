//! Defects at work: times in which the gateway does nothing at all.

use std::cell::Cell;
use std::time::Duration;

use net::Timer;
use units::Moment;

use super::settings::{Settings, Slip};

/// How long it does nothing.
const FOR: Duration = Duration::from_millis(300);

/// How long it works in between, at the least.
const MOVES_FOR: Duration = Duration::from_millis(700);

/// Until when the gateway stands still.
pub(crate) struct Standstill {
    now_and_then: bool,
    on_failure: bool,
    until: Cell<Moment>,
}

impl Standstill {
    /// A correct gateway never does.
    pub(crate) fn new(settings: &Settings, born: Moment) -> Self {
        Standstill {
            now_and_then: settings.slips(Slip::FreezesNowAndThen),
            on_failure: settings.slips(Slip::FreezesOnFailure),
            until: Cell::new(born),
        }
    }

    /// An attempt has failed.
    pub(crate) fn note_failure(&self, now: Moment) {
        // One that fails meanwhile does not prolong it, or it would never end.
        if self.on_failure && now > self.until.get() + MOVES_FOR {
            self.until.set(now + FOR);
        }
    }

    /// Waits until the gateway moves again.
    pub(crate) async fn over(&self, timer: &Timer) {
        let now = timer.now();
        if self.now_and_then && now > self.until.get() + MOVES_FOR {
            self.until.set(now + FOR);
        }
        if now < self.until.get() {
            timer.sleep_until(self.until.get()).await;
        }
    }
}
