//! From a request to its answer: read within bounds, looked at by the guard, handled on a thread that may wait for the disk.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::call::{Answer, Call};
use super::endpoints::{Endpoint, Needs};
use super::guard::{caller, permit, same_origin};
use super::headers::OF_REPORTS;
use super::input::BODY_MAX;
use super::live;
use super::problem::Problem;
use super::records::stream;
use super::site::Site;

/// How long the body of a request may take.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The route of an endpoint.
pub(super) fn method(endpoint: &'static Endpoint, site: Arc<Site>) -> MethodRouter {
    let filter = MethodFilter::try_from(endpoint.method.clone()).expect("a method that there is");
    on(filter, async move |request: Request| {
        answer(endpoint, site, request).await.unwrap_or_else(IntoResponse::into_response)
    })
}

async fn answer(endpoint: &'static Endpoint, site: Arc<Site>, request: Request) -> Result<Response, Problem> {
    let address = address(&site, &request);
    let now = site.office.now();
    if !site.limits.ask(address, now) {
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "ask less often: 50 times a second, in the long run",
        ));
    }
    let (mut parts, body) = request.into_parts();
    let path = RawPathParams::from_request_parts(&mut parts, &()).await;
    let path = path.map_err(|_| Problem::missing("such page"))?;
    let path = path.iter().map(|(_, value)| value.to_owned()).collect();
    if endpoint.body.is_some() {
        is_json(&parts.headers)?;
    }
    let mut call = Call {
        user: None,
        session: None,
        path,
        uri: parts.uri,
        headers: parts.headers,
        body: read(body).await?,
    };
    let handling = site.clone();
    // The store waits for the disk, which no thread of the runtime may.
    let handled = tokio::task::spawn_blocking(move || {
        let site = handling;
        let caller =
            caller(&site.office.store, &endpoint.method, &call.headers, now).inspect_err(|problem| {
                if problem.status == StatusCode::UNAUTHORIZED.as_u16() {
                    site.limits.wrong(address, now);
                }
            })?;
        match endpoint.needs {
            Needs::Role(role) => permit(caller.user.as_ref(), role)?,
            Needs::Nobody if endpoint.method != Method::GET => same_origin(&call.headers)?,
            Needs::Nobody => {}
        }
        (call.user, call.session) = (caller.user, caller.session);
        (endpoint.handle)(&site, &call)
    });
    let answer = handled.await.map_err(|error| {
        tracing::error!(%error, path = endpoint.path, "a request was not answered");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "brownout has a defect: its log says where")
    });
    // A wrong token in a body is as dear as one in a header.
    let answer = answer?.inspect_err(|problem| {
        if problem.status == StatusCode::UNAUTHORIZED.as_u16() && endpoint.body.is_some() {
            site.limits.wrong(address, now);
        }
    })?;
    response(&site, answer)
}

fn response(site: &Arc<Site>, answer: Answer) -> Result<Response, Problem> {
    let json = [(CONTENT_TYPE, "application/json")];
    Ok(match answer {
        Answer::Json(StatusCode::NO_CONTENT, _) => StatusCode::NO_CONTENT.into_response(),
        Answer::Json(status, text) => (status, json, text).into_response(),
        Answer::Cookie(status, text, cookie) => {
            let mut response = if status == StatusCode::NO_CONTENT {
                status.into_response()
            } else {
                (status, json, text).into_response()
            };
            let cookie = HeaderValue::from_str(&cookie).expect("a cookie of ours is made of letters");
            response.headers_mut().insert(SET_COOKIE, cookie);
            response
        }
        Answer::Page(text) => {
            let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, OF_REPORTS)];
            (headers, text).into_response()
        }
        Answer::File(path, name) => {
            let headers = [
                (CONTENT_TYPE, "application/octet-stream".to_owned()),
                (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
            ];
            (headers, stream(path)).into_response()
        }
        Answer::Live(firing, since) => live::response(site, firing, since)?,
    })
}

/// Whose requests are counted together. The proxy's own word is taken only where the command line says that there is one.
fn address(site: &Site, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let forwarded = request.headers().get("x-forwarded-for").filter(|_| site.is_behind_proxy);
    // The last one is what the proxy itself has seen.
    let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.unwrap_or(peer)
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body has to be `application/json`"))
}

#[expect(clippy::disallowed_methods, reason = "the server is for people, in the real world")]
async fn read(body: Body) -> Result<axum::body::Bytes, Problem> {
    match tokio::time::timeout(BODY_TIME, to_bytes(body, BODY_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {BODY_MAX} bytes")))
        }
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    }
}
