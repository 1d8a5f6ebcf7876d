//! What the faults of TLS are on real sockets, seen by a client that is made of rustls alone.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{Served, always, get, inject, serve, spec};
use evidence::{ConnectionEnd, Evidence};
use fake_backends::{BackendTls, BindError, Injection, PoolSpec, TLS_NAME, bind};
use net::{Stream, World};
use rstest::rstest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

type Secured = TlsStream<Stream>;

fn real<F: Future>(part: impl FnOnce(World) -> F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async { part(World::real()).await })
}

fn over_tls(injections: Vec<Injection>) -> PoolSpec {
    let mut spec = spec(1, injections);
    spec.backends[0].tls = Some(BackendTls {});
    spec
}

async fn connect(served: &Served) -> io::Result<Secured> {
    let mut roots = RootCertStore::empty();
    let authority = served.authority.as_ref().unwrap();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = served.world.connect(served.addresses[0]).await.unwrap();
    let name = ServerName::try_from(TLS_NAME).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Sends a request: all that arrives until the connection ends.
async fn ask(stream: &mut Secured, tag: u64) -> io::Result<String> {
    let request = get(tag).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn problem(error: &io::Error) -> Error {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("an error of TLS").clone()
}

fn shown(stream: &Secured) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

fn ends(evidence: &Evidence) -> Vec<(ConnectionEnd, u64, u64)> {
    evidence.connections.iter().map(|row| (row.end, row.injections, row.effective)).collect()
}

#[test]
fn a_healthy_backend_answers_over_tls_and_says_when_it_closes() {
    real(|world| async move {
        let served = serve(&world, over_tls(Vec::new()));
        let mut stream = connect(&served).await.unwrap();
        // An end that nobody announced would be an error.
        let answer = ask(&mut stream, 1).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        let (_, evidence) = served.end().await;
        assert_eq!((evidence.attempts.len(), ends(&evidence)), (1, vec![(ConnectionEnd::BackendFin, 0, 0)]));
    });
}

#[rstest]
#[case("expired_certificate = {}", |why: &CertificateError| matches!(why, CertificateError::ExpiredContext { .. }))]
#[case("not_yet_valid_certificate = {}", |why: &CertificateError| matches!(why, CertificateError::NotValidYetContext { .. }))]
#[case("wrong_name_certificate = {}", |why: &CertificateError| matches!(why, CertificateError::NotValidForNameContext { .. }))]
#[case("unknown_issuer = {}", |why: &CertificateError| *why == CertificateError::UnknownIssuer)]
#[case("missing_chain = {}", |why: &CertificateError| *why == CertificateError::UnknownIssuer)]
fn a_wrong_certificate_is_refused_for_what_is_wrong_with_it(
    #[case] fault: &str,
    #[case] expected: fn(&CertificateError) -> bool,
) {
    real(|world| async move {
        let served = serve(&world, over_tls(always(fault)));
        let error = problem(&connect(&served).await.err().expect("the certificate is refused"));
        assert!(matches!(&error, Error::InvalidCertificate(why) if expected(why)), "{fault}: {error:?}");
        served.sleep(50).await;
        let (_, evidence) = served.end().await;
        assert_eq!((evidence.attempts.len(), ends(&evidence)), (0, vec![(ConnectionEnd::TlsFailed, 1, 1)]));
    });
}

#[test]
fn a_certificate_of_the_client_is_demanded_when_the_client_believes_to_be_done() {
    real(|world| async move {
        let served = serve(&world, over_tls(always("client_certificate = {}")));
        let mut stream = connect(&served).await.unwrap();
        let error = ask(&mut stream, 1).await.unwrap_err();
        assert_eq!(problem(&error), Error::AlertReceived(AlertDescription::CertificateRequired));
        let (_, evidence) = served.end().await;
        assert_eq!((evidence.attempts.len(), ends(&evidence)), (0, vec![(ConnectionEnd::TlsFailed, 1, 1)]));
    });
}

#[rstest]
#[case("tls_alert = {}", AlertDescription::HandshakeFailure)]
#[case("tls_alert = { say = 'internal-error' }", AlertDescription::InternalError)]
#[case("tls_alert = { say = 'unrecognized-name' }", AlertDescription::UnrecognisedName)]
fn an_alert_answers_the_hello(#[case] fault: &str, #[case] expected: AlertDescription) {
    real(|world| async move {
        let served = serve(&world, over_tls(always(fault)));
        let error = problem(&connect(&served).await.err().expect("the handshake fails"));
        assert_eq!(error, Error::AlertReceived(expected));
        let (_, evidence) = served.end().await;
        assert_eq!(ends(&evidence), [(ConnectionEnd::BackendFin, 1, 1)]);
    });
}

#[test]
fn an_alert_is_seven_bytes_and_a_fin() {
    real(|world| async move {
        let served = serve(&world, over_tls(always("tls_alert = { say = 'protocol-version' }")));
        let mut stream = world.connect(served.addresses[0]).await.unwrap();
        stream.write_all(b"anything").await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, [0x15, 3, 3, 0, 2, 2, 70]);
    });
}

#[test]
fn a_stalled_handshake_is_never_answered_and_ends_with_the_client() {
    real(|world| async move {
        let served = serve(&world, over_tls(always("handshake_stall = {}")));
        let soon = world.now() + Duration::from_millis(300);
        assert!(served.timer.until(soon, connect(&served)).await.is_none(), "a handshake was answered");
        served.sleep(50).await;
        let (_, evidence) = served.end().await;
        assert_eq!(ends(&evidence), [(ConnectionEnd::GatewayFin, 1, 1)]);
    });
}

#[test]
fn a_certificate_is_renewed_for_new_connections_and_the_old_ones_go_on() {
    real(|world| async move {
        let rotate = inject("rotate_certificate = { every = '400ms' }", &[0], 400, 3_600_000);
        let served = serve(&world, over_tls(vec![rotate]));
        let mut first = connect(&served).await.unwrap();
        served.sleep(450).await;
        let second = connect(&served).await.unwrap();
        let again = connect(&served).await.unwrap();
        served.sleep(400).await;
        let third = connect(&served).await.unwrap();
        let certificates = [&first, &second, &again, &third].map(shown);
        assert_ne!(certificates[0], certificates[1]);
        assert_eq!(certificates[1], certificates[2], "one certificate for the whole of its time");
        assert_ne!(certificates[1], certificates[3]);
        assert!(ask(&mut first, 1).await.unwrap().starts_with("HTTP/1.1 200"));
    });
}

#[test]
fn a_drained_connection_is_closed_in_good_order_behind_its_answer() {
    real(|world| async move {
        let served = serve(&world, over_tls(always("rotate_certificate = { drain = true }")));
        let mut stream = connect(&served).await.unwrap();
        stream.write_all(get(1).as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        let (_, evidence) = served.end().await;
        assert_eq!((evidence.attempts[0].effective, evidence.connections[0].effective), (1, 1));
    });
}

#[test]
fn a_bare_connect_is_no_failed_handshake_and_plain_http_is_one() {
    real(|world| async move {
        let served = serve(&world, over_tls(Vec::new()));
        drop(world.connect(served.addresses[0]).await.unwrap());
        served.sleep(50).await;
        let mut plain = world.connect(served.addresses[0]).await.unwrap();
        plain.write_all(get(1).as_bytes()).await.unwrap();
        let _ = plain.read_to_end(&mut Vec::new()).await;
        let (_, evidence) = served.end().await;
        assert_eq!(
            ends(&evidence).into_iter().map(|(end, ..)| end).collect::<Vec<_>>(),
            [ConnectionEnd::GatewayFin, ConnectionEnd::TlsFailed]
        );
    });
}

#[test]
fn a_fault_of_tls_at_a_backend_without_it_is_refused() {
    real(|world| async move {
        let refused = bind(&world, &spec(1, always("unknown_issuer = {}"))).err().unwrap();
        assert!(matches!(refused, BindError::Spec(_)));
        assert_eq!(
            refused.to_string(),
            "fault `unknown_issuer`: backend `orders-0` speaks no TLS: give it `tls = {}`"
        );
    });
}
