//! HAProxy: `haproxy.cfg`.
//!
//! What is taken over, and from where (configuration manual 2.6, sections 4.2 and 5.2):
//!
//! | source | what becomes of it |
//! | --- | --- |
//! | `server`: name, `weight`, `backup`; `option allbackups` | `[backend.NAME]` |
//! | `timeout connect`, `timeout server` | `policy.timeout.connect`, `per_try` |
//! | `retries`, `retry-on` | `policy.retry.attempts`, `on` |
//! | `http-request disable-l7-retry` with a condition on methods | `policy.retry.methods` |
//! | `option redispatch`, `balance` | `policy.retry.other_backend` |
//! | `server`: `check`, `observe`, `error-limit`, `on-error mark-down` | `policy.breaker.trip` |
//! | … `inter`, `fastinter`, `downinter`, `rise` | `policy.breaker.open_for`, `tick` |
//! | `option httpchk` | `policy.breaker.way_back`; without `observe`, with `check`, `inter`, `fall`, `rise`: `policy.health_check` |
//! | `http-request set-header`, `add-header`, `del-header` with values that are words | `policy.request_headers` |
//! | `server`: `maxconn`; `timeout queue`; `http-request deny` with a condition on the queue | `policy.limit` |
//!
//! Everything else is told with its place: as not understood, or as understood and not rehearsed. The scenario runs HAProxy with
//! a copy of the lines that were understood, in which the addresses of the servers are those of the run.

mod assemble;
mod breaker;
mod copy;
mod headers;
mod health;
mod limit;
mod lines;
mod methods;
mod retry;
mod sections;
mod server;
mod settings;
mod timers;
mod words;

pub(crate) use assemble::IMPORTER;
