//! What a response says about itself: who made it, for which request, and whether its body is what was sent.

use std::hash::Hasher;

use evidence::{BodyCheck, Exchange, NO_BACKEND, TagEcho, headers};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method, Response};
use hyper::body::Incoming;
use twox_hash::XxHash3_64;

use crate::outcome::ResponseFraming;
use crate::template::TAG;

static BACKEND: HeaderName = HeaderName::from_static(headers::BACKEND);
static ATTEMPT: HeaderName = HeaderName::from_static(headers::ATTEMPT);
static BODY_HASH: HeaderName = HeaderName::from_static(headers::BODY_HASH);

/// A response whose head has arrived.
pub(crate) struct Reply {
    pub(crate) body: Incoming,
    pub(crate) framing: ResponseFraming,
    /// The hash that the body should have, and what it adds up to so far; absent if there is nothing to compare.
    check: Option<(u64, XxHash3_64)>,
}

impl Reply {
    /// Notes in `exchange` what the head says. `tag` is the tag header of the request.
    pub(crate) fn read(
        response: Response<Incoming>,
        method: &Method,
        tag: &HeaderValue,
        exchange: &mut Exchange,
    ) -> Self {
        let (head, body) = response.into_parts();
        exchange.status = head.status.as_u16();
        exchange.echo = echo(&head.headers, tag);
        exchange.backend = number(&head.headers, &BACKEND).unwrap_or(NO_BACKEND);
        exchange.attempt = number(&head.headers, &ATTEMPT).unwrap_or(0);
        let framing = ResponseFraming::of(method, head.status, &head.headers);
        let hash = head.headers.get(&BODY_HASH).filter(|_| framing != ResponseFraming::Bodiless);
        let hash = hash.and_then(|value| u64::from_str_radix(value.to_str().ok()?, 16).ok());
        Reply { body, framing, check: hash.map(|hash| (hash, XxHash3_64::new())) }
    }

    pub(crate) fn received(&mut self, bytes: &[u8]) {
        if let Some((_, sum)) = &mut self.check {
            sum.write(bytes);
        }
    }

    /// Whether the body, now that it is whole by its framing, is what the backend sent.
    pub(crate) fn body_check(&self) -> BodyCheck {
        match &self.check {
            None => BodyCheck::Unknown,
            Some((expected, sum)) if sum.finish() == *expected => BodyCheck::Intact,
            Some(_) => BodyCheck::Altered,
        }
    }
}

fn echo(headers: &HeaderMap, tag: &HeaderValue) -> TagEcho {
    let mut echoes = headers.get_all(&TAG).iter();
    match echoes.next() {
        None => TagEcho::Absent,
        Some(first) if first == tag && echoes.all(|echo| echo == tag) => TagEcho::Same,
        Some(_) => TagEcho::Other,
    }
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u16> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
