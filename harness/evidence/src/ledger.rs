//! Joins what the client saw with what the backends saw.
//!
//! An exchange without attempts is kept, since a gateway that answers alone is a finding in itself; an attempt
//! without its exchange is kept too, since a run that was cut may have lost the client's side.

use std::thread;

use units::{Moment, Stretch};

use crate::{
    Action, Attempt, Batch, Connection, Damage, Exchange, Firing, Header, Hiccup, LogLine, Logged, Losses,
    Probe, Sample, Tag,
};

/// All that was recorded.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What the client saw.
    pub exchanges: Vec<Exchange>,
    /// What reached the backends.
    pub attempts: Vec<Attempt>,
    /// The connections that backends accepted.
    pub connections: Vec<Connection>,
    /// Untagged arrivals.
    pub probes: Vec<Probe>,
    /// Faults on listeners that were really in force.
    pub firings: Vec<Firing>,
    /// Stalls of the machine.
    pub hiccups: Vec<Hiccup>,
    /// Headers of messages at both ends, if the scenario has them recorded.
    pub headers: Vec<Header>,
    /// What was done to the gateway itself.
    pub actions: Vec<Action>,
    /// What the gateway said of itself.
    pub samples: Vec<Sample>,
    /// What the gateway wrote of each request.
    pub log_lines: Vec<LogLine>,
    /// When the run ended; for a cut run, the last moment recorded.
    pub ended: Moment,
    /// True if the run was cut: nothing says that the evidence is all there is.
    pub cut: bool,
    /// Why the run ended before its plan did, if it did.
    pub early: Option<String>,
    /// What could not be recorded.
    pub losses: Losses,
    /// Tables that could not be read to their end: rows are missing, and nothing says which.
    pub damaged: Vec<Damage>,
}

impl Evidence {
    /// Adds the rows of a batch.
    pub(crate) fn take(&mut self, batch: Batch) {
        match batch {
            Batch::Exchanges(rows) => self.exchanges.extend(rows),
            Batch::Attempts(rows) => self.attempts.extend(rows),
            Batch::Connections(rows) => self.connections.extend(rows),
            Batch::Probes(rows) => self.probes.extend(rows),
            Batch::Firings(rows) => self.firings.extend(rows),
            Batch::Hiccups(rows) => self.hiccups.extend(rows),
            Batch::Headers(rows) => self.headers.extend(rows),
            Batch::Actions(rows) => self.actions.extend(rows),
            Batch::Samples(rows) => self.samples.extend(rows),
            Batch::LogLines(rows) => self.log_lines.extend(rows),
        }
    }

    /// The last moment that any row tells of.
    pub fn last_moment(&self) -> Moment {
        let exchanges = self.exchanges.iter().map(|exchange| exchange.done);
        let attempts = self.attempts.iter().map(|attempt| attempt.ended);
        exchanges.chain(attempts).max().unwrap_or_default()
    }
}

/// Exchanges joined with their attempts.
pub struct Ledger {
    /// By tag.
    exchanges: Vec<Exchange>,
    /// By tag, then by arrival.
    attempts: Vec<Attempt>,
    /// Where the attempts of exchange `i` start in `attempts`; one longer than `exchanges`.
    starts: Vec<u32>,
    /// By tag, message, attempt and header.
    headers: Vec<Header>,
    /// By tag, then in the order of the log.
    log_lines: Vec<LogLine>,
    /// Everything that is not joined.
    rest: Evidence,
    /// Attempts whose exchange is not on record.
    orphans: usize,
    /// The exchanges by when they were due, where that is not the order of their tags.
    by_due: Option<Vec<u32>>,
    /// Arrivals that carried a tag before its request was sent.
    forged: Vec<Attempt>,
}

/// One exchange with its attempts, in order of arrival.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// What the client saw.
    pub exchange: &'a Exchange,
    /// What reached the backends for it, by arrival.
    pub attempts: &'a [Attempt],
}

