//! The shape of a request: method and path, headers, body.

use driver::{Body, BodyContent};

use super::{Context, placeholders};
use crate::file::{BodyTable, Located, Named};

/// Headers that the driver sets by itself.
const OWN_HEADERS: [&str; 4] = ["host", "content-length", "transfer-encoding", evidence::TAG_HEADER];

/// The longest path, and the longest header value: what gateways take in one line by default (nginx: 8 KiB).
const LINE_MAX: usize = 4096;

/// The most headers that a class adds.
const HEADERS_MAX: usize = 64;

/// Method and path of `request`; nothing if either is wrong.
pub(super) fn method_and_path(
    context: &mut Context<'_>,
    request: &Located<String>,
) -> Option<(String, String)> {
    let mut words = request.split_ascii_whitespace();
    let (Some(method), Some(path), None) = (words.next(), words.next(), words.next()) else {
        let noted = context.error(&request.span, format!("`{}` is not a request", request.escape_debug()));
        noted.label = Some("expected a method and a path".to_owned());
        noted.help = Some("for example `GET /orders/{n}`".to_owned());
        return None;
    };
    let wrong = method_problem(method).map(|why| {
        (
            format!("`{}` is not a method: {why}", method.escape_debug()),
            "for example `GET`, `POST` or `DELETE`",
        )
    });
    let wrong = wrong.or_else(|| {
        path_problem(path).map(|why| {
            (format!("`{}` is not a path: {why}", path.escape_debug()), "for example `/orders/{n}?full=1`")
        })
    });
    match wrong {
        None => {
            placeholders::check(context, request);
            Some((method.to_owned(), path.to_owned()))
        }
        Some((message, help)) => {
            context.error(&request.span, message).help = Some(help.to_owned());
            None
        }
    }
}

fn method_problem(method: &str) -> Option<&'static str> {
    match method {
        "CONNECT" => Some("it asks for a tunnel, which has no path"),
        "TRACE" => Some("gateways answer it themselves or refuse it"),
        _ if !is_token(method) => Some("it has characters that no method has"),
        _ if method.len() > 16 => Some("it is longer than 16 characters"),
        _ if method.bytes().any(|byte| byte.is_ascii_lowercase()) => Some("methods are upper case"),
        _ => None,
    }
}

fn path_problem(path: &str) -> Option<String> {
    let visible = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\^`|".contains(&byte);
    if !path.starts_with('/') {
        return Some("it must begin with `/`; the gateway's address is not part of it".to_owned());
    }
    if path.len() > LINE_MAX {
        return Some(format!("it is longer than {LINE_MAX} bytes"));
    }
    if let Some(wrong) = path.chars().find(|letter| !letter.is_ascii() || !visible(*letter as u8)) {
        return Some(format!("`{}` must be percent-encoded", wrong.escape_debug()));
    }
    placeholders::bare(path).contains(['{', '}']).then(|| placeholders::KNOWN.to_owned())
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The further headers of a class.
pub(super) fn headers(context: &mut Context<'_>, headers: &Named<Located<String>>) -> Vec<(String, String)> {
    if let Some((name, _)) = headers.0.get(HEADERS_MAX) {
        context.error(&name.span, format!("{} headers, allowed are {HEADERS_MAX}", headers.0.len()));
    }
    for (name, value) in &headers.0 {
        if !is_header_name(name) {
            context.error(&name.span, format!("`{}` is not a header name", name.escape_debug())).help =
                Some(HEADER_NAMES.to_owned());
        } else if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            let own = context.error(&name.span, format!("the header `{}` is set by the driver", name.value));
            own.help = name
                .eq_ignore_ascii_case("host")
                .then(|| "give it beside `request`: `host = \"…\"`".to_owned());
        }
        check_value(context, value);
        check_connection(context, name, value);
    }
    headers.0.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
}

/// The longest header name.
const NAME_MAX: usize = 128;

/// What an error says of them.
pub(super) const HEADER_NAMES: &str = "header names have 1 to 128 letters, digits and `-`";

/// Whether a name can be that of a header.
pub(super) fn is_header_name(name: &str) -> bool {
    is_token(name) && name.len() <= NAME_MAX
}

/// `connection` may name headers that belong to the connection; whether that is used again is told by `keep_alive`.
fn check_connection(context: &mut Context<'_>, name: &Located<String>, value: &Located<String>) {
    let persistence = |item: &str| {
        let item = item.trim();
        ["close", "keep-alive"].iter().any(|word| item.eq_ignore_ascii_case(word))
    };
    if name.eq_ignore_ascii_case("connection") && value.split(',').any(persistence) {
        let message = "whether a connection is used again is not told by a header";
        context.error(&value.span, message).help = Some("use `keep_alive` of the traffic class".to_owned());
    }
}

