//! What came to each backend, and when, beside the health checks.

use std::time::Duration;

use evidence::{Attempt, Tag};
use units::{Moment, Stretch};

use crate::view::View;

/// A backend that got a request so shortly before was in use.
const IN_USE: Duration = Duration::from_millis(500);

/// The attempts in the order of their arrival, at each backend and over all.
pub(super) struct Arrivals<'a> {
    all: Vec<Moment>,
    at: Vec<Vec<&'a Attempt>>,
}

impl<'a> Arrivals<'a> {
    pub(super) fn of(view: &View<'a>) -> Self {
        let mut at: Vec<Vec<&Attempt>> = view.brief.backends.iter().map(|_| Vec::new()).collect();
        let mut all = Vec::new();
        for attempt in view.ledger.entries().flat_map(|entry| entry.attempts.iter()) {
            if let Some(own) = at.get_mut(usize::from(attempt.backend)) {
                own.push(attempt);
                all.push(attempt.arrived);
            }
        }
        for own in &mut at {
            own.sort_by_key(|attempt| attempt.arrived);
        }
        all.sort_unstable();
        Arrivals { all, at }
    }

    pub(super) fn at(
        &self,
        backend: u16,
        during: Stretch,
    ) -> impl Iterator<Item = &'a Attempt> + use<'_, 'a> {
        let own = &self.at[usize::from(backend)];
        let from = own.partition_point(|attempt| attempt.arrived < during.from);
        own[from..].iter().take_while(move |attempt| attempt.arrived < during.to).copied()
    }

    /// All that arrived, backend by backend.
    pub(super) fn all_in(&self, during: Stretch) -> impl Iterator<Item = &'a Attempt> + use<'_, 'a> {
        (0..self.at.len() as u16).flat_map(move |backend| self.at(backend, during))
    }

    /// How many arrived anywhere.
    pub(super) fn count(&self, during: Stretch) -> usize {
        let upto = |moment: Moment| self.all.partition_point(|at| *at < moment);
        upto(during.to).saturating_sub(upto(during.from))
    }

    pub(super) fn is_in_use(&self, backend: u16, before: Moment) -> bool {
        self.at(backend, Stretch { from: before - IN_USE, to: before }).next().is_some()
    }

    pub(super) fn others_are_in_use(&self, backend: u16, at: Moment) -> bool {
        let others = (0..self.at.len() as u16).filter(|other| *other != backend);
        let around = Stretch { from: at - IN_USE, to: at + IN_USE };
        { others }.any(|other| self.at(other, around).next().is_some())
    }

    /// The request that came to a backend next after a moment.
    pub(super) fn next(&self, backend: u16, at: Moment) -> Option<Tag> {
        let own = &self.at[usize::from(backend)];
        own.get(own.partition_point(|attempt| attempt.arrived < at)).map(|attempt| attempt.tag)
    }

    /// The requests that came to other backends.
    pub(super) fn elsewhere(&self, backend: u16, during: Stretch) -> impl Iterator<Item = Tag> + use<'_> {
        let others = (0..self.at.len() as u16).filter(move |other| *other != backend);
        others.flat_map(move |other| self.at(other, during)).map(|attempt| attempt.tag)
    }
}
