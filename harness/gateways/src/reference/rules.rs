//! The rules of a breaker as this gateway applies them: the policy's, with its own defaults filled in.

use std::time::Duration;

use policy::{AllOut, Breaker, FailureClass, RetryOn, Trip, WayBack};
use units::Moment;

use super::attempt::Failure;

/// The longest `Retry-After` that is obeyed, so that a backend can't take itself out for ever.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// When a backend is left alone, for how long, and how it comes back.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) trip: Trip,
    /// What counts as a failure; everything else counts as a success.
    pub(crate) fails: Vec<FailureClass>,
    pub(crate) open_for: Duration,
    /// Whether the open time is multiplied by the number of the opening in a row.
    pub(crate) open_grows: bool,
    pub(crate) open_max: Duration,
    /// An open time ends only at a multiple of this, counted from the gateway's start.
    pub(crate) tick: Option<Duration>,
    pub(crate) way_back: WayBack,
    pub(crate) probes: u16,
    pub(crate) retry_after: bool,
    /// One breaker for all backends.
    pub(crate) whole_pool: bool,
    /// Instances of the gateway that count for themselves.
    pub(crate) workers: u32,
    /// The largest share of the backends that is out at a time.
    pub(crate) out_max: f64,
    pub(crate) all_out: AllOut,
    /// For how long a backend keeps its traffic once there is a reason to open: no time unless a defect sets one.
    pub(crate) lag: Duration,
    /// Whether the breaker of the next backend opens with each that opens: only a defect's does.
    pub(crate) takes_the_next: bool,
    /// The share of its turns that a backend gets once it is back: 1 unless a defect holds some back.
    pub(crate) back_share: f64,
    /// How often it may open at all: no bound unless a defect sets one.
    pub(crate) openings_max: u32,
    /// Whether the result of a probe is heard: only a defect is deaf to it.
    pub(crate) hears_probes: bool,
    /// What becomes of the result of a request whose client went away: nobody knows it, unless a defect does.
    pub(crate) aborts_fail: bool,
}

impl Rules {
    pub(crate) fn new(declared: &Breaker) -> Self {
        let mut fails = declared.fails.clone();
        if fails.is_empty() {
            fails.extend(FailureClass::USUAL);
            // A backend that says for how long it wants to be left alone is to be left alone.
            fails.extend(declared.retry_after.then_some(FailureClass::One(RetryOn::Status(429))));
        }
        Rules {
            trip: declared.trip,
            fails,
            open_for: declared.open_for.0,
            open_grows: declared.open_grows,
            open_max: declared.open_max.map_or(Duration::MAX, Duration::from),
            tick: declared.tick.map(Duration::from),
            way_back: declared.way_back.unwrap_or(WayBack::Probe),
            probes: declared.probes.unwrap_or(1).max(1),
            retry_after: declared.retry_after,
            whole_pool: !declared.scope.is_backend(),
            workers: declared.workers.max(1),
            out_max: declared.out_max.map_or(1.0, units::Share::get),
            all_out: declared.all_out.unwrap_or(AllOut::Shed),
            lag: Duration::ZERO,
            takes_the_next: false,
            back_share: 1.0,
            openings_max: u32::MAX,
            hears_probes: true,
            aborts_fail: false,
        }
    }

    /// True if an answer with this status is a failure.
    pub(crate) fn fail_status(&self, status: u16) -> bool {
        self.fails.iter().any(|class| class.takes_status(status))
    }

    /// True if it is a failure that an attempt brought no whole answer. What is not HTTP is as good as a reset.
    pub(crate) fn fail_without_answer(&self, failure: Failure) -> bool {
        let condition = match failure {
            Failure::Connect => RetryOn::ConnectFailure,
            Failure::Reset | Failure::Invalid => RetryOn::Reset,
            Failure::PerTry | Failure::Total => RetryOn::Timeout,
        };
        self.fails.contains(&FailureClass::One(condition))
    }

    /// How long the opening of this number in a row lasts, from 1, where the backend asked for `retry_after`.
    fn open_time(&self, in_a_row: u32, retry_after: Option<Duration>) -> Duration {
        if let Some(asked) = retry_after.filter(|_| self.retry_after) {
            return asked.min(RETRY_AFTER_MAX);
        }
        let times = if self.open_grows { in_a_row.max(1) } else { 1 };
        self.open_for.saturating_mul(times).min(self.open_max.max(self.open_for))
    }

    /// Until when it stays open. `born` is the start of the gateway, from which ticks are counted.
    pub(crate) fn open_until(
        &self,
        (born, now): (Moment, Moment),
        in_a_row: u32,
        retry_after: Option<Duration>,
    ) -> Moment {
        let until = now + self.open_time(in_a_row, retry_after);
        let Some(tick) = self.tick.map(|tick| tick.as_nanos()).filter(|tick| *tick > 0) else {
            return until;
        };
        let late = (tick - until.since(born).as_nanos() % tick) % tick;
        until + u64::try_from(late).map_or(Duration::MAX, Duration::from_nanos)
    }

    /// How much of its turns a backend gets that came back so long ago.
    pub(crate) fn share_after(&self, back_for: Duration) -> f64 {
        let ramped = match self.way_back {
            WayBack::Ramp(length) if !length.is_zero() => back_for.as_secs_f64() / length.as_secs_f64(),
            _ => 1.0,
        };
        ramped.min(self.back_share).min(1.0)
    }
}
