//! The middlewares on the way, those of chains among them, and which of them have a part in what happens when servers fail.

use policy::{Limit, Scope};

use super::files::Files;
use super::keys::{Keys, met, number, shown};
use super::routers::Route;
use crate::note::Note;
use crate::placed_headers::{HeaderRule, PlacedHeaders};
use crate::value::Value;

/// Middlewares that change paths and answers, and nothing of what happens when servers fail.
const NO_MATTER: [&str; 8] = [
    "addPrefix",
    "compress",
    "contentType",
    "encodedCharacters",
    "grpcWeb",
    "replacePath",
    "replacePathRegex",
    "stripPrefix",
];

/// Those that answer by themselves, or change what is sent again.
const UNREHEARSED: [&str; 15] = [
    "basicAuth",
    "buffering",
    "circuitBreaker",
    "digestAuth",
    "errors",
    "forwardAuth",
    "ipAllowList",
    "ipWhiteList",
    "passTLSClientCert",
    "plugin",
    "rateLimit",
    "redirectRegex",
    "redirectScheme",
    "stripPrefixRegex",
    "snicheck",
];

/// Chains lie within each other so often at most, and so many middlewares are read in all.
const DEPTH_MAX: usize = 8;
const ALL_MAX: usize = 100;

/// The status of who is turned away (`inFlightReq`).
const TURNED_AWAY: u16 = 429;

/// The most that a policy can say.
const LIMIT_MAX: u32 = 65_536;

/// The middlewares that are read, each by its kind.
#[derive(Debug, Default)]
pub(super) struct Middlewares<'a> {
    pub(super) retry: Option<&'a Value>,
    /// What `headers` sets in requests and takes out of them.
    pub(super) headers: PlacedHeaders,
    in_flight: Option<&'a Value>,
    seen: usize,
}

/// Those of a way.
pub(super) fn read<'a>(files: &'a Files, route: &Route<'a>, notes: &mut Vec<Note>) -> Middlewares<'a> {
    let mut found = Middlewares::default();
    found.take(files, &route.middlewares, 0, notes);
    found
}

impl<'a> Middlewares<'a> {
    fn take(&mut self, files: &'a Files, names: &[&'a Value], depth: usize, notes: &mut Vec<Note>) {
        for name in names {
            self.seen += 1;
            let Some(text) = name.text().filter(|_| self.seen <= ALL_MAX && depth <= DEPTH_MAX) else {
                continue;
            };
            let Some(middleware) = files.named("middlewares", text) else {
                let words = format!("the middleware `{}` is in none of these files", shown(text));
                notes.push(Note::unknown(&name.place, words));
                continue;
            };
            for (kind, value) in middleware.entries() {
                self.one(files, kind, value, depth, notes);
            }
        }
    }

    fn one(&mut self, files: &'a Files, kind: &str, value: &'a Value, depth: usize, notes: &mut Vec<Note>) {
        let is_in = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(kind));
        if is_in(&["retry"]) {
            if self.retry.replace(value).is_some() {
                let words = "this is a second `retry` on the way, and each repeats what the other does: only this one is rehearsed";
                notes.push(Note::lint(&value.place, words).help("leave one of them out"));
            }
        } else if is_in(&["inFlightReq"]) {
            self.in_flight = Some(value);
        } else if is_in(&["headers"]) {
            self.set_headers(value, notes);
        } else if is_in(&["chain"]) {
            let inner: Vec<&Value> =
                value.get("middlewares").map(|list| list.items().iter().collect()).unwrap_or_default();
            self.take(files, &inner, depth + 1, notes);
        } else if is_in(&UNREHEARSED) {
            let note =
                Note::unrehearsed(&value.place, format!("the middleware `{}` is not rehearsed", shown(kind)));
            let is_breaker = is_in(&["circuitBreaker"]);
            notes.push(if is_breaker {
                note.help("declare it by hand: `[policy.breaker]` with `scope = \"pool\"`")
            } else {
                note
            });
        } else if !is_in(&NO_MATTER) {
            notes.push(Note::unknown(&value.place, format!("the middleware `{}` is not read", shown(kind))));
        }
    }

    /// `headers`: an empty value takes a header out.
    fn set_headers(&mut self, object: &Value, notes: &mut Vec<Note>) {
        for (name, value) in object.get("customRequestHeaders").map(Value::entries).unwrap_or_default() {
            let Some(text) = value.text().filter(|text| !text.contains("{{")) else {
                let words = format!("the value of `{}` is no word of the file: it is left out", shown(name));
                notes.push(Note::unknown(&value.place, words));
                continue;
            };
            let rule = if text.is_empty() { HeaderRule::Remove } else { HeaderRule::Set(text.to_owned()) };
            self.headers.add(name, rule, &value.place, notes);
        }
    }

    /// `inFlightReq`, where all requests of a host count together.
    pub(super) fn limit(&self, notes: &mut Vec<Note>) -> Option<(Limit, Keys)> {
        let object = self.in_flight?;
        met(Some(object), "inFlightReq", &["amount", "sourceCriterion"], &[], &[], notes);
        let criterion = object.get("sourceCriterion");
        let by_host = criterion.is_none_or(|one| one.get("requestHost").is_some());
        let amount =
            number(Some(object), "amount", notes).filter(|(most, _)| (1..=LIMIT_MAX).contains(most))?;
        if !by_host {
            let words = "`inFlightReq` counts each client for itself: a scenario has one limit, that is the same for all";
            notes.push(Note::unrehearsed(&object.place, words));
            return None;
        }
        let limit =
            Limit { scope: Scope::Pool, queue: Some(0), status: Some(TURNED_AWAY), ..Limit::new(amount.0) };
        Some((limit, vec![("limit.in_flight", amount.1)]))
    }
}
