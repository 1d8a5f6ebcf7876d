//! The course of one exchange in trouble: what the client may do now, and when it may do more.

use std::time::Duration;

use units::Moment;

use crate::trouble::{Abort, AbortBy, Conduct};

/// A slow upload moves a piece this often, so that few pieces are small and none is late.
const PIECES_A_SECOND: u64 = 50;

/// The course of one exchange. All times are given, none are read.
pub(crate) struct Course {
    conduct: Conduct,
    begun: Moment,
    /// Bytes of the request's head.
    head: usize,
    /// Until when the upload stalls, once it does.
    stalled: Option<Moment>,
    /// From when, and from how many bytes on, the upload's pace is counted.
    paced: (Moment, usize),
    /// The client's sending side is closed.
    half_closed: bool,
    /// For how long it has held the exchange up, without the present hold.
    held: Duration,
    /// Since when it holds the exchange up, if it does.
    holds_since: Option<Moment>,
}

/// What may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// Bytes of the request up to here.
    UpTo(usize),
    /// Nothing more before then.
    From(Moment),
}

impl Course {
    /// The course of an exchange that began then, with a request whose head has so many bytes.
    pub(crate) fn new(conduct: Conduct, begun: Moment, head: usize) -> Self {
        Course {
            conduct,
            begun,
            head,
            stalled: None,
            paced: (begun, head),
            half_closed: false,
            held: Duration::ZERO,
            holds_since: None,
        }
    }

    /// When the client leaves by the clock, if it does.
    pub(crate) fn leaves_at(&self) -> Option<Moment> {
        let abort = self.conduct.abort.filter(|abort| abort.by != AbortBy::HalfClose)?;
        abort.after.map(|after| self.begun + *after)
    }

    /// When the client closes its sending side by the clock, if it does and has not.
    pub(crate) fn half_closes_at(&self) -> Option<Moment> {
        let after = self.half_close()?.after?;
        Some(self.begun + *after)
    }

    /// Notes that the sending side is closed.
    pub(crate) fn half_closed(&mut self) {
        self.half_closed = true;
    }

    /// Whether the sending side is closed.
    pub(crate) fn is_half_closed(&self) -> bool {
        self.half_closed
    }

    /// Notes whether the client holds the exchange up from now on: it could send or read more, and does not.
    pub(crate) fn holds(&mut self, holds: bool, now: Moment) {
        self.held = self.held_until(now);
        self.holds_since = holds.then_some(now);
    }

    /// For how long the client has held the exchange up until its end.
    pub(crate) fn held_until(&self, done: Moment) -> Duration {
        self.held + self.holds_since.map_or(Duration::ZERO, |since| done.since(since))
    }

    fn half_close(&self) -> Option<Abort> {
        self.conduct.abort.filter(|abort| abort.by == AbortBy::HalfClose && !self.half_closed)
    }

    /// Whether the client leaves now that so many bytes of the answer's body have arrived.
    pub(crate) fn leaves_after(&self, bytes: u64, whole: bool) -> bool {
        let abort = self.conduct.abort.filter(|abort| abort.by != AbortBy::HalfClose);
        abort.is_some_and(|abort| is_past(abort, bytes, whole))
    }

    /// Whether the client closes its sending side now that so many bytes of the answer's body have arrived.
    pub(crate) fn half_closes_after(&self, bytes: u64) -> bool {
        self.half_close().is_some_and(|abort| is_past(abort, bytes, false))
    }

    /// Whether the client leaves with RST.
    pub(crate) fn leaves_by_reset(&self) -> bool {
        self.conduct.abort.is_some_and(|abort| abort.by == AbortBy::Rst)
    }

    /// From when on the answer is read; [`Moment::NEVER`] if it never is.
    pub(crate) fn reads_from(&self) -> Moment {
        match self.conduct.read {
            None => self.begun,
            Some(read) => read.after.map_or(Moment::NEVER, |after| self.begun + *after),
        }
    }

    /// Whether the body is held back until the gateway asks for it.
    pub(crate) fn expects(&self) -> bool {
        self.conduct.expect.is_some()
    }

