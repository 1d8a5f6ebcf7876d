//! News to browsers as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::broadcast::error::RecvError;

use super::problem::Problem;
use super::site::Site;
use crate::news::Told;

/// How many may listen at a time.
const LISTENERS_MAX: usize = 64;

/// How long one listens before it has to say again who it is: a user who was removed hears no more.
const LISTENING_MAX: Duration = Duration::from_mins(5);

/// One that listens.
struct Listening(Arc<AtomicUsize>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The news of a firing, or all, after the number `since`.
#[expect(clippy::disallowed_methods, reason = "the server is for people, in the real world")]
pub(super) fn response(site: &Arc<Site>, firing: Option<i64>, since: u64) -> Result<Response, Problem> {
    let listening = Listening(site.listeners.clone());
    if listening.0.fetch_add(1, Ordering::Relaxed) >= LISTENERS_MAX {
        let why = format!("{LISTENERS_MAX} pages listen already; close some");
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, why));
    }
    let (kept, later) = site.office.news.listen(since);
    let end = tokio::time::Instant::now() + LISTENING_MAX;
    let closing = site.closing.clone();
    let state = (listening, kept.into_iter(), later);
    let news = unfold(state, move |(listening, mut kept, mut later)| {
        let closing = closing.clone();
        async move {
            if let Some(told) = kept.next() {
                return Some((Some(told), (listening, kept, later)));
            }
            let told = tokio::select! {
                biased;
                () = closing.cancelled() => return None,
                () = tokio::time::sleep_until(end) => return None,
                told = later.recv() => told,
            };
            match told {
                Ok(told) => Some((Some(told), (listening, kept, later))),
                // What was missed is asked for anew.
                Err(RecvError::Lagged(_)) => Some((None, (listening, kept, later))),
                Err(RecvError::Closed) => None,
            }
        }
    });
    let events = futures_util::StreamExt::filter_map(news, move |told| async move { event(told, firing) });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

fn event(told: Option<Arc<Told>>, firing: Option<i64>) -> Option<Result<Event, Infallible>> {
    let Some(told) = told else { return Some(Ok(Event::default().event("behind").data("{}"))) };
    if firing.is_some() && told.firing.is_some() && told.firing != firing {
        return None;
    }
    let text = serde_json::to_string(&*told).unwrap_or_default();
    Some(Ok(Event::default().id(told.number.to_string()).data(text)))
}
