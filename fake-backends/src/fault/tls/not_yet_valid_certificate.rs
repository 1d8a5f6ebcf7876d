//! The fault that shows a certificate of the future.

use super::wrong_certificate;

wrong_certificate! {
    /// Shows a certificate that becomes valid in thirty days.
    ///
    /// # What it does
    /// The handshake of a connection that is accepted while the fault is in force is gone through with a certificate whose
    /// `notBefore` is still to come; all else about it is right. `share` is drawn for each connection.
    ///
    /// # What the gateway sees
    /// A certificate that it has to refuse: it ends the handshake with the alert `certificate_expired` or `bad_certificate`.
    ///
    /// # What it stands for
    /// A certificate that was issued a moment ago and is used at once by machines whose clocks differ; a clock that jumped back
    /// after a node came up without time synchronisation.
    ///
    /// # When it cannot be proven
    /// A gateway that refuses the certificate sends no request, so that attempts can't be counted while it is in force. That the
    /// certificate was shown is recorded with the connection. The backend has to speak TLS (`tls = {}`).
    ///
    /// # Example
    /// `not_yet_valid_certificate = {}`
    /// `not_yet_valid_certificate = { share = 0.5 }`
    NotYetValidCertificate: NotYetValid
}
