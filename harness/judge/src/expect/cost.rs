//! `cost`: what requests cost behind the gateway, in calls, bytes and money.

use measure::cost::{Cost as Measured, Mean, Spent};
use measure::view::View;
use reports::Estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::count;
use units::{Size, Timespan};

use super::Expectation;
use crate::claim::{Basis, Claim};
use crate::forecast::{Forecast, Outlook};

/// Fewer requests make no mean.
const REQUESTS_MIN: u64 = 100;

/// Behind the gateway a request costs no more than so many calls, bytes or units of money.
///
/// # What it checks
/// Means over the requests of the phase, the failed and the shed ones among them:
///
/// - `calls = 1.5`: arrivals at backends.
/// - `bytes = "4KiB"`: bytes of bodies to the backends and from them.
/// - `wasted = 0.5`: arrivals whose answer the client did not get: tried again after, given up, or made for nobody.
/// - `money = 700`: what a million requests cost, by `price = { call = 0.0004, gigabyte = 0.08 }`.
/// - `more = 0.25`: by which part a request may cost more than in the phase `of`: in money where there are prices, in calls
///   else.
///
/// # Why it matters
/// Each call of a language model, of a payment provider or across zones is paid for, also those whose answer is thrown away. An
/// outage in which every request is called three times shows on the bill before it shows in any latency.
///
/// # When it can't tell
/// Inconclusive with fewer than 100 requests, or where the mean lies closer to the bound than four standard errors. Set aside
/// are requests at the edge of a phase, those of clients that left, those of which a refused connection may hide attempts, and
/// those that a stall of brownout's machine touches.
///
/// # Example
/// ```toml
/// [[expect]]
/// in   = "brownout"
/// cost = { calls = 1.5, price = { call = 0.0004, gigabyte = 0.08 }, money = 700, of = "steady", more = 0.5 }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The most calls for each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<f64>,
    /// The most bytes for each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Size>,
    /// The most wasted calls for each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wasted: Option<f64>,
    /// What is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// What a million requests may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<f64>,
    /// The phase that it is held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// By which part a request may cost more than there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<f64>,
}

/// What is paid for, in any one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Price {
    /// For each call that reaches a backend.
    pub call: f64,
    /// For each 1 000 000 000 bytes of bodies, both ways.
    pub gigabyte: f64,
}

impl Expectation for Cost {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let cost = self.measured(view);
        let bounds = [
            (CALLS, cost.calls, self.calls),
            (BYTES, cost.bytes, self.bytes.map(|size| size.0 as f64)),
            (WASTED, cost.wasted, self.wasted),
            (MONEY, cost.money, self.money.map(|money| money / MILLION)),
        ];
        let mut claims: Vec<Claim> = bounds
            .into_iter()
            .filter_map(|(figure, mean, most)| {
                Some(bounded(view, &cost, &figure, mean.value(), mean.interval(), most?))
            })
            .collect();
        claims.extend(self.of.as_ref().zip(self.more).map(|(of, more)| self.against(view, &cost, of, more)));
        claims
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let needed = outlook.place.samples_min.unwrap_or(0).max(REQUESTS_MIN);
        let here = outlook.requests().map(|requests| Forecast::exposures("requests", requests, needed));
        let usual = self.of.as_ref().and_then(|of| {
            let mut there = *outlook;
            (there.place.phase, there.place.settle) = (outlook.brief.phase_named(of)?, Timespan::default());
            Some(Forecast::exposures(format!("requests in `{of}`"), there.requests()?, needed))
        });
        here.into_iter().chain(usual).chain(outlook.uncounted()).collect()
    }

    fn phases(&self) -> Vec<&str> {
        self.of.iter().map(String::as_str).collect()
    }

    fn problem(&self) -> Option<String> {
        let bounds = [self.calls, self.wasted, self.money, self.more, self.bytes.map(|size| size.0 as f64)];
        if bounds.iter().all(Option::is_none) {
            return Some("it demands nothing: set one of `calls`, `bytes`, `wasted`, `money`, `more`".into());
        }
        let prices = self.price.map_or([0.0; 2], |price| [price.call, price.gigabyte]);
        // Written so that a number that is none is refused as well.
        let figures = bounds.into_iter().flatten().chain(prices);
        if let Some(wrong) = figures.into_iter().find(|figure| !(*figure >= 0.0 && figure.is_finite())) {
            return Some(format!("`{wrong}` is no bound and no price: expected 0 or more"));
        }
        if self.money.is_some() && self.price.is_none_or(|price| price.call + price.gigabyte <= 0.0) {
            return Some("`money` needs a `price`: of a `call`, a `gigabyte` or both".into());
        }
        match (&self.of, self.more) {
            (Some(_), None) => Some("`of` goes with `more`".into()),
            (None, Some(_)) => Some("`more` needs the phase `of` that it is held against".into()),
            _ => None,
        }
    }
}

