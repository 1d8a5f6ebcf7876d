//! Resident memory of a process, from `/proc/PID/status`.

use std::path::Path;

/// Resident memory now, in KiB.
pub(crate) fn resident(status: &Path) -> Option<u64> {
    field(status, "VmRSS:")
}

/// Peak resident memory, in KiB.
pub(crate) fn resident_peak(status: &Path) -> Option<u64> {
    field(status, "VmHWM:")
}

fn field(status: &Path, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
