//! The reference: one page of everything that has a name, from the registries that the parts themselves are made of.
//!
//! `brownout explain` prints one entry, `docs/reference/` has them all.

mod gameday_file;
mod keys;
mod markdown;
mod rooms;
mod scenario_file;
mod words;

pub(crate) use markdown::files;
pub(crate) use rooms::{Entry, KEY, Room, all_rooms};
