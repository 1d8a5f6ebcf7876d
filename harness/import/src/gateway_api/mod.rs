//! Gateway API of Kubernetes: `HTTPRoute`.
//!
//! What is taken over, and from where (`gateway.networking.k8s.io/v1`, with the experimental `retry`):
//!
//! | source | what becomes of it |
//! | --- | --- |
//! | `backendRefs` of a rule: `name`, `weight` | `[backend.NAME]` |
//! | `timeouts.request`, `timeouts.backendRequest` | `policy.timeout.total`, `per_try` |
//! | `retry.attempts`, `codes`, `backoff` | `policy.retry` |
//!
//! Everything else is told with its place. Many gateways read these routes, and none of them is started here: the scenario is a
//! rehearsal on the reference gateway, and runs against a real one by `[gateway.url]`.

mod assemble;
mod retry;
mod rules;

pub(crate) use assemble::IMPORTER;
