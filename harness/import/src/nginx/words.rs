//! Which directives are understood, which have no part in what happens when backends fail, and which have one that `[policy]` has no
//! words for (<https://nginx.org/en/docs/dirindex.html>, those of the open-source modules for HTTP).

/// What a directive means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The policy is made of it.
    Taken,
    /// The copy has it as it is.
    Copied,
    /// Nothing that a run could show.
    NoMatter,
    /// It has a part in what happens, and is not rehearsed.
    Unrehearsed,
    Unknown,
}

/// What is read elsewhere.
const TAKEN: &[&str] = &[
    "keepalive",
    "limit_conn",
    "limit_conn_status",
    "limit_conn_zone",
    "location",
    "proxy_connect_timeout",
    "proxy_next_upstream",
    "proxy_next_upstream_timeout",
    "proxy_next_upstream_tries",
    "proxy_pass",
    "proxy_read_timeout",
    "proxy_request_buffering",
    "proxy_send_timeout",
    "server",
    "upstream",
];

/// Timers and sizes of both sides, and headers.
pub(super) const COPIED: &[&str] = &[
    "chunked_transfer_encoding",
    "client_body_buffer_size",
    "client_body_timeout",
    "client_header_buffer_size",
    "client_header_timeout",
    "client_max_body_size",
    "ignore_invalid_headers",
    "keepalive_requests",
    "keepalive_time",
    "keepalive_timeout",
    "large_client_header_buffers",
    "lingering_close",
    "lingering_time",
    "lingering_timeout",
    "merge_slashes",
    "proxy_buffer_size",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_busy_buffers_size",
    "proxy_connect_timeout",
    "proxy_hide_header",
    "proxy_http_version",
    "proxy_ignore_client_abort",
    "proxy_ignore_headers",
    "proxy_next_upstream",
    "proxy_next_upstream_timeout",
    "proxy_next_upstream_tries",
    "proxy_pass_header",
    "proxy_read_timeout",
    "proxy_request_buffering",
    "proxy_send_timeout",
    "proxy_set_header",
    "proxy_socket_keepalive",
    "reset_timedout_connection",
    "send_timeout",
    "sendfile",
    "tcp_nodelay",
    "tcp_nopush",
    "underscores_in_headers",
];

/// The same within an `upstream`.
pub(super) const COPIED_OF_UPSTREAM: &[&str] = &[
    "keepalive",
    "keepalive_requests",
    "keepalive_time",
    "keepalive_timeout",
    "least_conn",
    "random",
    "zone",
];

/// Logs, names, files that nginx answers with by itself, headers of answers, other protocols' settings.
const NO_MATTER: &[&str] = &[
    "absolute_redirect",
    "access_log",
    "add_header",
    "add_trailer",
    "aio",
    "alias",
    "api",
    "autoindex",
    "charset",
    "charset_types",
    "connection_pool_size",
    "default_type",
    "directio",
    "error_log",
    "etag",
    "expires",
    "geo",
    "geoip_city",
    "geoip_country",
    "http2",
    "http2_max_concurrent_streams",
    "if_modified_since",
    "include",
    "index",
    "keyval",
    "keyval_zone",
    "listen",
    "log_format",
    "log_not_found",
    "log_subrequest",
    "map",
    "map_hash_bucket_size",
    "map_hash_max_size",
    "max_ranges",
    "msie_padding",
    "open_file_cache",
    "open_file_cache_errors",
    "open_file_cache_min_uses",
    "open_file_cache_valid",
    "open_log_file_cache",
    "output_buffers",
    "override_charset",
    "port_in_redirect",
    "postpone_output",
    "proxy_cookie_domain",
    "proxy_cookie_flags",
    "proxy_cookie_path",
    "proxy_headers_hash_bucket_size",
    "proxy_headers_hash_max_size",
    "proxy_max_temp_file_size",
    "proxy_redirect",
    "proxy_temp_file_write_size",
    "proxy_temp_path",
    "real_ip_header",
    "real_ip_recursive",
    "recursive_error_pages",
    "request_id",
    "request_pool_size",
    "resolver",
    "resolver_timeout",
    "root",
    "sendfile_max_chunk",
    "server_name",
    "server_name_in_redirect",
    "server_names_hash_bucket_size",
    "server_names_hash_max_size",
    "server_tokens",
    "set",
    "set_real_ip_from",
    "source_charset",
    "split_clients",
    "status_zone",
    "stub_status",
    "subrequest_output_buffer_size",
    "types",
    "types_hash_bucket_size",
    "types_hash_max_size",
    "uninitialized_variable_warn",
    "variables_hash_bucket_size",
    "variables_hash_max_size",
];

/// Families of the same kind, by how their names begin.
const NO_MATTER_BY_BEGINNING: &[&str] = &[
    "brotli",
    "client_body_in",
    "client_body_temp",
    "fastcgi_",
    "grpc_",
    "gunzip",
    "gzip",
    "http3",
    "limit_conn_log",
    "limit_req_log",
    "memcached_",
    "quic_",
    "scgi_",
    "ssl_",
    "sub_filter",
    "uwsgi_",
];

/// Who is sent where, who is answered by nginx itself, limits of other kinds, other ways to choose a server.
const UNREHEARSED: &[&str] = &[
    "allow",
    "deny",
    "error_page",
    "hash",
    "health_check",
    "if",
    "internal",
    "ip_hash",
    "least_time",
    "limit_except",
    "limit_rate",
    "limit_rate_after",
    "match",
    "mirror",
    "mirror_request_body",
    "ntlm",
    "post_action",
    "proxy_bind",
    "proxy_force_ranges",
    "proxy_intercept_errors",
    "proxy_limit_rate",
    "proxy_method",
    "proxy_pass_request_body",
    "proxy_pass_request_headers",
    "proxy_send_lowat",
    "proxy_set_body",
    "proxy_store",
    "proxy_store_access",
    "queue",
    "return",
    "rewrite",
    "rewrite_log",
    "satisfy",
    "state",
    "sticky",
    "try_files",
];

/// Families of the same kind.
const UNREHEARSED_BY_BEGINNING: &[&str] =
    &["auth_", "js_", "limit_req", "proxy_cache", "proxy_no_cache", "proxy_ssl_", "slice"];

/// What a directive means here.
pub(super) fn meaning(name: &str) -> Meaning {
    let begins = |list: &[&str]| list.iter().any(|known| name.starts_with(known));
    if TAKEN.contains(&name) {
        Meaning::Taken
    } else if COPIED.contains(&name) || COPIED_OF_UPSTREAM.contains(&name) {
        Meaning::Copied
    } else if NO_MATTER.contains(&name) || begins(NO_MATTER_BY_BEGINNING) {
        Meaning::NoMatter
    } else if UNREHEARSED.contains(&name) || begins(UNREHEARSED_BY_BEGINNING) {
        Meaning::Unrehearsed
    } else {
        Meaning::Unknown
    }
}
