//! Where further attempts went: to the backend of the attempt before, or to another one.

use evidence::{Entry, Tag};

use crate::aside::{SetAside, Why};
use crate::usable::Usable;
use crate::view::{Sight, View};

/// Requests of each kind that are kept, with the backends of both attempts.
const KEPT: usize = 5;

/// Further attempts by their place.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// To another backend.
    pub elsewhere: u64,
    /// To the same backend, although another one was certainly in use.
    pub again: u64,
    /// The first few that went elsewhere.
    pub shown_elsewhere: Vec<(Tag, u16, u16)>,
    /// The first few that went there again.
    pub shown_again: Vec<(Tag, u16, u16)>,
    /// What says nothing of the gateway; of further attempts at the same backend also those that had no other.
    pub set_aside: SetAside,
}

impl Placed {
    /// Counts them. A client that left does not matter: where an attempt went is seen all the same.
    pub fn of(view: &View<'_>) -> Self {
        let mut placed = Placed::default();
        let usable = Usable::of(view);
        let sight = Sight { client: false, ..Sight::COUNTS };
        for entry in view.entries().filter(|entry| entry.attempts.len() > 1) {
            match view.why_apart(&entry, sight) {
                Some(why) => placed.set_aside.note(why, entry.exchange),
                None => placed.take(&entry, &usable),
            }
        }
        placed
    }

    /// All that count.
    pub fn total(&self) -> u64 {
        self.elsewhere + self.again
    }

    fn take(&mut self, entry: &Entry<'_>, usable: &Usable<'_>) {
        for (before, further) in entry.attempts.iter().zip(entry.attempts.iter().skip(1)) {
            let pair = (further.tag, before.backend, further.backend);
            if before.backend != further.backend {
                self.elsewhere += 1;
                keep(&mut self.shown_elsewhere, pair);
            } else if usable.any(further.arrived, Some(before.backend)) {
                self.again += 1;
                keep(&mut self.shown_again, pair);
            } else {
                self.set_aside.note(Why::Unavailable, entry.exchange);
            }
        }
    }
}

fn keep(kept: &mut Vec<(Tag, u16, u16)>, pair: (Tag, u16, u16)) {
    if kept.len() < KEPT {
        kept.push(pair);
    }
}
