//! What the declared policy puts into requests and takes out of them, rule by rule, and the credential of each backend.

#[cfg(test)]
mod tests;

use measure::request_rules::{CredentialsKept, HeaderRule, HeaderRuleKept, Kept};
use measure::view::View;
use policy::{Policy as Declared, RequestHeaders};
use units::plural::count;

use super::Policy;
use crate::claim::{CASES_MIN, Claim, Key};
use crate::forecast::{Forecast, Outlook};

/// What is claimed of one phase.
pub(super) fn claims(policy: &Policy, declared: &Declared, view: &View<'_>) -> Vec<Claim> {
    let tries_again = declared.retry.as_ref().is_some_and(|retry| retry.attempts > 1);
    let mut claims = Vec::new();
    for (key, name, rule) in declared.request_headers.iter().flat_map(rules) {
        if policy.is_about(&key) {
            claims.extend(of_header(view, &key, name, rule, tries_again));
        }
    }
    if !declared.credentials.is_empty() && policy.is_about_any(declared) {
        claims.extend(of_credentials(policy, declared, view, tries_again));
    }
    claims
}

impl Policy {
    /// True if the credential of some backend is judged.
    fn is_about_any(&self, declared: &Declared) -> bool {
        declared.credentials.keys().any(|backend| self.is_about(&format!("credentials.{backend}")))
    }
}

/// Every rule for a header, with its key and the header's name.
fn rules(declared: &RequestHeaders) -> Vec<(String, &str, HeaderRule<'_>)> {
    let set = declared.set.keys().map(|name| ("set", name, HeaderRule::Set));
    let append = declared.append.iter().map(|(name, value)| ("append", name, HeaderRule::Append(value)));
    let remove = declared.remove.iter().map(|name| ("remove", name, HeaderRule::Remove));
    let all = set.chain(append).chain(remove);
    all.map(|(table, name, rule)| (format!("request_headers.{table}.{name}"), name.as_str(), rule)).collect()
}

/// What is to become of a header, and what else became of it.
fn words(rule: HeaderRule<'_>) -> (&'static str, &'static str) {
    match rule {
        HeaderRule::Set => ("set", "was not there, or had another value"),
        HeaderRule::Append(_) => ("appended to", "was not what was sent with the value behind it"),
        HeaderRule::Remove => ("removed", "was there"),
    }
}

fn of_header(view: &View<'_>, key: &str, name: &str, rule: HeaderRule<'_>, tries_again: bool) -> Vec<Claim> {
    let (good, bad) = words(rule);
    let Some(kept) = HeaderRuleKept::of(view, name, rule) else { return vec![unrecorded(key, good)] };
    let claim = |part: &str, what: &str, of: &Kept| {
        let remedy = match rule {
            HeaderRule::Remove => format!(
                "let traffic send `{name}`, so that there is something to remove, or {}",
                leave_out(key)
            ),
            _ if part.is_empty() => {
                format!("send more requests in a phase with a fault, or {}", leave_out(key))
            }
            _ => format!("plan a fault after which requests are tried again, or {}", leave_out(key)),
        };
        never(
            of,
            &format!("`{name}` was {good} in all {}", count(of.cases, what)),
            &format!("`{name}` {bad} in {} of {}", of.broken, count(of.cases, what)),
            &format!("`{name}` {bad}"),
        )
        .aside(kept.set_aside.clone())
        .remedy(remedy)
        .of_key(Key { key: format!("{key}{part}"), declared: good.into() })
    };
    let mut claims = vec![claim("", "first attempt", &kept.first)];
    if tries_again {
        claims.push(claim(FURTHER, "further attempt", &kept.further));
    }
    claims
}

/// What is said behind a key of the claim that is about further attempts.
const FURTHER: &str = ", further attempts";