    /// What may be sent of a request of `length` bytes of which `written` were; `continued` once the gateway has asked for the
    /// body.
    pub(crate) fn sending(&mut self, written: usize, length: usize, continued: bool, now: Moment) -> Sending {
        if written < self.head {
            return Sending::UpTo(self.head);
        }
        if let Some(wait) = self.conduct.expect.filter(|_| !continued)
            && now < self.begun + wait
        {
            return Sending::From(self.begun + wait);
        }
        let mut end = length;
        if let Some(stall) = self.conduct.stall {
            let at = self.head.saturating_add(stall.at.0 as usize);
            if written < at {
                end = end.min(at);
            } else if at < length {
                let until = *self.stalled.get_or_insert(now + *stall.length);
                if now < until {
                    self.paced = (until, written);
                    return Sending::From(until);
                }
            }
        }
        self.at_pace(written, end, now)
    }

    fn at_pace(&self, written: usize, end: usize, now: Moment) -> Sending {
        let Some(rate) = self.conduct.rate else {
            return Sending::UpTo(end);
        };
        let (since, from) = self.paced;
        let allowed = from.saturating_add(rate.bytes_in(now.since(since)) as usize);
        let piece = (rate.get() / PIECES_A_SECOND).max(1) as usize;
        let next = end.min(written.saturating_add(piece));
        if allowed >= next {
            return Sending::UpTo(allowed.min(end));
        }
        Sending::From(since + rate.time_for((next - from) as u64))
    }
}

/// So many bytes are more than the abort waits for, or as many with others still to come.
fn is_past(abort: Abort, bytes: u64, whole: bool) -> bool {
    abort.after_bytes.is_some_and(|after| bytes > after.0 || bytes == after.0 && !whole)
}

#[cfg(test)]
mod tests {
    use units::{ByteRate, Share, Size, Timespan};

    use super::*;
    use crate::trouble::Stall;

    const fn at(millis: i64) -> Moment {
        Moment(millis * 1_000_000)
    }

    #[test]
    fn a_slow_upload_sends_its_head_at_once_and_its_body_at_its_rate() {
        let conduct = Conduct { rate: ByteRate::per_second(1000), ..Conduct::default() };
        let mut course = Course::new(conduct, at(0), 100);
        assert_eq!(course.sending(0, 600, false, at(0)), Sending::UpTo(100));
        assert_eq!(course.sending(100, 600, false, at(0)), Sending::From(at(20)));
        assert_eq!(course.sending(100, 600, false, at(20)), Sending::UpTo(120));
        assert_eq!(course.sending(120, 600, false, at(250)), Sending::UpTo(350));
        assert_eq!(
            course.sending(595, 600, false, at(495)),
            Sending::From(at(500)),
            "the last piece is small"
        );
        assert_eq!(course.sending(595, 600, false, at(9000)), Sending::UpTo(600));
    }

    #[test]
    fn an_upload_stalls_once_and_goes_on_at_its_pace() {
        let stall = Stall { at: Size(200), length: Timespan::from_millis(1000), share: Share::ALL };
        let conduct = Conduct { rate: ByteRate::per_second(1000), stall: Some(stall), ..Conduct::default() };
        let mut course = Course::new(conduct, at(0), 0);
        assert_eq!(course.sending(0, 600, false, at(500)), Sending::UpTo(200));
        assert_eq!(course.sending(200, 600, false, at(500)), Sending::From(at(1500)));
        assert_eq!(course.sending(200, 600, false, at(1499)), Sending::From(at(1500)));
        assert_eq!(course.sending(200, 600, false, at(1600)), Sending::UpTo(300));
    }

    #[test]
    fn holds_of_the_client_add_up_until_the_exchange_ends() {
        let mut course = Course::new(Conduct::default(), at(0), 10);
        course.holds(false, at(5));
        course.holds(true, at(10));
        course.holds(true, at(30));
        course.holds(false, at(40));
        assert_eq!(course.held_until(at(90)), Duration::from_millis(30));
        course.holds(true, at(50));
        assert_eq!(course.held_until(at(90)), Duration::from_millis(70));
    }

    #[test]
    fn a_body_that_is_held_back_is_sent_when_it_is_asked_for_or_the_wait_is_over() {
        let conduct = Conduct { expect: Some(Duration::from_millis(100)), ..Conduct::default() };
        let mut course = Course::new(conduct, at(0), 10);
        assert_eq!(course.sending(0, 20, false, at(0)), Sending::UpTo(10));
        assert_eq!(course.sending(10, 20, false, at(0)), Sending::From(at(100)));
        assert_eq!(course.sending(10, 20, true, at(0)), Sending::UpTo(20));
        assert_eq!(course.sending(10, 20, false, at(100)), Sending::UpTo(20));
    }
}
