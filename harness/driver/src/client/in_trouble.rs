//! How a connection carries a request in trouble: as the course of the exchange has it, and no more.

use std::task::{Context, Poll};

use units::Moment;

use super::connection::{ClientConnection, Ended};
use super::course::{Course, Sending};
use crate::job::Job;
use crate::template::Template;

impl ClientConnection {
    /// Sends and reads no more than the course of the exchange lets.
    pub(super) fn poll_in_trouble(
        &mut self,
        cx: &mut Context<'_>,
        job: &mut Job,
        template: &Template,
        deadline: Moment,
    ) -> Poll<Ended> {
        loop {
            let now = self.stream.now();
            let wake = match self.poll_course(cx, job, template, deadline, now) {
                Ok(ended) => return Poll::Ready(ended),
                Err(wake) => wake,
            };
            // Something is due by now if the time has passed meanwhile.
            if self.deadline.poll(cx, wake).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Does all that is due now. Gives the moment at which there is more to do, if the exchange has not ended.
    fn poll_course(
        &mut self,
        cx: &mut Context<'_>,
        job: &mut Job,
        template: &Template,
        deadline: Moment,
        now: Moment,
    ) -> Result<Ended, Moment> {
        let length = self.length(template);
        let Some(course) = &self.course else { return Err(deadline) };
        let (leaves_at, reads_from) = (course.leaves_at().unwrap_or(Moment::NEVER), course.reads_from());
        let mut wake = deadline.min(leaves_at).min(if now < reads_from { reads_from } else { Moment::NEVER });
        if now >= leaves_at {
            return Ok(self.leave(cx));
        }
        let mut withholds = false;
        while self.written < length
            && let Some(course) = &mut self.course
        {
            match course.sending(self.written, length, self.response.asked_for_body(), now) {
                Sending::From(moment) => {
                    wake = wake.min(moment);
                    withholds = true;
                    break;
                }
                Sending::UpTo(end) => {
                    let before = self.written;
                    self.send(cx, job, template, end, now);
                    if self.written < end || self.written == before {
                        break;
                    }
                }
            }
        }
        if let Some(course) = &mut self.course {
            course.holds(withholds || now < reads_from, now);
        }
        let asked = self.response.asked_for_body();
        if now >= reads_from
            && let Poll::Ready(ended) = self.poll_answer(cx, job, deadline)
        {
            return Ok(ended);
        }
        if self.response.asked_for_body() != asked {
            return Err(now);
        }
        if self.written == length {
            wake = wake.min(self.half_close(cx, job, now));
        }
        if now < deadline {
            return Err(wake);
        }
        Ok(if reads_from == Moment::NEVER { self.leave(cx) } else { Ended::Late })
    }

    /// Closes the sending side if that is due; else gives when it is.
    fn half_close(&mut self, cx: &mut Context<'_>, job: &Job, now: Moment) -> Moment {
        let Some(course) = &mut self.course else { return Moment::NEVER };
        let at = course.half_closes_at().unwrap_or(Moment::NEVER);
        let arrived = job.exchange.first_byte.is_some() && course.half_closes_after(job.exchange.body_bytes);
        if now < at && !arrived {
            return at;
        }
        course.half_closed();
        self.stream.half_close(cx);
        Moment::NEVER
    }

    /// Leaves on purpose.
    pub(super) fn leave(&mut self, cx: &mut Context<'_>) -> Ended {
        if self.course.as_ref().is_some_and(Course::leaves_by_reset) {
            self.stream.reset_on_drop();
        } else {
            // First FIN: merely dropping a connection with bytes that were not read would send RST.
            self.stream.half_close(cx);
        }
        Ended::Left
    }
}
