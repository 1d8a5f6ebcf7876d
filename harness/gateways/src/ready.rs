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

use crate::readiness::Ready;

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
    /// The `host` header, where the scenario names no other.
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

/// Asks `target` until it answers as `ready` says; for as long as it says at the most.
pub async fn wait_until_routed(world: &World, target: Target<'_>, ready: &Ready) -> Result<(), NotRouted> {
    let timer = world.timer();
    let end = timer.now() + ready.within.0;
    let target = Target { host: ready.host.as_deref().unwrap_or(target.host), ..target };
    let mut met = None;
    loop {
        let limit = timer.now() + PROBE;
        met = match (probe(world, &timer, target, ready, end.min(limit)).await, met) {
            (Some(Ok(())), _) => return Ok(()),
            (Some(Err(why)), _) => Some(why),
            // One that the end of the wait cuts short has met nothing: what the one before met says more.
            (None, Some(before)) if limit > end => Some(before),
            (None, _) => None,
        };
        if timer.now() + PAUSE >= end {
            let scheme = if target.tls.is_some() { "https" } else { "http" };
            let met = met.as_deref().unwrap_or("no answer in time");
            let last_probe = format!("GET {scheme}://{}{}: {met}", target.host, ready.path);
            return Err(NotRouted { waited: ready.within, last_probe });
        }
        timer.sleep(PAUSE).await;
    }
}

/// One answer that says ready, or what was met instead; nothing if it did not end in time.
async fn probe(
    world: &World,
    timer: &Timer,
    target: Target<'_>,
    ready: &Ready,
    limit: Moment,
) -> Option<Result<(), String>> {
    let address = target.address;
    let exchange = async {
        let stream = world.connect(address).await;
        let mut stream = stream.map_err(|error| format!("connecting to {address}: {error}"))?;
        if let Some(tls) = target.tls {
            tls.connect(&mut stream).await.map_err(|error| format!("the TLS handshake: {error}"))?;
        }
        exchange(stream, target.host, ready).await
    };
    timer.until(limit, exchange).await
}

async fn exchange(stream: net::Stream, host: &str, ready: &Ready) -> Result<(), String> {
    let accepted = |headers: &HeaderMap, status: StatusCode| match ready.status {
        Some(wanted) if status.as_u16() == wanted => Ok(()),
        Some(wanted) => Err(format!("{status} instead of {wanted}")),
        None if headers.contains_key(ANSWERED_BY) => Ok(()),
        None => Err(format!("{status} without `{ANSWERED_BY}`: no backend answered")),
    };
    get(stream, host, (&ready.path, &HeaderMap::new()), BODY_MAX, accepted).await.map(drop)
}

/// The header by which a gateway that has no pages of its own can tell its nonce.
pub(crate) const NONCE_HEADER: &str = "x-brownout-nonce";

/// The longest body in which a nonce is looked for.
const NONCE_MAX: usize = 1024;

/// True if the answer to `GET path` at `address`, which has to come within `bound`, has `nonce` as its body or in its header.
pub(crate) async fn tells(
    world: &World,
    address: SocketAddr,
    path: &str,
    nonce: &str,
    bound: Duration,
) -> bool {
    let mut in_header = false;
    let asked = async {
        let stream = world.connect(address).await.ok()?;
        let accepted = |headers: &HeaderMap, _| {
            in_header = headers.get(NONCE_HEADER).is_some_and(|value| value == nonce);
            Ok(())
        };
        let asked = (path, &HeaderMap::new());
        get(stream, &address.to_string(), asked, NONCE_MAX, accepted).await.ok()
    };
    let timer = world.timer();
    let body = timer.until(timer.now() + bound, asked).await.flatten();
    body.is_some_and(|body| in_header || body == nonce.as_bytes())
}

