//! `agrees`: the gateway's own counters tell what happened.

mod states;
#[cfg(test)]
mod tests;

use evidence::Sum;
use measure::counters::states::{ADDRESS, NAME};
use measure::counters::{Told, What};
use measure::view::View;
use reports::Estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use units::plural::{count, times};
use units::{Moment, Share, Timespan};

use super::{Expectation, Needed};
use crate::claim::{Basis, CASES_MIN, Claim, Proof};
use crate::forecast::{Forecast, Outlook};

/// How much a counter may be off, where nothing is said.
const OFF_BY: f64 = 0.05;

/// How late the gateway may count, where nothing is said.
const WITHIN: Timespan = Timespan::from_millis(100);

/// The longest time in which it may: after that nobody takes it for the same dashboard.
const WITHIN_MAX: Timespan = Timespan::from_secs(60);

/// What the gateway's own metrics tell is what happened.
///
/// # What it checks
/// How much three counters grow between the first and the last scrape of the gateway's metrics in the phase, against the ledger:
/// `requests` that came from clients, `retries` (further attempts), and `errors` (answers with a status of 500 or more). Each may be
/// `off_by` a share of what is on record (0.05, without it), and each request may be counted up to `within` after its end (100 ms,
/// without it). Without `in`, it looks at the whole run, from before its first request to after its last one, where next to nothing is
/// uncertain: `off_by = 0` is then an answerable question.
///
/// Where a backend was left alone, by the metrics or by the ledger, it looks at what they say of each backend as well (`up`): one
/// that gets its traffic before, at and after a scrape is in use, and one that gets nothing for so long before and after it that
/// chance does not explain it is not. What lies between is not looked at.
///
/// What cannot be told is never a tolerance: requests under way at a scrape, counters that begin anew after a restart, attempts that
/// a refused connection hides. It makes the answer less fine, and in the end inconclusive.
///
/// The series are those of the gateway's documentation, where brownout makes its configuration. For any other, and for a
/// configuration of your own, name them: `requests = "hits_total{route=\"orders\"}"`. Series with a name and labels that fit are added
/// up, sums are written with ` + `, and in `code=~"5.."` each `.` is any one character. That of `up` is above 0 while a backend is in
/// use, and has `{{backend.name}}` or `{{backend.address}}` in it: `up = "server_up{server=\"{{backend.name}}\"}"`.
///
/// # Why it matters
/// Dashboards and alarms are made of these counters. A gateway that leaves out its retries, or what it sheds itself, shows a small outage
/// where a large one is; and nobody finds out, because the outage is the time at which everybody looks at the dashboard.
///
/// # When it can't tell
/// Inconclusive where fewer than 10 were to be counted, with fewer than two scrapes in the phase, and if no scrape has the series. Also if
/// what was under way at the first and the last scrape is more than the share that it may be off: make the phase longer, or look
/// at the whole run. `retries` have no upper bound while connections are refused. Attempts that the standard library of Go makes by itself
/// are not known to a gateway that is built with it, and are on record: there, name `only = ["requests", "errors"]`.
///
/// `up` takes ten scrapes at which a backend is left alone for certain. It can't tell where several instances keep a state of their own
/// (`breaker.workers`), where requests stay with a backend (`policy.affinity`), while a fault keeps requests from being seen, and within
/// 1 s of an action on the gateway. Caddy looks every 10 s only, so that a backend has to be out for longer. A gateway that passes
/// requests to all backends once most of them are out (Envoy's panic mode, unless brownout makes its configuration) has backends
/// that are out and get traffic, which is a finding.
///
/// # Example
/// ```toml
/// [gateway.envoy]
/// metrics = {}
///
/// [[expect]]
/// in     = "outage"
/// agrees = {}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agrees {
    /// The series that count requests from clients.
    #[serde(default, deserialize_with = "sum", skip_serializing_if = "Option::is_none")]
    pub requests: Option<String>,
    /// The series that count further attempts.
    #[serde(default, deserialize_with = "sum", skip_serializing_if = "Option::is_none")]
    pub retries: Option<String>,
    /// The series that count answers with a status of 500 or more.
    #[serde(default, deserialize_with = "sum", skip_serializing_if = "Option::is_none")]
    pub errors: Option<String>,
    /// The series that says whether a backend is in use, with `{{backend.name}}` or `{{backend.address}}` in it.
    #[serde(default, deserialize_with = "of_each", skip_serializing_if = "Option::is_none")]
    pub up: Option<String>,
    /// What of `requests`, `retries`, `errors` and `up` is looked at. Without it: all whose series are known, and which came up at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Counted>,
    /// The share of what is on record by which a counter may be off, below 1. Without it: 0.05.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_by: Option<Share>,
    /// How long after its end a request may be counted, at most 1 min. Without it: 100 ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Timespan>,
}

