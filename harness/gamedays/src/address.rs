//! Web addresses in a game day's file: what one has to look like, and which hosts may be asked.

use std::net::IpAddr;

use http::Uri;

/// The longest address that is taken, in bytes.
const ADDRESS_MAX: usize = 2048;

/// The host of a web address, without brackets.
pub(crate) fn host_of(address: &str) -> Result<String, String> {
    if address.contains('@') {
        // Not quoted, since a password may stand there.
        return Err("the address carries a user name: expected a scheme, a host and a path".into());
    }
    let wrong = || {
        let shown: String = address.chars().take(80).collect();
        format!("`{shown}` is not a web address: expected one such as `https://example.com/hook`")
    };
    if address.len() > ADDRESS_MAX {
        return Err(wrong());
    }
    let uri: Uri = address.parse().map_err(|_| wrong())?;
    let authority = uri.authority().filter(|_| matches!(uri.scheme_str(), Some("http" | "https")));
    let authority = authority.ok_or_else(wrong)?;
    // A port that is out of bounds reads as none at all.
    let port_is_wrong =
        authority.as_str() != authority.host() && authority.port_u16().is_none_or(|port| port == 0);
    let host = authority.host().trim_matches(['[', ']']);
    if host.is_empty() || port_is_wrong { Err(wrong()) } else { Ok(host.to_owned()) }
}

/// True if a host may be asked: this machine, and those that are allowed.
pub(crate) fn may_ask(host: &str, allowed: &[String]) -> bool {
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    is_loopback
        || host.eq_ignore_ascii_case("localhost")
        || allowed.iter().any(|one| one.eq_ignore_ascii_case(host))
}

/// What is wrong with an address in a file that allows these hosts.
pub(crate) fn problem_of(address: &str, allowed: &[String]) -> Option<String> {
    match host_of(address) {
        Err(why) => Some(why),
        Ok(host) if may_ask(&host, allowed) => None,
        Ok(host) => Some(format!(
            "`{host}` is not this machine, and the file does not allow it: add `allow_hosts = [\"{host}\"]`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_may_be_asked_and_others_only_by_name() {
        let allowed = ["hooks.example.com".to_owned()];
        for address in [
            "http://127.0.0.1:9000/a?b=c",
            "https://localhost/x",
            "http://[::1]:80/",
            "http://[::ffff:127.0.0.1]/",
            "https://Hooks.Example.com/1",
        ] {
            assert_eq!(problem_of(address, &allowed), None, "{address}");
        }
        for address in ["http://10.0.0.7/", "https://example.com", "http://127.0.0.1.evil.example/"] {
            assert!(
                problem_of(address, &allowed).is_some_and(|why| why.contains("allow_hosts")),
                "{address}"
            );
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused_and_a_password_is_not_repeated() {
        for address in
            ["", "example.com", "ftp://localhost/", "http://", "http://localhost:99999/", "http://a b/"]
        {
            assert!(
                problem_of(address, &[]).is_some_and(|why| why.contains("not a web address")),
                "{address}"
            );
        }
        let why = problem_of("https://ann:s3cret@localhost/", &[]).unwrap();
        assert!(!why.contains("s3cret"), "{why}");
    }
}
