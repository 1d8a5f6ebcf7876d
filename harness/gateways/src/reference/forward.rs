//! The life of one request: attempts until one is good enough, or nothing more may be tried.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full};
use units::Moment;

use super::attempt::{Answer, Failure, Outgoing, attempt};
use super::body::{Relay, drain};
use super::breakers::Permit;
use super::gateway::Gateway;
use super::headers;

/// What the client gets: a backend's body, or a few words of the gateway.
pub(crate) type Content = Either<Relay, Full<Bytes>>;

/// Sends a request to the backends until one answers well enough, and gives what the client gets.
pub(crate) async fn forward(gateway: &Gateway, outgoing: &Outgoing) -> Response<Content> {
    let Gateway { settings, timer, .. } = gateway;
    let total = settings.total.map(|length| timer.now() + length);
    let mut tried = Vec::new();
    let mut latest: Option<Result<Answer, Failure>> = None;
    loop {
        let Some((backend, permit)) = gateway.choose(&tried) else {
            return match latest {
                Some(result) => pass_on(gateway, result, None, total),
                None => made(StatusCode::SERVICE_UNAVAILABLE, "no backend is available"),
            };
        };
        if let Some(Ok(unwanted)) = latest.take() {
            drain(unwanted, timer);
        }
        tried.push(backend);
        let result = attempt(settings, timer, &gateway.connections[backend], outgoing, total).await;
        let permit = judge(gateway, permit, &result);
        let status = result.as_ref().map(|answer| answer.response.status()).map_err(|failure| *failure);
        let number = tried.len() as u32;
        let retry = settings.retry.as_ref().filter(|retry| retry.wants(&outgoing.method, number, status));
        let Some(retry) = retry else {
            return pass_on(gateway, result, permit, total);
        };
        // It answered, so that it is in order; what it answered is a matter of the request.
        if let Some(permit) = permit {
            permit.succeed();
        }
        let wait = retry.wait(number, &mut gateway.draws.borrow_mut());
        if timer.until(total.unwrap_or(Moment::NEVER), timer.sleep(wait)).await.is_none() {
            return made(Failure::Total.status(), Failure::Total.words());
        }
        latest = Some(result);
    }
}

/// Tells the breaker of a failure: no response, or a status from 500 on; and 429 where `Retry-After` is obeyed, since
/// a backend that says for how long it wants to be left alone is to be left alone. Whether anything else is a
/// success shows at the end of the body.
fn judge(gateway: &Gateway, permit: Permit, result: &Result<Answer, Failure>) -> Option<Permit> {
    let Ok(answer) = result else {
        permit.fail(None);
        return None;
    };
    let status = answer.response.status();
    let obeys = gateway.settings.breaker.as_ref().is_some_and(|breaker| breaker.retry_after);
    if status.is_server_error() || (obeys && status == StatusCode::TOO_MANY_REQUESTS) {
        permit.fail(headers::retry_after(answer.response.headers()));
        return None;
    }
    Some(permit)
}

fn pass_on(
    gateway: &Gateway,
    result: Result<Answer, Failure>,
    permit: Option<Permit>,
    total: Option<Moment>,
) -> Response<Content> {
    let Answer { response, connection } = match result {
        Ok(answer) => answer,
        Err(failure) => return made(failure.status(), failure.words()),
    };
    let (mut head, incoming) = response.into_parts();
    headers::remove_hop_by_hop(&mut head.headers);
    let mut passed_on = Response::new(());
    *passed_on.status_mut() = head.status;
    let pretends = gateway.settings.truncated_as_complete;
    let relay = Relay::new((incoming, connection), permit, (&gateway.timer, total), pretends);
    if pretends && !http_body::Body::is_end_stream(&relay) {
        // With a length, the client would see that bytes are missing.
        head.headers.remove(header::CONTENT_LENGTH);
    }
    *passed_on.headers_mut() = head.headers;
    passed_on.map(|()| Either::Left(relay))
}

/// A response that the gateway makes itself.
pub(crate) fn made(status: StatusCode, words: &'static str) -> Response<Content> {
    let mut response = Response::new(Either::Right(Full::new(Bytes::from_static(words.as_bytes()))));
    *response.status_mut() = status;
    let text = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    *response.headers_mut() = HeaderMap::from_iter([text]);
    response
}
