//! The server over TLS, on real sockets, with a certificate that is made for the test.
#![expect(clippy::disallowed_methods, reason = "what is claimed about sockets is tried on sockets")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;
use crate::testing::{Hands, Served};
use crate::{Options, SystemClock, serve};

/// A certificate for `localhost` that vouches for itself, with its key, as files; and the certificate.
fn made(dir: &Path) -> (TlsFiles, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificate: dir.join("chain.pem"), key: dir.join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.der().clone())
}

/// Sends a request over TLS to a server that `root` has to vouch for, and returns all that is answered.
fn ask(served: &Served, root: &CertificateDer<'static>, request: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let stream = TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = StreamOwned::new(client, stream);
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    // Whether it says that it closes concerns nobody here: the answer says how long it is.
    let _ = stream.read_to_end(&mut answer);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn over_tls_cookies_are_secure_and_clear_text_gets_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (files, root) = made(dir.path());
    let served = Served::with_tls(Hands::default(), Some(files));
    let body = format!(r#"{{"token":"{}"}}"#, served.token("olga"));
    let length = body.len();
    let request = format!(
        "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    let answer = ask(&served, &root, &request).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let cookie = answer.lines().find(|line| line.starts_with("set-cookie")).unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    let clear = served.raw("GET /", &[], "");
    assert_eq!(clear.status, 0, "{clear:?}");
    let (_, other) = made(dir.path());
    assert!(ask(&served, &other, &request).is_err(), "somebody else's certificate vouches for it");
}

#[test]
fn with_tls_it_may_listen_to_other_machines_and_files_that_are_none_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = made(dir.path());
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    let start = |tls: TlsFiles| {
        let data = dir.path().join("data");
        let options =
            Options { data, listen: "0.0.0.0:0".parse().unwrap(), tls: Some(tls), behind_proxy: false };
        serve(&options, Arc::new(Hands::default()), Arc::new(SystemClock), |_| (), &stop)
    };
    start(files.clone()).unwrap();
    let exchanged = TlsFiles { certificate: files.key.clone(), key: files.certificate.clone() };
    let refused = start(exchanged).unwrap_err().to_string();
    assert!(refused.contains("key.pem: no certificate in PEM form found"), "{refused}");
    let gone = start(TlsFiles { key: dir.path().join("none.pem"), ..files }).unwrap_err().to_string();
    assert!(gone.contains("none.pem: "), "{gone}");
}
