//! Records the headers of messages at one end of the gateway: those that a scenario lists, and no others.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::header::{Header, Message, TARGET, TEXT_MAX};
use crate::{Recorder, Redaction, Sheet, Tag};

/// Parts of the names of headers that carry credentials.
const SECRET_PARTS: [&str; 12] = [
    "authorization",
    "auth",
    "cookie",
    "credential",
    "credentials",
    "apikey",
    "key",
    "token",
    "secret",
    "password",
    "session",
    "jwt",
];

/// Whether a header carries credentials, by a part of its name: `proxy-authorization`, `set-cookie`, `x-api-key`,
/// `ocp-apim-subscription-key`. Such values are recorded as hashes only, whatever a scenario says of them.
pub fn is_secret_header(name: &str) -> bool {
    name.split(['-', '_', '.'])
        .any(|part| SECRET_PARTS.iter().any(|secret| part.eq_ignore_ascii_case(secret)))
}

/// What is recorded of each message; where it stands in no plan, nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedHeaders {
    /// The headers, by the index that evidence names them with. The path and query are recorded in any case.
    pub headers: Vec<RecordedHeader>,
    /// Whether the path and query have a secret in them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret_target: bool,
    /// Whether the bodies of errors are searched for credentials and addresses.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub search_errors: bool,
}

/// A header that is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedHeader {
    /// Its name, in lower case; `?code` is the parameter `code` of a request's query.
    pub name: String,
    /// Whether its value is recorded as a hash only.
    pub secret: bool,
}

/// Records the headers that pass at one end.
pub struct HeaderLog {
    what: RecordedHeaders,
    redaction: Arc<Redaction>,
    sheet: Sheet<Header>,
}

/// Which message it is.
#[derive(Clone, Copy, Debug)]
pub struct Passing {
    /// The tag of its request.
    pub tag: Tag,
    /// The attempt, counted from 1; 0 at the client's end.
    pub attempt: u16,
    /// The message, and the end.
    pub message: Message,
}

impl HeaderLog {
    /// A log of these headers.
    pub fn new(what: &RecordedHeaders, recorder: &Recorder) -> Self {
        HeaderLog { what: what.clone(), redaction: recorder.redaction(), sheet: recorder.sheet() }
    }

    /// Records a message: a row for each of the headers, also for those that it does not have, and one for its target if it
    /// is a request.
    pub fn note<'a>(
        &mut self,
        passing: Passing,
        target: Option<&[u8]>,
        fields: &(impl Iterator<Item = (&'a str, &'a [u8])> + Clone),
    ) {
        let Passing { tag, attempt, message } = passing;
        let row = |header, value: Value| Header {
            tag,
            attempt,
            message,
            header,
            lines: value.lines,
            items: value.items,
            hash: value.hash,
            text: value.text,
        };
        if let Some(target) = target {
            let value = self.value([target].into_iter(), self.what.secret_target);
            self.sheet.push(row(TARGET, value));
        }
        for (index, header) in (0..TARGET).zip(&self.what.headers) {
            if let Some(parameter) = header.name.strip_prefix('?') {
                let value = self.value(parameters(target.unwrap_or_default(), parameter), header.secret);
                self.sheet.push(row(index, value));
                continue;
            }
            let of_name = fields.clone().filter(|(name, _)| name.eq_ignore_ascii_case(&header.name));
            let value = self.value(of_name.map(|(_, value)| value), header.secret);
            self.sheet.push(row(index, value));
        }
    }

    /// What is recorded.
    pub fn what(&self) -> &RecordedHeaders {
        &self.what
    }

    /// Whether a text has a secret of the scenario in it.
    pub fn has_secret(&self, text: &[u8]) -> bool {
        self.redaction.has_secret(text)
    }

    /// Hands over what was recorded.
    pub fn flush(&mut self) {
        self.sheet.flush();
    }

    fn value<'a>(&self, values: impl Iterator<Item = &'a [u8]>, secret: bool) -> Value {
        let (mut joined, mut lines) = (Vec::new(), 0u16);
        for value in values {
            if lines > 0 {
                joined.extend_from_slice(b", ");
            }
            joined.extend_from_slice(value);
            lines = lines.saturating_add(1);
        }
        if lines == 0 {
            return Value::default();
        }
        let items = joined.split(|byte| *byte == b',').filter(|item| !item.trim_ascii().is_empty()).count();
        let is_shown = !secret && joined.len() <= TEXT_MAX && !self.redaction.has_secret(&joined);
        Value {
            lines,
            items: u16::try_from(items).unwrap_or(u16::MAX),
            hash: self.redaction.hash(&joined),
            text: if is_shown { String::from_utf8(joined).ok().map(Into::into) } else { None },
        }
    }
}

