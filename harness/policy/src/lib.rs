//! The failure behaviour that a gateway is declared to have, in gateway-neutral words, and what is wrong with it.
//!
//! Gateways are configured from it, expectations are held against it, and measured behaviour is named in its words.
//! It is plain data: it opens nothing and knows no gateway.

mod affinity;
mod breaker;
mod failure;
mod health;
mod limit;
mod placeholder;
mod policy;
mod problems;
mod rate;
mod request;
mod retry;

pub use affinity::{Affinity, AffinityBy};
pub use breaker::{AllOut, Breaker, Scope, Trip, WayBack};
pub use failure::FailureClass;
pub use health::HealthCheck;
pub use limit::Limit;
pub use placeholder::{Piece, pieces, stand_in};
pub use policy::{Policy, Timeouts};
pub use problems::REMEMBERED_MAX;
pub use rate::{RateLimit, RateWindow};
pub use request::{Credential, RequestHeaders, credential_key, is_of_query, set_key};
pub use retry::{Backoff, Retry, RetryAfter, RetryBudget, RetryOn};
