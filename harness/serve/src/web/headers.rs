//! What every answer carries, so that no other site acts through a browser that is logged in here.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;

/// The page loads its own files and asks its own server, and is shown in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A report brings its own policy, which names its style sheet and its script by their hashes. Here it gets an origin of its own
/// on top: whatever is in it, it is nobody here.
pub(super) const OF_REPORTS: &str =
    "sandbox allow-scripts; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// Sets what an answer does not set itself.
pub(super) async fn set(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let has_own = headers.contains_key(CONTENT_SECURITY_POLICY);
    let mut or = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    or(CONTENT_SECURITY_POLICY, POLICY);
    or(X_FRAME_OPTIONS, if has_own { "SAMEORIGIN" } else { "DENY" });
    or(X_CONTENT_TYPE_OPTIONS, "nosniff");
    or(REFERRER_POLICY, "no-referrer");
    or(CACHE_CONTROL, "no-store");
    or(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    or(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    // Browsers pass over it where there is no TLS.
    or(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    response
}
