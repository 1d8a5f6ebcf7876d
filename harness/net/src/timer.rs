//! Waking up at a moment, more finely than tokio's millisecond wheel.

use units::Moment;

use crate::real::Alarm;
use crate::world::World;

/// Wakes tasks of one runtime at given moments.
#[derive(Clone)]
pub struct Timer {
    world: World,
    /// Present in the real world, but where the system has no descriptor left for it.
    alarm: Option<Alarm>,
}

impl Timer {
    pub(crate) fn new(world: &World) -> Self {
        let alarm = if world.is_simulated() { None } else { alarm() };
        Timer { world: world.clone(), alarm }
    }

    /// The time since the epoch.
    pub fn now(&self) -> Moment {
        self.world.now()
    }

    /// Waits until `moment` has come; at once if it has.
    #[expect(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
    pub async fn sleep_until(&self, moment: Moment) {
        if let Some(alarm) = &self.alarm {
            return alarm.at(self.world.clock.raw_at(moment)).await;
        }
        let length = moment.since(self.world.now());
        if length.is_zero() {
            return;
        }
        match self.world.clock.hourglass() {
            Some(hourglass) => hourglass.sleep(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)).await,
            None => tokio::time::sleep(length).await,
        }
    }

    /// Waits for `length`.
    pub async fn sleep(&self, length: std::time::Duration) {
        self.sleep_until(self.now() + length).await;
    }

    /// Runs `future` until `moment` at most; nothing if it was not done by then.
    pub async fn until<F: Future>(&self, moment: Moment, future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = self.sleep_until(moment) => None,
        }
    }
}

/// The kernel's timer. Without it tokio's own, in steps of a millisecond, wakes late; and that shows as lag.
fn alarm() -> Option<Alarm> {
    Alarm::start().inspect_err(|error| tracing::warn!(%error, "no fine timer can be had")).ok()
}
