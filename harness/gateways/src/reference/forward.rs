//! The life of one request: attempts until one is good enough, or nothing more may be tried.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full};
use units::Moment;

use super::attempt::{Answer, Failure, Outgoing, attempt};
use super::body::{Relay, drain};
use super::breakers::Permit;
use super::gateway::{Choice, Gateway};
use super::headers;
use super::logs::Attempts;
use super::quota::in_seconds;
use super::settings::{CutBody, Retry, Slip};

/// What the client gets: a backend's body, or a few words of the gateway.
pub(crate) type Content = Either<Relay, Full<Bytes>>;

/// How long a request waits in a gateway that stays slow: longer than any that is well takes over loopback.
const QUEUED: Duration = Duration::from_millis(40);

/// How often a gateway looks at its queue of retries that has all of them wait for that.
const WAVE: Duration = Duration::from_millis(500);

/// Forwards a request, unless it is one too many in its time, and gives what the client gets.
pub(crate) async fn forward(gateway: &Gateway, outgoing: &Outgoing) -> Response<Content> {
    if let Some(answer) = beyond_quota(gateway) {
        return answer;
    }
    if gateway.settings.slips(Slip::StaysSlow) && gateway.has_failed.get() {
        gateway.timer.sleep(QUEUED).await;
    }
    let mut tried = Vec::new();
    let mut response = attempts(gateway, outgoing, &mut tried).await;
    response.extensions_mut().insert(Attempts(tried.len()));
    response
}

/// Sends a request to the backends until one answers well enough.
async fn attempts(gateway: &Gateway, outgoing: &Outgoing, tried: &mut Vec<usize>) -> Response<Content> {
    let Gateway { settings, timer, .. } = gateway;
    let deadline = || settings.total.map(|length| timer.now() + length);
    let mut total = deadline();
    let worker = gateway.worker();
    let _request = gateway.budget.request();
    let mut counted = None;
    let mut latest: Option<Result<Answer, Failure>> = None;
    loop {
        let choice = gateway.choose_in_turn(worker, tried, outgoing, total).await;
        let (backend, permit, turn) = match choice {
            Choice::Taken(backend, permit, turn) => (backend, permit, turn),
            nowhere => return without_a_place(gateway, &nowhere, latest, total).await,
        };
        if let Some(Ok(unwanted)) = latest.take() {
            drain(unwanted, timer);
        }
        if settings.slips(Slip::TotalForEachTry) {
            total = deadline();
        }
        let cut_at = total.filter(|_| tried.is_empty() || !settings.slips(Slip::SoftTotal));
        let mut sent = outgoing.without(&gateway.withheld[backend], settings);
        if !tried.is_empty() {
            sent.alter_further(settings);
            gateway.told.retry(settings);
        }
        gateway.rules.apply(&mut sent, backend, tried, settings);
        tried.push(backend);
        gateway.standstill.over(timer).await;
        let result = attempt(settings, timer, &gateway.connections[backend], &sent, cut_at).await;
        let result = result.map(|answer| Answer { turn, ..answer });
        if failed(&result) {
            gateway.note_failure(timer.now());
        }
        gateway.standstill.over(timer).await;
        let permit = judge(gateway, permit, &result);
        let status = result.as_ref().map(|answer| answer.response.status()).map_err(|failure| *failure);
        let number = tried.len() as u32;
        drop(counted.take());
        let retry = settings.retry.as_ref().filter(|retry| retry.wants(&outgoing.method, number, status));
        let Some((retry, leave)) = retry.and_then(|retry| Some((retry, gateway.budget.leave()?))) else {
            return disclosing(gateway, outgoing, backend, pass_on(gateway, result, permit, total));
        };
        let asked = asked_for(gateway, retry, &result);
        if asked.is_some_and(|asked| retry.is_in_vain(timer.now() + asked, total)) {
            return disclosing(gateway, outgoing, backend, pass_on(gateway, result, permit, total));
        }
        // It answered, so that it is in order; what it answered is a matter of the request.
        if let Some(permit) = permit {
            permit.succeed();
        }
        counted = Some(leave);
        let wait = wait(gateway, retry, number, asked);
        if timer.until(total.unwrap_or(Moment::NEVER), timer.sleep(wait)).await.is_none() {
            return made(Failure::Total.status(), Failure::Total.words());
        }
        latest = Some(result);
    }
}

/// How long to wait before another attempt than number `made`, where the backend asked to be left alone for so long.
fn wait(gateway: &Gateway, retry: &Retry, made: u32, asked: Option<Duration>) -> Duration {
    let wait = asked.unwrap_or_else(|| retry.wait(made, &mut gateway.draws.borrow_mut()));
    let in_waves = gateway.settings.slips(Slip::RetriesInWaves);
    let late = in_waves.then(|| to_next_wave(gateway.timer.now() + wait));
    wait + late.unwrap_or_default()
}

