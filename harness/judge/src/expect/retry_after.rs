//! `retry_after`: a backend that says when to come back is left alone until then.

#[cfg(test)]
mod tests;

use std::time::Duration;

use evidence::Tag;
use measure::brief::FaultDoes;
use measure::lengths::Lengths;
use measure::retry_after::{Lost, PassedOn, Tellings, Told};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;
use units::plural::count;

use super::Expectation;
use crate::claim::{CASES_MIN, Claim};
use crate::estimates::share;
use crate::forecast::{Forecast, Outlook};
use crate::tolerance;

/// A `Retry-After` of a backend is obeyed, up to a bound, and passed on.
///
/// # What it checks
/// Each answer that carries `Retry-After` (RFC 9110, section 10.2.3), in seconds or as a date, whatever its status:
///
/// - `obeyed = true`: no further attempt of the request arrives before the time is over; with `spills = true` another backend
///   may be tried at once, and only the one that asked is to be left alone.
/// - `at_most = "2s"`: where the backend asks for more, the next attempt comes after so long, and no later than `tolerance`
///   beyond it (a tenth, and 10 ms at least).
/// - `gives_up = true`: where the time would not be over before `policy.timeout.total`, the client is answered at once, and
///   not held until that timer fires.
/// - `passed_on = true`: a client whose request ends on such an answer gets the field as the backend sent it, by number.
///
/// # Why it matters
/// Whoever comes back early spends the next quota, too, and is turned away for longer. A client that is not told falls back to
/// its own backoff. A gateway that waits for an hour because it was asked to holds a connection for nobody.
///
/// # When it can't tell
/// Each part needs 10 cases of its own: requests that came back after they were told (`obeyed`), that were asked for longer than
/// `at_most`, that could not wait so long (`gives_up`), that ended on such an answer (`passed_on`). A gateway that never comes
/// back leaves `obeyed` open. Set aside are requests at the edge of a phase, those of which a refused connection may hide an
/// attempt, clients that left, and lengths that a stall of brownout's machine could move over a bound.
///
/// # Example
/// ```toml
/// [[expect]]
/// in          = "quota"
/// retry_after = { obeyed = true, passed_on = true }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryAfter {
    /// True: no attempt comes before the time is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub obeyed: bool,
    /// True: another backend may be tried at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spills: bool,
    /// The longest wait, whatever a backend asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Timespan>,
    /// How far a wait may be beyond `at_most`; without it a tenth, and 10 ms at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Timespan>,
    /// True: nobody is kept waiting for a time that lies beyond the timer for the whole request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gives_up: bool,
    /// True: the client is told what the backend said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passed_on: bool,
}

impl Expectation for RetryAfter {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        if self.obeyed || self.at_most.is_some() || self.gives_up {
            let tellings = Tellings::of(view, self.spills);
            claims.extend(self.obeyed.then(|| self.early(view, &tellings)));
            claims.extend(self.at_most.map(|most| self.late(view, &tellings, *most)));
            claims.extend(self.gives_up.then(|| self.in_vain(view, &tellings)));
        }
        claims.extend(self.passed_on.then(|| passed_on(view)));
        claims
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn failure_is_proof(&self) -> bool {
        true
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let policy = &outlook.brief.policy;
        let never = self.obeyed
            && *policy != policy::Policy::default()
            && policy.retry.as_ref().is_none_or(|retry| retry.attempts < 2);
        if never {
            let why =
                "the policy never tries a request again, so that nothing comes back: demand `passed_on` only";
            return vec![Forecast::CannotPass(why.into())];
        }
        if self.gives_up && policy.timeout.total.is_none() {
            let why = "the policy has no `timeout.total` that a wait could reach beyond";
            return vec![Forecast::CannotPass(why.into())];
        }
        let answers = |does: FaultDoes| matches!(does, FaultDoes::Answers { status: 300.. });
        if outlook.injections().all(|one| one.outline.is_some_and(|outline| !answers(outline.does))) {
            let why = "no fault answers with a status, so that nobody says when to come back: plan a `rate_limit`, or a \
                       `status` with the header";
            return vec![Forecast::CannotPass(why.into())];
        }
        outlook.uncounted().into_iter().collect()
    }