/// Money is told for so many requests.
const MILLION: f64 = 1e6;

/// Of four standard errors to both sides, rounded down.
const CONFIDENCE: f64 = 0.9999;

impl Cost {
    fn measured(&self, view: &View<'_>) -> Measured {
        let price = self.price.unwrap_or_default();
        Measured::of(view, price.call, price.gigabyte / 1e9)
    }

    /// What a request costs here against what it costs in another phase.
    fn against(&self, view: &View<'_>, here: &Measured, of: &str, more: f64) -> Claim {
        let Some(phase) = view.brief.phase_named(of) else {
            return Claim::blind(format!("there is no phase `{of}`"), "name a phase with `of`");
        };
        let there = self.measured(&view.at_phase(phase));
        let paid = self.price.is_some();
        let of_cost = |cost: &Measured| if paid { cost.money } else { cost.calls };
        let (now, usual): (Mean, Mean) = (of_cost(here), of_cost(&there));
        let ((low, high), (least, most)) = (now.interval(), usual.interval());
        let interval = (ratio(low, most), ratio(high, least));
        let value = now.value().zip(usual.value()).map(|(now, usual)| ratio(now, usual));
        let what = if paid { "money" } else { "calls" };
        let mut both = here.clone();
        both.requests = here.requests.min(there.requests);
        both.set_aside.add(&there.set_aside);
        let words = format!("times the {what} of `{of}`");
        let figure = Figure { subject: "a request", words: &words, unit: "×", scale: 1.0 };
        bounded(view, &both, &figure, value, interval, 1.0 + more)
    }
}

/// The ratio of two costs; of nothing to nothing it is 1.
fn ratio(one: f64, other: f64) -> f64 {
    if one <= 0.0 && other <= 0.0 { 1.0 } else { one / other }
}

/// A figure in words.
struct Figure<'a> {
    /// Of what it is.
    subject: &'a str,
    /// What it counts, for "a request cost 1.5 …".
    words: &'a str,
    /// Its unit.
    unit: &'a str,
    /// By how much it is larger as it is shown.
    scale: f64,
}

impl Figure<'_> {
    fn shown(&self, value: f64) -> String {
        format!("{:.3} {}", value * self.scale, self.words).trim_end().to_owned()
    }
}

const CALLS: Figure<'_> = Figure { subject: "a request", words: "calls", unit: "calls", scale: 1.0 };
const BYTES: Figure<'_> = Figure { subject: "a request", words: "bytes", unit: "bytes", scale: 1.0 };
const WASTED: Figure<'_> = Figure { subject: "a request", words: "wasted calls", unit: "calls", scale: 1.0 };
const MONEY: Figure<'_> = Figure { subject: "a million requests", words: "", unit: "money", scale: MILLION };

fn bounded(
    view: &View<'_>,
    cost: &Measured,
    figure: &Figure<'_>,
    value: Option<f64>,
    (low, high): (f64, f64),
    most: f64,
) -> Claim {
    let subject = figure.subject;
    let found = value.map_or_else(|| "nothing".to_owned(), |value| figure.shown(value));
    let bound = figure.shown(most);
    let needed = view.place.samples_min.unwrap_or(0).max(REQUESTS_MIN);
    let basis = Basis::Within { low, high, least: None, most: Some(most), count: cost.requests, needed };
    let interval = format!("{:.3} to {:.3}", low * figure.scale, high * figure.scale);
    Claim::on(basis)
        .says(
            format!("{subject} cost {found}, and no more than {bound}"),
            format!("{subject} cost {found} instead of at most {bound}"),
        )
        .because("the mean over all requests, give or take four standard errors")
        .seen(
            format!("{subject} cost {found} ({interval}), by {}", count(cost.requests, "request")),
            format!("{subject} costs at most {bound}"),
        )
        .estimate(Estimate {
            what: format!("what {subject} cost"),
            value: value.map(|value| value * figure.scale),
            low: low * figure.scale,
            high: high * figure.scale,
            unit: figure.unit.into(),
            confidence: CONFIDENCE,
        })
        .shown(cost.dearest.iter().map(|(tag, spent)| (*tag, words(spent))).collect())
        .aside(cost.set_aside.clone())
        .remedy(format!("send more requests, at least {needed}, or move the bound away from {found}"))
}

