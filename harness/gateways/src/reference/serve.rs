//! The side towards the clients: connections, and requests that are read to their end before they are forwarded.

use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use net::tls::{ServerTls, hello};
use net::{Listener, Stream};
use tokio::task::JoinSet;

use super::activity::{Activity, BODY_WAIT, IDLE, Reply};
use super::affinity;
use super::attempt::Outgoing;
use super::forward::{Content, made};
use super::front::Front;
use super::gateway::Gateway;
use super::headers;
use super::leaving::forward_for_client;
use super::settings::Slip;

/// The largest request body. It is held in memory, so that it can be sent again.
const BODY_MAX: usize = 1024 * 1024;

/// The largest request head.
const HEAD_MAX: usize = 64 * 1024;

/// Clients that are connected at a time; more wait to be accepted.
const CLIENTS_MAX: usize = 16_384;

/// How long a client may take for its part of a handshake of TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// After a failed accept (no file descriptor is left, say) the next one waits for so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves clients until it is dropped, or until the task of a connection panics; the text says how.
pub(crate) async fn serve(front: Rc<Front>, listener: Rc<Listener>, tls: Option<ServerTls>) -> String {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(ended) = clients.join_next() => match ended {
                Err(error) if error.is_panic() => return format!("the task of a connection panicked: {error}"),
                _ => {}
            },
            accepted = listener.accept(), if clients.len() < CLIENTS_MAX => match accepted {
                Ok(stream) => drop(clients.spawn_local(client(front.clone(), stream, tls.clone()))),
                Err(error) => {
                    let gateway = front.current();
                    gateway.world.note_shortage(&error);
                    tracing::warn!("the reference gateway can't accept: {error}");
                    gateway.timer.sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

/// One client's connection to its end. When the client goes away, hyper drops the request that is under way, and
/// with it the attempt.
async fn client(front: Rc<Front>, mut stream: Stream, tls: Option<ServerTls>) {
    let gateway = front.current();
    let timer = gateway.timer.clone();
    let never_moves = gateway.settings.slips(Slip::DrainNeverEnds).then(|| gateway.clone());
    if let Some(tls) = tls {
        let handshake = async { hello(&mut stream).await?.accept(&tls).await };
        match timer.until(timer.now() + HANDSHAKE, handshake).await {
            Some(Ok(())) => {}
            failed => return tracing::debug!(?failed, "a client's handshake came to nothing"),
        }
    }
    let total = gateway.settings.total;
    let activity = Activity::start(&timer);
    let number = gateway.clients.get() + 1;
    gateway.clients.set(number);
    let service = {
        let activity = activity.clone();
        service_fn(move |request| {
            let busy = activity.busy();
            let gateway = never_moves.clone().unwrap_or_else(|| front.current());
            async move {
                let response = respond(&gateway, request, number).await;
                Ok::<_, Infallible>(response.map(|content| Reply { content, _busy: busy }))
            }
        })
    };
    let mut builder = http1::Builder::new();
    // The date is the backend's to say, and the simulated world has none.
    builder.max_buf_size(HEAD_MAX).header_read_timeout(None).auto_date_header(false);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    loop {
        let (now, limit) = (timer.now(), activity.limit(total));
        // A client that stops reading holds a request up beyond its total timeout; but not for ever.
        if now >= limit || timer.until(limit.min(now + IDLE), connection.as_mut()).await.is_some() {
            return;
        }
    }
}

async fn respond(gateway: &Rc<Gateway>, request: Request<Incoming>, client: u64) -> Response<Content> {
    gateway.told.request();
    let line = gateway.log.begin(&request);
    let response = match read(gateway, request, client).await {
        Ok(outgoing) => answer(gateway, outgoing).await,
        Err((status, words)) => {
            let mut response = made(status, words);
            // The rest of the request is not read, so that nothing can follow it.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    };
    gateway.told.answer(response.status(), &gateway.settings);
    gateway.log.end(line, &response, &gateway.settings);
    response
}

/// Forwards a request, and works in the defects of answers.
async fn answer(gateway: &Rc<Gateway>, mut outgoing: Outgoing) -> Response<Content> {
    let settings = &gateway.settings;
    outgoing.alter(settings);
    // It is never closed, so that whoever waits gets a turn.
    let _turn = gateway.turns.acquire().await.ok();
    let mut response = forward_for_client(gateway, outgoing).await;
    if settings.slips(Slip::ErrorsAs200) && response.status().is_server_error() {
        *response.status_mut() = StatusCode::OK;
    }
    if settings.slips(Slip::MakesUpAnswers) && response.status().is_server_error() {
        return made(StatusCode::OK, "{}");
    }
    if settings.slips(Slip::SwapsAnswers) {
        return gateway.swapped.swap(response).await;
    }
    response
}

/// Reads a request to its end.
async fn read(
    gateway: &Gateway,
    request: Request<Incoming>,
    client: u64,
) -> Result<Outgoing, (StatusCode, &'static str)> {
    const TOO_LARGE: (StatusCode, &str) =
        (StatusCode::PAYLOAD_TOO_LARGE, "the request body is larger than 1 MiB");
    let (mut head, body) = request.into_parts();
    if head.method == Method::CONNECT {
        return Err((StatusCode::NOT_IMPLEMENTED, "this gateway makes no tunnels"));
    }
    if body.size_hint().lower() > BODY_MAX as u64 {
        return Err(TOO_LARGE);
    }
    let body = if body.is_end_stream() {
        Bytes::new()
    } else {
        let timer = &gateway.timer;
        let whole = timer.until(timer.now() + BODY_WAIT, Limited::new(body, BODY_MAX).collect()).await;
        match whole {
            Some(Ok(body)) => body.to_bytes(),
            Some(Err(error)) if error.is::<LengthLimitError>() => return Err(TOO_LARGE),
            Some(Err(_)) => return Err((StatusCode::BAD_REQUEST, "the request body was cut off")),
            None => {
                return Err((StatusCode::REQUEST_TIMEOUT, "the request body did not arrive in time"));
            }
        }
    };
    let affinity = gateway.settings.affinity.as_ref();
    let path = head.uri.into_parts().path_and_query.unwrap_or(PathAndQuery::from_static("/"));
    let key = affinity.and_then(|affinity| affinity::key(affinity, &head.headers, path.as_str(), client));
    headers::for_backend(&mut head.headers, &gateway.settings);
    if gateway.settings.slips(Slip::MixesCredentials) {
        gateway.mixed.mix(&mut head.headers);
    }
    Ok(Outgoing { method: head.method, uri: Uri::from(path), headers: head.headers, body, key })
}
