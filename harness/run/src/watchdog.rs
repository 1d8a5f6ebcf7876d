//! Notes when the machine or a thread of brownout's own stalls, so that brownout never blames a gateway for its own jitter.

use std::time::Duration;

use evidence::{Hiccup, Recorder};
use net::World;
use tokio_util::sync::CancellationToken;
use units::Moment;

/// How often it wants to wake.
const STEP: Duration = Duration::from_millis(2);

/// Lateness from which a wake-up counts as a hiccup: a few times what an idle machine shows.
const NOTICEABLE: Duration = Duration::from_millis(1);

/// Watches the thread that it is called on, until `stop` or the end of that thread. A thread of its own sees the machine's
/// stalls; beside the backends or the driver, it also sees when they have more to do than they can: a handshake or an
/// answer that comes late for that is not the gateway's.
pub(crate) fn beside(world: &World, recorder: &Recorder, stop: &CancellationToken) {
    if !world.is_simulated() {
        tokio::task::spawn_local(watch(world.clone(), recorder.clone(), stop.clone()));
    }
}

/// Watches until `stop`.
pub(crate) async fn watch(world: World, recorder: Recorder, stop: CancellationToken) {
    // Simulated time never stalls, and waking 500 times a second would only slow it down.
    if world.is_simulated() {
        return stop.cancelled().await;
    }
    let timer = world.timer();
    let mut hiccups = recorder.sheet();
    let mut flushed = timer.now();
    // From one waking to the next, so that a stall is seen wherever it meets this loop: also between two lines of it.
    let mut awake = timer.now();
    while !stop.is_cancelled() {
        timer.sleep_until(awake + STEP).await;
        let woken = timer.now();
        if let Some(hiccup) = hiccup(awake, woken) {
            hiccups.push(hiccup);
        }
        if woken.since(flushed) > Duration::from_millis(250) {
            hiccups.flush();
            flushed = woken;
        }
        awake = woken;
    }
}

/// The stall between two wakings, if it is one and reaches into the run. It covers all of the time in which the
/// watchdog was not awake, so that nothing that the stall touched lies outside of it.
fn hiccup(awake: Moment, woken: Moment) -> Option<Hiccup> {
    let late = woken.since(awake + STEP);
    (late >= NOTICEABLE && woken.is_in_run()).then(|| {
        let at = awake.max(Moment::EPOCH);
        Hiccup { at, length: woken.since(at).as_nanos() as u64 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(micros: i64) -> Moment {
        Moment(micros * 1000)
    }

    #[test]
    fn a_stall_is_covered_from_the_last_moment_awake_to_the_next() {
        let stall = hiccup(moment(10_000), moment(210_000)).unwrap();
        assert_eq!((stall.at, stall.length), (moment(10_000), 200_000_000));
    }

    #[test]
    fn waking_a_little_late_is_no_stall() {
        assert_eq!(hiccup(moment(10_000), moment(12_999)), None);
        assert!(hiccup(moment(10_000), moment(13_000)).is_some());
    }

    #[test]
    fn of_a_stall_over_the_epoch_the_part_in_the_run_counts() {
        let stall = hiccup(moment(-50_000), moment(30_000)).unwrap();
        assert_eq!((stall.at, stall.length), (Moment::EPOCH, 30_000_000));
        assert_eq!(hiccup(moment(-50_000), moment(-1)), None);
    }
}
