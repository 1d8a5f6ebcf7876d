//! What a person sees while a run goes on: a live view on a terminal, a line a phase elsewhere.

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use reports::escape;
use run::{Progress, Stage};
use tokio_util::sync::CancellationToken;
use units::Moment;

use crate::output::complain;

/// How often the view is drawn.
const STEP: Duration = Duration::from_millis(100);

/// Over how many steps the rate is shown: 1 s.
const RATE_STEPS: usize = 10;

const INTERRUPTED: &str = "interrupted: ending in order, to judge what there is; Ctrl-C again ends at once";

/// Shows the progress of a run until it is dropped.
pub(crate) struct Shown {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    /// Starts to show `progress`; a quiet one shows nothing.
    pub(crate) fn start(
        progress: &Arc<Progress>,
        simulated: bool,
        quiet: bool,
        interrupt: &CancellationToken,
    ) -> Self {
        if quiet {
            return Shown { stop: None, thread: None };
        }
        let (stop, stopped) = channel();
        let (progress, interrupt) = (progress.clone(), interrupt.clone());
        let mut view: Box<dyn View> = if std::io::stderr().is_terminal() {
            Box::new(Live::new(&progress, simulated))
        } else {
            complain(&opening(&progress, simulated));
            Box::new(Lines { phase: None, interrupted: false })
        };
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                view.step(&progress, interrupt.is_cancelled());
            }
            // A run that ends in less than a step has still to say why.
            if interrupt.is_cancelled() {
                view.step(&progress, true);
            }
            view.end();
        });
        Shown { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A view that panicked is no reason to lose the run.
            let _ = thread.join();
        }
    }
}

/// What is said before there is anything to count.
fn opening(progress: &Progress, simulated: bool) -> String {
    if simulated {
        let seconds = progress.length.as_secs_f64();
        return format!(
            "simulating {seconds:.1} s of {}: no sockets, no waiting",
            escape::name(&progress.scenario)
        );
    }
    format!("starting gateway {} …", progress.gateway)
}

trait View: Send {
    fn step(&mut self, progress: &Progress, interrupted: bool);
    fn end(&mut self) {}
}

/// One line when a phase begins.
struct Lines {
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

/// Two lines that are drawn again and again: where the run is, and what was counted. What matters most comes first,
/// since a narrow terminal cuts the rest.
struct Live {
    bar: ProgressBar,
    simulated: bool,
    opening: String,
    /// Requests sent at the last steps.
    sent: VecDeque<u64>,
}

impl Live {
    fn new(progress: &Progress, simulated: bool) -> Self {
        let template =
            if simulated { "{spinner} {wide_msg}" } else { "{prefix} {wide_bar:.cyan/dim}\n{wide_msg}" };
        let style = ProgressStyle::with_template(template)
            .expect("the template is well-formed")
            .progress_chars("━╸─");
        let bar = ProgressBar::new(progress.length.as_millis() as u64).with_style(style);
        Live { bar, simulated, opening: opening(progress, simulated), sent: VecDeque::new() }
    }

    /// Requests sent in the last second, or since the run began if that is less.
    fn rate(&mut self, sent: u64) -> f64 {
        self.sent.push_back(sent);
        if self.sent.len() > RATE_STEPS + 1 {
            self.sent.pop_front();
        }
        let steps = self.sent.len().saturating_sub(1).max(1);
        let first = self.sent.front().copied().unwrap_or(sent);
        (sent - first) as f64 / (STEP.as_secs_f64() * steps as f64)
    }
}

impl View for Live {
    fn step(&mut self, progress: &Progress, interrupted: bool) {
        let counts = progress.live.progress();
        let counted = format!("{} failed  {} skipped  {} sent", counts.failed, counts.skipped, counts.sent);
        if self.simulated {
            let seconds = progress.length.as_secs_f64();
            self.bar.set_message(format!("simulating {seconds:.1} s  {counted}"));
            return self.bar.tick();
        }
        let Some(now) = progress.now().filter(|_| progress.stage() != Stage::Starting) else {
            self.bar.set_prefix(self.opening.clone());
            return self.bar.tick();
        };
        let elapsed = now.since(Moment::EPOCH).min(progress.length);
        let left = progress.length.saturating_sub(elapsed).as_secs_f64().ceil();
        let rate = self.rate(counts.sent);
        let phase = progress.phase().map_or(progress.stage().word(), |index| &progress.phases[index].0);
        self.bar.set_prefix(escape::plain(phase, 24));
        self.bar.set_position(elapsed.as_millis() as u64);
        self.bar.set_message(if interrupted {
            INTERRUPTED.to_owned()
        } else {
            format!("{left:.0} s left  {rate:.0}/s  {counted}  {} in flight", counts.in_flight)
        });
    }

    fn end(&mut self) {
        self.bar.finish_and_clear();
    }
}