impl Ledger {
    /// Joins the evidence; in time linear in its rows but for sorting what is out of order.
    pub fn join(mut evidence: Evidence) -> Self {
        let mut exchanges = std::mem::take(&mut evidence.exchanges);
        let mut attempts = std::mem::take(&mut evidence.attempts);
        let mut headers = std::mem::take(&mut evidence.headers);
        let of_requests = |line: &mut LogLine| line.kind != Logged::Lacking;
        let mut log_lines: Vec<LogLine> = evidence.log_lines.extract_if(.., of_requests).collect();
        log_lines.sort_by_key(|line| line.tag);
        // By keys beside the rows: rows are large, and slow to move about.
        thread::scope(|scope| {
            scope.spawn(|| exchanges.sort_by_cached_key(|exchange| exchange.tag));
            attempts.sort_by_cached_key(|attempt| (attempt.tag, attempt.arrived, attempt.number));
            headers.sort_by_key(|header| (header.tag, header.message, header.attempt, header.header));
        });
        exchanges.dedup_by_key(|exchange| exchange.tag);
        let (mut orphans, mut forged) = (0, Vec::new());
        let mut next = 0;
        attempts.retain(|attempt| {
            while exchanges.get(next).is_some_and(|exchange| exchange.tag < attempt.tag) {
                next += 1;
            }
            let Some(exchange) = exchanges.get(next).filter(|exchange| exchange.tag == attempt.tag) else {
                orphans += 1;
                return false;
            };
            // No gateway forwards what it has not got: somebody else made this tag up.
            let is_forged = !exchange.was_sent() || attempt.arrived < exchange.sent;
            if is_forged {
                forged.push(attempt.clone());
            }
            !is_forged
        });
        let mut at = 0;
        let first_of = |exchange: &Exchange| {
            at += attempts[at..].iter().take_while(|attempt| attempt.tag < exchange.tag).count();
            at as u32
        };
        let mut starts: Vec<u32> = exchanges.iter().map(first_of).collect();
        starts.push(attempts.len() as u32);
        let by_due = (!exchanges.is_sorted_by_key(|exchange| exchange.due)).then(|| {
            let mut order: Vec<u32> = (0..exchanges.len() as u32).collect();
            order.sort_by_key(|index| exchanges[*index as usize].due);
            order
        });
        Ledger { exchanges, attempts, starts, headers, log_lines, rest: evidence, orphans, forged, by_due }
    }

