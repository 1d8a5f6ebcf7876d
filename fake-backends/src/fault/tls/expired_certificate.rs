//! The fault that shows a certificate of the past.

use super::wrong_certificate;

wrong_certificate! {
    /// Shows a certificate that expired an hour ago.
    ///
    /// # What it does
    /// The handshake of a connection that is accepted while the fault is in force is gone through with a certificate whose
    /// `notAfter` has passed; all else about it is right. `share` is drawn for each connection. Connections that were open before
    /// go on.
    ///
    /// # What the gateway sees
    /// A certificate that it has to refuse: it ends the handshake with the alert `certificate_expired`. A gateway that does not
    /// check certificates notices nothing.
    ///
    /// # What it stands for
    /// A certificate that nobody renewed, the most common outage of all that TLS brings: of an internal service, whose
    /// certificate no monitoring from outside ever sees.
    ///
    /// # When it cannot be proven
    /// A gateway that refuses the certificate sends no request, so that attempts can't be counted while it is in force. That the
    /// certificate was shown is recorded with the connection. The backend has to speak TLS (`tls = {}`).
    ///
    /// # Example
    /// `expired_certificate = {}`
    /// `expired_certificate = { share = 0.5 }`
    ExpiredCertificate: Expired
}
