//! What a person sees while a run goes on: a live view on a terminal, a line every few seconds elsewhere.

mod frame;
mod lines;
mod live;
mod strips;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use reports::escape;
use run::Progress;
use tokio_util::sync::CancellationToken;

use crate::output::complain;
use lines::Lines;
use live::Live;

/// How often the view is drawn.
const STEP: Duration = Duration::from_millis(100);

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
        // Between lines of a log, what is redrawn in place could not be read.
        let is_alone = !tracing::enabled!(tracing::Level::INFO);
        let mut view: Box<dyn View> = if std::io::stderr().is_terminal() && is_alone {
            Box::new(Live::new(&progress, simulated))
        } else {
            complain(&opening(&progress, simulated));
            Box::new(Lines::default())
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
