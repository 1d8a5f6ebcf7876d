//! Envoy: the static resources of a bootstrap file, and files of resources, as YAML or JSON.
//!
//! What is taken over, and from where (API v3; defaults are those of its documentation):
//!
//! | source | what becomes of it |
//! | --- | --- |
//! | `load_assignment`: addresses, `load_balancing_weight`, `priority` | `[backend.NAME]` |
//! | `connect_timeout` of the cluster, `timeout` of the route, `per_try_timeout` | `policy.timeout` |
//! | `retry_policy` of the route, or else of the virtual host: `num_retries`, `retry_on`, `retriable_status_codes` | `policy.retry.attempts`, `on` |
//! | … `retry_back_off`, `rate_limited_retry_back_off` | `policy.retry.backoff`, `retry_after` |
//! | … `retry_host_predicate`, `host_selection_retry_max_attempts` | `policy.retry.other_backend` |
//! | routes of one path that differ by `:method` | `policy.retry.methods` |
//! | `circuit_breakers`: `max_retries`, `retry_budget`; `max_requests` | `policy.retry.budget`; `policy.limit` |
//! | `outlier_detection`, `common_lb_config` | `policy.breaker` |
//! | `request_headers_to_add`, `request_headers_to_remove` of the route and the virtual host | `policy.request_headers` |
//! | `health_checks`: `http_health_check` | `policy.health_check` |
//!
//! Everything else is told with its place: as not understood, or as understood and not rehearsed. The scenario runs Envoy with a
//! configuration that is made of the messages that were understood, in which the endpoints are those of the run.

mod again;
mod assemble;
mod copy;
mod ejection;
mod fields;
mod files;
mod headers;
mod health;
mod keys;
mod known;
mod limits;
mod matches;
mod members;
mod protocol;
mod retry;
mod routes;
mod timers;
mod ways;

pub(crate) use assemble::IMPORTER;
