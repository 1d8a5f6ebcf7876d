//! What becomes of headers, path and query on their way through the gateway, both ways, and at further attempts.

use std::collections::BTreeMap;

use evidence::{Header, TARGET};
use measure::aside::SetAside;
use measure::credentials::Credentials;
use measure::hop_by_hop::HopByHop;
use measure::passage::{Fate, Way, pairs};
use units::Timespan;

use super::outage::RETRIED;
use super::tried_again;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// What clients send, and what they send it with.
const SENT: [(&str, &str); 17] = [
    ("accept-encoding", "gzip"),
    ("authorization", "Bearer token-{uuid}"),
    ("connection", "x-hop"),
    ("cookie", "session={uuid}"),
    ("forwarded", "for=203.0.113.7"),
    ("te", "trailers"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("user-agent", "client/1.0"),
    ("via", "1.0 client"),
    ("x-custom", "a, b"),
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-host", "client.test"),
    ("x-forwarded-proto", "https"),
    ("x-hop", "1"),
    ("x-real-ip", "203.0.113.7"),
    ("x-request-id", "{uuid}"),
    ("host", ""),
];

/// What backends answer with. A name in two spellings is two lines.
const ANSWERED: [(&str, &str); 8] = [
    ("cache-control", "no-store"),
    ("etag", "\\\"v1\\\""),
    ("keep-alive", "timeout=5"),
    ("server", "backend/1.0"),
    ("set-cookie", "a=1"),
    ("Set-Cookie", "b=2"),
    ("vary", "accept"),
    ("x-answer", "a, b"),
];

/// Fewer cases than this tell nothing.
const CASES_MIN: u64 = 3;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let failure = RETRIED.iter().find(|failure| tried_again(profile, failure, "GET")).copied();
    let seen = lab.run(&experiment(failure))?;
    for (name, _) in SENT.iter().filter(|(name, _)| *name != "connection") {
        tell(&seen, "passing", "get", Way::Request, name, &format!("headers.request.{name}"), profile);
    }
    for (name, _) in ANSWERED.iter().filter(|(name, _)| *name != "keep-alive" && *name != "Set-Cookie") {
        tell(&seen, "passing", "get", Way::Answer, name, &format!("headers.answer.{name}"), profile);
    }
    tell(&seen, "busy", "busy", Way::Answer, "retry-after", "headers.answer.retry-after", profile);
    tell_added(&seen, profile);
    tell_rest(&seen, profile);
    if failure.is_some() {
        tell_further(&seen, profile);
    }
    Ok(())
}

fn experiment(failure: Option<&str>) -> Experiment {
    let table = |pairs: &[(&str, &str)]| -> String {
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        pairs.map(|(name, value)| format!("{name} = \"{value}\"")).collect::<Vec<_>>().join(", ")
    };
    let mut names: Vec<&str> = SENT.iter().chain(&ANSWERED).map(|(name, _)| *name).collect();
    names.retain(|name| *name != "Set-Cookie");
    names.push("retry-after");
    let mut one = Experiment::new("headers", 100.0)
        .traffic("bare", "GET", 10.0)
        .traffic("get", "GET", 20.0)
        .with(&format!("headers = {{ {} }}", table(&SENT)))
        .traffic("busy", "GET", 2.0)
        .record(&names)
        .calm("before", Timespan::from_secs(1), &["bare", "get", "busy"])
        .calm("passing", Timespan::from_secs(3), &["busy"])
        .fault(
            "when = { traffic = \"get\" }",
            &format!("status = {{ code = 200, headers = {{ {} }} }}", table(&ANSWERED)),
        )
        .calm("busy", Timespan::from_secs(3), &["bare", "get"])
        .fault("when = { traffic = \"busy\" }", "status = { code = 503, headers = { retry-after = \"1\" } }");
    if let Some(failure) = failure {
        one = one.calm("further", Timespan::from_secs(2), &["bare", "busy"]).fault(
            "when = { traffic = \"get\" }",
            &format!("fail_first = {{ attempts = 1, with = \"{failure}\" }}"),
        );
    }
    one
}

/// What became of one header, by backend.
type Fates = BTreeMap<u16, BTreeMap<&'static str, u64>>;

/// Of all messages, or of those of first or of further attempts.
fn fates(seen: &Seen, phase: &str, class: &str, way: Way, header: u16, further: Option<bool>) -> Fates {
    let view = seen.view(phase, Some(class));
    let (mut found, mut aside) = (Fates::new(), SetAside::default());
    for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
        for pair in pairs(view.ledger, &entry, way, &mut aside) {
            if further.is_some_and(|further| further != pair.is_further) {
                continue;
            }
            // An answer that does not have it has another reason than the gateway.
            let there = |(sent, _): &(&Header, &Header)| way == Way::Request || sent.is_there();
            if let Some((sent, arrived)) = pair.header(header).filter(there) {
                *found.entry(pair.backend).or_default().entry(words(sent, arrived)).or_default() += 1;
            }
        }
    }
    found
}

