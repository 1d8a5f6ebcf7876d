//! Waiting until a gateway really routes: a port that accepts, or a readiness page, comes earlier than that.
//!
//! The probe carries no tag, so that it leaves no trace among the attempts.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use net::tls::ClientTls;
use net::{Timer, World};
use units::{Moment, Timespan};

/// How long a gateway may take to route its first request, where nothing else is said.
pub const BOUND: Duration = Duration::from_secs(10);

/// How long after a failed probe the next one follows.
const PAUSE: Duration = Duration::from_millis(20);

/// How long one probe may take. A gateway that answers later than that is not ready.
const PROBE: Duration = Duration::from_secs(1);

/// The longest answer that is read.
const BODY_MAX: usize = 16 * 1024 * 1024;

/// The header by which a fake backend says that it answered. `evidence` defines it, a room that is out of reach here.
const ANSWERED_BY: &str = "x-brownout-backend";

/// Where a gateway is asked.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// Its address.
    pub address: SocketAddr,
    /// The `host` header.
    pub host: &'a str,
    /// How it is talked to over TLS, if it is.
    pub tls: Option<&'a ClientTls>,
}

/// No request was routed in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRouted {
    /// How long it was waited for.
    pub waited: Timespan,
    /// What the last probe met.
    pub last_probe: String,
}

/// Sends `GET /` to `target` until a backend answers; for as long as `bound` at the most.
pub async fn wait_until_routed(world: &World, target: Target<'_>, bound: Duration) -> Result<(), NotRouted> {
    let timer = world.timer();
    let end = timer.now() + bound;
    loop {
        let limit = end.min(timer.now() + PROBE);
        let Err(met) = probe(world, &timer, target, limit).await else {
            return Ok(());
        };
        if timer.now() + PAUSE >= end {
            let scheme = if target.tls.is_some() { "https" } else { "http" };
            let last_probe = format!("GET {scheme}://{}/: {met}", target.host);
            return Err(NotRouted { waited: bound.into(), last_probe });
        }
        timer.sleep(PAUSE).await;
    }
}

/// One routed request, or what it met instead.
async fn probe(world: &World, timer: &Timer, target: Target<'_>, limit: Moment) -> Result<(), String> {
    let address = target.address;
    let exchange = async {
        let stream = world.connect(address).await;
        let mut stream = stream.map_err(|error| format!("connecting to {address}: {error}"))?;
        if let Some(tls) = target.tls {
            tls.connect(&mut stream).await.map_err(|error| format!("the TLS handshake: {error}"))?;
        }
        exchange(stream, target.host).await
    };
    timer.until(limit, exchange).await.unwrap_or_else(|| Err("no answer in time".into()))
}

async fn exchange(stream: net::Stream, host: &str) -> Result<(), String> {
    get(stream, host, "/", BODY_MAX, |headers, status| {
        let answered = headers.contains_key(ANSWERED_BY);
        answered.then_some(()).ok_or_else(|| format!("{status} without `{ANSWERED_BY}`: no backend answered"))
    })
    .await
    .map(drop)
}

/// What `GET path` at `address` answers, if it is at most `bytes_max` long and comes within `bound`.
pub(crate) async fn ask(
    world: &World,
    address: SocketAddr,
    path: &str,
    bytes_max: usize,
    bound: Duration,
) -> Option<Bytes> {
    let asked = async {
        let stream = world.connect(address).await.ok()?;
        get(stream, &address.to_string(), path, bytes_max, |_, _| Ok(())).await.ok()
    };
    let timer = world.timer();
    timer.until(timer.now() + bound, asked).await.flatten()
}

/// Sends one GET request and reads the answer to its end, so that no backend sees its first request abandoned; its body,
/// if `accepted` has nothing against its head.
async fn get(
    stream: net::Stream,
    host: &str,
    path: &str,
    bytes_max: usize,
    accepted: impl FnOnce(&HeaderMap, StatusCode) -> Result<(), String>,
) -> Result<Bytes, String> {
    let request = Request::get(path).header(header::HOST, host).header(header::CONNECTION, "close");
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| format!("not HTTP/1.1: {error}"))?;
    // Taking `sender` along closes the connection with the answer, whatever of the body is still to come.
    let answer = async move {
        let response =
            sender.send_request(request).await.map_err(|error| format!("no valid answer: {error}"))?;
        accepted(response.headers(), response.status())?;
        let body = Limited::new(response.into_body(), bytes_max).collect().await;
        body.map(http_body_util::Collected::to_bytes).map_err(|error| format!("the answer's body: {error}"))
    };
    join(answer, connection).await.0
}

#[cfg(test)]
mod tests {
    use net::simulate;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// What is met by probes for 100 ms at a server that plays one answer after the other, the last for ever.
    fn met(answers: &'static [&'static str]) -> Result<u128, String> {
        simulate(|world| async move {
            let listener = world.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            tokio::task::spawn_local(async move {
                let mut answers = answers.iter().peekable();
                while let Ok(mut stream) = listener.accept().await {
                    let answer = answers.peek().copied().unwrap();
                    if answers.len() > 1 {
                        answers.next();
                    }
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                    if answer.is_empty() {
                        tokio::task::spawn_local(async move { stream.read(&mut [0; 1]).await });
                    }
                }
            });
            let begun = world.now();
            let ready = wait_until_routed(
                &world,
                Target { address, host: "shop", tls: None },
                Duration::from_millis(100),
            )
            .await;
            ready.map(|()| world.now().since(begun).as_millis()).map_err(|error| error.last_probe)
        })
    }

    const ROUTED: &str = "HTTP/1.1 200 OK\r\nx-brownout-backend: 0\r\ncontent-length: 0\r\n\r\n";
    const NOT_FOUND: &str = "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n";

    #[test]
    fn a_gateway_is_ready_when_a_backend_answers_through_it() {
        assert_eq!(met(&[ROUTED]), Ok(0));
        assert_eq!(met(&[NOT_FOUND, NOT_FOUND, ROUTED]), Ok(40));
    }

    #[test]
    fn whatever_else_the_probe_meets_is_told() {
        insta::assert_snapshot!(met(&[NOT_FOUND]).unwrap_err(), @"GET http://shop/: 404 Not Found without `x-brownout-backend`: no backend answered");
        insta::assert_snapshot!(met(&["SSH-2.0\r\n\r\n"]).unwrap_err(), @"GET http://shop/: no valid answer: invalid HTTP version parsed");
        insta::assert_snapshot!(met(&[""]).unwrap_err(), @"GET http://shop/: no answer in time");
        insta::assert_snapshot!(
            met(&["HTTP/1.1 200 OK\r\nx-brownout-backend: 0\r\ncontent-length: 5\r\n\r\nx"]).unwrap_err(),
            @"GET http://shop/: the answer's body: error reading a body from connection"
        );
    }

    #[test]
    fn a_port_where_nobody_listens_is_told() {
        let met = simulate(|world| async move {
            let nobody = "127.0.0.1:9".parse().unwrap();
            let target = Target { address: nobody, host: "shop", tls: None };
            wait_until_routed(&world, target, Duration::from_millis(100)).await.unwrap_err()
        });
        insta::assert_snapshot!(met.last_probe, @"GET http://shop/: connecting to 127.0.0.1:9: connection refused");
        assert_eq!(met.waited, Timespan::from_millis(100));
    }
}
