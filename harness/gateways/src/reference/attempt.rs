//! One attempt: one request to one backend, until its response headers.

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use net::Timer;
use units::Moment;

use super::connections::{Connection, Connections};
use super::line::Turn;
use super::settings::{Settings, Slip};

/// The header of brownout's tag. A gateway has no business with it, but a defect has.
const TAG: &str = "x-brownout-tag";

/// A request as it goes to each backend.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What it has in common with those that belong to the same backend.
    pub(crate) key: Option<u64>,
}

impl Outgoing {
    /// The request as one backend is to get it, which is not to get the headers that are `withheld`.
    pub(crate) fn without(&self, withheld: &[HeaderName], settings: &Settings) -> Outgoing {
        let mut request = self.clone();
        if !settings.slips(Slip::WithholdsNothing) {
            for name in withheld {
                request.headers.remove(name);
            }
        }
        request
    }

    /// Works in the defects of further attempts.
    pub(crate) fn alter_further(&mut self, settings: &Settings) {
        if settings.slips(Slip::EmptyRetriedBody) {
            self.body = Bytes::new();
        }
        if settings.slips(Slip::HalfRetriedBody) {
            self.body = self.body.slice(self.body.len() / 2..);
        }
        if settings.slips(Slip::StarvedRetriedBody) && !self.body.is_empty() {
            self.headers.insert(header::CONTENT_LENGTH, self.body.len().into());
            self.body = Bytes::new();
        }
        if settings.slips(Slip::DropsHeadersOnRetry) {
            let own = |name: &HeaderName| {
                name.as_str().starts_with("x-") && !name.as_str().starts_with("x-brownout-")
            };
            let names: Vec<HeaderName> = self.headers.keys().filter(|name| own(name)).cloned().collect();
            for name in names {
                self.headers.remove(name);
            }
        }
        if settings.slips(Slip::ChangesPathOnRetry) {
            let path = self.uri.path_and_query().map_or("/", PathAndQuery::as_str);
            let rest = path[1..].find('/').map_or("/", |at| &path[at + 1..]);
            self.uri = rest.parse().unwrap_or_default();
        }
    }

    /// Works in the defects of requests.
    pub(crate) fn alter(&mut self, settings: &Settings) {
        if settings.slips(Slip::StripsTags) {
            self.headers.remove(TAG);
        }
        if settings.slips(Slip::AltersBodies) && !self.body.is_empty() {
            let mut altered = self.body.to_vec();
            altered[0] = altered[0].wrapping_add(1);
            self.body = altered.into();
        }
    }

    fn build(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// A response whose body is still to come on `connection`.
pub(crate) struct Answer {
    pub(crate) response: Response<Incoming>,
    pub(crate) connection: Connection,
    /// The attempt is under way until its body is read.
    pub(crate) turn: Option<Turn>,
}

/// Why an attempt brought no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The connection could not be made, or not in time.
    Connect,
    /// The connection ended before the response headers.
    Reset,
    /// What came is not HTTP.
    Invalid,
    /// The per-try timer fired.
    PerTry,
    /// The total timer fired.
    Total,
}

impl Failure {
    /// What the client is told: RFC 9110 sections 15.6.3 and 15.6.5.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Failure::Connect | Failure::Reset | Failure::Invalid => StatusCode::BAD_GATEWAY,
            Failure::PerTry | Failure::Total => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// What the client is told in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Failure::Connect => "no connection to the backend",
            Failure::Reset => "the backend closed the connection before it answered",
            Failure::Invalid => "the backend's answer is not HTTP/1.1",
            Failure::PerTry => "the backend did not answer within the per-try timeout",
            Failure::Total => "no answer within the total timeout",
        }
    }
}

/// Runs `future` until the earlier of two moments, of which each has its failure.
async fn within<F: Future>(
    timer: &Timer,
    own: (Option<Moment>, Failure),
    total: Option<Moment>,
    future: F,
) -> Result<F::Output, Failure> {
    let limits = [(total, Failure::Total), own];
    // Where both come at once, the one that ends the request is named: `min_by_key` takes the first of equals.
    let first = limits.into_iter().filter_map(|(at, failure)| Some((at?, failure))).min_by_key(|(at, _)| *at);
    match first {
        None => Ok(future.await),
        Some((at, failure)) => timer.until(at, future).await.ok_or(failure),
    }
}

/// Sends a request to a backend and waits for the response headers. Dropping the future closes the connection, which
/// is how the backend learns that nobody waits any more.
pub(crate) async fn attempt(
    settings: &Settings,
    timer: &Timer,
    connections: &Connections,
    outgoing: &Outgoing,
    total: Option<Moment>,
) -> Result<Answer, Failure> {
    let mut per_try = None;
    loop {
        let connect = (Some(timer.now() + settings.connect), Failure::Connect);
        let mut connection =
            within(timer, connect, total, connections.take()).await?.map_err(|_| Failure::Connect)?;
        let own = *per_try.get_or_insert_with(|| settings.per_try.map(|length| timer.now() + length));
        let request = outgoing.build();
        let sent = if settings.slips(Slip::LeavesAttemptsOpen) {
            let going_on =
                tokio::task::spawn_local(async move { (connection.send(request).await, connection) });
            let answer = within(timer, (own, Failure::PerTry), total, going_on).await?;
            let (sent, again) = answer.map_err(|_| Failure::Reset)?;
            connection = again;
            sent
        } else {
            within(timer, (own, Failure::PerTry), total, connection.send(request)).await?
        };
        match sent {
            Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                return Err(Failure::Invalid);
            }
            Ok(response) => return Ok(Answer { response, connection, turn: None }),
            Err(mut error) => match error.take_message() {
                // The backend had closed an idle connection. Nothing was sent, so that this is no attempt yet.
                Some(_) if connection.reused => {}
                _ if error.error().is_parse() => return Err(Failure::Invalid),
                _ => return Err(Failure::Reset),
            },
        }
    }
}