fn words(sent: &Header, arrived: &Header) -> &'static str {
    match Fate::of(sent, arrived) {
        Fate::Nowhere => "none",
        Fate::Added => "added",
        Fate::Removed => "removed",
        Fate::Forwarded => "passed on",
        Fate::Appended => "appended to",
        Fate::Mixed | Fate::Untold => "changed",
        Fate::Replaced => "replaced",
    }
}

fn index(seen: &Seen, name: &str) -> Option<u16> {
    seen.brief
        .headers
        .iter()
        .position(|header| header.name.eq_ignore_ascii_case(name))
        .map(|index| index as u16)
}

fn tell(seen: &Seen, phase: &str, class: &str, way: Way, name: &str, key: &str, profile: &mut Profile) {
    let Some(header) = index(seen, name) else { return };
    say(seen, &fates(seen, phase, class, way, header, None), key, profile);
}

/// What became of a header: one word, or what became of it at each backend where they differ.
fn say(seen: &Seen, fates: &Fates, key: &str, profile: &mut Profile) {
    let cases: u64 = fates.values().flat_map(BTreeMap::values).sum();
    if cases < CASES_MIN {
        profile.cannot_tell(key, "too few messages with it are on record at both ends", &seen.name);
        return;
    }
    let of_one = |fates: &BTreeMap<&str, u64>| fates.keys().copied().collect::<Vec<_>>().join(" or ");
    let by_backend: Vec<(u16, String)> =
        fates.iter().map(|(backend, fates)| (*backend, of_one(fates))).collect();
    let word = match by_backend.as_slice() {
        [(_, first), others @ ..] if others.iter().all(|(_, other)| other == first) => first.clone(),
        all => {
            let named =
                all.iter().map(|(backend, word)| format!("{word} at {}", seen.brief.backend_name(*backend)));
            named.collect::<Vec<_>>().join(", ")
        }
    };
    profile.know(key, Value::word(word), cases, &seen.name);
}

/// The headers that backends get although the client did not send them.
fn tell_added(seen: &Seen, profile: &mut Profile) {
    let (mut added, mut cases) = (Vec::new(), 0);
    for (name, _) in SENT.iter().filter(|(name, _)| *name != "connection") {
        let Some(header) = index(seen, name) else { continue };
        for (word, count) in
            fates(seen, "passing", "bare", Way::Request, header, None).into_values().flatten()
        {
            cases = cases.max(count);
            if word == "added" && added.last() != Some(name) {
                added.push(*name);
            }
        }
    }
    let key = "headers.added";
    if cases < CASES_MIN {
        profile.cannot_tell(key, "too few messages are on record at both ends", &seen.name);
    } else {
        let word = if added.is_empty() { "none".to_owned() } else { added.join(", ") };
        profile.know(key, Value::word(word), cases, &seen.name);
    }
}

/// The path, what belongs to one connection, and credentials.
fn tell_rest(seen: &Seen, profile: &mut Profile) {
    say(seen, &fates(seen, "passing", "get", Way::Request, TARGET, None), "headers.request.path", profile);
    let view = seen.view("passing", Some("get"));
    let key = "headers.hop_by_hop";
    let found = HopByHop::of(&view, Way::Request);
    if found.messages < CASES_MIN {
        profile.cannot_tell(key, "too few messages with such a header are on record", &seen.name);
    } else {
        let word = if found.passed_on > 0 { "passed on" } else { "removed" };
        profile.know(key, Value::word(word), found.messages, &seen.name);
    }
    let Some(authorization) = index(seen, "authorization") else { return };
    let found = Credentials::of(&view, authorization);
    let key = "headers.credentials_of_others";
    if found.distinct < CASES_MIN {
        profile.cannot_tell(key, "too few requests with a credential are on record", &seen.name);
    } else {
        profile.know(key, Value::yes(found.foreign.count > 0), found.distinct, &seen.name);
    }
}

/// What of a request is not the same at a further attempt as at the first.
fn tell_further(seen: &Seen, profile: &mut Profile) {
    let names = SENT
        .iter()
        .filter(|(name, _)| *name != "connection")
        .filter_map(|(name, _)| Some((*name, index(seen, name)?)));
    let mut lost = Vec::new();
    let mut cases = 0;
    for (name, header) in names.chain([("path", TARGET)]) {
        let of = |further| fates(seen, "further", "get", Way::Request, header, Some(further));
        let (first, further) = (of(false), of(true));
        let kinds = |fates: &Fates| {
            fates.values().flat_map(|one| one.keys().copied()).collect::<std::collections::BTreeSet<_>>()
        };
        cases = cases.max(further.values().flat_map(BTreeMap::values).sum());
        if !kinds(&further).is_subset(&kinds(&first)) {
            lost.push(name);
        }
    }
    let key = "headers.further_attempts";
    if cases < CASES_MIN {
        profile.cannot_tell(key, "too few further attempts are on record", &seen.name);
    } else {
        let word = if lost.is_empty() {
            "the same".to_owned()
        } else {
            format!("not the same: {}", lost.join(", "))
        };
        profile.know(key, Value::word(word), cases, &seen.name);
    }
}
