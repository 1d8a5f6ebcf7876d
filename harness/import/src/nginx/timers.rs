//! Times as nginx writes them (<https://nginx.org/en/docs/syntax.html>), and those that hold between nginx and a backend.

use policy::Timeouts;
use units::Timespan;

use super::scope::Scope;
use crate::note::Note;
use crate::place::Place;

/// What holds for connecting, reading and sending where nothing is said (`ngx_http_proxy_module`).
const USUAL: Timespan = Timespan::from_secs(60);

/// Longer times than a century are none.
const MILLIS_MAX: u64 = 100 * UNITS[0].1;

/// Units from the longest to the shortest, in milliseconds: a year has 365 days, and a month 30.
const UNITS: [(&str, u64); 8] = [
    ("y", 31_536_000_000),
    ("M", 2_592_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The length of a time: `60`, `1m30s`, `500ms`. Nothing if it is none.
pub(super) fn timespan(text: &str) -> Option<Timespan> {
    let (mut rest, mut total, mut last) = (text, 0_u64, None);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        // A bare number is of seconds.
        let unit = if letters == 0 { "s" } else { &rest[..letters] };
        let at = UNITS.iter().position(|(known, _)| *known == unit)?;
        // Each unit is shorter than the one before it.
        if last.is_some_and(|last| last >= at) || (letters == 0 && rest.len() > letters) {
            return None;
        }
        last = Some(at);
        total = total.checked_add(number.checked_mul(UNITS[at].1)?)?;
        rest = rest[letters..].trim_start_matches(' ');
    }
    last.filter(|_| total <= MILLIS_MAX).map(|_| Timespan::from_millis(total))
}

/// The timers of a location, and where they stand.
pub(super) fn read(
    scope: &Scope<'_>,
    head: &Place,
    notes: &mut Vec<Note>,
) -> (Timeouts, Vec<(&'static str, Place)>) {
    let mut keys = Vec::new();
    let mut of = |name: &str, key: &'static str| {
        if let Some((length, place)) = scope.time(name, notes) {
            keys.push((key, place));
            return length;
        }
        let words = format!("`{name}` is not set: nginx's own default of 60 s holds");
        notes.push(Note::choice(head, words));
        USUAL
    };
    let connect = of("proxy_connect_timeout", "timeout.connect");
    let read = of("proxy_read_timeout", "timeout.per_try");
    if let Some((send, place)) = scope.time("proxy_send_timeout", notes).filter(|(send, _)| *send != read) {
        let words = format!(
            "{send} for sending, and {read} for reading: of a backend that takes no request only the second is rehearsed"
        );
        notes.push(Note::unrehearsed(&place, words));
    }
    (Timeouts { connect: Some(connect), per_try: Some(read), total: None }, keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_of_seconds_and_units_get_shorter() {
        let of = |text: &str| timespan(text).map(|length| length.as_millis());
        assert_eq!(of("60"), Some(60_000));
        assert_eq!(of("500ms"), Some(500));
        assert_eq!(of("1m30s"), Some(90_000));
        assert_eq!(of("1h 30m 5"), Some(5_405_000));
        assert_eq!(of("1M1m"), Some(2_592_060_000));
        assert_eq!(of("0"), Some(0));
        for wrong in
            ["", "s", "-1", "1.5s", "30s1m", "1s1s", "5 5", "5 s", "1min", "99999999999999999999", "101y"]
        {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
