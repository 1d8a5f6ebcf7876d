//! Progress where nobody watches, such as in CI: one line when a phase begins.

use reports::escape;
use run::{Progress, Stage};

use super::{INTERRUPTED, View};
use crate::output::complain;

/// What was said already.
#[derive(Default)]
pub(super) struct Lines {
    phase: Option<usize>,
    interrupted: bool,
}

impl View for Lines {
    fn step(&mut self, progress: &Progress, interrupted: bool) {
        if interrupted && !self.interrupted {
            complain(&INTERRUPTED);
            self.interrupted = true;
        }
        let phase = progress.phase();
        if progress.stage() != Stage::Running || phase == self.phase {
            return;
        }
        if let Some(index) = phase {
            let (name, during) = &progress.phases[index];
            let counts = progress.live.progress();
            let so_far = format!("{} sent, {} failed so far", counts.sent, counts.failed);
            complain(&format_args!("{during}  {}  ({so_far})", escape::name(name)));
            self.phase = phase;
        }
    }
}
