//! Which headers are recorded: those that `[record]` lists, and those that demands need, so that nobody lists them twice.

use std::ops::Range;

use driver::Class;
use evidence::{RecordedHeader, RecordedHeaders, is_secret_header};
use fake_backends::BackendSpec;
use judge::Demand;
use policy::Policy;

use super::Context;
use super::load::planned_in_all;
use super::request::{HEADER_NAMES, is_header_name};
use crate::secrets::placeholders;

/// The most headers that are recorded.
const HEADERS_MAX: usize = 32;

/// The most rows, of about 80 bytes each in memory while judging.
const ROWS_MAX: f64 = 40_000_000.0;

/// Messages of a request that is answered at the first attempt: two at each end.
const MESSAGES: f64 = 4.0;

/// The header that names others which belong to one connection only (RFC 9110, section 7.6.1).
const CONNECTION: &str = "connection";

/// What is recorded; `None` if nobody asks for any header.
pub(super) fn compile(
    context: &mut Context<'_>,
    backends: &[BackendSpec],
    classes: &[Class],
    demands: &[Demand],
    spans: &[Range<usize>],
) -> Option<RecordedHeaders> {
    let table = context.scenario.record.clone();
    let listed = table.iter().flat_map(|table| table.headers.iter().chain(&table.secret));
    let mut wanted: Vec<(String, Range<usize>)> =
        listed.map(|name| (name.value.clone(), name.span.clone())).collect();
    let needs: Vec<_> = demands.iter().map(|demand| demand.expectation.contract().headers()).collect();
    for (names, span) in needs.iter().zip(spans) {
        wanted.extend(names.iter().flatten().map(|name| (name.clone(), span.clone())));
    }
    let ruled = ruled(context, demands);
    let at = wanted.first().map(|(_, span)| span.clone()).or(ruled.first().and(spans.first().cloned()));
    if at.is_none() && needs.iter().all(Option::is_none) {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        let name = name.trim().to_ascii_lowercase();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    };
    for (name, span) in &wanted {
        if is_header_name(name) {
            add(name);
        } else {
            context.error(span, format!("`{}` is not a header name", name.escape_debug())).help =
                Some(HEADER_NAMES.to_owned());
        }
    }
    for name in &ruled {
        add(name);
    }
    if wanted.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONNECTION)) {
        let sent = classes.iter().flat_map(|class| &class.headers);
        let sent = sent.chain(backends.iter().flat_map(|backend| &backend.headers));
        let nominating = sent.filter(|(name, _)| name.eq_ignore_ascii_case(CONNECTION));
        nominating.flat_map(|(_, value)| value.split(',')).for_each(add);
    }
    check_bounds(context, at, names.len(), classes);
    let of_demands = demands.iter().flat_map(|demand| demand.expectation.contract().secret_headers());
    let mut secrets: Vec<String> = of_demands.collect();
    secrets.extend(table.iter().flat_map(|table| &table.secret).map(|name| name.value.clone()));
    let filled = filled(context);
    let secret = |name: &String| {
        let is_listed = secrets.iter().any(|one| one.eq_ignore_ascii_case(name));
        let sent = classes.iter().flat_map(|class| &class.headers);
        let mut sent = sent.filter(|(sent, _)| sent.eq_ignore_ascii_case(name));
        let is_filled = filled.contains(name) || name.starts_with('?');
        is_listed || is_filled || is_secret_header(name) || sent.any(|(_, value)| has_placeholder(value))
    };
    let secret_target = classes.iter().any(|class| has_placeholder(&class.path));
    let headers = names.into_iter().map(|name| RecordedHeader { secret: secret(&name), name });
    let search_errors = demands.iter().any(|demand| demand.expectation.contract().searches_errors());
    Some(RecordedHeaders { headers: headers.collect(), secret_target, search_errors })
}

/// What the policy has rules for, if an expectation holds the gateway to it.
fn ruled(context: &Context<'_>, demands: &[Demand]) -> Vec<String> {
    let is_judged = demands.iter().any(|demand| demand.expectation.name() == "policy");
    let policy = context.scenario.policy.as_ref().filter(|_| is_judged);
    policy.map(Policy::ruled).unwrap_or_default()
}

/// The headers into which the policy puts the values of variables.
fn filled(context: &Context<'_>) -> Vec<String> {
    let put_in = context.scenario.policy.iter().flat_map(Policy::put_in);
    let secret = put_in.filter(|(_, value)| has_placeholder(value));
    secret.filter_map(|(key, _)| key.rsplit_once('/').map(|(_, name)| name.to_owned())).collect()
}

fn has_placeholder(text: &str) -> bool {
    placeholders(text).next().is_some()
}

fn check_bounds(context: &mut Context<'_>, at: Option<Range<usize>>, names: usize, classes: &[Class]) {
    let span = at.unwrap_or(0..0);
    if names > HEADERS_MAX {
        context.error(&span, format!("{names} headers to record, allowed are {HEADERS_MAX}")).help =
            Some("list fewer in `[record]` and in expectations".to_owned());
    }
    let rows = planned_in_all(classes) * MESSAGES * (names + 1) as f64;
    if rows > ROWS_MAX {
        let message = format!("about {rows:.0} recorded headers, allowed are {ROWS_MAX:.0}");
        context.error(&span, message).help =
            Some("list fewer headers, lower the rate, or shorten the phases".to_owned());
    }
}
