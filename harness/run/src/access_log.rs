//! The gateway's own access log, read into the evidence once the gateway has ended.

use evidence::{LogLine, Logged, Recorder, RunNonce, Tag};
use gateways::{LogReader, Told};

/// Records the lines that have one of the run's tags in them. `left_out` bytes of what the gateway printed were not kept.
pub(crate) fn record(log: LogReader, left_out: u64, (recorder, nonce): (&Recorder, RunNonce)) {
    let mut sheet = recorder.sheet();
    let lacking = log.read(left_out, |line, told| {
        let Some(tag) = Tag::find_in(line, nonce) else { return };
        let kind = if told.is_some() { Logged::Line } else { Logged::Other };
        let Told { status, attempts, reason } = told.unwrap_or_default();
        let (status, attempts) = (status.map(u64::from), attempts.map(u64::from));
        sheet.push(LogLine { kind, tag, status, attempts, reason: reason.map(Into::into) });
    });
    if let Some(why) = lacking {
        tracing::warn!("{why}");
        let (kind, tag) = (Logged::Lacking, Tag(0));
        sheet.push(LogLine { kind, tag, status: None, attempts: None, reason: Some(why.into()) });
    }
}
