//! Policy files: what of them is about failures, and what else was met.

use std::collections::BTreeSet;

use policy::{Limit, RateLimit, Retry};
use units::Timespan;

use super::elements::{Values, strays};
use super::{choose, headers, limits, retry};
use crate::note::Note;
use crate::place::Place;
use crate::placed_headers::PlacedHeaders;
use crate::xml::Element;

/// Above so many seconds the network may cut a connection on which nothing comes (forward-request-policy.md).
const CUT_BY_NETWORK: Timespan = Timespan::from_secs(240);

/// How deep fragments may lie in each other.
const FRAGMENTS_DEEP: usize = 16;

/// Elements that hold others and do nothing themselves.
const HOLDERS: [&str; 6] = ["policies", "inbound", "backend", "outbound", "on-error", "fragment"];

/// What is understood, and has no words in a policy.
const UNREHEARSED: [(&str, &str); 2] = [
    ("quota", "calls beyond the quota are answered 403"),
    ("quota-by-key", "calls beyond the quota are answered 403"),
];

/// What the policies say of failures.
#[derive(Clone, Debug, Default)]
pub(super) struct Policies {
    pub(super) retry: Option<(Retry, Vec<(&'static str, Place)>)>,
    /// For how long the headers of an answer are waited for.
    pub(super) timeout: Option<(Timespan, Place)>,
    /// How many requests are under way at a time.
    pub(super) limit: Option<(Limit, Place)>,
    /// How many requests are let through in a time.
    pub(super) rate: Option<(RateLimit, [(&'static str, Place); 2])>,
    /// What is set, appended to and deleted of the headers of requests.
    pub(super) headers: PlacedHeaders,
    /// Whether a further attempt brings the body.
    pub(super) buffered: Option<bool>,
    /// The backends that requests are sent to: names, in the order of the files.
    pub(super) sent_to: Vec<(String, Place)>,
    /// Retries that every request meets, understood or not.
    retries: usize,
    /// The section that is being read.
    section: String,
    forwards: usize,
    in_retry: bool,
    /// The fragments that stand somewhere, in lower case.
    pub(super) included: BTreeSet<String>,
    /// The fragments that are being read, one within the other.
    inside: Vec<String>,
}

impl Policies {
    /// Takes in a file.
    pub(super) fn take(&mut self, root: &Element, values: &Values<'_>, notes: &mut Vec<Note>) {
        if !matches!(root.name.as_str(), "policies" | "fragment") {
            let words = format!(
                "`<{}>` is no policy: expected `<policies>` or `<fragment>`",
                root.name.escape_debug()
            );
            return notes.push(Note::unknown(&root.place, words));
        }
        for section in &root.children {
            if section.name == "backend" {
                check_section(section, notes);
            }
            self.section.clone_from(&section.name);
            self.element(section, false, values, notes);
        }
        self.section.clear();
        if root.name == "fragment" {
            return;
        }
        if self.retry.is_some() && self.forwards == 0 {
            let words = "the retry holds no `<forward-request>`: what it tries again is something else";
            notes.push(Note::lint(&root.place, words));
        }
    }

    fn element(&mut self, element: &Element, is_chosen: bool, values: &Values<'_>, notes: &mut Vec<Note>) {
        let name = element.name.as_str();
        match name {
            "retry" => {
                self.retry(element, is_chosen, values, notes);
                let outer = std::mem::replace(&mut self.in_retry, true);
                self.children(element, is_chosen, values, notes);
                self.in_retry = outer;
                return;
            }
            "forward-request" => self.forward(element, is_chosen, values, notes),
            "set-backend-service" => {
                strays(element, &["backend-id", "base-url"], notes);
                if let Some(id) = values.text(element, "backend-id", notes) {
                    let place = element.attribute("backend-id").map_or(&element.place, |one| &one.place);
                    self.sent_to.push((id, place.clone()));
                }
                if let Some(url) = element.attribute("base-url").filter(|url| !url.is_expression()) {
                    self.sent_to.push((url.value.clone(), url.place.clone()));
                }
            }
            "choose" => {
                for (branch, is_chosen) in choose::branches(element, is_chosen, values.asked, notes) {
                    self.children(branch, is_chosen, values, notes);
                }
                return;
            }
            "return-response" => {
                let when = if is_chosen { "where its condition holds, " } else { "" };
                let words = format!(
                    "{when}the gateway answers by itself, and no backend is asked: that is not rehearsed"
                );
                return notes.push(Note::unrehearsed(&element.place, words));
            }
            "limit-concurrency" => self.concurrency(element, is_chosen, values, notes),
            "rate-limit" | "rate-limit-by-key" => self.rate_limit(element, is_chosen, values, notes),
            "set-header" => return self.set_header(element, is_chosen, values, notes),
            "base" => {}
            "include-fragment" => return self.fragment(element, is_chosen, values, notes),
            _ => {
                if let Some((_, words)) = UNREHEARSED.iter().find(|(known, _)| *known == name) {
                    notes.push(Note::unrehearsed(
                        &element.place,
                        format!("`<{name}>`: {words}; that is not rehearsed"),
                    ));
                } else if !HOLDERS.contains(&name) {
                    let words = format!("`<{}>` is not read", name.escape_debug());
                    // What is in it belongs to it.
                    return notes.push(Note::unknown(&element.place, words));
                }
            }
        }
        self.children(element, is_chosen, values, notes);
    }

    fn children(&mut self, element: &Element, is_chosen: bool, values: &Values<'_>, notes: &mut Vec<Note>) {
        for child in &element.children {
            self.element(child, is_chosen, values, notes);
        }
    }

    /// What a fragment holds stands where it is included.
    fn fragment(&mut self, element: &Element, is_chosen: bool, values: &Values<'_>, notes: &mut Vec<Note>) {
        let Some(id) = values.text(element, "fragment-id", notes) else { return };
        let Some(fragment) = values.fragments.get(&id.to_lowercase()) else {
            let words = format!("the fragment `{}` is read only if its file is named", id.escape_debug());
            let help = format!("name the file as well: `{}.xml`", id.escape_debug());
            return notes.push(Note::unknown(&element.place, words).help(help));
        };
        if self.inside.contains(&id) || self.inside.len() >= FRAGMENTS_DEEP {
            let words =
                format!("the fragment `{}` includes itself, or lies too deep in others", id.escape_debug());
            return notes.push(Note::unknown(&element.place, words));
        }
        self.included.insert(id.to_lowercase());
        self.inside.push(id);
        self.children(fragment, is_chosen, values, notes);
        self.inside.pop();
    }

    fn concurrency(
        &mut self,
        element: &Element,
        is_chosen: bool,
        values: &Values<'_>,
        notes: &mut Vec<Note>,
    ) {
        let found = limits::concurrency(element, is_chosen, values, notes);
        if self.limit.is_some() && found.is_some() {
            let words = "a further `<limit-concurrency>`: a scenario has one, and the first one is taken";
            return notes.push(Note::unrehearsed(&element.place, words));
        }
        self.limit = self.limit.take().or(found);
    }

    fn set_header(&mut self, element: &Element, is_chosen: bool, values: &Values<'_>, notes: &mut Vec<Note>) {
        let why = match self.section.as_str() {
            _ if is_chosen => "whether this header is set is decided with each request: it is left out",
            "inbound" | "backend" if self.in_retry => {
                "what is set within a retry is set anew with each attempt: it is left out"
            }
            "inbound" | "backend" => return headers::set_header(element, values, &mut self.headers, notes),
            "outbound" | "on-error" => "headers of answers are not rehearsed",
            _ => "whether this is a header of requests or of answers is not known here: it is left out",
        };
        let is_of_answers = self.section == "outbound" || self.section == "on-error";
        notes.push(if is_of_answers {
            Note::unrehearsed(&element.place, why)
        } else {
            Note::unknown(&element.place, why)
        });
    }

    fn rate_limit(&mut self, element: &Element, is_chosen: bool, values: &Values<'_>, notes: &mut Vec<Note>) {
        let found = limits::rate(element, is_chosen, values, notes);
        if self.rate.is_some() && found.is_some() {
            let words = "a further rate limit: a scenario has one, and the first one is taken";
            return notes.push(Note::unrehearsed(&element.place, words));
        }
        self.rate = self.rate.take().or(found);
    }

    fn retry(&mut self, element: &Element, is_chosen: bool, values: &Values<'_>, notes: &mut Vec<Note>) {
        if is_chosen {
            return notes.push(
                Note::unknown(
                    &element.place,
                    "whether this retry is used is decided with each request: it is left out",
                )
                .help("say which request it is about: `--request \"GET /path\"`, with its `--header`s"),
            );
        }
        self.retries += 1;
        if self.retries > 1 {
            let words = "a further retry: a scenario has one, and the first one is taken";
            return notes.push(Note::unknown(&element.place, words).help("import its file by itself"));
        }
        self.retry = retry::read(element, values, notes);
        let inner = element.all();
        let forward = inner.iter().find(|one| one.name == "forward-request");
        if let Some(forward) = forward {
            let buffer = values.text(forward, "buffer-request-body", notes);
            let is_kept = buffer.as_deref().is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
            self.buffered = Some(is_kept);
            if !is_kept {
                let words = "the body of a request is not kept: a further attempt has none to send";
                notes.push(
                    Note::lint(&forward.place, words)
                        .help("set `buffer-request-body=\"true\"` on `<forward-request>`"),
                );
            }
        }
    }

    fn forward(&mut self, element: &Element, is_chosen: bool, values: &Values<'_>, notes: &mut Vec<Note>) {
        self.forwards += 1;
        let known = [
            "timeout",
            "timeout-ms",
            "buffer-request-body",
            "buffer-response",
            "http-version",
            "follow-redirects",
            "fail-on-error-status-code",
            "continue-timeout",
        ];
        strays(element, &known, notes);
        for name in ["fail-on-error-status-code", "follow-redirects"] {
            if let Some(on) =
                element.attribute(name).filter(|one| !one.value.trim().eq_ignore_ascii_case("false"))
            {
                notes.push(Note::unrehearsed(&on.place, format!("`{name}` is not rehearsed")));
            }
        }
        let seconds =
            values.number(element, "timeout", notes).map(|seconds| Timespan::from_secs(u64::from(seconds)));
        let millis = values
            .number(element, "timeout-ms", notes)
            .map(|millis| Timespan::from_millis(u64::from(millis)));
        let key = if millis.is_some() { "timeout-ms" } else { "timeout" };
        let Some(timeout) = millis.or(seconds).filter(|timeout| !timeout.is_zero()) else {
            let words = "without `timeout` an answer's headers are waited for 300 s, by default: that is not rehearsed";
            return notes.push(
                Note::unrehearsed(&element.place, words).help("set `timeout`: few clients wait for 300 s"),
            );
        };
        let place = element.attribute(key).map_or(&element.place, |one| &one.place);
        if is_chosen || self.timeout.is_some() {
            let words = "a further timeout, or one that depends on the request: it is not rehearsed";
            return notes.push(Note::unrehearsed(place, words));
        }
        if timeout > CUT_BY_NETWORK {
            let words = format!(
                "{timeout} is longer than the 240 s after which the network may cut an idle connection"
            );
            notes.push(Note::lint(place, words));
        }
        self.timeout = Some((timeout, place.clone()));
    }
}

/// `<backend>` takes one child.
fn check_section(section: &Element, notes: &mut Vec<Note>) {
    if let [_, second, ..] = section.children.as_slice() {
        let words = "`<backend>` takes one policy: a deployment with this one beside it is refused";
        notes.push(
            Note::lint(&second.place, words)
                .help("keep `<retry>` or `<forward-request>` alone, without `<base />`"),
        );
    }
}
