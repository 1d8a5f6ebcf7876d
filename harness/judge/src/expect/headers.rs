//! `headers`: what becomes of headers, path and query on their way through the gateway.

mod rule;
#[cfg(test)]
mod tests;

use evidence::TARGET;
use measure::hop_by_hop::{ALWAYS, CONNECTION, HopByHop};
use measure::passage::{Passage, Way};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rule::{Rule, claim, of_way};
use super::Expectation;
use crate::claim::{CASES_MIN, Claim};
use crate::estimates::share;
use crate::forecast::{Forecast, Outlook};

/// Headers, path and query arrive as they are to: forwarded, removed, replaced or appended to, both ways.
///
/// # What it checks
/// What the client sent against what reached each backend attempt, and what the backend answered against what reached the
/// client. What is named here is recorded without being listed in `[record]`.
///
/// - `requests`, `answers`: by what is to become of them, the names of headers. `forwarded`: it arrives with the value that was
///   sent. `removed`: it does not arrive. `replaced`: it arrives, and nothing that was sent is in it. `appended`: it arrives
///   with the items that were sent, if any, and the gateway's own behind them.
/// - `path_unchanged`: path and query reach every attempt as the client sent them.
/// - `hop_by_hop`: what belongs to one connection is not passed on, both ways: the headers that `connection` names, and
///   `keep-alive`, `proxy-connection`, `te` and `upgrade` unless the gateway names them for its own connection (RFC 9110,
///   section 7.6.1). Answers are looked at if a backend sends such headers.
/// - `further`: each of these must have been seen on further attempts too, where requests are what it is about.
///
/// # Why it matters
/// A retry without its idempotency key makes a second order. A client that sets `x-forwarded-for` itself passes for anybody
/// where it is trusted. A path that is rewritten once more with each attempt turns a retry into a 404. A header of one
/// connection that is passed on lets a client have the gateway drop others (CVE-2022-31813).
///
/// # When it can't tell
/// Inconclusive for a rule with fewer than 10 messages that show it: those that had the header, for `appended` all. Messages
/// that are not on record are set aside. Of a header whose value is recorded as a hash only, whether a list has something
/// before or behind what was sent can't be told; such messages are no cases. One message is a failure, with or without a
/// fault. Trailers are not looked at.
///
/// # Example
/// ```toml
/// [[expect]]
/// in = "brownout"
/// [expect.headers]
/// requests       = { forwarded = ["x-request-id"], replaced = ["x-forwarded-for"], appended = ["via"] }
/// answers        = { forwarded = ["cache-control"] }
/// path_unchanged = true
/// further        = true
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Headers {
    /// Headers of requests, by what is to become of them.
    #[serde(skip_serializing_if = "Rules::is_empty")]
    pub requests: Rules,
    /// Headers of answers, by what is to become of them.
    #[serde(skip_serializing_if = "Rules::is_empty")]
    pub answers: Rules,
    /// Whether path and query must arrive as they were sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub path_unchanged: bool,
    /// Whether headers that belong to one connection must not be passed on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hop_by_hop: bool,
    /// Whether further attempts must have been seen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub further: bool,
}

/// Names of headers, by what is to become of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// They arrive as they were sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forwarded: Vec<String>,
    /// They do not arrive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// They arrive, with nothing of what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<String>,
    /// They arrive with what was sent, and more behind it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub appended: Vec<String>,
}

impl Rules {
    fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Every name with its rule.
    fn all(&self) -> impl Iterator<Item = (Rule, &str)> {
        let each = [
            (Rule::Forwarded, &self.forwarded),
            (Rule::Removed, &self.removed),
            (Rule::Replaced, &self.replaced),
            (Rule::Appended, &self.appended),
        ];
        each.into_iter().flat_map(|(rule, names)| names.iter().map(move |name| (rule, name.as_str())))
    }
}