/// Sends one GET request for a path with further headers, and reads the answer to its end, so that no backend sees its first request abandoned; its body,
/// if `accepted` has nothing against its head.
pub(crate) async fn get(
    stream: net::Stream,
    host: &str,
    (path, headers): (&str, &HeaderMap),
    bytes_max: usize,
    accepted: impl FnOnce(&HeaderMap, StatusCode) -> Result<(), String>,
) -> Result<Bytes, String> {
    let request = Request::get(path).header(header::HOST, host).header(header::CONNECTION, "close");
    let mut request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    request.headers_mut().extend(headers.clone());
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
        met_by(&Ready { within: Timespan::from_millis(100), ..Ready::default() }, answers)
    }

    /// The same for other questions.
    fn met_by(ready: &Ready, answers: &'static [&'static str]) -> Result<u128, String> {
        let ready = ready.clone();
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
            let target = Target { address, host: "shop", tls: None };
            wait_until_routed(&world, target, &ready)
                .await
                .map(|()| world.now().since(begun).as_millis())
                .map_err(|error| error.last_probe)
        })
    }

    const ROUTED: &str = "HTTP/1.1 200 OK\r\nx-brownout-backend: 0\r\ncontent-length: 0\r\n\r\n";
    const OWN_PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    const NOT_FOUND: &str = "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n";

    #[test]
    fn a_gateway_is_ready_when_a_backend_answers_through_it() {
        assert_eq!(met(&[ROUTED]), Ok(0));
        assert_eq!(met(&[NOT_FOUND, NOT_FOUND, ROUTED]), Ok(40));
    }

    #[test]
    fn a_status_that_the_scenario_names_is_enough_and_no_other_is() {
        let ready = Ready { status: Some(200), within: Timespan::from_millis(100), ..Ready::default() };
        assert_eq!(met_by(&ready, &[NOT_FOUND, OWN_PAGE]), Ok(20));
        assert_eq!(met_by(&ready, &[ROUTED]), Ok(0));
        let ready = Ready { path: "/healthz".into(), host: Some("shop.test".into()), ..ready };
        insta::assert_snapshot!(met_by(&ready, &[NOT_FOUND]).unwrap_err(), @"GET http://shop.test/healthz: 404 Not Found instead of 200");
    }

    #[test]
    fn path_and_host_are_asked_for_as_the_scenario_says() {
        let heard = simulate(|world| async move {
            let listener = world.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            let server = async {
                let mut stream = listener.accept().await.unwrap();
                let mut heard = vec![0; 4096];
                let length = stream.read(&mut heard).await.unwrap();
                stream.write_all(ROUTED.as_bytes()).await.unwrap();
                String::from_utf8_lossy(&heard[..length]).into_owned()
            };
            let ready =
                Ready { path: "/orders?a=1".into(), host: Some("shop.test".into()), ..Ready::default() };
            let target = Target { address, host: "127.0.0.1", tls: None };
            let (heard, ready) = futures_util::join!(server, wait_until_routed(&world, target, &ready));
            ready.map(|()| heard)
        });
        insta::assert_snapshot!(heard.unwrap().trim(), @r"
        GET /orders?a=1 HTTP/1.1
        host: shop.test
        connection: close
        ");
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
    fn a_probe_that_the_end_cuts_short_does_not_hide_what_the_one_before_met() {
        insta::assert_snapshot!(met(&[NOT_FOUND, ""]).unwrap_err(), @"GET http://shop/: 404 Not Found without `x-brownout-backend`: no backend answered");
        // A whole second without an answer is something that was met.
        let ready = Ready { within: Timespan::from_millis(1_500), ..Ready::default() };
        insta::assert_snapshot!(met_by(&ready, &[NOT_FOUND, ""]).unwrap_err(), @"GET http://shop/: no answer in time");
    }

    #[test]
    fn a_port_where_nobody_listens_is_told() {
        let met = simulate(|world| async move {
            let nobody = "127.0.0.1:9".parse().unwrap();
            let target = Target { address: nobody, host: "shop", tls: None };
            let ready = Ready { within: Timespan::from_millis(100), ..Ready::default() };
            wait_until_routed(&world, target, &ready).await.unwrap_err()
        });
        insta::assert_snapshot!(met.last_probe, @"GET http://shop/: connecting to 127.0.0.1:9: connection refused");
        assert_eq!(met.waited, Timespan::from_millis(100));
    }
}
