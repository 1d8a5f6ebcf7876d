//! Reads the answer to one request, and notes what it says of itself: who made it, for which request, and whether its
//! body is what was sent.

use evidence::{
    BodyCheck, Exchange, KnownBody, NO_BACKEND, Outcome, RunNonce, TAG_HEADER, Tag, TagEcho, headers,
};
use units::Moment;
use wire::{BodyHash, BodyReader, BodySink, FieldSlots, Fields, Framing, HeadReader, Limits, ReceivedBytes};

use super::disclosure::ErrorBody;
use super::headers::{SharedHeaderLog, note_answer};
use super::outcome;
use super::stream::ConnectionEnd;

/// The field that says when to come back (RFC 9110, section 10.2.3).
const RETRY_AFTER: &str = "retry-after";

/// Reads answer after answer of one connection; its memory is kept.
pub(crate) struct ResponseReader {
    limits: Limits,
    nonce: RunNonce,
    state: State,
    /// Interim answers to the present request.
    interim: u32,
    /// The gateway has asked for the body of the present request.
    asked_for_body: bool,
    to_head: bool,
    /// Whether the gateway means to go on with the connection.
    keeps_alive: bool,
    /// The hash that the whole body should have; `None` if there is nothing to compare.
    expected: Option<u64>,
    /// Of what the body is made; kept of one that did not come together with its head.
    known: Vec<u8>,
    hash: BodyHash,
    headers: SharedHeaderLog,
    /// Whether the bodies of errors are to be looked through.
    searches_errors: bool,
    pub(super) error: ErrorBody,
}

enum State {
    Head(HeadReader),
    Body(BodyReader, Framing),
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More has to arrive.
    Partial,
    /// All of it has arrived, and it is this outcome.
    Whole(Outcome),
    /// It can't be read on.
    Broken(Outcome),
}

impl ResponseReader {
    pub(crate) fn new(limits: Limits, nonce: RunNonce) -> Self {
        ResponseReader {
            limits,
            nonce,
            state: State::Head(HeadReader::new()),
            interim: 0,
            asked_for_body: false,
            to_head: false,
            keeps_alive: false,
            expected: None,
            known: Vec::new(),
            hash: BodyHash::new(),
            headers: None,
            searches_errors: false,
            error: ErrorBody::default(),
        }
    }

    /// Records the headers of answers from here on.
    pub(crate) fn record(&mut self, headers: SharedHeaderLog) {
        self.searches_errors = headers.as_ref().is_some_and(|log| log.borrow().what().search_errors);
        self.headers = headers;
    }

    /// Starts over for the next request, which is `HEAD` or is not.
    pub(crate) fn begin(&mut self, to_head: bool) {
        self.state = State::Head(HeadReader::new());
        (self.interim, self.asked_for_body, self.to_head, self.keeps_alive) = (0, false, to_head, false);
        self.error.forget();
    }

    /// Whether the gateway has asked for the body, which waited for that.
    pub(crate) fn asked_for_body(&self) -> bool {
        self.asked_for_body
    }

    /// Whether the gateway means to go on with the connection after this answer.
    pub(crate) fn keeps_alive(&self) -> bool {
        self.keeps_alive
    }

    /// Reads what was received, the last of it at `at`.
    pub(crate) fn read(
        &mut self,
        received: &mut ReceivedBytes,
        at: Moment,
        exchange: &mut Exchange,
    ) -> Progress {
        while let State::Head(_) = self.state
            && !received.is_empty()
        {
            match self.head(received, at, exchange) {
                Ok(true) => {}
                Ok(false) => return Progress::Partial,
                Err(outcome) => return Progress::Broken(outcome),
            }
        }
        match &mut self.state {
            State::Head(_) => Progress::Partial,
            State::Body(body, framing) => {
                let (hash, error) = (&mut self.hash, &mut self.error);
                let taken = if error.is_kept() {
                    let mut both = |piece: &[u8]| {
                        hash.data(piece);
                        error.take(piece);
                    };
                    body.take(received.bytes(), &mut both)
                } else {
                    body.take(received.bytes(), hash)
                };
                let framing = *framing;
                let is_whole = body.is_whole();
                exchange.body_bytes = body.received();
                match taken {
                    Ok(used) => received.consume(used),
                    Err(error) => return Progress::Broken(outcome::of_body_error(error)),
                }
                if is_whole { self.whole(framing) } else { Progress::Partial }
            }
        }
    }