/// What a gateway counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Requests from clients.
    Requests,
    /// Further attempts.
    Retries,
    /// Answers with a status of 500 or more.
    Errors,
    /// Which backends are in use.
    Up,
}

impl Counted {
    /// What of it a counter counts; `None` for [`Counted::Up`], which is no counter.
    fn counter(self) -> Option<What> {
        match self {
            Counted::Requests => Some(What::Requests),
            Counted::Retries => Some(What::Retries),
            Counted::Errors => Some(What::Errors),
            Counted::Up => None,
        }
    }
}

fn of_each<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = sum(deserializer)?;
    if text.as_deref().is_some_and(|text| text.contains(NAME) || text.contains(ADDRESS)) {
        return Ok(text);
    }
    Err(de::Error::custom(format!(
        "this is not a series of each backend: expected `{NAME}` or `{ADDRESS}` in it"
    )))
}

fn sum<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Sum::parse(&text).map_err(|why| de::Error::custom(format!("this is not a sum of series: {why}")))?;
    Ok(Some(text))
}

impl Expectation for Agrees {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let counted = self.looked_at().filter_map(|what| self.claim(what, view));
        let looks_at_up = self.only.is_empty() || self.only.contains(&Counted::Up);
        let claims: Vec<Claim> =
            counted.chain(looks_at_up.then(|| states::claim(self, view)).flatten()).collect();
        let claims = if claims.is_empty() { vec![nothing_known()] } else { claims };
        // Whether a fault took effect or not, what was counted is to be what happened.
        claims.into_iter().map(|claim| claim.proof(Proof::Own(None))).collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let length = match outlook.brief.phases.last().filter(|_| outlook.place.whole_run) {
            Some(last) => last.during.to.since(Moment::EPOCH),
            None => outlook.stretch().length(),
        };
        let scrapes = length.as_secs();
        if self.names_up() && scrapes < CASES_MIN {
            let why = format!(
                "{} has {scrapes} scrapes in it, and a backend has to be out at {CASES_MIN}",
                Timespan(length)
            );
            return vec![Forecast::CannotPass(why)];
        }
        let (Some(requests), false) = (outlook.requests(), outlook.place.whole_run) else {
            return Vec::new();
        };
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let length = Timespan(outlook.stretch().length());
        // Of a second between two scrapes, the two ends may hold none.
        if length < Timespan::from_secs(3) {
            let why = format!("{length} may have fewer than two scrapes in it, which come once a second");
            return vec![Forecast::CannotPass(why)];
        }
        vec![Forecast::exposures("requests between two scrapes", requests, needed)]
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn looks_at_whole_run(&self) -> bool {
        true
    }

    fn metrics(&self) -> Option<Needed> {
        let all = [&self.requests, &self.retries, &self.errors, &self.up].into_iter().flatten();
        let sums = all.filter_map(|text| Sum::parse(text).ok());
        let names = sums.flat_map(|sum| sum.names().map(str::to_owned).collect::<Vec<_>>());
        Some(Needed { names: names.collect(), late: self.within() })
    }

    fn problem(&self) -> Option<String> {
        if self.off_by == Some(Share::ALL) {
            return Some("`off_by = 1` can't be missed by a counter that stands still: it is below 1".into());
        }
        (self.within() > WITHIN_MAX).then(|| format!("`within` is at most {WITHIN_MAX}"))
    }
}

impl Agrees {
    fn within(&self) -> Timespan {
        self.within.unwrap_or(WITHIN)
    }

    fn looked_at(&self) -> impl Iterator<Item = What> {
        let only: Vec<What> = self.only.iter().filter_map(|one| one.counter()).collect();
        let all = self.only.is_empty();
        What::ALL.into_iter().filter(move |what| all || only.contains(what))
    }

    /// Whether the scenario asks for the word on backends by name.
    fn names_up(&self) -> bool {
        self.up.is_some() || self.only.contains(&Counted::Up)
    }

    fn named(&self, what: What) -> Option<&str> {
        match what {
            What::Requests => self.requests.as_deref(),
            What::Retries => self.retries.as_deref(),
            What::Errors => self.errors.as_deref(),
        }
    }

