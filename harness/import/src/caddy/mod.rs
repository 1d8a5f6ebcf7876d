//! Caddy: the JSON that `caddy adapt` makes of a Caddyfile, which is the one language that Caddy itself runs on.
//!
//! What is taken over, and from where (`reverse_proxy` of Caddy 2.11; JSON structure, `http.handlers.reverse_proxy`):
//!
//! | Caddyfile | JSON | what becomes of it |
//! | --- | --- | --- |
//! | `to` | `upstreams[].dial` | `[backend.NAME]` |
//! | `lb_policy weighted_round_robin` | `load_balancing.selection_policy.weights` | `weight` |
//! | `lb_retries`, `lb_try_interval`, `lb_retry_match` | `load_balancing` | `policy.retry` |
//! | `fail_duration`, `max_fails 1`, `unhealthy_status` | `health_checks.passive` | `policy.breaker` |
//! | `health_uri`, `health_interval`, `health_timeout`, `health_fails`, `health_passes` | `health_checks.active` | `policy.health_check` |
//! | `dial_timeout`, `response_header_timeout` | `transport` | `policy.timeout` |
//! | | `upstreams[].max_requests` | `policy.limit` |
//!
//! Where the Caddyfile is given as well, the place of a key is the line of its directive, if the file has it only once. Everything else
//! is told with its place: as not understood, or as understood and not rehearsed. The scenario runs Caddy with a copy of the settings
//! that were understood, in which the addresses of the upstreams are those of the run.

mod assemble;
mod breaker;
mod caddyfile;
mod copy;
mod health;
mod keys;
mod members;
mod retry;
mod routes;
mod timers;

pub(crate) use assemble::IMPORTER;
