//! The fault that closes connections.

use super::cut::short_form;

short_form! {
    /// Closes the connection (FIN) at a chosen place.
    ///
    /// # What it does
    /// `at = "accept"` closes a connection right after it was accepted; `"request"` (the default) when a request has
    /// arrived whole; `"headers"` in the middle of the response head; `"body"` after as many bytes of the response body as
    /// `after` says, at most all but the last. `share` is drawn for each attempt, at `accept` for each connection. What the
    /// gateway still sends is read and thrown away for up to 2 s, so that the FIN is not overtaken by a reset.
    ///
    /// # What the gateway sees
    /// The end of the stream on a connection that it holds: before any response, or after a part of one whose length was
    /// declared.
    ///
    /// # What it stands for
    /// What `cut` stands for, of which this is a short form: see `brownout explain fault/cut`.
    ///
    /// # When it cannot be proven
    /// At `accept`, a request that was on its way is never read and leaves no attempt: only the connection is evidence.
    ///
    /// # Example
    /// `close = { at = "body", after = "1KiB", share = 0.2 }`
    Close: Fin
}