    /// `None` for what nobody named, and whose series are not known or which did not come up.
    fn claim(&self, what: What, view: &View<'_>) -> Option<Claim> {
        let word = what.word();
        let is_named = self.named(what).is_some() || !self.only.is_empty();
        let Some(series) = self.named(what).or_else(|| what.known(view)) else {
            let remedy = format!("name them: `agrees = {{ {word} = \"…_total\" }}`");
            return is_named
                .then(|| Claim::blind(format!("the series that count {word} are not known"), remedy));
        };
        if view.place.traffic.is_some() && self.named(what).is_none() {
            let why = format!("`{series}` counts {word} of all traffic, and one class of it is looked at");
            return Some(Claim::blind(why, "leave `traffic` out, or name the series of this class"));
        }
        let sum = Sum::parse(series).ok()?;
        let told = match Told::of(view, what, &sum, self.within()) {
            Ok(told) => told,
            Err(why) => {
                let remedy = "let the gateway tell its metrics all the time, name the series that it has, and make the phase longer than \
                              the three seconds that have two scrapes in them";
                return Some(Claim::blind(format!("the counter of {word}: {why}"), remedy));
            }
        };
        let came_up = told.recorded.0 > 0 || told.counted.1 > 0.0;
        (came_up || is_named || what == What::Requests).then(|| self.judged(what, series, &told, view))
    }

    fn judged(&self, what: What, series: &str, told: &Told, view: &View<'_>) -> Claim {
        let off_by = self.off_by.map_or(OFF_BY, Share::get);
        let (low, high) = told.ratio();
        let (least, most) = told.recorded;
        let (word, counted) = (what.word(), range(told.counted.0, Some(told.counted.1)));
        let on_record = range(least as f64, most.map(|most| most as f64));
        let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
        // What was counted without having happened shows a lie as well as what happened.
        let cases = if least == 0 && told.counted.0 > 0.0 { told.counted.0 as u64 } else { least };
        let basis = Basis::Within {
            low,
            high,
            least: Some(1.0 - off_by),
            most: Some(1.0 + off_by),
            count: cases,
            needed,
        };
        let (from, to) = told.between;
        let failed =
            (told.failed > 0).then(|| format!(", {} of them to nothing", count(told.failed, "further one")));
        let resets =
            (told.resets > 0).then(|| format!("; counters began anew {}", times(told.resets as usize)));
        Claim::on(basis)
            .says(
                format!("the gateway counted {counted} {word}, and {on_record} are on record"),
                format!("the gateway's metrics do not tell what happened: they counted {counted} {word}, and {on_record} are on record"),
            )
            .because(format!(
                "`{series}` grew by {counted} from {from} to {to}, over {}{}{}",
                count(told.scrapes, "scrape"),
                failed.unwrap_or_default(),
                resets.unwrap_or_default(),
            ))
            .seen(
                format!("{word}: {counted} counted, {on_record} on record"),
                format!("{word}: as many are counted as are on record, give or take {} %", off_by * 100.0),
            )
            .estimate(Estimate {
                what: format!("{word} counted for each on record"),
                value: (high <= low && low.is_finite()).then_some(low),
                low,
                high,
                unit: "ratio".into(),
                confidence: 1.0,
            })
            .shown(told.shown.iter().map(|tag| (*tag, format!("it is one of the {word} on record"))).collect())
            .remedy(remedy(what, least, needed, most))
    }
}

/// What helps where a counter leaves it open.
fn remedy(what: What, least: u64, needed: u64, most: Option<u64>) -> String {
    if least < needed {
        let fault = if what == What::Requests { "" } else { ", or have a fault that brings more of them up" };
        return format!("send more requests while the metrics are scraped{fault}");
    }
    if most.is_none() {
        return "have the backend fail in a way that leaves a trace (`status`, `reset`) instead of refusing connections".into();
    }
    "make the phase longer, so that what is under way at its ends is a smaller share; look at the whole run, without `in`; or allow more \
     by `off_by`"
        .into()
}

/// `12`, `10 to 12`, `at least 10`.
fn range(least: f64, most: Option<f64>) -> String {
    match most {
        None => format!("at least {least}"),
        Some(most) if most <= least => format!("{least}"),
        Some(most) => format!("{least} to {most}"),
    }
}

fn nothing_known() -> Claim {
    Claim::blind(
        "no series is known that counts anything of this gateway",
        "name them: `agrees = { requests = \"…_total\" }`",
    )
    .seen("no counter", "the counters tell what happened")
}