    fn problem(&self) -> Option<String> {
        if !(self.obeyed || self.gives_up || self.passed_on || self.at_most.is_some()) {
            return Some(
                "it demands nothing: set one of `obeyed`, `at_most`, `gives_up`, `passed_on`".into(),
            );
        }
        if self.at_most.is_some_and(|most| most.is_zero()) {
            return Some("`at_most = 0` would allow no wait at all: expected more than zero".into());
        }
        if self.tolerance.is_some() && self.at_most.is_none() {
            return Some("`tolerance` goes with `at_most`".into());
        }
        (self.spills && !self.obeyed && self.at_most.is_none())
            .then(|| "`spills` goes with `obeyed` or `at_most`".into())
    }
}

/// Which of the two bounds a length crosses, if that can be told.
enum Against {
    Kept,
    Broken,
    Untold,
}

impl RetryAfter {
    /// How long the wait has to be.
    fn wait(&self, told: &Told) -> Duration {
        self.at_most.map_or(told.asked, |most| told.asked.min(*most))
    }

    fn early(&self, view: &View<'_>, tellings: &Tellings) -> Claim {
        let against = |told: &Told| {
            let (wait, back) = (self.wait(told), told.back?);
            // What was asked for no wait at all is kept by everybody.
            (wait > told.blur).then(|| match back {
                back if back >= wait => Against::Kept,
                back if back.saturating_add(told.blur) >= wait => Against::Untold,
                _ => Against::Broken,
            })
        };
        let sorted = Sorted::of(view, tellings, against);
        let waits = Lengths::of(sorted.all().filter_map(|told| told.back).collect());
        let asked = Lengths::of(sorted.all().map(|told| told.asked).collect());
        let by_date = sorted.broken.iter().filter(|told| told.by_date).count();
        let backend = if self.spills { "the backend that asked" } else { "any backend" };
        let forms = match by_date {
            0 => String::new(),
            all if all == sorted.broken.len() => ", all of them told by a date".into(),
            some => format!(", {some} of them told by a date"),
        };
        sorted.claim("requests that came back before the time that they were told")
            .says(
                format!("no request came back to {backend} before the time that it was told"),
                format!(
                    "{} of {} came back to {backend} before the time that they were told{forms}",
                    sorted.broken.len(),
                    count(sorted.exposures(), "request")
                ),
            )
            .because(format!("told to wait: {asked}; came back after: {waits}"))
            .seen(format!("waits: {waits}; asked for: {asked}"), self.demanded())
            .shown(shown(&sorted.broken, |told| {
                let back = Timespan(told.back.unwrap_or_default());
                format!("came back after {back}, told {} to wait {}", told.status, Timespan(self.wait(told)))
            }))
            .remedy(
                "let requests be told to wait for less than their clients and `timeout.total` allow, by a status that the \
                 gateway tries again after",
            )
    }

    fn late(&self, view: &View<'_>, tellings: &Tellings, most: Duration) -> Claim {
        let bound = most.saturating_add(tolerance::of(self.tolerance, most));
        let against = |told: &Told| {
            // One that did not come back was held for so long all the same.
            let waited = told.back.unwrap_or(told.held);
            let gave_up = told.back.is_none() && waited < most;
            (told.asked > bound.saturating_add(told.blur) && !gave_up).then(|| match waited {
                waited if waited <= bound => Against::Kept,
                waited if waited <= bound.saturating_add(told.blur) => Against::Untold,
                _ => Against::Broken,
            })
        };
        let sorted = Sorted::of(view, tellings, against);
        let waits = Lengths::of(sorted.all().map(|told| told.back.unwrap_or(told.held)).collect());
        let most = Timespan(most);
        sorted.claim(format!("requests that were asked to wait for more than {most}, and did"))
            .says(
                format!("no request waited for more than {most}, whatever it was told"),
                format!(
                    "{} of {} that were asked to wait for more than {most} did",
                    sorted.broken.len(),
                    count(sorted.exposures(), "request")
                ),
            )
            .because(format!("they waited {waits}"))
            .seen(format!("waits: {waits}"), self.demanded())
            .shown(shown(&sorted.broken, |told| {
                format!("waited {}, asked for {}", Timespan(told.back.unwrap_or(told.held)), Timespan(told.asked))
            }))
            .remedy(format!(
                "let a backend ask for more than {} with `retry-after`, in a phase in which the gateway tries again",
                Timespan(bound)
            ))
    }

