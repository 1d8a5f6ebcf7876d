//! YAML, and JSON as a part of it: values with their places, within bounds that hold for hostile files.

mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::{list, number, object, text, truth, written};
