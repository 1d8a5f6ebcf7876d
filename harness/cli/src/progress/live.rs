//! Progress on a terminal: where the run is, what is on and what comes of it, and a line for each backend, drawn again and
//! again. It is cleared when the run ends, however it ends; the cursor stays as it is.

use std::collections::VecDeque;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use reports::escape;
use run::{Progress, Stage};
use units::Moment;

use super::frame::Frame;
use super::strips::Strips;
use super::{INTERRUPTED, STEP, View, opening};
use crate::output::bars;

/// Over how many steps the rate is shown: 1 s.
const RATE_STEPS: usize = 10;

/// The most backends that get a line.
const BACKENDS_MAX: usize = 8;

/// What is drawn.
pub(super) struct Live {
    bars: &'static MultiProgress,
    bar: ProgressBar,
    /// The lines of a frame.
    lines: Vec<ProgressBar>,
    backends: Vec<ProgressBar>,
    strips: Strips,
    simulated: bool,
    opening: String,
    /// Requests sent at the last steps.
    sent: VecDeque<u64>,
}

impl Live {
    pub(super) fn new(progress: &Progress, simulated: bool) -> Self {
        let template = if simulated { "{spinner} {wide_msg}" } else { "{prefix} {wide_bar:.cyan/dim}" };
        let bars = bars();
        let bar = ProgressBar::new(progress.length.as_millis() as u64);
        let bar = bars.add(bar.with_style(style(template).progress_chars("━╸─")));
        // Simulated time is not the reader's: there is nothing to watch.
        let line = |_| bars.add(ProgressBar::no_length().with_style(style("{wide_msg}")));
        let lines = (0..if simulated { 0 } else { Frame::LINES }).map(line).collect();
        let watched = if simulated { 0 } else { progress.backends.len().min(BACKENDS_MAX) };
        let width = progress.backends.iter().take(watched).map(|name| name.chars().count()).max();
        let backend = |name: &String| {
            let name = format!("{:width$}", escape::plain(name, 24), width = width.unwrap_or(0).min(24));
            bars.add(ProgressBar::no_length().with_style(style("{prefix}  {wide_msg}")).with_prefix(name))
        };
        Live {
            backends: progress.backends.iter().take(watched).map(backend).collect(),
            strips: Strips::new(progress.backends.len(), progress.length),
            bars,
            bar,
            lines,
            simulated,
            opening: opening(progress, simulated),
            sent: VecDeque::new(),
        }
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

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are well-formed")
}

impl View for Live {
    fn step(&mut self, progress: &Progress, interrupted: bool) {
        let counts = progress.live.progress();
        if self.simulated {
            let (seconds, sent) = (progress.length.as_secs_f64(), counts.sent);
            self.bar.set_message(format!("simulating {seconds:.1} s  {sent} sent  {} failed", counts.failed));
            return self.bar.tick();
        }
        let Some(now) = progress.now().filter(|_| progress.stage() != Stage::Starting) else {
            self.bar.set_prefix(self.opening.clone());
            return self.bar.tick();
        };
        let elapsed = now.since(Moment::EPOCH).min(progress.length);
        let phase = progress.phase().map_or(progress.stage().word(), |index| &progress.phases[index].0);
        self.bar.set_prefix(escape::plain(phase, 24));
        self.bar.set_position(elapsed.as_millis() as u64);
        let frame = Frame {
            left: progress.length.saturating_sub(elapsed),
            rate: self.rate(counts.sent),
            counts,
            on: progress.faults_on(now).collect(),
            sight: progress.sight(now),
        };
        let mut lines = frame.lines();
        if interrupted {
            INTERRUPTED.clone_into(&mut lines[0]);
        }
        for (bar, line) in self.lines.iter().zip(lines) {
            bar.set_message(line);
        }
        self.strips.note(elapsed, &progress.attempts());
        for (index, backend) in self.backends.iter().enumerate() {
            backend.set_message(self.strips.line(index));
        }
    }

    fn end(&mut self) {
        // Nothing can be done for a terminal that is gone.
        let _ = self.bars.clear();
    }
}
