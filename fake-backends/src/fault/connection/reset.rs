//! The fault that resets connections.

use super::cut::short_form;

short_form! {
    /// Resets the connection (RST) at a chosen place.
    ///
    /// # What it does
    /// `at = "accept"` resets a connection right after it was accepted; `"request"` (the default) when a request has
    /// arrived whole; `"headers"` in the middle of the response head; `"body"` after as many bytes of the response body as
    /// `after` says, at most all but the last. What was sent before the cut is given 2 ms to arrive, because a reset
    /// discards what the gateway had no room for. `share` is drawn for each attempt, at `accept` for each connection.
    ///
    /// # What the gateway sees
    /// `ECONNRESET` on a connection that it holds: before any response, or after a part of one.
    ///
    /// # What it stands for
    /// What `cut` stands for, of which this is a short form: see `brownout explain fault/cut`.
    ///
    /// # When it cannot be proven
    /// At `accept`, a request that was on its way is never read and leaves no attempt: only the connection is evidence.
    ///
    /// # Example
    /// `reset = { at = "body", after = "1KiB", share = 0.2 }`
    Reset: Rst
}