    /// Reads one head. False if it is not whole yet.
    fn head(
        &mut self,
        received: &mut ReceivedBytes,
        at: Moment,
        exchange: &mut Exchange,
    ) -> Result<bool, Outcome> {
        let State::Head(reader) = &mut self.state else { return Ok(true) };
        let mut slots = FieldSlots::new();
        let head = reader.response(received.bytes(), &mut slots, &self.limits);
        let Some(head) = head.map_err(outcome::of_head_error)? else {
            return Ok(false);
        };
        let length = head.length;
        if head.is_interim() {
            self.interim += 1;
            self.asked_for_body |= head.status == 100;
            reader.restart();
            received.consume(length);
            return if self.interim > self.limits.interim_heads {
                Err(Outcome::BeyondBounds)
            } else {
                Ok(true)
            };
        }
        let framing = head.framing(self.to_head).map_err(|_| Outcome::InvalidHttp)?;
        exchange.status = head.status;
        exchange.first_byte = Some(at);
        self.keeps_alive = head.keeps_alive() && head.status != 101;
        let (body_follows, fields) = (framing != Framing::Bodiless, head.fields);
        self.known.clear();
        self.expected = None;
        note(fields, self.nonce, exchange);
        if let Some(log) = &self.headers {
            note_answer(log, exchange.tag, fields);
        }
        self.error.begin(self.searches_errors, exchange.status, exchange.backend);
        if body_follows {
            self.expected = fields.get(headers::BODY_HASH).and_then(hexadecimal);
            // All that arrived with the head may be the whole body; else it may break off.
            let arrived = (received.bytes().len() - length) as u64;
            if !matches!(framing, Framing::Length(bytes) if bytes <= arrived) {
                self.known.extend_from_slice(fields.get(headers::BODY).unwrap_or_default());
            }
        }
        self.hash.clear();
        self.state = State::Body(BodyReader::new(framing, &self.limits), framing);
        received.consume(length);
        Ok(true)
    }

    /// What the answer is, now that the gateway has ended the connection.
    pub(crate) fn ended(&mut self, received: &ReceivedBytes, end: ConnectionEnd) -> Progress {
        match &mut self.state {
            State::Head(reader) => {
                reader.restart();
                let mut slots = FieldSlots::new();
                let parsed = reader.response(received.bytes(), &mut slots, &self.limits);
                let outcome = parsed
                    .err()
                    .filter(|_| matches!(end, ConnectionEnd::Fin | ConnectionEnd::Truncated))
                    .map(outcome::of_head_error);
                Progress::Broken(outcome.unwrap_or(outcome::without_head(end)))
            }
            State::Body(body, framing) => {
                let framing = *framing;
                let is_whole = end == ConnectionEnd::Fin && body.close();
                if is_whole { self.whole(framing) } else { Progress::Broken(outcome::in_body(end, framing)) }
            }
        }
    }

    fn whole(&self, framing: Framing) -> Progress {
        let altered = self.expected.is_some_and(|expected| expected != self.hash.value());
        Progress::Whole(outcome::of_whole(framing, !altered))
    }

    /// Notes what is known of the body once the exchange is over; without a head, nothing is.
    pub(crate) fn conclude(&self, exchange: &mut Exchange) {
        let State::Body(body, _) = &self.state else { return };
        let hash = self.hash.value();
        exchange.body_hash = Some(hash);
        exchange.body = match self.expected {
            _ if !body.is_whole() => self.check_broken(exchange.body_bytes, hash),
            None => BodyCheck::Unknown,
            Some(expected) if expected == hash => BodyCheck::Intact,
            Some(_) => BodyCheck::Altered,
        };
    }

    /// Whether a body that broke off after so many bytes is what the backend's answer begins with.
    fn check_broken(&self, bytes: u64, hash: u64) -> BodyCheck {
        let known = Some(&self.known).filter(|known| bytes > 0 && !known.is_empty());
        let known = known.and_then(|value| KnownBody::parse(value));
        match known.and_then(|known| known.begins_with(bytes, hash)) {
            None => BodyCheck::Unknown,
            Some(true) => BodyCheck::Prefix,
            Some(false) => BodyCheck::Altered,
        }
    }
}

/// Notes what the fields say of who answered, and for which request.
fn note(fields: Fields<'_>, nonce: RunNonce, exchange: &mut Exchange) {
    let (mut backend, mut attempt, mut retry_after) = (None, None, None);
    exchange.echo = TagEcho::Absent;
    for field in fields.iter() {
        // Most fields are told apart by their length alone.
        match field.name.len() {
            len if len == TAG_HEADER.len() && field.is(TAG_HEADER) => {
                // A tag is written in one way only, so the same tag is the same bytes.
                let same = Tag::parse(field.value, nonce) == Some(exchange.tag);
                let before = exchange.echo != TagEcho::Other;
                exchange.echo = if same && before { TagEcho::Same } else { TagEcho::Other };
            }
            len if len == headers::BACKEND.len() && field.is(headers::BACKEND) => {
                backend = backend.or_else(|| number(field.value));
            }
            len if len == RETRY_AFTER.len() && field.is(RETRY_AFTER) => {
                retry_after = retry_after.or_else(|| wire::retry_after(field.value));
            }
            len if len == headers::ATTEMPT.len() && field.is(headers::ATTEMPT) => {
                attempt = attempt.or_else(|| number(field.value));
            }
            _ => {}
        }
    }
    exchange.backend = backend.unwrap_or(NO_BACKEND);
    exchange.attempt = attempt.unwrap_or(0);
    exchange.retry_after = retry_after;
}

fn number(value: &[u8]) -> Option<u16> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn hexadecimal(value: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(value).ok()?, 16).ok()
}
