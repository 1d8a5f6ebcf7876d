//! What a response says about itself: who made it, for which request, and whether its body is what was sent.

use std::hash::Hasher;

use evidence::{BodyCheck, Exchange, KnownBody, NO_BACKEND, TagEcho, headers};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method, Response};
use hyper::body::Incoming;
use twox_hash::XxHash3_64;

use crate::outcome::ResponseFraming;
use crate::template::TAG;

static BACKEND: HeaderName = HeaderName::from_static(headers::BACKEND);
static ATTEMPT: HeaderName = HeaderName::from_static(headers::ATTEMPT);
static BODY: HeaderName = HeaderName::from_static(headers::BODY);
static BODY_HASH: HeaderName = HeaderName::from_static(headers::BODY_HASH);

/// A response whose head has arrived.
pub(crate) struct Reply {
    pub(crate) body: Incoming,
    pub(crate) framing: ResponseFraming,
    /// The hash that the whole body should have; absent if there is nothing to compare.
    expected: Option<u64>,
    /// Of what the body is made; read only if it breaks off.
    known: Option<HeaderValue>,
    /// What the bytes that arrived add up to.
    sum: XxHash3_64,
}

impl Reply {
    /// Notes in `exchange` what the head says. `tag` is the tag header of the request.
    pub(crate) fn read(
        response: Response<Incoming>,
        method: &Method,
        tag: &HeaderValue,
        exchange: &mut Exchange,
    ) -> Self {
        let (mut head, body) = response.into_parts();
        exchange.status = head.status.as_u16();
        exchange.echo = echo(&head.headers, tag);
        exchange.backend = number(&head.headers, &BACKEND).unwrap_or(NO_BACKEND);
        exchange.attempt = number(&head.headers, &ATTEMPT).unwrap_or(0);
        let framing = ResponseFraming::of(method, head.status, &head.headers);
        let hash = head.headers.get(&BODY_HASH).filter(|_| framing != ResponseFraming::Bodiless);
        let hash = hash.and_then(|value| u64::from_str_radix(value.to_str().ok()?, 16).ok());
        Reply { body, framing, expected: hash, known: head.headers.remove(&BODY), sum: XxHash3_64::new() }
    }

    pub(crate) fn received(&mut self, bytes: &[u8]) {
        self.sum.write(bytes);
    }

    /// XXH3-64 of the body as far as it arrived.
    pub(crate) fn body_hash(&self) -> u64 {
        self.sum.finish()
    }

    /// Whether the body, now that it is whole by its framing, is what the backend sent.
    pub(crate) fn whole_check(&self) -> BodyCheck {
        match self.expected {
            None => BodyCheck::Unknown,
            Some(expected) if self.body_hash() == expected => BodyCheck::Intact,
            Some(_) => BodyCheck::Altered,
        }
    }

    /// Whether the body, which broke off after so many bytes, is what the backend's answer begins with.
    pub(crate) fn broken_check(&self, bytes: u64) -> BodyCheck {
        let known = self.known.as_ref().filter(|_| bytes > 0);
        let known = known.and_then(|value| KnownBody::parse(value.as_bytes()));
        match known.and_then(|known| known.begins_with(bytes, self.body_hash())) {
            None => BodyCheck::Unknown,
            Some(true) => BodyCheck::Prefix,
            Some(false) => BodyCheck::Altered,
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
