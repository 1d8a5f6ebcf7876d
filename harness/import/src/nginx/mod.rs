//! nginx: `nginx.conf`, and the files that it includes.
//!
//! What is taken over, and from where (`ngx_http_proxy_module`, `ngx_http_upstream_module`, `ngx_http_limit_conn_module`):
//!
//! | source | what becomes of it |
//! | --- | --- |
//! | `server` of an `upstream`, with `weight`, `backup`, `down`; without one the address in `proxy_pass` | `[backend.NAME]` |
//! | `proxy_connect_timeout`, `proxy_read_timeout` | `policy.timeout.connect`, `per_try` |
//! | `proxy_next_upstream` | `policy.retry.on`, `methods` |
//! | `proxy_next_upstream_tries`, and the number of servers | `policy.retry.attempts` |
//! | `max_fails`, `fail_timeout`, `zone`, `worker_processes` | `policy.breaker` |
//! | `proxy_set_header` with a value that has no variable | `policy.request_headers` |
//! | `max_conns`; `limit_conn` by a key that all requests share | `policy.limit` |
//!
//! What holds is what nginx lets hold: the directive of the innermost level, and nginx's documented default where there is none, which
//! is told as a reading. Everything else is told with its place: as not understood, or as understood and not rehearsed. The scenario
//! runs nginx with a copy of the directives that were understood, in which the addresses of the servers are those of the run.

mod assemble;
mod breaker;
mod copy;
mod headers;
mod include;
mod limit;
mod retry;
mod scope;
mod subject;
mod timers;
mod tokens;
mod tree;
mod upstream;
mod words;

pub(crate) use assemble::IMPORTER;