/// What the head of a backend's answer has of its own.
const OWN_ANSWER_HEADERS: [&str; 3] = ["content-length", "transfer-encoding", "content-type"];

/// The further headers of a backend's answers.
pub(super) fn answer_headers(
    context: &mut Context<'_>,
    headers: &Named<Located<String>>,
) -> Vec<(String, String)> {
    if let Some((name, _)) = headers.0.get(HEADERS_MAX) {
        context.error(&name.span, format!("{} headers, allowed are {HEADERS_MAX}", headers.0.len()));
    }
    for (name, value) in &headers.0 {
        let lower = name.to_ascii_lowercase();
        if !is_header_name(name) {
            context.error(&name.span, format!("`{}` is not a header name", name.escape_debug())).help =
                Some(HEADER_NAMES.to_owned());
        } else if OWN_ANSWER_HEADERS.contains(&&lower[..]) || lower.starts_with("x-brownout-") {
            context.error(&name.span, format!("the header `{}` is set by the backend", name.value));
        }
        if let Some((range, _)) = crate::secrets::placeholders(value).next() {
            context.error(&value.span, format!("`{}` has no meaning in an answer", &value[range])).help =
                Some("backends send what the file says".to_owned());
        }
        check_value(context, value);
        check_connection(context, name, value);
    }
    headers.0.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
}

fn check_value(context: &mut Context<'_>, value: &Located<String>) {
    let forbidden = |byte: u8| byte < b' ' && byte != b'\t' || byte == 0x7f;
    if value.bytes().any(forbidden) || value.len() > LINE_MAX || value.trim() != value.as_str() {
        context.error(&value.span, "this is not a header value").help =
            Some(format!("one line of at most {LINE_MAX} bytes, without spaces at its ends"));
    }
    placeholders::check(context, value);
}

/// The `host` header of a class.
pub(super) fn host(context: &mut Context<'_>, host: &Located<String>) -> String {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let bare = placeholders::bare(host);
    if host.is_empty() || host.len() > HOST_MAX || !bare.bytes().all(fits) {
        context.error(&host.span, format!("`{}` is not a host", host.escape_debug())).help =
            Some("a name or an address, and a port where there is one: `orders.example.com:8080`".to_owned());
    } else {
        placeholders::check(context, host);
    }
    host.value.clone()
}

/// The longest host: a name has 253 letters at most (RFC 1035, section 2.3.4), a placeholder may be longer than its value.
const HOST_MAX: usize = 320;

/// The trailer fields of a class.
pub(super) fn trailers(
    context: &mut Context<'_>,
    trailers: &Named<Located<String>>,
    body: Option<&Body>,
) -> Vec<(String, String)> {
    let in_chunks = body.is_some_and(|body| body.framing == driver::Framing::Chunked && body.size() > 0);
    if let (Some((name, _)), false) = (trailers.0.first(), in_chunks) {
        context.error(&name.span, "trailers follow a body in chunks only").help =
            Some("for example `body = { size = \"2KiB\", framing = \"chunked\" }`".to_owned());
    }
    for (name, value) in &trailers.0 {
        if ["authorization", "expect", "te", "trailer"].contains(&name.to_ascii_lowercase().as_str()) {
            context.error(&name.span, format!("`{}` can't be a trailer", name.value));
        }
        if value.contains("{{env.") {
            context.error(&value.span, "a trailer has no placeholders, and is sent as it is");
        }
    }
    headers(context, trailers)
}

/// The body of a class.
pub(super) fn body(context: &mut Context<'_>, body: &Located<BodyTable>) -> Option<Body> {
    let limit = context.scenario.limits.body;
    let (source, bytes, span) = match (&body.size, &body.text) {
        (Some(size), None) => (BodyContent::Sized(size.value), size.0, &size.span),
        (None, Some(text)) => {
            placeholders::check(context, text);
            (BodyContent::Text(text.value.clone()), text.len() as u64, &text.span)
        }
        _ => {
            let noted = context.error(&body.span, "a body needs either `size` or `text`");
            noted.help = Some("for example `body = { size = \"2KiB\" }`".to_owned());
            return None;
        }
    };
    if bytes > limit.0 {
        context.error(span, format!("a body of {}, over `limits.body` = {limit}", units::Size(bytes))).help =
            Some("make it smaller, or raise `limits.body`".to_owned());
    }
    Some(Body { content: source, framing: body.framing })
}