fn of_credentials(policy: &Policy, declared: &Declared, view: &View<'_>, tries_again: bool) -> Vec<Claim> {
    let Some(kept) = CredentialsKept::of(view) else {
        return vec![unrecorded("credentials", "the backend's own")];
    };
    let mut claims = Vec::new();
    let mut add = |key: String, declared: &str, of: &Kept, good: String, bad: String, remedy: &str| {
        let shown = bad.clone();
        let claim =
            never(of, &good, &format!("{bad} in {} of {}", of.broken, count(of.cases, "attempt")), &shown);
        let claim = claim.aside(kept.set_aside.clone()).remedy(format!("{remedy}, or {}", leave_out(&key)));
        claims.push(claim.of_key(Key { key, declared: declared.into() }));
    };
    for (index, backend) in view.brief.backends.iter().enumerate() {
        let name = &backend.name;
        let key = format!("credentials.{name}");
        if !declared.credentials.contains_key(name) || !policy.is_about(&key) {
            continue;
        }
        add(
            key.clone(),
            "its own",
            &kept.at[index],
            format!("all {} at `{name}` had its credential", count(kept.at[index].cases, "attempt")),
            format!("`{name}` did not get its credential"),
            "send more requests to it in a phase with a fault",
        );
        if kept.elsewhere[index].cases > 0 {
            add(
                format!("{key}, nowhere else"),
                "no other backend",
                &kept.elsewhere[index],
                format!(
                    "none of {} elsewhere had the credential of `{name}`",
                    count(kept.elsewhere[index].cases, "attempt")
                ),
                format!("another backend got the credential of `{name}`"),
                "send more requests to the other backends in a phase with a fault",
            );
        }
    }
    if tries_again && view.brief.backends.len() > 1 {
        add(
            format!("credentials{FURTHER}"),
            "the backend's own",
            &kept.further,
            format!(
                "all {} had the credential of their backend",
                count(kept.further.cases, "further attempt")
            ),
            "a further attempt did not have the credential of its backend".into(),
            "plan a fault after which requests are tried again",
        );
    }
    claims
}

fn never(of: &Kept, good: &str, bad: &str, shown: &str) -> Claim {
    let seen = format!("{} of {} otherwise", of.broken, count(of.cases, "attempt"));
    Claim::never(of.broken, of.cases, None)
        .says(good, bad)
        .because(seen.clone())
        .seen(seen, "none otherwise")
        .shown(of.shown.iter().map(|tag| (*tag, shown.to_owned())).collect())
}

fn unrecorded(key: &str, declared: &str) -> Claim {
    Claim::blind(
        "what the policy puts into requests is not on record",
        "run the scenario again with this version",
    )
    .seen("nothing", "what is declared")
    .of_key(Key { key: key.into(), declared: declared.into() })
}

fn leave_out(key: &str) -> String {
    format!("leave `{}` out of `about`", key.split(',').next().unwrap_or(key))
}

/// What is foreseen of each key that is judged.
pub(super) fn forecasts(
    policy: &Policy,
    declared: &Declared,
    outlook: &Outlook<'_>,
) -> Vec<(String, Forecast)> {
    let mut foreseen = Vec::new();
    let further = || outlook.failing(1, |does| outlook.is_retried(does));
    let tries_again = declared.retry.as_ref().is_some_and(|retry| retry.attempts > 1);
    let mut add = |key: &str, what: &str, expected: Option<f64>| {
        foreseen.extend(
            expected.map(|expected| (key.to_owned(), Forecast::exposures(what, expected, CASES_MIN))),
        );
    };
    for (key, name, rule) in declared.request_headers.iter().flat_map(rules) {
        if !policy.is_about(&key) {
            continue;
        }
        let senders = outlook
            .classes()
            .filter(|class| rule != HeaderRule::Remove || outlook.brief.traffic[*class].sends(name));
        add(
            &key,
            &format!("requests for the rule of `{name}`"),
            senders.map(|class| outlook.requests_of(class)).sum(),
        );
        if tries_again {
            add(&key, "further attempts", further());
        }
    }
    if !declared.credentials.is_empty()
        && policy.is_about_any(declared)
        && tries_again
        && outlook.brief.backends.len() > 1
    {
        add("credentials", "further attempts", further());
    }
    foreseen
}
