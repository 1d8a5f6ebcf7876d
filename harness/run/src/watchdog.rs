//! Notes when the machine itself stalls, so that brownout never blames a gateway for its own jitter.

use std::time::Duration;

use evidence::{Hiccup, Recorder};
use net::World;
use tokio_util::sync::CancellationToken;

/// How often it wants to wake.
const STEP: Duration = Duration::from_millis(2);

/// Lateness from which a wake-up counts as a hiccup: a few times what an idle machine shows.
const NOTICEABLE: Duration = Duration::from_millis(1);

/// Watches until `stop`.
pub(crate) async fn watch(world: World, recorder: Recorder, stop: CancellationToken) {
    // Simulated time never stalls, and waking 500 times a second would only slow it down.
    if world.is_simulated() {
        return stop.cancelled().await;
    }
    let timer = world.timer();
    let mut hiccups = recorder.sheet();
    let mut flushed = timer.now();
    while !stop.is_cancelled() {
        let due = timer.now() + STEP;
        timer.sleep_until(due).await;
        let woken = timer.now();
        let late = woken.since(due);
        if late >= NOTICEABLE && due.is_in_run() {
            hiccups.push(Hiccup { at: due, length: late.as_nanos() as u64 });
        }
        if woken.since(flushed) > Duration::from_millis(250) {
            hiccups.flush();
            flushed = woken;
        }
    }
}
