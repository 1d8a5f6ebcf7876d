//! The fault that leaves out the intermediate certificate.

use super::wrong_certificate;

wrong_certificate! {
    /// Shows a certificate without the intermediate that signed it.
    ///
    /// # What it does
    /// The handshake of a connection that is accepted while the fault is in force is gone through with the certificate alone,
    /// which an intermediate authority has signed and not the root. `share` is drawn for each connection.
    ///
    /// # What the gateway sees
    /// A certificate whose issuer it does not have: it ends the handshake with the alert `unknown_ca`. Browsers fetch or
    /// remember missing intermediates, gateways do not.
    ///
    /// # What it stands for
    /// A deployment of `cert.pem` in place of `fullchain.pem`, which works in every browser and for no client.
    ///
    /// # When it cannot be proven
    /// A gateway that refuses the certificate sends no request, so that attempts can't be counted while it is in force. That the
    /// certificate was shown is recorded with the connection. The backend has to speak TLS (`tls = {}`).
    ///
    /// # Example
    /// `missing_chain = {}`
    /// `missing_chain = { share = 0.5 }`
    MissingChain: WithoutChain
}
