//! The fields of a class's requests, and what is wrong with them.

use evidence::TAG_HEADER;
use wire::{is_field_value, is_token};

use crate::prepare_error::PrepareError;
use crate::spec::{Class, Framing};

/// What the driver itself decides.
const RESERVED: [&str; 3] = ["content-length", "transfer-encoding", TAG_HEADER];

/// What no trailer may be: fields that frame, route or limit the message that they follow (RFC 9110, section 6.5.1).
const NO_TRAILERS: [&str; 6] = ["host", "connection", "expect", "te", "trailer", "authorization"];

/// All fields of the head but the tag and the framing; `host`, that of the class or else this one, is the first.
pub(crate) fn of(class: &Class, host: &str) -> Result<Vec<(String, String)>, PrepareError> {
    let host = class.host.as_deref().unwrap_or(host);
    if !is_field_value(host) {
        return Err(PrepareError::Host(host.to_owned()));
    }
    let mut fields = vec![("host".to_owned(), host.to_owned())];
    if !class.keep_alive {
        fields.push(("connection".to_owned(), "close".to_owned()));
    }
    for field in &class.headers {
        let (key, value) = checked(class, field, &[])?;
        // One `host` and one `connection` only; any other header may come several times.
        let before = fields.iter_mut().find(|(name, _)| *name == key);
        match before {
            Some((_, before)) if key == "host" => *before = value,
            Some((_, before)) if key == "connection" => *before = format!("{before}, {value}"),
            _ => fields.push((key, value)),
        }
    }
    Ok(fields)
}

/// The trailer fields.
pub(crate) fn trailers(class: &Class) -> Result<Vec<(String, String)>, PrepareError> {
    let in_chunks =
        class.body.as_ref().is_some_and(|body| body.framing == Framing::Chunked && body.size() > 0);
    if !class.trailers.is_empty() && !in_chunks {
        return Err(PrepareError::Trailers { class: class.name.clone() });
    }
    class.trailers.iter().map(|field| checked(class, field, &NO_TRAILERS)).collect()
}

fn checked(
    class: &Class,
    (name, value): &(String, String),
    forbidden: &[&str],
) -> Result<(String, String), PrepareError> {
    if !is_token(name) || !is_field_value(value) {
        return Err(PrepareError::Header { class: class.name.clone(), header: name.clone() });
    }
    let key = name.to_ascii_lowercase();
    if RESERVED.contains(&&key[..]) || forbidden.contains(&&key[..]) {
        return Err(PrepareError::ReservedHeader { class: class.name.clone(), header: name.clone() });
    }
    Ok((key, value.clone()))
}

/// Whether a `connection` field ends the connection.
pub(crate) fn has_close(value: &str) -> bool {
    value.split(',').any(|item| item.trim().eq_ignore_ascii_case("close"))
}
