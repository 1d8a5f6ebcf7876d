//! Bicep, by its tree-sitter grammar.

mod read;
mod spread;
mod tree;

pub(crate) use read::read;
