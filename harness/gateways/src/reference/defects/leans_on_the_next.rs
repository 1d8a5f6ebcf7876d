//! The defect `leans-on-the-next`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "leans-on-the-next",
    docs: "The turns of a backend that is left alone all go to the next one, and not to the others by weight.",
    source: "ContentSquare/chproxy#82, apple/servicetalk#3021: all requests of a node that was out went to the next one in the list.",
    caught: ("failure/weights", "balance"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::LeansOnTheNext);
}
