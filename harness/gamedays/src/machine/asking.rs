//! Asking a web address over HTTP/1.1: what its answer's status is. The body is not read, and no redirect is followed.

use std::io::ErrorKind;
use std::net::SocketAddr;

use http::{Request, Uri, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use net::World;
use net::tls::{ClientTls, Trust};
use units::Timespan;

use crate::environment::Question;

/// The bytes of an answer's head that are read at most.
const HEAD_MAX: usize = 64 << 10;

/// The status of the answer, within the time that it may take.
pub(super) async fn ask(world: World, question: Question) -> Result<u16, String> {
    let timer = world.timer();
    let end = timer.now() + question.within;
    let late = || format!("no answer within {}", Timespan(question.within));
    timer.until(end, exchange(&world, &question)).await.unwrap_or_else(|| Err(late()))
}

async fn exchange(world: &World, question: &Question) -> Result<u16, String> {
    let uri: Uri = question.url.parse().map_err(|_| "it is not a web address".to_owned())?;
    let authority = uri.authority().ok_or("it names no host")?;
    let over_tls = uri.scheme_str() == Some("https");
    let host = authority.host().trim_matches(['[', ']']);
    let port = authority.port_u16().unwrap_or(if over_tls { 443 } else { 80 });
    let found = tokio::net::lookup_host((host, port)).await.map_err(|error| format!("its host: {error}"))?;
    let found: Vec<SocketAddr> = found.collect();
    let address = found.iter().find(|address| address.is_ipv4()).or(found.first());
    let address = *address.ok_or("its host has no address")?;
    let connected = world.connect(address).await;
    let mut stream = connected.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
        _ => format!("connecting: {error}"),
    })?;
    if over_tls {
        let tls = ClientTls::new(world, host, Trust::System, None).map_err(|error| error.to_string())?;
        tls.connect(&mut stream).await.map_err(|error| format!("the TLS handshake: {error}"))?;
    }
    let request = request(question, &uri, authority.as_str()).map_err(|error| error.to_string())?;
    let mut client = http1::Builder::new();
    client.max_buf_size(HEAD_MAX);
    let (mut sender, connection) =
        client.handshake(TokioIo::new(stream)).await.map_err(|error| format!("not HTTP/1.1: {error}"))?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    connection.abort();
    answer.map(|answer| answer.status().as_u16()).map_err(|error| format!("no valid answer: {error}"))
}

fn request(question: &Question, uri: &Uri, authority: &str) -> Result<Request<Full<Bytes>>, http::Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let method = if question.post.is_some() { "POST" } else { "GET" };
    let agent = concat!("brownout/", env!("CARGO_PKG_VERSION"));
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, authority);
    request = request.header(header::USER_AGENT, agent).header(header::CONNECTION, "close");
    let Some(post) = &question.post else { return request.body(Full::default()) };
    for (name, value) in &post.headers {
        request = request.header(name, value);
    }
    request.body(Full::from(post.body.clone()))
}
