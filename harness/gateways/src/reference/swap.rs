//! A defect at work: now and then a client gets the answer to another request, as from a connection that is out of step.

use std::cell::RefCell;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};

use super::forward::{Content, made};

/// Of so many answers one goes to the wrong request.
const ONE_IN: u32 = 25;

/// The answer that is held back for somebody else.
#[derive(Default)]
pub(crate) struct Swapped(RefCell<Held>);

#[derive(Default)]
struct Held {
    answers: u32,
    kept: Option<(StatusCode, HeaderMap, Bytes)>,
}

impl Swapped {
    /// Keeps a copy of one answer, and gives it out instead of the next one.
    pub(crate) async fn swap(&self, response: Response<Content>) -> Response<Content> {
        let (number, kept) = {
            let mut held = self.0.borrow_mut();
            held.answers = held.answers.wrapping_add(1);
            (held.answers, held.kept.take())
        };
        if let Some((status, headers, body)) = kept {
            return rebuilt(status, headers, body);
        }
        if number % ONE_IN != 0 || !response.status().is_success() {
            return response;
        }
        let (head, body) = response.into_parts();
        let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
            return made(StatusCode::BAD_GATEWAY, "the backend cut the response body off");
        };
        self.0.borrow_mut().kept = Some((head.status, head.headers.clone(), body.clone()));
        rebuilt(head.status, head.headers, body)
    }
}

fn rebuilt(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Content> {
    let mut response = Response::new(Either::Right(Full::new(body)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
