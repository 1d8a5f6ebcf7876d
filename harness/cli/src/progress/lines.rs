//! Progress where nobody watches, such as in CI: a line when a phase begins, and every few seconds.

use reports::escape;
use run::{Progress, RECENT, Stage};
use units::Moment;

use super::frame::{failures, faults, recent};
use super::{INTERRUPTED, View};
use crate::output::complain;

/// What was said already.
#[derive(Default)]
pub(super) struct Lines {
    phase: Option<usize>,
    interrupted: bool,
    /// When the last line was.
    said: Option<Moment>,
}

impl View for Lines {
    fn step(&mut self, progress: &Progress, interrupted: bool) {
        if interrupted && !self.interrupted {
            complain(&INTERRUPTED);
            self.interrupted = true;
        }
        let (Some(now), Some(index)) = (progress.now(), progress.phase()) else { return };
        if progress.stage() != Stage::Running {
            return;
        }
        let (name, during) = &progress.phases[index];
        let sight = progress.sight(now);
        let on: Vec<_> = progress.faults_on(now).collect();
        let failed = failures(&sight.failures);
        if self.phase != Some(index) {
            let sent = progress.live.progress().sent;
            complain(&format_args!(
                "{during}  {}  ({sent} sent, {failed} so far); {}",
                escape::name(name),
                faults(&on)
            ));
        } else if self.said.is_none_or(|said| now.since(said) >= RECENT) {
            complain(&format_args!("{now}  {}; {failed}; {}", recent(&sight.recent), faults(&on)));
        } else {
            return;
        }
        (self.phase, self.said) = (Some(index), Some(now));
    }
}
