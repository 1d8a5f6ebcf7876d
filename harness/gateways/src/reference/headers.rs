//! Which headers are passed on: all but those that belong to one connection.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::settings::{Settings, Slip};

/// RFC 9110 section 7.6.1: what an intermediary removes even where `connection` does not name it.
const HOP_BY_HOP: [HeaderName; 5] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Where every client of this gateway is: it listens on the loopback interface only.
const CLIENT: &str = "127.0.0.1";

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The headers that `connection` names.
fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect()
}

/// Removes what belongs to the connection that the headers came on.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named = nominated(headers);
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove(header::CONNECTION);
}

/// Removes what belongs to one connection, or works in the defect that passes it on: all but what frames the message.
fn pass_on(headers: &mut HeaderMap, settings: &Settings) {
    let before = headers.clone();
    remove_hop_by_hop(headers);
    if settings.slips(Slip::ForwardsHopByHop) {
        for name in nominated(&before) {
            for value in before.get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
    }
}

/// Makes answer headers fit to be sent on.
pub(crate) fn for_client(headers: &mut HeaderMap, settings: &Settings) {
    pass_on(headers, settings);
    if settings.slips(Slip::DropsRetryAfter) {
        headers.remove(header::RETRY_AFTER);
    }
    if settings.slips(Slip::KeepsOneCookie) {
        let last = headers.get_all(header::SET_COOKIE).iter().next_back().cloned();
        last.map(|cookie| headers.insert(header::SET_COOKIE, cookie));
    }
}

/// Makes request headers fit to be sent on with a body that is there as a whole.
pub(crate) fn for_backend(headers: &mut HeaderMap, settings: &Settings) {
    pass_on(headers, settings);
    // Nobody in front of this gateway is trusted to say where a client is.
    let client = HeaderValue::from_static(CLIENT);
    if settings.slips(Slip::TrustsForwardedFor) {
        headers.append(FORWARDED_FOR, client);
    } else {
        headers.insert(FORWARDED_FOR, client);
    }
    // The body has been asked for and received; its length is known anew.
    headers.remove(header::EXPECT);
    headers.remove(header::CONTENT_LENGTH);
    // RFC 9110 section 7.6.3: a gateway adds itself to `via` on the way to the backend.
    headers.append(header::VIA, HeaderValue::from_static("1.1 brownout"));
}

/// How long a `Retry-After` asks to wait, of seconds or a date, at `now` by the calendar.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    retry_after_seconds(headers).or_else(|| {
        let date = httpdate::parse_http_date(headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim()).ok()?;
        // A date that is over asks for no wait.
        Some(date.duration_since(now).unwrap_or_default())
    })
}

/// The same of seconds only.
pub(crate) fn retry_after_seconds(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_one_connection_is_not_passed_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("connection", "keep-alive"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("x-brownout-tag", "00000001-7"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers["x-brownout-tag"], "00000001-7");
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date_and_nothing_else() {
        let of = |value| {
            let now = httpdate::parse_http_date("Fri, 31 Dec 1999 23:59:50 GMT").unwrap();
            retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(value))]), now)
        };
        assert_eq!(of("7"), Some(Duration::from_secs(7)));
        assert_eq!(of("18446744073709551616"), None);
        assert_eq!(of("-1"), None);
        assert_eq!(of("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::from_secs(9)));
        assert_eq!(of("Thu, 30 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO), "it is over");
        assert_eq!(of("tomorrow"), None);
    }
}
