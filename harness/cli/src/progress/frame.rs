//! What a person is told of a run at one moment, as lines of text, whatever they are drawn on. In each, what matters most
//! comes first, since a narrow terminal cuts the rest.

use std::time::Duration;

use reports::escape;
use run::{Counts, Failures, Fault, RECENT, Recent, Sight};
use units::Timespan;

/// The most faults, and the most ways to end, that are named.
const NAMED_MAX: usize = 4;

/// The longest name that is shown.
const NAME_MAX: usize = 24;

/// A run at one moment.
pub(super) struct Frame<'a> {
    pub(super) left: Duration,
    /// Requests sent a second, of late.
    pub(super) rate: f64,
    pub(super) counts: Counts,
    pub(super) on: Vec<&'a Fault>,
    pub(super) sight: Sight,
}

impl Frame<'_> {
    /// As many as [`Frame::LINES`].
    pub(super) fn lines(&self) -> [String; Frame::LINES] {
        let Counts { sent, skipped, in_flight, .. } = self.counts;
        let (left, rate) = (self.left.as_secs_f64().ceil(), self.rate);
        [
            format!("{left:.0} s left  {rate:.0}/s  {sent} sent  {skipped} skipped  {in_flight} in flight"),
            faults(&self.on),
            failures(&self.sight.failures),
            recent(&self.sight.recent),
        ]
    }

    /// How many lines a frame has.
    pub(super) const LINES: usize = 4;
}

/// Which faults are on now, and on which backends: `status { code = 503 } on a, b`.
pub(super) fn faults(all: &[&Fault]) -> String {
    if all.is_empty() {
        return "no fault is on".to_owned();
    }
    let named = all.iter().take(NAMED_MAX).map(|fault| {
        let backends: Vec<String> =
            fault.backends.iter().take(NAMED_MAX).map(|name| escape::plain(name, NAME_MAX)).collect();
        let more = fault.backends.len() - backends.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let settings = if fault.settings == "{}" { "" } else { &fault.settings };
        let what = format!("{} {}", fault.kind, escape::plain(settings, 60));
        format!("{} on {}{more}", what.trim_end(), backends.join(", "))
    });
    let named = named.collect::<Vec<_>>().join("; ");
    match all.len().saturating_sub(NAMED_MAX) {
        0 => format!("on now: {named}"),
        more => format!("on now: {named}; and {more} more"),
    }
}

/// How exchanges ended in the last seconds, and how long they took: `last 5 s: 200 97 %, 503 3 %; p50 1.2 ms, p99 48 ms`.
pub(super) fn recent(recent: &Recent) -> String {
    let (Some(p50), Some(p99)) = (recent.p50, recent.p99) else {
        return format!("last {}: nothing ended", Timespan(RECENT));
    };
    let all: u64 = recent.endings.iter().map(|(_, count)| count).sum();
    let share = |count: u64| format!("{:.1} %", 100.0 * count as f64 / all as f64);
    let named = recent.endings.iter().take(NAMED_MAX);
    let mut endings: Vec<String> = named.map(|(word, count)| format!("{word} {}", share(*count))).collect();
    let others: u64 = recent.endings.iter().skip(NAMED_MAX).map(|(_, count)| count).sum();
    if others > 0 {
        endings.push(format!("others {}", share(others)));
    }
    let (p50, p99) = (Timespan(p50), Timespan(p99));
    format!("last {}: {}; p50 {p50}, p99 {p99}", Timespan(RECENT), endings.join(", "))
}

/// What is known of the failures so far: `31 failed: 29 planned, 2 not planned`.
pub(super) fn failures(failures: &Failures) -> String {
    let Failures { planned, unplanned, unreached } = *failures;
    if failures.total() == 0 {
        return "0 failed".to_owned();
    }
    let parts =
        [(planned, "planned"), (unplanned, "not planned"), (unreached, "without an attempt on record")];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, word)| format!("{count} {word}")).collect();
    format!("{} failed: {}", failures.total(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn fault(kind: &str, settings: &str, backends: &[&str]) -> Fault {
        let backends = backends.iter().map(ToString::to_string).collect();
        Fault { kind: kind.into(), settings: settings.into(), backends }
    }

    #[test]
    fn faults_are_named_with_their_settings_and_their_backends() {
        let on = [fault("status", "{ code = 503 }", &["a", "b"]), fault("refuse", "{}", &["c"])];
        assert_eq!(faults(&on.each_ref()), "on now: status { code = 503 } on a, b; refuse on c");
        assert_eq!(faults(&[]), "no fault is on");
    }

    #[test]
    fn a_frame_says_what_matters_first_in_each_line() {
        let outage = fault("status", "{ code = 503, share = 0.5 }", &["orders-a"]);
        let frame = Frame {
            left: Duration::from_millis(11_400),
            rate: 549.6,
            counts: Counts { sent: 5300, in_flight: 4, ..Counts::default() },
            on: vec![&outage],
            sight: Sight {
                recent: Recent {
                    endings: vec![("200".to_owned(), 99), ("503".to_owned(), 1)],
                    p50: Some(Duration::from_micros(810)),
                    p99: Some(Duration::from_millis(12)),
                },
                failures: Failures { planned: 29, unplanned: 2, unreached: 0 },
            },
        };
        insta::assert_snapshot!(frame.lines().join("\n"), @r"
        12 s left  550/s  5300 sent  0 skipped  4 in flight
        on now: status { code = 503, share = 0.5 } on orders-a
        31 failed: 29 planned, 2 not planned
        last 5 s: 200 99.0 %, 503 1.0 %; p50 810 µs, p99 12 ms
        ");
    }

    #[test]
    fn of_many_faults_and_backends_the_first_are_named() {
        let on: Vec<Fault> = (0..6).map(|_| fault("hang", "{}", &["a", "b", "c", "d", "e", "f"])).collect();
        let text = faults(&on.iter().collect::<Vec<_>>());
        assert!(text.ends_with("hang on a, b, c, d and 2 more; and 2 more"), "{text}");
    }

    #[test]
    fn the_last_seconds_are_shares_and_two_quantiles() {
        let endings = [("200", 970), ("503", 20), ("client_timeout", 6), ("502", 2), ("504", 1), ("500", 1)];
        let seen = Recent {
            endings: endings.map(|(word, count)| (word.to_owned(), count)).to_vec(),
            p50: Some(Duration::from_micros(1240)),
            p99: Some(Duration::from_millis(48)),
        };
        insta::assert_snapshot!(
            recent(&seen),
            @"last 5 s: 200 97.0 %, 503 2.0 %, client_timeout 0.6 %, 502 0.2 %, others 0.2 %; p50 1.24 ms, p99 48 ms"
        );
        assert_eq!(recent(&Recent::default()), "last 5 s: nothing ended");
    }

    #[test]
    fn failures_are_told_apart_by_what_is_on_record() {
        let seen = Failures { planned: 29, unplanned: 2, unreached: 1 };
        assert_eq!(failures(&seen), "32 failed: 29 planned, 2 not planned, 1 without an attempt on record");
        assert_eq!(failures(&Failures { planned: 3, ..Failures::default() }), "3 failed: 3 planned");
        assert_eq!(failures(&Failures::default()), "0 failed");
    }

    #[test]
    fn words_of_a_file_have_no_power_over_a_terminal() {
        let text = faults(&[&fault("status", "{ body = \"\x1b[2J\" }", &["a\r"])]);
        assert!(!text.contains('\x1b') && !text.contains('\r'), "{text}");
    }
}
