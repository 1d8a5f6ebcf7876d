//! The gateway's own access log of a made run.

use evidence::{LogLine, Logged, Tag};

use super::Run;

impl Run {
    /// The log of the calls so far; `written` gives what an honest line became.
    pub fn logged(mut self, written: impl Fn(LogLine) -> Vec<LogLine>) -> Self {
        let (_, ledger) = self.build();
        let honest = |entry: evidence::Entry<'_>| LogLine {
            kind: Logged::Line,
            tag: entry.exchange.tag,
            status: Some(u64::from(entry.exchange.status)),
            attempts: Some(entry.attempts.len() as u64),
            reason: None,
        };
        self.evidence.log_lines.extend(ledger.entries().map(honest).flat_map(written));
        self
    }

    /// Lines may be missing in the log.
    pub fn log_lacks(mut self, why: &str) -> Self {
        let reason = Some(why.into());
        self.evidence.log_lines.push(LogLine {
            kind: Logged::Lacking,
            tag: Tag(0),
            status: None,
            attempts: None,
            reason,
        });
        self
    }
}
