//! `credentials`: which backend gets the credential of a client, and that nothing secret stands in errors.

#[cfg(test)]
mod tests;

use evidence::TARGET;
use measure::credentials::{Cases, Credentials as Found, Disclosures};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::count;

use super::Expectation;
use crate::claim::{CASES_MIN, Claim};
use crate::estimates::share;
use crate::forecast::{Forecast, Outlook, is_failure};

/// The credential of a client reaches the backends that are to have it, and no others; and errors disclose nothing.
///
/// # What it checks
/// The header `header`, as the client sent it against what reached each backend attempt, the further ones too. It is recorded
/// as a hash, and without being listed in `[record]`.
///
/// - In any case: no attempt has the credential of another request.
/// - `to`: every attempt at these backends has it as it was sent.
/// - `never`: no attempt at these backends has it.
/// - `error_bodies`: no error that the gateway makes itself has in its body a credential of the request, or the address of a
///   backend. A credential is the value of any header that is recorded as a hash, or a word of it with a digit in it and at
///   least 8 bytes. The first 64 KiB are searched, as they came, without decoding.
///
/// # Why it matters
/// A backend that gets a token which is not for it can use it elsewhere. A gateway that mixes up requests logs one user in as
/// another. Errors end up in logs, tickets and screenshots, and tell strangers how the house is built.
///
/// # When it can't tell
/// Inconclusive with fewer than 10 attempts of requests that had the credential at each of the backends named; with fewer
/// than 10 errors whose body could be searched; and, where neither `to`, `never` nor `error_bodies` is given, if all clients
/// send the same credential (use `{n}` or `{uuid}`) or fewer than 10 attempts would show another one's. A credential that is
/// encoded anew, or put into another header, is not recognized. One attempt, or one error, is a failure.
///
/// # Example
/// ```toml
/// [[expect]]
/// in = "outage"
/// [expect.credentials]
/// header       = "authorization"
/// to           = ["orders"]
/// never        = ["images"]
/// error_bodies = true
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Credentials {
    /// The header that carries it.
    pub header: String,
    /// Backends that are to get it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Backends that must not get it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<String>,
    /// Whether the bodies of the gateway's own errors are searched.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub error_bodies: bool,
}

impl Default for Credentials {
    fn default() -> Self {
        Credentials { header: "authorization".into(), to: Vec::new(), never: Vec::new(), error_bodies: false }
    }
}

impl Expectation for Credentials {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let known =
            view.brief.headers.iter().position(|header| header.name.eq_ignore_ascii_case(&self.header));
        let found = Found::of(view, known.map_or(TARGET - 1, |index| index as u16));
        let mut claims = Vec::new();
        let alone = self.to.is_empty() && self.never.is_empty() && !self.error_bodies;
        if alone || found.distinct >= CASES_MIN || found.foreign.count > 0 {
            claims.push(self.foreign(view, &found));
        }
        let of = |name: &String| view.brief.backends.iter().position(|backend| backend.name == *name);
        for (names, wanted) in [(&self.to, true), (&self.never, false)] {
            claims.extend(names.iter().map(|name| self.at(view, &found, of(name), name, wanted)));
        }
        if self.error_bodies {
            claims.push(errors(view));
        }
        claims
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let mut foreseen = Vec::new();
        if !outlook.classes().any(|class| outlook.brief.traffic[class].sends(&self.header)) {
            let why = format!("no traffic here sends `{}`: give it in `headers` of a class", self.header);
            foreseen.push(Forecast::CannotPass(why));
        }
        if self.error_bodies
            && !outlook.injections().any(|one| one.outline.is_none_or(|outline| is_failure(outline.does)))
        {
            let why =
                "`error_bodies` looks at errors of the gateway, and no fault here makes it answer with one";
            foreseen.push(Forecast::CannotPass(why.into()));
        }
        for name in self.to.iter().chain(&self.never) {
            let backend = outlook.brief.backends.iter().position(|backend| backend.name == *name);
            let senders = outlook.classes().filter(|class| outlook.brief.traffic[*class].sends(&self.header));
            let requests: Option<f64> = senders.map(|class| outlook.requests_of(class)).sum();
            if let (Some(backend), Some(requests)) = (backend, requests) {
                let expected = requests * outlook.share_of(backend);
                foreseen.push(Forecast::exposures(format!("attempts at `{name}`"), expected, needed));
            }
        }
        foreseen
    }

    fn headers(&self) -> Option<Vec<String>> {
        Some(vec![self.header.clone()])
    }

    fn secret_headers(&self) -> Vec<String> {
        vec![self.header.clone()]
    }

    fn searches_errors(&self) -> bool {
        self.error_bodies
    }

    fn failure_is_proof(&self) -> bool {
        true
    }

    fn backends(&self) -> Vec<&str> {
        self.to.iter().chain(&self.never).map(String::as_str).collect()
    }

    fn problem(&self) -> Option<String> {
        let both = self.to.iter().find(|name| self.never.contains(name))?;
        Some(format!("`{both}` is named both in `to` and in `never`"))
    }
}

