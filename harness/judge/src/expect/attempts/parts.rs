//! The bounds, each judged on the tally.

use reports::Verdict;

use super::tally::Tally;
use super::{Attempts, Judged};
use measure::view::View;
use units::plural::{count, times, were};

/// One judgement for each bound that is set.
pub(super) fn judge(settings: &Attempts, tally: &Tally, window: &View<'_>) -> Vec<Judged> {
    let case = Case { tally, hidden: window.hidden_attempts(), faulty: window.injections().next().is_some() };
    let backends = window.brief.backends.len();
    let parts = [
        settings.most().map(|most| case.most(most)),
        settings.fewest().map(|fewest| case.fewest(fewest)),
        settings.other_backend.map(|other| case.other_backend(other, backends)),
        settings.amplification_max.map(|most| case.amplification(most)),
    ];
    parts.into_iter().flatten().collect()
}

struct Case<'a> {
    tally: &'a Tally,
    hidden: Option<String>,
    faulty: bool,
}

impl Case<'_> {
    fn most(&self, most: u16) -> Judged {
        let Tally { requests, over, .. } = *self.tally;
        let limit = times(usize::from(most));
        let up_to = times(self.tally.most);
        let verdict = if over > 0 { Verdict::Fail } else { self.unless_blind() };
        Judged {
            verdict,
            summary: match over {
                0 => format!("no request reached the backends more than {limit}"),
                _ => format!(
                    "{} reached the backends more than {limit}, up to {up_to}",
                    count(over, "request")
                ),
            },
            observed: format!("up to {} for one request", count(self.tally.most as u64, "arrival")),
            expected: format!("at most {} for one request", count(u64::from(most), "arrival")),
            because: match verdict {
                Verdict::Fail => format!("{over} of {requests} requests arrived more than {limit}"),
                Verdict::Inconclusive => self.blind(),
                Verdict::Pass => format!("none of {requests} requests arrived more than {limit}"),
            },
            observations: requests,
            resolution: None,
            witnesses: self.tally.over_shown.clone().into_vec(),
        }
    }

    fn fewest(&self, fewest: u16) -> Judged {
        let Tally { demanded, short, .. } = *self.tally;
        let (whose, who) = if self.faulty {
            (
                "for a request whose first attempt was failed",
                "requests whose first attempt a planned fault failed",
            )
        } else {
            ("for every request", "requests")
        };
        let expected = format!("at least {} {whose}", count(u64::from(fewest), "arrival"));
        let unseen = || {
            if self.faulty {
                "no first attempt was failed by a planned fault".into()
            } else {
                "no request was sent".into()
            }
        };
        let blind = self.hidden.clone().or_else(|| (demanded == 0).then(unseen));
        if let Some(because) = blind {
            let observed = format!("{demanded} {who}");
            return Judged::inconclusive(observed, expected, because).resting_on(demanded);
        }
        Judged {
            verdict: if short > 0 { Verdict::Fail } else { Verdict::Pass },
            summary: match short {
                0 => format!("{who} were tried as often as demanded, or answered before"),
                _ => format!(
                    "{short} of {demanded} {who} {} not tried {}",
                    were(short),
                    times(usize::from(fewest))
                ),
            },
            observed: format!(
                "{} of {demanded} {who} arrived {} or were answered before",
                demanded - short,
                times(usize::from(fewest))
            ),
            expected,
            because: match short {
                0 => format!("all {demanded} {who} arrived often enough or were answered before"),
                _ => format!("{short} of {demanded} {who} {} left at fewer arrivals", were(short)),
            },
            observations: demanded,
            resolution: None,
            witnesses: self.tally.short_shown.clone().into_vec(),
        }
    }

    fn other_backend(&self, other: bool, backends: usize) -> Judged {
        let Tally { further, misplaced, .. } = *self.tally;
        let (wanted, unwanted) = if other { ("another", "the same") } else { ("the same", "another") };
        let expected = format!("further attempts go to {wanted} backend");
        let blind = match backends {
            0 | 1 => Some("there is only one backend".to_owned()),
            _ => self.hidden.clone().or_else(|| (further == 0).then(|| "no request was tried again".into())),
        };
        if let Some(because) = blind {
            return Judged::inconclusive(format!("{further} further attempts"), expected, because)
                .resting_on(further);
        }
        Judged {
            verdict: if misplaced > 0 { Verdict::Fail } else { Verdict::Pass },
            summary: match misplaced {
                0 => format!("further attempts went to {wanted} backend"),
                _ => format!("{} went to {unwanted} backend", count(misplaced, "further attempt")),
            },
            observed: format!(
                "{} of {further} further attempts went to {wanted} backend",
                further - misplaced
            ),
            expected,
            because: format!("{misplaced} of {further} further attempts went to {unwanted} backend"),
            observations: further,
            resolution: None,
            witnesses: self.tally.misplaced_shown.clone().into_vec(),
        }
    }

    fn amplification(&self, most: f64) -> Judged {
        let Tally { requests, arrivals, .. } = *self.tally;
        let expected = format!("at most {most:.2} arrivals per request");
        if requests == 0 {
            return Judged::inconclusive("no requests", expected, "no request was sent");
        }
        let amplification = arrivals as f64 / requests as f64;
        let verdict = if amplification > most + 1e-9 { Verdict::Fail } else { self.unless_blind() };
        Judged {
            verdict,
            summary: format!("the backends got {amplification:.2} arrivals per request"),
            observed: format!("{amplification:.2} arrivals per request"),
            expected,
            because: match verdict {
                Verdict::Inconclusive => self.blind(),
                _ => format!("{requests} requests made {arrivals} arrivals"),
            },
            observations: requests,
            resolution: None,
            witnesses: Vec::new(),
        }
    }

    /// Nothing exceeded proves something only where arrivals could be counted and there was a reason for more.
    fn unless_blind(&self) -> Verdict {
        if self.blind().is_empty() { Verdict::Pass } else { Verdict::Inconclusive }
    }

    /// Why nothing follows from a bound that was not exceeded; empty if something does.
    fn blind(&self) -> String {
        if let Some(hidden) = &self.hidden {
            return hidden.clone();
        }
        if self.tally.requests == 0 {
            return "no request was sent".into();
        }
        if self.faulty && self.tally.hits == 0 {
            return "no attempt in the window was hit by a planned fault".into();
        }
        String::new()
    }
}
