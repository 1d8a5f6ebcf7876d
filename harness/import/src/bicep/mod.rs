//! Bicep, by its tree-sitter grammar.

mod read;
mod spread;
mod tree;
mod typed;

pub(crate) use read::read;
