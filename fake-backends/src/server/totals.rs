//! What a pool counts while it serves.

/// What a pool counted while it served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolTotals {
    /// Connections that were accepted, before the epoch too.
    pub connections: u64,
    /// Connections that were turned away (reset) at the limit: their requests are lost to the evidence.
    pub turned_away: u64,
    /// Attempts that were recorded.
    pub attempts: u64,
    /// Untagged requests that were recorded.
    pub probes: u64,
    /// Times that a closed port could not be opened again, because something else had taken it.
    pub not_reopened: u64,
    /// Times that a listener could not be made to drop connects.
    pub not_blocked: u64,
}