fn words(spent: &Spent) -> String {
    let Spent { calls, bytes, wasted } = spent;
    format!("{}, {wasted} of them wasted, {bytes} bytes", count(*calls, "call"))
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

    /// Requests in the steady phase cost one call each; in the outage every other one costs two.
    fn outage() -> Run {
        let run =
            Run::new().phase("steady", 5.0).phase("outage", 10.0).backend("a").class("reads", Method::Get);
        let run = run.fault("outage", "status", &["a"]);
        let bytes = |attempt: Try| attempt.row(|row| row.answer_bytes = 1_000);
        let run = run.calls(400, move |n| Call::due("reads", 10.0 * n as f64).attempt(bytes(Try::ok("a"))));
        run.calls(900, move |n| {
            let call = Call::due("reads", 5_010.0 + 10.0 * n as f64);
            let call = if n % 2 == 0 { call.attempt(bytes(Try::hit("a", "status"))) } else { call };
            call.attempt(bytes(Try::ok("a")))
        })
    }

    #[rstest]
    #[case("{ calls = 1.7 }", Verdict::Pass)]
    #[case("{ calls = 1.51 }", Verdict::Inconclusive)]
    #[case("{ calls = 1.3 }", Verdict::Fail)]
    #[case("{ wasted = 0.7 }", Verdict::Pass)]
    #[case("{ wasted = 0.2 }", Verdict::Fail)]
    #[case("{ bytes = '1700B' }", Verdict::Pass)]
    #[case("{ bytes = '1KiB' }", Verdict::Fail)]
    #[case("{ price = { call = 0.001 }, money = 1700 }", Verdict::Pass)]
    #[case("{ price = { call = 0.001, gigabyte = 1000 }, money = 1700 }", Verdict::Fail)]
    #[case("{ of = 'steady', more = 0.7 }", Verdict::Pass)]
    #[case("{ of = 'steady', more = 0.3 }", Verdict::Fail)]
    #[case("{ of = 'steady', more = 0.5 }", Verdict::Inconclusive)]
    fn a_mean_is_held_against_its_bound_as_finely_as_it_is_known(
        #[case] demand: &str,
        #[case] verdict: Verdict,
    ) {
        let finding = outage().finding("outage", "reads", &format!("cost = {demand}"));
        assert_eq!(finding.verdict, verdict, "{}", finding.observed);
    }

    #[test]
    fn a_finding_says_what_a_million_requests_cost_and_shows_the_dearest() {
        let finding =
            outage().finding("outage", "reads", "cost = { price = { call = 0.001 }, money = 1000 }");
        insta::assert_snapshot!(format!(
            "{}\n{}\n{}",
            finding.summary, finding.observed, finding.witnesses[0].shows
        ));
    }

    #[rstest]
    #[case::few(Run::new().phase("outage", 1.0).backend("a").class("reads", Method::Get)
        .fault("outage", "status", &["a"])
        .calls(50, |n| Call::due("reads", n as f64).attempt(Try::hit("a", "status"))))]
    #[case::hidden(outage().fault("outage", "refuse", &["a"]).firing("refuse", "a", 5_000.0, 15_000.0))]
    fn too_few_requests_or_attempts_that_may_be_hidden_prove_nothing(#[case] run: Run) {
        let finding = run.finding("outage", "reads", "cost = { calls = 5 }");
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in [
            "{}",
            "{ money = 5 }",
            "{ more = 0.1 }",
            "{ of = 'steady' }",
            "{ calls = -1 }",
            "{ calls = nan }",
            "{ calls = 2, price = { call = -1.0 } }",
        ] {
            let settings = settings(&format!("cost = {wrong}")).unwrap();
            assert!(settings.contract().problem().is_some(), "{wrong}");
        }
        let short = foreseen(&outage(), "steady", "reads", "cost = { calls = 2 }");
        assert!(!short[0].falls_short(), "{short:?}");
    }
}
