//! `rate_limit`: how many requests are let through in a time, and what becomes of the others.

#[cfg(test)]
mod tests;

use evidence::Tag;
use measure::rate_limit::Rated;
use measure::view::{Place, View};
use policy::RateWindow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;
use units::plural::count;

use super::Expectation;
use crate::claim::{CASES_MIN, Claim, Proof};
use crate::forecast::{Forecast, Outlook};

const REMEDY: &str = "ask for more than the limit lets through: a higher rate, or a longer phase";

/// No more requests are let through in a time than may be, and no fewer.
///
/// # What it checks
/// Counted are requests, and not their attempts. One was let through between its sending and its first arrival at a backend; it
/// is a breach only if it is one whichever moment that was.
///
/// - `calls = 100`, `per = "10s"`: no more than so many are let through in any stretch of that length; with `window = "bucket"`, no
///   more than that and what is refilled meanwhile.
/// - `exact = true`: nobody is turned away while fewer may count. With `window = "sliding"` only.
/// - `retry_after = true`: what is turned away is told when to come back.
///
/// What is turned away should be so at once and with the right status: that is `shed`.
///
/// # Why it matters
/// A limit that each instance counts for itself is none; one that is reached too early turns away users who have paid. A client that
/// is not told when to come back comes back at once.
///
/// # When it can't tell
/// `calls` needs 10 requests that come while the limit is certainly used up. `exact` needs 10 that are turned away while it is
/// plain that no more than the limit count: what is let through as another one's time ends blurs that. `retry_after` needs 10 that
/// are turned away. Those are answers with the limit's status (429 where nothing is declared) without any attempt; where `[policy]` has a limit of
/// what is under way, or a breaker that sheds with the same status, nobody can tell who gave them.
///
/// # Example
/// ```toml
/// [[expect]]
/// in         = "rush"
/// rate_limit = { calls = 100, per = "10s", exact = true, retry_after = true }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// The most that are let through in the time, from 1.
    pub calls: u32,
    /// The time.
    pub per: Timespan,
    /// How they are counted.
    #[serde(default, skip_serializing_if = "RateWindow::is_sliding")]
    pub window: RateWindow,
    /// True: nobody is turned away while fewer count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
    /// True: what is turned away has a `Retry-After`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry_after: bool,
}

impl Expectation for RateLimit {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let rated = Rated::of(view, &self.as_policy());
        let mut claims = vec![self.most(view, &rated)];
        claims.extend(self.exact.then(|| self.fewest(view, &rated)));
        claims.extend(self.retry_after.then(|| told(view, &rated)));
        claims
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let all = Outlook { place: Place { traffic: None, ..outlook.place }, ..*outlook };
        let length = outlook.stretch().length().as_secs_f64().max(1e-9);
        let beyond = outlook.requests().zip(all.requests()).map(|(own, all)| {
            let may = f64::from(self.calls) * (1.0 + length / self.per.as_secs_f64().max(1e-9));
            own * (1.0 - may / all.max(1e-9)).max(0.0)
        });
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let what = format!("requests beyond {} in {}", self.calls, self.per);
        let cases = beyond.map(|beyond| match Forecast::exposures(what, beyond, needed) {
            Forecast::Exposures { what, expected, needed, .. } => {
                Forecast::Exposures { what, expected, needed, remedy: REMEDY.to_owned() }
            }
            other => other,
        });
        cases.into_iter().collect()
    }

    fn problem(&self) -> Option<String> {
        if self.calls == 0 || self.per.is_zero() {
            return Some("`calls` and `per` must be more than zero".into());
        }
        (self.exact && self.window == RateWindow::Bucket).then(|| {
            "`exact` goes with `window = \"sliding\"`: what a bucket holds can't be told from outside".into()
        })
    }
}

impl RateLimit {
    fn as_policy(&self) -> policy::RateLimit {
        policy::RateLimit { window: self.window, ..policy::RateLimit::new(self.calls, self.per) }
    }

    fn most(&self, view: &View<'_>, rated: &Rated) -> Claim {
        let RateLimit { calls, per, .. } = self;
        let above = rated.above.len() as u64;
        let most = rated.above.iter().map(|(_, beside)| *beside).max().unwrap_or(0);
        let seen = format!(
            "{} let through, of which {above} came while the limit was used up; {} turned away",
            count(rated.let_through, "request"),
            rated.turned_away
        );
        let shown = rated
            .above
            .iter()
            .take(5)
            .map(|(tag, beside)| (*tag, format!("let through as one of at least {beside} in {per}")));
        Claim::never(above, rated.cases, view.place.samples_min)
            .says(
                format!("no more than {calls} were let through in {per}"),
                format!(
                    "{} let through beyond {calls} in {per}: at least {most} in such a time",
                    count(above, "request")
                ),
            )
            .because(seen.clone())
            .seen(seen, format!("at most {calls} are let through in {per}"))
            .shown(shown.collect())
            .aside(rated.set_aside.clone())
            .remedy(REMEDY)
            .proof(Proof::Own(None))
    }

    fn fewest(&self, view: &View<'_>, rated: &Rated) -> Claim {
        let RateLimit { calls, per, .. } = self;
        let early = rated.early.len() as u64;
        let fewest = rated.early.iter().map(|(_, most)| *most).min().unwrap_or(0);
        let seen = format!(
            "{} turned away, of which {} came while it is plain that no more than {calls} counted",
            count(rated.turned_away, "request"),
            rated.sharp
        );
        let shown =
            rated.early.iter().take(5).map(|(tag, most)| {
                (*tag, format!("turned away while at most {most} counted, and {calls} may"))
            });
        Claim::never(early, rated.sharp, view.place.samples_min)
            .says(
                format!("nobody was turned away while fewer than {calls} counted"),
                format!(
                    "{} turned away while as few as {fewest} counted, and {calls} may in {per}",
                    count(early, "request")
                ),
            )
            .because(seen.clone())
            .seen(seen, format!("nobody is turned away while fewer than {calls} came in {per}"))
            .shown(shown.collect())
            .aside(rated.set_aside.clone())
            .remedy("have more requests turned away, and fewer let through: a lower limit, or a longer phase")
            .proof(Proof::Own(None))
    }
}

fn told(view: &View<'_>, rated: &Rated) -> Claim {
    let untold = rated.untold.len() as u64;
    let seen =
        format!("{untold} of {} turned away had no `Retry-After`", count(rated.turned_away, "request"));
    let shown = rated.untold.iter().take(5);
    let shown: Vec<(Tag, String)> =
        shown.map(|tag| (*tag, "turned away without `Retry-After`".into())).collect();
    Claim::never(untold, rated.turned_away, view.place.samples_min)
        .says("what was turned away was told when to come back", seen.clone())
        .because(seen.clone())
        .seen(seen, "what is turned away has a `Retry-After`")
        .shown(shown)
        .aside(rated.set_aside.clone())
        .remedy(REMEDY)
        .proof(Proof::Own(None))
}
