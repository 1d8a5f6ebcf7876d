//! What a person sees while a run goes on: a bar on a terminal, a line a phase elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use run::{Progress, Stage};
use units::Moment;

use crate::output::complain;

/// How often the bar is drawn.
const STEP: Duration = Duration::from_millis(100);

/// Shows the progress of a run until it is dropped.
pub(crate) struct Shown {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    /// Starts to show `progress`; a quiet one shows nothing.
    pub(crate) fn start(progress: &Arc<Progress>, quiet: bool) -> Self {
        if quiet {
            return Shown { stop: None, thread: None };
        }
        let (stop, stopped) = channel();
        let progress = progress.clone();
        let bar = std::io::stderr().is_terminal().then(|| bar(&progress));
        let thread = std::thread::spawn(move || {
            let mut announced = None;
            while stopped.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                match &bar {
                    Some(bar) => draw(bar, &progress),
                    None => announce(&progress, &mut announced),
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        Shown { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A progress bar that panicked is no reason to lose the run.
            let _ = thread.join();
        }
    }
}

fn bar(progress: &Progress) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>12} {wide_bar:.cyan/dim} {msg}")
        .expect("the template is well-formed")
        .progress_chars("━╸─");
    ProgressBar::new(progress.length.as_millis() as u64).with_style(style)
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    let Some(now) = progress.now() else { return };
    let counts = progress.live.progress();
    let elapsed = now.since(Moment::EPOCH).min(progress.length);
    let left = progress.length.saturating_sub(elapsed).as_secs();
    let rate = counts.sent as f64 / elapsed.as_secs_f64().max(0.001);
    let phase = progress.phase().map_or(progress.stage().word(), |index| &progress.phases[index].0);
    bar.set_prefix(phase.to_owned());
    bar.set_position(elapsed.as_millis() as u64);
    bar.set_message(format!(
        "{rate:.0}/s  {} sent  {} failed  {} skipped  {left} s left",
        counts.sent, counts.failed, counts.skipped
    ));
}

/// One line when a phase begins.
fn announce(progress: &Progress, announced: &mut Option<usize>) {
    let phase = progress.phase();
    if progress.stage() != Stage::Running || phase == *announced {
        return;
    }
    if let Some(index) = phase {
        let (name, during) = &progress.phases[index];
        let counts = progress.live.progress();
        complain(&format_args!("{during}  {name}  ({} sent, {} failed so far)", counts.sent, counts.failed));
        *announced = phase;
    }
}
