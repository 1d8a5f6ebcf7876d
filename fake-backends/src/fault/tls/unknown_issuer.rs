//! The fault that shows a certificate of an authority that nobody knows.

use super::wrong_certificate;

wrong_certificate! {
    /// Shows a certificate that an unknown authority has signed.
    ///
    /// # What it does
    /// The handshake of a connection that is accepted while the fault is in force is gone through with a certificate whose chain
    /// ends in another root than the run's; all else about it is right. `share` is drawn for each connection.
    ///
    /// # What the gateway sees
    /// A chain that leads to no authority that it trusts: it ends the handshake with the alert `unknown_ca`.
    ///
    /// # What it stands for
    /// An internal authority that was rotated before its new root had been given to every gateway; a self-signed certificate that
    /// was left behind from a test; an intercepting proxy.
    ///
    /// # When it cannot be proven
    /// A gateway that refuses the certificate sends no request, so that attempts can't be counted while it is in force. That the
    /// certificate was shown is recorded with the connection. The backend has to speak TLS (`tls = {}`).
    ///
    /// # Example
    /// `unknown_issuer = {}`
    /// `unknown_issuer = { share = 0.5 }`
    UnknownIssuer: UnknownIssuer
}
