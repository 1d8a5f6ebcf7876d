//! The rows that a call leaves on record.

use std::time::Duration;

use evidence::{Attempt, BodyCheck, Disclosed, End, Exchange, NO_BACKEND, Outcome, Tag, TagEcho};

use super::{Call, REQUEST_HASH, Run};

impl Run {
    pub(super) fn attempts(&self, call: &Call, tag: Tag, nth: &mut [u32]) -> Vec<Attempt> {
        let class = self.brief.traffic.iter().find(|class| class.name == call.class);
        let method = class.unwrap_or_else(|| panic!("no class `{}`", call.class)).method;
        let mut free = call.due + call.lag;
        let mut rows = Vec::new();
        for (index, attempt) in call.attempts.iter().enumerate() {
            let backend = self.backend_index(&attempt.backend);
            nth[usize::from(backend)] += 1;
            let arrived = free + attempt.after;
            let ended = arrived + attempt.takes;
            let injections =
                attempt.fault.as_ref().map_or(0, |fault| 1 << self.injection_index(fault, backend, arrived));
            let replied = attempt.end == End::Replied;
            let mut row = Attempt {
                tag,
                backend,
                number: index as u16 + 1,
                connection: u32::from(backend) + 1,
                nth: nth[usize::from(backend)],
                method,
                arrived,
                body_done: Some(arrived),
                declared: None,
                received: 0,
                body_hash: REQUEST_HASH,
                injections,
                effective: injections,
                planned: attempt.planned,
                delay: if attempt.fault.as_deref() == Some("latency") {
                    attempt.takes.as_nanos() as u64
                } else {
                    0
                },
                delay_error: 0,
                paced: 0,
                status: if replied { attempt.status } else { 0 },
                answer_bytes: 0,
                answer_hash: None,
                retry_after: None,
                retry_at: None,
                replied: replied.then_some(ended),
                ended,
                end: attempt.end,
            };
            attempt.change.apply(&mut row);
            free = row.ended;
            rows.push(row);
        }
        rows
    }

    pub(super) fn exchange(&self, call: &Call, tag: Tag, attempts: &[Attempt]) -> Exchange {
        let class = self.brief.traffic.iter().position(|class| class.name == call.class);
        let sent = call.due + call.lag;
        let mut row = Exchange {
            tag,
            class: class.unwrap_or_else(|| panic!("no class `{}`", call.class)) as u16,
            due: call.due,
            sent,
            first_byte: None,
            done: sent + Duration::from_millis(1),
            outcome: Outcome::Complete,
            status: 503,
            backend: NO_BACKEND,
            attempt: 0,
            connection: 1,
            nth: tag.0 as u32 + 1,
            request_bytes: 0,
            request_hash: None,
            body_bytes: 0,
            body_hash: None,
            retry_after: None,
            echo: TagEcho::Absent,
            body: BodyCheck::Unknown,
            held: 0,
            disclosed: Disclosed::Unknown,
        };
        if let Some(last) = attempts.last() {
            row.done = last.ended + Duration::from_micros(200);
            row.status = 502;
            if last.end == End::Replied {
                (row.status, row.backend, row.attempt) = (last.status, last.backend, last.number);
                (row.echo, row.body) = (TagEcho::Same, BodyCheck::Intact);
            }
        }
        row.first_byte = Some(row.done);
        call.change.apply(&mut row);
        row
    }
}
