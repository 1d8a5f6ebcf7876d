//! From a gateway's own configuration to a scenario, with the place in the source of each line.
//!
//! An importer has a reader that loses nothing, a table of what it understands, and a list of what it met and did not
//! understand. Nothing is guessed: what the configuration does not say is asked for by name. It opens nothing.
#![allow(dead_code, unused_imports, reason = "readers come before the importer that uses them")]

mod arm;
mod bicep;
mod evaluate;
mod expression;
mod functions;
mod given;
mod iso;
mod note;
mod place;
mod value;
mod xml;

pub use note::{Note, NoteKind};
pub use place::{FILES_MAX, Place, Position, Sources, TEXT_MAX};
