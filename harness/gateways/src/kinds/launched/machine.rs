//! What generated configurations depend on beside the policy.

use rustix::process::{Resource, geteuid, getrlimit};

/// As many open files as a gateway can make use of here.
const FILES_MAX: u64 = 16_384;

/// What the machine grants a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// How many files it may have open, connections included.
    pub(crate) files: u64,
    /// Whether it runs as root.
    pub(crate) root: bool,
}

impl Machine {
    /// This machine.
    pub(crate) fn here() -> Self {
        let files = getrlimit(Resource::Nofile).maximum.unwrap_or(FILES_MAX);
        Machine { files: files.min(FILES_MAX), root: geteuid().is_root() }
    }

    /// How many connections the files are enough for, of which each needs one on either side.
    pub(crate) fn connections(&self) -> u64 {
        // Some are taken by the log, the listener, event queues and the like.
        (self.files.saturating_sub(100) / 2).max(16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_with_few_files_has_few_connections_and_never_none() {
        let connections = |files| Machine { files, root: false }.connections();
        assert_eq!([connections(16_384), connections(1024), connections(50)], [8142, 462, 16]);
        assert!(Machine::here().files > 0);
    }
}