/// How long it is from `now` to the next wave of a gateway that looks at its queue of retries now and then only.
fn to_next_wave(now: Moment) -> Duration {
    let since = now.since(Moment::EPOCH).as_nanos() % WAVE.as_nanos();
    WAVE.saturating_sub(Duration::from_nanos(since as u64))
}

/// How long the backend asked to be left alone for, if the gateway listens to that.
fn asked_for(gateway: &Gateway, retry: &Retry, result: &Result<Answer, Failure>) -> Option<Duration> {
    let answer = result.as_ref().ok()?;
    retry.asked?.wait(answer.response.headers(), gateway.world.wall_clock())
}

fn failed(result: &Result<Answer, Failure>) -> bool {
    result.as_ref().map_or(true, |answer| answer.response.status().is_server_error())
}

/// Tells the breaker of a failure: no response, or a status that counts as one. Whether anything else is a success
/// shows at the end of the body.
fn judge(gateway: &Gateway, permit: Permit, result: &Result<Answer, Failure>) -> Option<Permit> {
    match result {
        Ok(answer) => {
            let head = &answer.response;
            let asked = headers::retry_after(head.headers(), gateway.world.wall_clock());
            permit.answered(head.status().as_u16(), asked)
        }
        Err(failure) => {
            permit.fail_as(*failure);
            None
        }
    }
}

/// The answer while no backend may be asked.
async fn shed(gateway: &Gateway) -> Response<Content> {
    let shed = gateway.settings.shed;
    if !shed.after.is_zero() {
        gateway.timer.sleep(shed.after).await;
    }
    made(shed.status, "no backend is available")
}

/// The answer where an attempt can go nowhere: what an attempt before brought, if there was one.
async fn without_a_place(
    gateway: &Gateway,
    why: &Choice,
    latest: Option<Result<Answer, Failure>>,
    total: Option<Moment>,
) -> Response<Content> {
    match (why, latest) {
        (_, Some(result)) => pass_on(gateway, result, None, total),
        (Choice::Full, None) => turned_away(gateway),
        (_, None) => shed(gateway).await,
    }
}

/// The answer while as many requests are under way as may be.
fn turned_away(gateway: &Gateway) -> Response<Content> {
    let status = gateway.settings.limit.as_ref().map(|limit| limit.status);
    made(status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE), "too many requests are under way")
}

/// The answer to a request beyond what is let through in a time, if this is one.
fn beyond_quota(gateway: &Gateway) -> Option<Response<Content>> {
    let quota = gateway.quota.as_ref()?;
    let wait = quota.take(gateway.timer.now()).err()?;
    let mut answer = made(quota.rules.status, "too many requests in this time");
    if quota.rules.tells {
        answer.headers_mut().insert(header::RETRY_AFTER, in_seconds(wait).into());
    }
    Some(answer)
}

fn pass_on(
    gateway: &Gateway,
    result: Result<Answer, Failure>,
    permit: Option<Permit>,
    total: Option<Moment>,
) -> Response<Content> {
    let Answer { response, connection, turn } = match result {
        Ok(answer) => answer,
        Err(failure) => return made(failure.status(), failure.words()),
    };
    let (mut head, incoming) = response.into_parts();
    headers::for_client(&mut head.headers, &gateway.settings);
    let mut passed_on = Response::new(());
    *passed_on.status_mut() = head.status;
    let cut_body = gateway.settings.cut_body;
    let mut relay = Relay::new((incoming, connection, turn), permit, (&gateway.timer, total), cut_body);
    if gateway.settings.slips(Slip::FinishesDownloads) {
        relay = relay.finishing();
    }
    if cut_body != CutBody::Cut && !http_body::Body::is_end_stream(&relay) {
        // With a length, the client would see that bytes are missing.
        head.headers.remove(header::CONTENT_LENGTH);
    }
    *passed_on.headers_mut() = head.headers;
    passed_on.map(|()| Either::Left(relay))
}

/// Works in the defects of errors that the gateway makes itself: they tell what is inside.
fn disclosing(
    gateway: &Gateway,
    outgoing: &Outgoing,
    backend: usize,
    response: Response<Content>,
) -> Response<Content> {
    let mut told = String::new();
    if gateway.settings.slips(Slip::NamesBackends) {
        told = format!("no answer from {}", gateway.connections[backend].address());
    }
    if gateway.settings.slips(Slip::EchoesCredentials) {
        let credential = outgoing.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        told = format!("the request failed: authorization: {}", credential.unwrap_or("none"));
    }
    if told.is_empty() || matches!(response.body(), Either::Left(_)) {
        return response;
    }
    response.map(|_| Either::Right(Full::new(Bytes::from(told))))
}

/// A response that the gateway makes itself.
pub(crate) fn made(status: StatusCode, words: &'static str) -> Response<Content> {
    let mut response = Response::new(Either::Right(Full::new(Bytes::from_static(words.as_bytes()))));
    *response.status_mut() = status;
    let text = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    *response.headers_mut() = HeaderMap::from_iter([text]);
    response
}
