//! The figure of one behaviour for one backend, fault, method: with its interval, and what it rests on.

use evidence::{Method, Tag};

use crate::aside::SetAside;

/// What a figure is for. What is None was not told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The backend, by its index.
    pub backend: Option<u16>,
    /// The kind of fault.
    pub fault: Option<String>,
    /// The method's word.
    pub method: Option<&'static str>,
}

impl Key {
    /// The key of a backend.
    pub fn backend(backend: u16) -> Self {
        Key { backend: Some(backend), ..Key::default() }
    }

    /// The key of a method.
    pub fn method(method: Method) -> Self {
        Key { method: Some(method.word()), ..Key::default() }
    }
}

/// The figure of a behaviour in one case, and what it rests on.
#[derive(Clone, Debug)]
pub struct Cell<F> {
    /// What it is for.
    pub key: Key,
    /// What was measured.
    pub figure: F,
    /// In how many cases a gateway that misbehaves would have shown it.
    pub exposures: u64,
    /// The first few of them.
    pub first: Vec<Tag>,
    /// Observations that are not the gateway's.
    pub set_aside: SetAside,
    /// How often the injections that it rests on took effect.
    pub fired: u64,
}
