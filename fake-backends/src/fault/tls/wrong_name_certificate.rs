//! The fault that shows somebody else's certificate.

use super::wrong_certificate;

wrong_certificate! {
    /// Shows a certificate for another name.
    ///
    /// # What it does
    /// The handshake of a connection that is accepted while the fault is in force is gone through with a certificate for
    /// `elsewhere.brownout.test`, which has neither the name nor the address of the backend; all else about it is right. `share` is
    /// drawn for each connection.
    ///
    /// # What the gateway sees
    /// A certificate that is valid and not for whom it asked: it ends the handshake with the alert `bad_certificate`. A gateway
    /// that checks the chain and not the name, as several do until they are told to, notices nothing.
    ///
    /// # What it stands for
    /// A virtual host that falls back to the default certificate because SNI was not sent; an address that was given to another
    /// service; a man in the middle.
    ///
    /// # When it cannot be proven
    /// A gateway that refuses the certificate sends no request, so that attempts can't be counted while it is in force. That the
    /// certificate was shown is recorded with the connection. The backend has to speak TLS (`tls = {}`).
    ///
    /// # Example
    /// `wrong_name_certificate = {}`
    /// `wrong_name_certificate = { share = 0.5 }`
    WrongNameCertificate: WrongName
}
