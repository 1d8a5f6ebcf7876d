//! The timeline as the conduct writes it: a step that can't be written ends the day in order, and never keeps it from being
//! undone.

use std::io;

use super::begin::{Listener, Stage, Standing};
use super::tell::tell;
use crate::environment::Environment;
use crate::event::{Event, Outcome};
use crate::file::Occasion;
use crate::timeline::{BROWNOUT, Timeline};

pub(super) struct Journal<'a> {
    timeline: Timeline,
    environment: &'a dyn Environment,
    listener: &'a mut dyn Listener,
    broken: Option<io::Error>,
}

impl<'a> Journal<'a> {
    pub(super) fn new(
        timeline: Timeline,
        environment: &'a dyn Environment,
        listener: &'a mut dyn Listener,
    ) -> Self {
        Journal { timeline, environment, listener, broken: None }
    }

    /// Writes a step that follows from the file.
    pub(super) fn note(&mut self, event: Event) {
        self.note_by(BROWNOUT, event);
    }

    /// Writes a step. After the first one that can't be written, no other is: the chain would have a hole.
    pub(super) fn note_by(&mut self, who: &str, event: Event) {
        if self.broken.is_some() {
            return;
        }
        match self.timeline.note(self.environment.now(), who, event) {
            Ok(entry) => self.listener.step(&entry),
            Err(error) => self.broken = Some(error),
        }
    }

    /// True if a step could not be written.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    pub(super) fn standing(&mut self, standing: &Standing) {
        self.listener.standing(standing);
    }

    /// Writes how the day ended, and tells those who are to be told.
    pub(super) fn close(&mut self, stage: &Stage<'_>, outcome: &Outcome) {
        let (occasion, decide) = match outcome {
            Outcome::Finished { .. } => (Occasion::Finished, stage.day.decide.clone()),
            Outcome::Stopped { .. } => (Occasion::Stopped, stage.day.decide.clone()),
            Outcome::Failed { .. } => (Occasion::Failed, stage.day.decide.clone()),
            Outcome::Refused { .. } => (Occasion::Refused, Vec::new()),
        };
        tell(stage, self, occasion, &outcome.to_string());
        self.note(Event::Closed { outcome: outcome.clone(), decide });
    }

    pub(super) fn broken(self) -> Option<io::Error> {
        self.broken
    }
}