impl Expectation for Headers {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        for (way, rules) in [(Way::Request, &self.requests), (Way::Answer, &self.answers)] {
            for (rule, name) in rules.all() {
                let known =
                    view.brief.headers.iter().position(|header| header.name.eq_ignore_ascii_case(name));
                let index = known.map_or(TARGET - 1, |index| index as u16);
                let passage = Passage::of(view, way, index);
                let further = self.further && way == Way::Request;
                claims.extend(claim(view, &passage, rule, &format!("`{name}`"), way, further));
            }
        }
        if self.path_unchanged {
            let passage = Passage::of(view, Way::Request, TARGET);
            claims.extend(claim(
                view,
                &passage,
                Rule::Forwarded,
                "the path with its query",
                Way::Request,
                self.further,
            ));
        }
        if self.hop_by_hop {
            claims.push(hop_by_hop(view, Way::Request));
            let answers = hop_by_hop(view, Way::Answer);
            let names = || ALWAYS.into_iter().chain([CONNECTION]);
            let are_sent = view.brief.backends.iter().any(|backend| names().any(|name| backend.sends(name)));
            if are_sent || answers.exposures() > 0 {
                claims.push(answers);
            }
        }
        claims
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let mut foreseen = Vec::new();
        for (_, name) in self.requests.all().filter(|(rule, _)| *rule != Rule::Appended) {
            let senders = outlook.classes().filter(|class| outlook.brief.traffic[*class].sends(name));
            let expected: Option<f64> = senders.map(|class| outlook.requests_of(class)).sum();
            if expected == Some(0.0) {
                let why = format!("no traffic here sends `{name}`: give it in `headers` of a class");
                foreseen.push(Forecast::CannotPass(why));
            } else if let Some(expected) = expected {
                foreseen.push(Forecast::exposures(format!("requests with `{name}`"), expected, needed));
            }
        }
        // Faults may answer with headers of their own, such as `retry-after`.
        let is_faulty = outlook.injections().next().is_some();
        for (_, name) in self.answers.all().filter(|(rule, _)| *rule != Rule::Appended && !is_faulty) {
            if !outlook.brief.backends.iter().any(|backend| backend.sends(name)) {
                let why = format!("no backend answers with `{name}`: give it in `headers` of a backend");
                foreseen.push(Forecast::CannotPass(why));
            }
        }
        if !self.answers.is_empty() {
            let answered = outlook.answered();
            foreseen.extend(
                answered.map(|expected| Forecast::exposures("answers of a backend", expected, needed)),
            );
        }
        if self.hop_by_hop {
            let sends = |class: usize| {
                let class = &outlook.brief.traffic[class];
                ALWAYS.iter().any(|name| class.sends(name)) || class.sends(CONNECTION)
            };
            if !outlook.classes().any(sends) {
                let why = "no traffic here sends a header of one connection: `headers = { connection = \"x-hop\", x-hop = \"1\" }`";
                foreseen.push(Forecast::CannotPass(why.into()));
            }
        }
        if self.further {
            let retried = outlook.failing(1, |does| outlook.is_retried(does));
            let seen = retried.map(|retried| Forecast::exposures("further attempts", retried, needed));
            foreseen.extend(seen);
        }
        foreseen
    }

    fn headers(&self) -> Option<Vec<String>> {
        let named = self.requests.all().chain(self.answers.all()).map(|(_, name)| name.to_owned());
        let connection =
            [CONNECTION].into_iter().chain(ALWAYS).filter(|_| self.hop_by_hop).map(str::to_owned);
        Some(named.chain(connection).collect())
    }

    fn failure_is_proof(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        if self.requests.is_empty() && self.answers.is_empty() && !self.path_unchanged && !self.hop_by_hop {
            return Some("it demands nothing: name headers in `requests` or `answers`, or set `path_unchanged` or `hop_by_hop`".into());
        }
        if self.further && self.requests.is_empty() && !self.path_unchanged {
            return Some("`further` is about requests, and it demands nothing of those".into());
        }
        let both = [("requests", &self.requests), ("answers", &self.answers)];
        let twice = both.into_iter().find_map(|(of, rules)| {
            let mut names: Vec<String> = rules.all().map(|(_, name)| name.to_ascii_lowercase()).collect();
            names.sort_unstable();
            names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| (of, pair[0].clone()))
        });
        if let Some((of, name)) = twice {
            return Some(format!("`{name}` of {of} is named twice"));
        }
        let appended = self.requests.appended.iter().chain(&self.answers.appended);
        let secret = appended.into_iter().find(|name| evidence::is_secret_header(name))?;
        Some(format!("`{secret}` is recorded as a hash, by which what is appended can't be told"))
    }
}

/// That what belongs to one connection is not passed on.
fn hop_by_hop(view: &View<'_>, way: Way) -> Claim {
    let found = HopByHop::of(view, way);
    let (messages, passed_on, what) = (found.messages, found.passed_on, of_way(way));
    let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
    let names: Vec<&str> = found.shown.iter().map(|(_, name)| name.as_str()).collect();
    let (good, bad) = (
        format!("{what} leave what belongs to one connection behind"),
        format!("{passed_on} of {messages} {what} passed on what belongs to one connection"),
    );
    Claim::never(passed_on, messages, view.place.samples_min)
        .says(good, bad)
        .because(match names.first() {
            None => format!("none of {messages} {what} with such headers passed one on"),
            Some(name) => format!("`{name}` arrived as it was sent (RFC 9110, section 7.6.1)"),
        })
        .seen(
            format!("{passed_on} of {messages} {what} passed one on"),
            "no header of one connection passed on",
        )
        .estimate(share(format!("{what} that pass on a header of one connection"), passed_on, messages))
        .shown(found.shown.iter().map(|(tag, name)| (*tag, format!("`{name}` was passed on"))).collect())
        .aside(found.set_aside)
        .remedy(format!(
            "send {} more with such headers: `headers = {{ connection = \"x-hop\", x-hop = \"1\" }}`",
            needed.saturating_sub(messages).max(1)
        ))
}
