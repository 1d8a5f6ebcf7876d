//! Whether what arrived is what was sent, in both directions: tags and bytes, as far as each could be compared.

use evidence::{Attempt, BodyCheck, End, Entry, Outcome, Tag, TagEcho};

use crate::replay_body::{WrongBody, wrong_body};
use crate::view::View;

/// Requests of each kind that are kept by their tags.
const KEPT: usize = 5;

/// What can be wrong, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// The answer to another request.
    CrossTalk,
    /// An answer with which the backend refused or failed, as if it had succeeded.
    ErrorAsSuccess,
    /// An answer that the backend broke off, as if whole.
    TruncatedAsComplete,
    /// A whole answer with other bytes than the backend sent.
    AlteredAnswer,
    /// An answer that broke off, with other bytes than the backend's answer begins with.
    AlteredPart,
    /// A request with other bytes than the client sent.
    AlteredRequest,
    /// A further attempt that waits for a body that was given away already.
    StarvedRequest,
}

impl Violation {
    /// All of them, worst first.
    pub const ALL: [Violation; 7] = [
        Violation::CrossTalk,
        Violation::ErrorAsSuccess,
        Violation::TruncatedAsComplete,
        Violation::AlteredAnswer,
        Violation::AlteredPart,
        Violation::AlteredRequest,
        Violation::StarvedRequest,
    ];
}

/// What was compared, and what did not agree.
#[derive(Clone, Debug, Default)]
pub struct Integrity {
    /// Requests that were sent.
    pub requests: u64,
    /// Answers that carried a tag.
    pub tags: u64,
    /// Whole answers with a body whose bytes could be compared.
    pub answers: u64,
    /// Answers that broke off whose bytes could be compared.
    pub parts: u64,
    /// Answers that a backend broke off within their body.
    pub cut: u64,
    /// Answers with a status below 400 that carried neither tag nor hash.
    pub unproven: u64,
    /// Request bodies at backends that could be compared with what was sent.
    pub bodies: u64,
    /// Request bodies that could be compared among the attempts of one request only.
    pub among: u64,
    /// Further attempts of requests with a body.
    pub retried: u64,
    /// Violations of each kind, with the first few requests.
    pub violations: [(u64, Vec<Tag>); Violation::ALL.len()],
}

impl Integrity {
    /// Compares everything. Bytes are what they are: neither stalls nor edges explain a difference.
    pub fn of(view: &View<'_>) -> Self {
        let mut found = Integrity::default();
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            found.requests += 1;
            found.count(&entry);
            if let Some(violation) = violation(view, &entry) {
                let (count, first) = &mut found.violations[violation as usize];
                *count += 1;
                if first.len() < KEPT {
                    first.push(entry.exchange.tag);
                }
            }
        }
        found
    }

    /// How many violations of a kind there are.
    pub fn times(&self, violation: Violation) -> u64 {
        self.violations[violation as usize].0
    }

    /// All violations.
    pub fn total(&self) -> u64 {
        self.violations.iter().map(|(count, _)| count).sum()
    }

    fn count(&mut self, entry: &Entry<'_>) {
        let exchange = entry.exchange;
        let (tagged, hashed) = (exchange.echo != TagEcho::Absent, exchange.body != BodyCheck::Unknown);
        self.tags += u64::from(tagged);
        let compared = hashed && exchange.body_bytes > 0;
        self.answers += u64::from(compared && looks_whole(entry));
        self.parts += u64::from(compared && !looks_whole(entry));
        self.unproven += u64::from(exchange.succeeded() && !tagged && !hashed);
        self.cut += u64::from(answering(entry).is_some_and(is_cut));
        if exchange.request_bytes > 0 {
            let whole = entry.attempts.iter().filter(|attempt| attempt.body_done.is_some()).count() as u64;
            if exchange.request_hash.is_some() {
                self.bodies += whole;
            } else {
                self.among += if whole > 1 { whole } else { 0 };
            }
            self.retried += entry.attempts.len().saturating_sub(1) as u64;
        }
    }
}

fn violation(view: &View<'_>, entry: &Entry<'_>) -> Option<Violation> {
    if entry.exchange.echo == TagEcho::Other {
        return Some(Violation::CrossTalk);
    }
    if hides_an_error(entry) {
        return Some(Violation::ErrorAsSuccess);
    }
    answer(view, entry).or_else(|| request(view, entry))
}

fn looks_whole(entry: &Entry<'_>) -> bool {
    matches!(entry.exchange.outcome, Outcome::Complete | Outcome::CloseDelimited | Outcome::BodyMismatch)
}

/// True if the client was told of a success by an answer whose backend had told of an error. Another error in its place is the
/// gateway's to choose.
pub(crate) fn hides_an_error(entry: &Entry<'_>) -> bool {
    let own = entry.exchange.echo == TagEcho::Same && entry.exchange.succeeded();
    own && answering(entry).is_some_and(|attempt| attempt.status >= 400)
}

/// The attempt that the answer belongs to, by the answer's own word.
fn answering<'a>(entry: &Entry<'a>) -> Option<&'a Attempt> {
    entry.attempts.iter().find(|attempt| attempt.number == entry.exchange.attempt)
}

/// True if the backend broke the answer off after its status.
fn is_cut(attempt: &Attempt) -> bool {
    attempt.status > 0 && matches!(attempt.end, End::Reset | End::Closed)
}

/// The fault that leaves out only what says that an answer is whole: all of its bytes arrive.
const NEVER_ENDED: &str = "missing_last_chunk";

/// True if the backend sent all bytes of the answer and never said so: whether it is whole, only the backend knows (RFC 9112,
/// section 8).
fn never_ended(view: &View<'_>, attempt: &Attempt) -> bool {
    let mut met = view.brief.injections.iter().enumerate().filter(|(_, one)| one.fault == NEVER_ENDED);
    met.any(|(index, _)| attempt.affected_by(index as u16))
}

fn answer(view: &View<'_>, entry: &Entry<'_>) -> Option<Violation> {
    let exchange = entry.exchange;
    let differs = exchange.body == BodyCheck::Altered || exchange.outcome == Outcome::BodyMismatch;
    if !looks_whole(entry) {
        return differs.then_some(Violation::AlteredPart);
    }
    if exchange.outcome == Outcome::Complete && answering(entry).is_some_and(|one| never_ended(view, one)) {
        return Some(Violation::TruncatedAsComplete);
    }
    if exchange.body == BodyCheck::Intact && exchange.outcome != Outcome::BodyMismatch {
        return None;
    }
    // What a gateway is to make of an answer that is not as HTTP allows, no rule says.
    if answering(entry).is_some_and(|attempt| attempt.end == End::Spoiled) {
        return None;
    }
    let broken_off = answering(entry).is_some_and(|attempt| matches!(attempt.end, End::Reset | End::Closed));
    if broken_off || exchange.body == BodyCheck::Prefix {
        return Some(Violation::TruncatedAsComplete);
    }
    differs.then_some(Violation::AlteredAnswer)
}

/// What is wrong with the request as it reached the backends.
fn request(view: &View<'_>, entry: &Entry<'_>) -> Option<Violation> {
    let wrong = (0..entry.attempts.len()).filter_map(|index| wrong_body(view, entry, index));
    let violation = |wrong| match wrong {
        WrongBody::Starved => Violation::StarvedRequest,
        WrongBody::Missing | WrongBody::Short | WrongBody::Long | WrongBody::Altered => {
            Violation::AlteredRequest
        }
    };
    wrong.map(violation).min()
}
