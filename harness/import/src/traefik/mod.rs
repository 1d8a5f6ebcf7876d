//! Traefik: its dynamic configuration (routers, services, middlewares), and what the static one says of transports.
//!
//! What is taken over, and from where (reference of the routing configuration of Traefik 3.7, HTTP):
//!
//! | source | what becomes of it |
//! | --- | --- |
//! | `loadBalancer.servers[]`: `url`, `weight` | `[backend.NAME]` |
//! | `serversTransports.NAME.forwardingTimeouts`, `serversTransport` of the static file | `policy.timeout.connect`, `per_try` |
//! | middleware `retry`: `attempts`, `status`, `retryNonIdempotentMethod`, `disableRetryOnNetworkError` | `policy.retry` |
//! | `loadBalancer.passiveHealthCheck`: `maxFailedAttempts`, `failureWindow` | `policy.breaker` |
//! | `loadBalancer.healthCheck`: `path`, `interval`, `timeout` | `policy.health_check` |
//! | middleware `headers`: `customRequestHeaders` | `policy.request_headers` |
//! | middleware `inFlightReq`: `amount`, by host | `policy.limit` |
//!
//! Everything else is told with its place: as not understood, or as understood and not rehearsed. The scenario runs Traefik with a copy
//! of the settings that were understood, in which the addresses of the servers are those of the run.

mod assemble;
mod copy;
mod files;
mod keys;
mod middlewares;
mod retry;
mod routers;
mod service;
mod transport;

pub(crate) use assemble::IMPORTER;