/// The values of a parameter in the query of a target, as they stand there.
fn parameters<'a>(target: &'a [u8], name: &str) -> impl Iterator<Item = &'a [u8]> {
    let query = target.iter().position(|byte| *byte == b'?').map_or(&[][..], |at| &target[at + 1..]);
    let parts = query.split(|byte| *byte == b'&');
    parts.filter_map(move |part| part.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// What is recorded of a value.
#[derive(Default)]
struct Value {
    lines: u16,
    items: u16,
    hash: u64,
    text: Option<Box<str>>,
}

#[cfg(test)]
mod tests {
    use units::Moment;

    use super::*;
    use crate::{Kept, Losses};

    fn noted(fields: &[(&str, &[u8])], secrets: &[&str]) -> Vec<Header> {
        let header = |name: &str, secret| RecordedHeader { name: name.into(), secret };
        let headers = vec![header("authorization", true), header("via", false), header("x-none", false)];
        let what = RecordedHeaders { headers, ..RecordedHeaders::default() };
        let kept = Kept::default();
        let recorder = kept.recorder().redacting(Redaction::of(secrets.iter().copied()));
        let mut log = HeaderLog::new(&what, &recorder);
        let passing = Passing { tag: Tag(3), attempt: 1, message: Message::BackendReceived };
        log.note(passing, Some(b"/a?b=1"), &fields.iter().copied());
        drop((log, recorder));
        kept.finish(Moment(1), None, Losses::default()).headers
    }

    #[test]
    fn each_header_has_a_row_and_its_lines_are_one_value() {
        let rows = noted(&[("Via", b"1.1 a, 1.0 b"), ("host", b"h"), ("via", b"1.1 c")], &[]);
        let told: Vec<_> =
            rows.iter().map(|row| (row.header, row.lines, row.items, row.text.as_deref())).collect();
        let via = (1, 2, 3, Some("1.1 a, 1.0 b, 1.1 c"));
        assert_eq!(told, [(TARGET, 1, 1, Some("/a?b=1")), (0, 0, 0, None), via, (2, 0, 0, None)]);
    }

    #[test]
    fn a_secret_is_told_from_others_by_its_hash_alone() {
        let rows = noted(&[("Authorization", b"Bearer s3cret")], &[]);
        assert!(rows[1].is_there() && rows[1].text.is_none());
        assert!(!rows[1].is_same(&noted(&[("authorization", b"Bearer other")], &[])[1]));
        assert!(rows[1].is_same(&rows[1]) && !rows[3].is_same(&rows[3]), "what is not there is no value");
    }

    #[test]
    fn headers_that_carry_credentials_are_known_by_a_part_of_their_name() {
        for name in ["Authorization", "set-cookie", "x-api-key", "Ocp-Apim-Subscription-Key", "x_auth_token"]
        {
            assert!(is_secret_header(name), "{name}");
        }
        for name in ["via", "x-request-id", "x-forwarded-for", "author", "keep-alive", "monkey"] {
            assert!(!is_secret_header(name), "{name}");
        }
    }

    #[test]
    fn a_parameter_of_the_query_is_recorded_like_a_header() {
        let of = |target: &'static [u8]| parameters(target, "code").collect::<Vec<_>>();
        assert_eq!(of(b"/a?code=1&b=2&code=3"), [b"1", b"3"]);
        assert_eq!(of(b"/a?xcode=1&code"), [b""; 0]);
        assert_eq!(of(b"/code=1"), [b""; 0]);
    }

    #[test]
    fn a_value_is_no_text_if_a_secret_stands_in_it_or_it_is_long_or_no_text() {
        let long = [b'a'; TEXT_MAX + 1];
        for value in [&b"copied s3cret"[..], &long, b"\xff"] {
            let rows = noted(&[("via", value)], &["s3cret"]);
            assert!(rows[2].is_there() && rows[2].text.is_none(), "{value:?}");
        }
    }
}
