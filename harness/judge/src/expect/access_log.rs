//! `access_log`: the gateway's own log tells what happened.

#[cfg(test)]
mod tests;

use measure::access_log::{AccessLog as Measured, Kept};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::{count, were};

use super::Expectation;
use crate::claim::{CASES_MIN, Claim, Proof};
use crate::estimates::share;
use crate::forecast::{Forecast, Outlook};

/// The gateway's access log tells of each request what happened to it.
///
/// # What it checks
/// Each request that a client got an answer to has exactly one line (`lines`), with the status of that answer (`status`), and with the
/// number of attempts that reached the backends (`attempts`). Lines are joined with requests by their tags, so that nothing is
/// uncertain: one wrong line is a finding. Without `in`, it looks at the whole run.
///
/// More attempts than arrived are no lie where some may have left no trace: while a fault turns connections away, or near a
/// moment at which a backend closed a connection. They are counted, and told beside the finding.
///
/// # Why it matters
/// After an outage the log is what people go by. One that shows the last attempt alone hides the retries that made the outage
/// worse, and one that loses lines under failure hides it altogether.
///
/// # When it can't tell
/// Inconclusive without a line that has a tag of the run: the log has to have the header `x-brownout-tag` in it, or the path where that has
/// the tag. For `attempts`, fewer than 10 requests with another number than one prove nothing. What the client saw no
/// answer to is set aside. Lines are not missed where the log may not be whole: brownout keeps 8 MiB of what a gateway prints, and one
/// that is killed loses what it has not written. Caddy, Traefik and Apache do not tell how many attempts they made.
///
/// # Example
/// ```toml
/// [gateway.envoy]
/// access_log = {}
///
/// [[expect]]
/// access_log = {}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// What of `lines`, `status` and `attempts` is looked at. Without it: all that the lines tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Part>,
}

/// What a log is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A line of each request.
    Lines,
    /// The status of its answer.
    Status,
    /// How many attempts it took.
    Attempts,
}

impl Part {
    const ALL: [Part; 3] = [Part::Lines, Part::Status, Part::Attempts];

    fn kept(self, log: &Measured) -> &Kept {
        match self {
            Part::Lines => &log.lines,
            Part::Status => &log.status,
            Part::Attempts => &log.attempts,
        }
    }

    /// What is right of a log that is, and what of one that is not.
    fn says(self, wrong: u64) -> (&'static str, String) {
        let requests = count(wrong, "request");
        match self {
            Part::Lines => (
                "each answered request has its line in the access log",
                format!(
                    "{requests} {} answered and have no line, or several, in the access log",
                    were(wrong)
                ),
            ),
            Part::Status => (
                "the access log has the status that each client got",
                format!("the access log has another status than the client got for {requests}"),
            ),
            Part::Attempts => (
                "the access log tells of every attempt",
                format!("the access log tells of another number of attempts than arrived for {requests}"),
            ),
        }
    }

    fn remedy(self, missing: u64) -> String {
        match self {
            Part::Lines | Part::Status => format!("send {}", count(missing, "more request")),
            Part::Attempts => format!(
                "plan a fault after which the gateway tries again, or turns away, {}",
                count(missing, "more request")
            ),
        }
    }
}

impl Expectation for AccessLog {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let log = Measured::of(view);
        let claims: Vec<Claim> = match blind(view, &log) {
            Some(claim) => vec![claim],
            None => self.parts().filter_map(|part| self.claim(part, view, &log)).collect(),
        };
        // Whether a fault took effect or not, what is logged is to be what happened.
        claims.into_iter().map(|claim| claim.proof(Proof::Own(None))).collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let requests = outlook.requests().filter(|_| !outlook.place.whole_run);
        requests
            .map(|requests| Forecast::exposures("requests that are logged", requests, needed))
            .into_iter()
            .collect()
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn failure_is_proof(&self) -> bool {
        true
    }

    fn looks_at_whole_run(&self) -> bool {
        true
    }

    fn reads_access_log(&self) -> bool {
        true
    }
}

impl AccessLog {
    fn parts(&self) -> impl Iterator<Item = Part> {
        Part::ALL.into_iter().filter(|part| self.only.is_empty() || self.only.contains(part))
    }

    /// What is claimed of one part; `None` if nobody asked for it by name and the lines don't tell it.
    fn claim(&self, part: Part, view: &View<'_>, log: &Measured) -> Option<Claim> {
        let kept = part.kept(log);
        if kept.looked_at == 0 {
            return self.only.contains(&part).then(|| untold(part, log));
        }
        let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let (good, bad) = part.says(kept.wrong);
        let mut observed = format!("{} of {} wrong", kept.wrong, count(kept.looked_at, "request"));
        if part == Part::Attempts && log.unseen > 0 {
            observed = format!("{observed}; {} logged that no backend saw", count(log.unseen, "attempt"));
        }
        let because = format!("{} would have shown it", count(kept.telling, "request"));
        let claim = Claim::never(kept.wrong, kept.telling, view.place.samples_min)
            .says(good, bad)
            .because(because)
            .seen(observed, "0 wrong")
            .estimate(share("requests that the access log tells wrongly", kept.wrong, kept.telling))
            .shown(kept.shown.clone())
            .aside(log.set_aside.clone())
            .remedy(part.remedy(needed.saturating_sub(kept.telling).max(1)));
        Some(claim)
    }
}

/// Why nothing can be told of the whole log, if nothing can.
fn blind(view: &View<'_>, log: &Measured) -> Option<Claim> {
    const TAG: &str = "have the gateway write the header `x-brownout-tag`, or the path that has the tag in it, into each line";
    if view.ledger.logged() == 0 {
        let why = log
            .lacking
            .clone()
            .unwrap_or_else(|| "no line of the access log has a tag of this run in it".into());
        return Some(Claim::blind(why, TAG));
    }
    let read = log.lines.looked_at;
    (log.strange > 0 && log.strange >= read.saturating_sub(log.lines.wrong)).then(|| {
        let why = format!("{} of the access log are not as `pattern` says", count(log.strange, "line"));
        Claim::blind(why, "let `access_log.pattern` say what a line looks like")
    })
}

/// Nothing is told of a part that is asked for by name.
fn untold(part: Part, log: &Measured) -> Claim {
    match (part, &log.lacking) {
        (Part::Lines, Some(why)) => {
            Claim::blind(why.clone(), "let the gateway write its log into a file of its own")
        }
        (Part::Attempts, _) => Claim::blind(
            "the access log does not tell how many attempts were made",
            "let it, and name them `<attempts>`, `<retries>` or `<upstreams>` in `access_log.pattern`",
        ),
        _ => {
            Claim::blind("no line of an answered request tells it", "name `<status>` in `access_log.pattern`")
        }
    }
}