    fn in_vain(&self, view: &View<'_>, tellings: &Tellings) -> Claim {
        let against = |told: &Told| {
            let left = told.left.filter(|_| told.back.is_none())?;
            let room = told.blur.saturating_mul(2);
            (self.wait(told) > left.saturating_add(room) && left > room).then(|| match told.held {
                held if held.saturating_add(told.blur) < left => Against::Kept,
                _ => Against::Broken,
            })
        };
        let sorted = Sorted::of(view, tellings, against);
        let held = Lengths::of(sorted.all().map(|told| told.held).collect());
        sorted
            .claim("requests that were held for a time that they could not wait for")
            .says(
                "no client was kept waiting for a time that lay beyond the timer for the whole request",
                format!(
                    "{} of {} that were asked to wait beyond `timeout.total` were held until it fired",
                    sorted.broken.len(),
                    count(sorted.exposures(), "request")
                ),
            )
            .because(format!("from the answer of the backend on they were held for {held}"))
            .seen(
                format!("held for {held}"),
                "the client is answered at once where `timeout.total` ends before the wait",
            )
            .shown(shown(&sorted.broken, |told| {
                format!("held for {} though asked to wait {}", Timespan(told.held), Timespan(told.asked))
            }))
            .remedy("declare a `timeout.total`, and let a backend ask for more than that with `retry-after`")
    }

    fn demanded(&self) -> String {
        let mut words = Vec::new();
        if self.obeyed {
            let who = if self.spills { "the backend that asked" } else { "the request" };
            words.push(format!("{who} is left alone until the time that was told"));
        }
        words.extend(self.at_most.map(|most| format!("no wait is longer than {most}")));
        words.join("; ")
    }
}

/// Told attempts against a bound.
struct Sorted {
    kept: Vec<Told>,
    broken: Vec<Told>,
    set_aside: measure::aside::SetAside,
    asked: Option<u64>,
}

impl Sorted {
    fn of(view: &View<'_>, tellings: &Tellings, against: impl Fn(&Told) -> Option<Against>) -> Self {
        let mut sorted = Sorted {
            kept: Vec::new(),
            broken: Vec::new(),
            set_aside: tellings.set_aside.clone(),
            asked: view.place.samples_min,
        };
        for told in &tellings.told {
            match against(told) {
                None => {}
                Some(Against::Kept) => sorted.kept.push(*told),
                Some(Against::Broken) => sorted.broken.push(*told),
                Some(Against::Untold) => {
                    if let Some(entry) = view.ledger.entry(told.tag) {
                        sorted.set_aside.note(measure::aside::Why::Stalled, entry.exchange);
                    }
                }
            }
        }
        sorted
    }

    fn all(&self) -> impl Iterator<Item = &Told> {
        self.kept.iter().chain(&self.broken)
    }

    fn exposures(&self) -> u64 {
        (self.kept.len() + self.broken.len()) as u64
    }

    fn claim(&self, estimated: impl Into<String>) -> Claim {
        let (broken, all) = (self.broken.len() as u64, self.exposures());
        Claim::never(broken, all, self.asked)
            .estimate(share(estimated, broken, all))
            .aside(self.set_aside.clone())
    }
}

fn passed_on(view: &View<'_>) -> Claim {
    let found = PassedOn::of(view);
    let lost = found.lost.len() as u64;
    let changed = found.lost.iter().filter(|lost| lost.got.is_some()).count();
    let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
    Claim::never(lost, found.ended, view.place.samples_min)
        .says(
            "every client whose request ended on a `Retry-After` got it",
            format!(
                "{lost} of {} that ended on a `Retry-After` did not get it, or got another one",
                count(found.ended, "request")
            ),
        )
        .because(format!("{} got none, and {changed} another one", lost - changed as u64))
        .seen(
            format!("{} of {} got it", found.ended - lost, count(found.ended, "request")),
            "`retry-after` reaches the client as the backend sent it",
        )
        .estimate(share("requests that ended on a `Retry-After` and did not get it", lost, found.ended))
        .shown(found.lost.iter().take(5).map(|lost| (lost.tag, not_told(lost))).collect())
        .aside(found.set_aside)
        .remedy(format!(
            "let at least {} end on an answer with `retry-after`: plan a `rate_limit` on all backends",
            count(needed.saturating_sub(found.ended).max(1), "more request")
        ))
}

fn not_told(lost: &Lost) -> String {
    let got = lost.got.map_or_else(|| "none".to_owned(), |got| format!("`{got}`"));
    match lost.status {
        0 => format!("the backend said `{}`, and the client got no answer", lost.sent),
        status => format!("the backend said `{}`, the client got {status} with {got}", lost.sent),
    }
}

fn shown(broken: &[Told], words: impl Fn(&Told) -> String) -> Vec<(Tag, String)> {
    broken.iter().take(5).map(|told| (told.tag, words(told))).collect()
}
