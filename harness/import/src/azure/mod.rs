//! Azure API Management: backends of Bicep and ARM templates, and policy XML.
//!
//! What is taken over, and from where:
//!
//! | source | what becomes of it |
//! | --- | --- |
//! | `backends`: `pool.services[]` with `id`, `weight`, `priority` | `[backend.NAME]` |
//! | `circuitBreaker.rules[0].failureCondition`: `count` or `percentage`, `interval` | `policy.breaker.trip` |
//! | … `statusCodeRanges`, `errorReasons` | `policy.breaker.fails` |
//! | … `tripDuration`, `acceptRetryAfter` | `policy.breaker.open_for`, `retry_after` |
//! | … `failureResponse.statusCode` | what a shed request is answered |
//! | `<retry>`: `condition`, `count`, `interval`, `first-fast-retry` | `policy.retry` |
//! | `<forward-request>`: `timeout`, `timeout-ms`, `buffer-request-body` | `policy.timeout.per_try`, the bodies of writes |
//! | `<set-backend-service>`: `backend-id` | which backend the scenario is about |
//! | `<choose>`: `condition` of `when` | which branches are read, where the request is given |
//! | `<include-fragment>` | what its file holds, at its place |
//! | `<limit-concurrency>` around `<forward-request>`: `max-count` | `policy.limit` |
//! | `<rate-limit>`, `<rate-limit-by-key>`: `calls`, `renewal-period` | `policy.rate_limit` |
//! | `<set-header>` of requests: `name`, `exists-action`, `value` | `policy.request_headers` |
//! | `credentials` of backends: `header`, `query`, `authorization` | `policy.credentials` |
//! | `namedValues` | the values of `{{name}}` |
//!
//! Everything else is told with its place: as not understood, or as understood and not rehearsed.

mod assemble;
mod backends;
mod breaker;
mod choose;
mod elements;
mod fails;
mod files;
mod headers;
mod keys;
mod limits;
mod policies;
mod retry;

pub(crate) use assemble::IMPORTER;
