//! How many files and sockets this process may have open at a time.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// No more than this is asked for: some programs that inherit the limit walk through all of it.
const ENOUGH: u64 = 1 << 20;

/// Raises the soft limit as far as the hard one lets it, but not beyond what is enough for any run, and never lowers it.
/// A shell's default of 1024 is for programs that use `select`; this one does not.
pub fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "the limit of descriptors stays as it is");
        }
    }
}

/// The limit in force; nothing if there is none.
pub fn descriptor_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}