impl Credentials {
    /// That no attempt has the credential of another request.
    fn foreign(&self, view: &View<'_>, found: &Found) -> Claim {
        let (foreign, cases) = (found.foreign.count, found.distinct.max(found.foreign.count));
        let what = format!("`{}`", self.header);
        Claim::never(foreign, cases, view.place.samples_min)
            .says(
                format!("no attempt had the {what} of another request"),
                format!("{} had the {what} of another request", count(foreign, "attempt")),
            )
            .because(format!(
                "{foreign} of {} had it, where requests sent different ones",
                count(cases, "attempt")
            ))
            .seen(
                format!("{foreign} of {} with the {what} of another request", count(cases, "attempt")),
                format!("0 attempts with the {what} of another request"),
            )
            .estimate(share(format!("attempts with the {what} of another request"), foreign, cases))
            .shown(shown(&found.foreign, &format!("reached a backend with the {what} of another request")))
            .aside(found.set_aside.clone())
            .remedy(format!(
                "let requests send different values of {what}: put `{{n}}` or `{{uuid}}` into it"
            ))
    }

    /// That one backend gets it, or never does.
    fn at(&self, view: &View<'_>, found: &Found, backend: Option<usize>, name: &str, wanted: bool) -> Claim {
        let at = backend.and_then(|backend| found.backends.get(backend)).cloned().unwrap_or_default();
        let (bad, cases) = if wanted { (&at.missing, &at.reached) } else { (&at.reached, &at.missing) };
        let (bad, cases) = (bad, bad.count + cases.count);
        let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let what = format!("`{}`", self.header);
        let (good, not, must) = if wanted {
            (format!("`{name}` got the {what} of all {cases} attempts"), "without", "with")
        } else {
            (format!("`{name}` got the {what} of none of {cases} attempts"), "with", "without")
        };
        let untold =
            if at.untold > 0 { format!("; of {} hashes don't tell it", at.untold) } else { String::new() };
        let words =
            format!("{} of {} at `{name}` {not} the client's {what}", bad.count, count(cases, "attempt"));
        Claim::never(bad.count, cases, view.place.samples_min)
            .says(good, words.clone())
            .because(format!("{words}{untold}"))
            .seen(words.clone(), format!("all attempts at `{name}` {must} the client's {what}"))
            .estimate(share(format!("attempts at `{name}` {not} the client's {what}"), bad.count, cases))
            .shown(shown(bad, &format!("reached `{name}` {not} the client's {what}")))
            .aside(found.set_aside.clone())
            .remedy(format!(
                "send {} with {what} that reach `{name}`",
                count(needed.saturating_sub(cases).max(1), "more request")
            ))
    }
}

/// That no error of the gateway discloses anything.
fn errors(view: &View<'_>) -> Claim {
    let found = Disclosures::of(view);
    let (credentials, addresses) = (&found.credentials, &found.addresses);
    let bad = credentials.count + addresses.count;
    let observed = format!(
        "{} of {} with a credential in the body, {} with the address of a backend",
        credentials.count,
        count(found.searched, "error of the gateway"),
        addresses.count
    )
    .replace("error of the gateways", "errors of the gateway");
    let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
    let witnesses = shown(credentials, "an error with a credential of the request in its body");
    let more = shown(addresses, "an error with the address of a backend in its body");
    Claim::never(bad, found.searched, view.place.samples_min)
        .says("no error of the gateway disclosed a credential or an address", format!("errors of the gateway disclose what is inside: {observed}"))
        .because(observed.clone())
        .seen(observed, "0 errors that disclose a credential or an address")
        .estimate(share("errors of the gateway that disclose something", bad, found.searched))
        .shown(witnesses.into_iter().chain(more).collect())
        .remedy(format!(
            "plan a fault that the gateway answers by itself, such as `refuse` on all backends, for {} more requests",
            needed.saturating_sub(found.searched).max(1)
        ))
}

fn shown(cases: &Cases, words: &str) -> Vec<(evidence::Tag, String)> {
    cases.shown.iter().map(|tag| (*tag, words.to_owned())).collect()
}
