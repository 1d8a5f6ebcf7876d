//! Ctrl-C: once ends the run in order and judges what there is, twice ends it at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The two tokens, and the thread that listens for signals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupts {
    /// The first signal: end in order.
    pub(crate) interrupt: CancellationToken,
    /// The second: end at once.
    pub(crate) abort: CancellationToken,
}

/// Listens for SIGINT, SIGTERM and SIGHUP from now on.
pub(crate) fn listen() -> std::io::Result<Interrupts> {
    let interrupts = Interrupts::default();
    let tokens = interrupts.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal)
    };
    let listening = async move {
        let [Ok(interrupt), Ok(terminate), Ok(hangup)] = &mut signals else {
            return tracing::warn!(
                "signals can't be listened for: Ctrl-C will end brownout without a report"
            );
        };
        for token in [&tokens.interrupt, &tokens.abort] {
            tokio::select! {
                biased;
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            token.cancel();
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listening))?;
    Ok(interrupts)
}
