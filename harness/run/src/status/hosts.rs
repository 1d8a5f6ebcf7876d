//! Whose requests are answered. A page of this machine must not be read by a web page of somebody else's: by DNS rebinding
//! a browser takes it for that somebody's own, but still names it by their name in `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Passes on what asks for an address, for `localhost` or for one of `hosts`; all else gets 421 (RFC 9110, 15.5.20).
pub(super) async fn known_only(State(hosts): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(|host| is_known(host, &hosts)) {
        return next.run(request).await;
    }
    let why = "this page is for addresses, `localhost` and the hosts given by `--status-host`\n";
    (StatusCode::MISDIRECTED_REQUEST, why).into_response()
}

fn is_known(host: &str, hosts: &[String]) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    // An address is no name that somebody could have turned to this machine.
    let address = name.trim_start_matches('[').trim_end_matches(']');
    address.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_hosts_that_were_given_are_known_and_no_other_name_is() {
        let hosts = ["runner-7".to_owned()];
        for host in ["127.0.0.1:9900", "10.0.0.7", "[::1]:9900", "localhost", "LOCALHOST:9900", "Runner-7:1"]
        {
            assert!(is_known(host, &hosts), "{host}");
        }
        for host in
            ["", "evil.example:9900", "localhost.evil.example", "127.0.0.1.evil.example", "runner-77", "a b"]
        {
            assert!(!is_known(host, &hosts), "{host}");
        }
    }
}
