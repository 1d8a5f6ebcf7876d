//! What all requests share, and the router.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use super::dispatch::method;
use super::endpoints::ENDPOINTS;
use super::limits::Limits;
use super::problem::Problem;
use super::{assets, headers};
use crate::office::Office;

/// What all requests share.
pub(crate) struct Site {
    pub(crate) office: Arc<Office>,
    pub(super) limits: Limits,
    /// True if browsers come by TLS, here or at a proxy: cookies are sent by nothing else then.
    pub(crate) is_secure: bool,
    /// True if a proxy says whose requests it passes on.
    pub(crate) is_behind_proxy: bool,
    /// How many listen to news.
    pub(super) listeners: Arc<AtomicUsize>,
    /// Cancelled when the server ends.
    pub(crate) closing: CancellationToken,
}

impl Site {
    pub(crate) fn new(office: Arc<Office>, is_secure: bool, is_behind_proxy: bool) -> Self {
        Site {
            office,
            limits: Limits::default(),
            is_secure,
            is_behind_proxy,
            listeners: Arc::default(),
            closing: CancellationToken::new(),
        }
    }
}

/// All that can be asked.
pub(crate) fn router(site: &Arc<Site>) -> Router {
    let mut router = Router::new()
        .route("/", get(assets::page))
        .route("/icon.svg", get(assets::icon))
        .route("/live.js", get(assets::live))
        .route("/page.css", get(assets::style))
        .route("/page.js", get(assets::script));
    for endpoint in ENDPOINTS {
        router = router.route(endpoint.path, method(endpoint, site.clone()));
    }
    router
        .fallback(async || Problem::missing("such page"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this can't be asked by this method")
        })
        .layer(from_fn(headers::set))
}
