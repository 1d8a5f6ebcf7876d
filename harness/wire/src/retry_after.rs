//! What a `Retry-After` field says (RFC 9110, section 10.2.3), as one number that both ends can put on record.

use std::time::UNIX_EPOCH;

/// From this number on it is a date: nobody is told to wait for thirty years.
const DATES: u64 = 1_000_000_000;

/// The number in a `Retry-After`: seconds to wait, or for a date its Unix time in seconds, which is
/// [1 000 000 000](retry_after_is_date) or more. `None` if the value is neither.
pub fn retry_after(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // RFC 9110 gives no bound; what no column holds means "not in this life".
        return (!text.is_empty())
            .then(|| text.parse().map_or(DATES - 1, |seconds: u64| seconds.min(DATES - 1)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs().max(DATES))
}

/// True if such a number stands for a date, and not for seconds to wait.
pub fn retry_after_is_date(number: u64) -> bool {
    number >= DATES
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(b"0", Some(0))]
    #[case(b" 120 ", Some(120))]
    #[case(b"99999999999999999999", Some(DATES - 1))]
    #[case(b"Thu, 01 Jan 2026 00:00:02 GMT", Some(1_767_225_602))]
    #[case(b"Thursday, 01-Jan-26 00:00:02 GMT", Some(1_767_225_602))]
    #[case(b"", None)]
    #[case(b"-1", None)]
    #[case(b"1.5", None)]
    #[case(b"soon", None)]
    #[case(b"\xff", None)]
    fn seconds_and_dates_are_read_and_nothing_else(#[case] value: &[u8], #[case] number: Option<u64>) {
        assert_eq!(retry_after(value), number);
    }

    proptest! {
        #[test]
        fn seconds_are_never_taken_for_a_date_and_no_bytes_for_a_panic(
            seconds: u64, bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let number = retry_after(seconds.to_string().as_bytes());
            prop_assert!(number.is_some_and(|number| !retry_after_is_date(number)));
            retry_after(&bytes);
        }
    }
}