    /// Every exchange with its attempts, in the order in which they were due.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        (0..self.exchanges.len()).map(|index| self.at(index))
    }

    /// The exchanges that were due in a stretch, by when they were; found without looking at the others.
    pub fn due_in(&self, stretch: Stretch) -> impl Iterator<Item = Entry<'_>> {
        let place = |rank: usize| self.by_due.as_ref().map_or(rank, |order| order[rank] as usize);
        let first = |moment: Moment| {
            let (mut low, mut high) = (0, self.exchanges.len());
            while low < high {
                let middle = low.midpoint(high);
                if self.exchanges[place(middle)].due < moment { low = middle + 1 } else { high = middle }
            }
            low
        };
        let range = first(stretch.from)..first(stretch.to.max(stretch.from));
        range.map(move |rank| self.at(place(rank)))
    }

    /// The exchange with this tag, if it is on record.
    pub fn entry(&self, tag: Tag) -> Option<Entry<'_>> {
        self.exchanges.binary_search_by_key(&tag, |exchange| exchange.tag).ok().map(|index| self.at(index))
    }

    /// Every attempt that belongs to an exchange, ordered by tag.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The headers that are on record for a tag, by message, attempt and header.
    pub fn headers(&self, tag: Tag) -> &[Header] {
        let first = self.headers.partition_point(|header| header.tag < tag);
        let count = self.headers[first..].partition_point(|header| header.tag == tag);
        &self.headers[first..first + count]
    }

    /// The lines of the gateway's own access log that have a tag in them, in the order of the log.
    pub fn log_lines(&self, tag: Tag) -> &[LogLine] {
        let first = self.log_lines.partition_point(|line| line.tag < tag);
        let count = self.log_lines[first..].partition_point(|line| line.tag == tag);
        &self.log_lines[first..first + count]
    }

    /// How many lines of the gateway's own access log have a tag of this run in them.
    pub fn logged(&self) -> usize {
        self.log_lines.len()
    }

    /// Attempts whose exchange is not on record: the client's side was cut off or lost.
    pub fn orphans(&self) -> usize {
        self.orphans
    }

    /// Arrivals with the tag of a request that had not been sent then, or never was: no gateway made them, so that they
    /// are no attempts.
    pub fn forged(&self) -> &[Attempt] {
        &self.forged
    }

    /// The evidence that is not joined: connections, probes, firings, hiccups, actions, samples, what
    /// the access log lacks, and how the run ended.
    pub fn rest(&self) -> &Evidence {
        &self.rest
    }

    fn at(&self, index: usize) -> Entry<'_> {
        let range = self.starts[index] as usize..self.starts[index + 1] as usize;
        Entry { exchange: &self.exchanges[index], attempts: &self.attempts[range] }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{BodyCheck, Disclosed, End, Method, NO_BACKEND, Outcome, Planned, TagEcho};

    fn exchange(tag: u64) -> Exchange {
        Exchange {
            tag: Tag(tag),
            class: 0,
            due: Moment(tag as i64),
            sent: Moment(tag as i64),
            first_byte: None,
            done: Moment(tag as i64 + 1),
            outcome: Outcome::Complete,
            status: 200,
            backend: NO_BACKEND,
            attempt: 0,
            connection: 1,
            nth: 1,
            request_bytes: 0,
            request_hash: None,
            body_bytes: 0,
            body_hash: None,
            retry_after: None,
            echo: TagEcho::Same,
            body: BodyCheck::Unknown,
            held: 0,
            disclosed: Disclosed::Unknown,
        }
    }

    fn attempt(tag: u64, arrived: i64) -> Attempt {
        Attempt {
            tag: Tag(tag),
            backend: 0,
            number: 1,
            connection: 1,
            nth: 1,
            method: Method::Get,
            arrived: Moment(arrived),
            body_done: None,
            declared: None,
            received: 0,
            body_hash: 0,
            injections: 0,
            effective: 0,
            planned: Planned::Answer,
            delay: 0,
            delay_error: 0,
            paced: 0,
            status: 200,
            answer_bytes: 0,
            answer_hash: None,
            retry_after: None,
            retry_at: None,
            replied: None,
            ended: Moment(arrived),
            end: End::Replied,
        }
    }

    proptest! {
        #[test]
        fn every_attempt_is_joined_to_its_exchange_or_counted_as_an_orphan(
            tags in prop::collection::btree_set(0u64..50, 0..30),
            arrivals in prop::collection::vec((0u64..60, 0i64..1000), 0..100),
        ) {
            let ledger = Ledger::join(Evidence {
                exchanges: tags.iter().rev().map(|tag| exchange(*tag)).collect(),
                attempts: arrivals.iter().map(|(tag, at)| attempt(*tag, *at)).collect(),
                ..Evidence::default()
            });
            prop_assert_eq!(ledger.entries().len(), tags.len());
            let early = |(tag, at): &&(u64, i64)| tags.contains(tag) && (*at as u64) < *tag;
            prop_assert_eq!(ledger.forged().len(), arrivals.iter().filter(early).count());
            let mut joined = 0;
            for entry in ledger.entries() {
                joined += entry.attempts.len();
                prop_assert!(entry.attempts.iter().all(|attempt| attempt.tag == entry.exchange.tag));
                prop_assert!(entry.attempts.is_sorted_by_key(|attempt| attempt.arrived));
                let mine = |(tag, at): &&(u64, i64)| *tag == entry.exchange.tag.0 && *at as u64 >= *tag;
                let expected = arrivals.iter().filter(mine).count();
                prop_assert_eq!(entry.attempts.len(), expected);
            }
            prop_assert_eq!(joined + ledger.orphans() + ledger.forged().len(), arrivals.len());
        }
    }
}
