//! The bounds as claims on what was counted.

use measure::aside::Why;
use measure::attempts::{Attempts as Counted, Shape};
use measure::concurrency::Concurrency;
use measure::placed::Placed;
use measure::view::View;
use units::plural::{count, times, were};

use super::Attempts;
use crate::claim::{Basis, CASES_MIN, Claim, Proof};
use crate::estimates::{counted, share};

/// One claim for each bound that is set.
pub(super) fn claims(settings: &Attempts, view: &View<'_>) -> Vec<Claim> {
    let counts = Counted::of(view);
    let case = Case { counts: &counts, view, faulty: view.is_faulty() };
    let parts = [
        settings.most().map(|most| case.most(usize::from(most))),
        settings.demanded(case.faulty).map(|fewest| case.fewest(usize::from(fewest))),
        settings.other_backend.map(|other| other_backend(other, view)),
        settings.amplification_max.map(|most| case.amplification(most)),
        settings.retries_in_flight_max.map(|most| in_flight(usize::from(most), view)),
        settings.most().and_then(|_| case.for_nobody()),
    ];
    let claims: Vec<Claim> = parts.into_iter().flatten().collect();
    if claims.is_empty() {
        let why = "a request that failed at a backend has arrived there once: nothing breaks `min = 1` here";
        return vec![Claim::blind(why, "ask for `min = 2` or more")];
    }
    claims
}

struct Case<'a> {
    counts: &'a Counted,
    view: &'a View<'a>,
    faulty: bool,
}

impl Case<'_> {
    fn most(&self, most: usize) -> Claim {
        let over = |shape: &Shape| shape.arrivals > most && self.is_certain(shape);
        // Without a fault any request may be sent twice. With one, those show it that failed so often.
        let tried = |shape: &Shape| match (self.faulty, most) {
            (false, _) => true,
            // The policy may exclude the failure or the method: one that is tried again all the same shows it.
            (true, 0 | 1) => shape.failed >= 1,
            (true, _) => shape.named >= most,
        };
        let exposed = |shape: &Shape| {
            over(shape)
                || (shape.apart.is_none()
                    && tried(shape)
                    && (shape.arrivals > most || shape.stopped.is_none()))
        };
        let relevant = |shape: &Shape| !self.faulty || !shape.answered;
        let (violations, exposures) = (self.counts.count(over), self.counts.count(exposed));
        let highest = self.counts.shapes.keys().map(|shape| shape.arrivals).max().unwrap_or(0);
        let (limit, cases) = (times(most), self.cases(most));
        let bad = format!(
            "{} reached the backends more than {limit}, up to {}",
            count(violations, "request"),
            times(highest)
        );
        let replays = match self.counts.replays {
            0 => String::new(),
            some => format!(", with {} among them", count(some, "likely transport replay")),
        };
        Claim::never(violations, exposures, self.view.place.samples_min)
            .says(format!("no request reached the backends more than {limit}"), bad)
            .because(if violations > 0 {
                format!("{violations} of {} arrived more than {limit}", self.requests())
            } else {
                format!("none of {exposures} {cases} arrived more than {limit}")
            })
            .seen(
                format!("up to {} for one request{replays}", count(highest as u64, "arrival")),
                format!("at most {} for one request", count(most as u64, "arrival")),
            )
            .estimate(share(format!("{cases} that arrived more than {limit}"), violations, exposures))
            .aside(self.counts.aside(|shape| {
                relevant(shape) && (shape.apart.is_some() || shape.stopped.is_some()) && !exposed(shape)
            }))
            .shown(self.shown(over))
            .remedy(self.remedy(most, exposures))
    }

    fn fewest(&self, fewest: usize) -> Claim {
        let needs = |shape: &Shape| {
            shape.arrivals < fewest
                && (!self.faulty || (shape.arrivals > 0 && shape.named == shape.arrivals && shape.repeated))
        };
        let short = |shape: &Shape| needs(shape) && shape.apart.is_none() && shape.stopped.is_none();
        let exposed = |shape: &Shape| {
            let tried = !self.faulty || (shape.repeated && shape.named + 1 >= fewest);
            short(shape) || (shape.apart.is_none() && tried && shape.arrivals >= fewest)
        };
        let aside = |shape: &Shape| {
            let open = !self.faulty || (shape.repeated && !shape.answered && shape.arrivals < fewest);
            open && (shape.apart.is_some() || (needs(shape) && shape.stopped.is_some()))
        };
        let (violations, exposures) = (self.counts.count(short), self.counts.count(exposed));
        let (often, who) = (times(fewest), self.cases(fewest - 1));
        Claim::never(violations, exposures, self.view.place.samples_min)
            .says(
                format!("{who} were tried {often} at least"),
                format!("{violations} of {exposures} {who} {} not tried {often}", were(violations)),
            )
            .because(match violations {
                0 => format!("all {exposures} {who} arrived {often} at least"),
                _ => format!("{violations} of {exposures} {who} {} left at fewer arrivals", were(violations)),
            })
            .seen(
                format!("{} of {exposures} {who} arrived {often} at least", exposures - violations),
                format!("at least {} for {who}", count(fewest as u64, "arrival")),
            )
            .estimate(share(format!("{who} that were not tried {often}"), violations, exposures))
            .aside(self.counts.aside(aside))
            .shown(self.shown(short))
            .remedy(self.remedy(fewest - 1, exposures))
    }

    fn amplification(&self, most: f64) -> Claim {
        let sound = |shape: &Shape| matches!(shape.apart, None | Some(Why::ClientLeft));
        // A gateway that sends more than a bound below 1 shows it at each request: those that it shed count as well.
        let exposed = |shape: &Shape| sound(shape) && (!self.faulty || most < 1.0 || shape.failed > 0);
        let requests = self.counts.count(sound);
        let shapes = self.counts.shapes.iter().filter(|(shape, _)| sound(shape));
        let arrivals: u64 = shapes.map(|(shape, seen)| shape.arrivals as u64 * seen.count).sum();
        let value = if requests == 0 { 0.0 } else { arrivals as f64 / requests as f64 };
        let is_over = requests > 0 && value > most + 1e-9;
        let exposures = if is_over { requests } else { self.counts.count(exposed) };
        let needed = self.view.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let basis = Basis::Within {
            low: value,
            high: value,
            least: None,
            most: Some(most + 1e-9),
            count: exposures,
            needed,
        };
        let words = format!("the backends got {value:.2} arrivals per request");
        let claim = Claim::on(basis)
            .says(words.clone(), format!("{words}, more than {most:.2}"))
            .because(format!("{} made {}", count(requests, "request"), count(arrivals, "arrival")))
            .seen(
                format!("{value:.2} arrivals per request"),
                format!("at most {most:.2} arrivals per request"),
            )
            .estimate(counted("arrivals per request", value, "arrivals"))
            .aside(self.counts.aside(|shape| !sound(shape)))
            .remedy(self.remedy(1, exposures));
        if most < 1.0 { claim.proof(Proof::Own(None)) } else { claim }
    }

    /// Attempts that were made after their client had left: told only where there are any, because nobody asks for them.
    fn for_nobody(&self) -> Option<Claim> {
        let (requests, first) = &self.counts.for_nobody;
        let bad = format!("{} arrived again after the client had left", count(*requests, "request"));
        (*requests > 0).then(|| {
            Claim::never(*requests, *requests, None)
                .says("", bad.clone())
                .because(
                    "a further attempt arrived more than 100 ms after the client had closed its connection",
                )
                .seen(bad, "no further attempt for a client that left")
                .shown(first.iter().map(|tag| (*tag, "arrived again for nobody".to_owned())).collect())
        })
    }

    /// True if no disturbance explains how often the request arrived. A timer that fires in a stall, or a fault of the
    /// neighbouring phase, makes a gateway try again, but no more often than it ever does.
    fn is_certain(&self, shape: &Shape) -> bool {
        let attempts = self.view.brief.policy.retry.as_ref().map(|retry| usize::from(retry.attempts));
        match shape.apart {
            None | Some(Why::ClientLeft | Why::Hidden | Why::Lost) => true,
            Some(_) => attempts.is_some_and(|attempts| shape.arrivals > attempts),
        }
    }

    fn requests(&self) -> String {
        count(self.counts.count(|_| true), "request")
    }

    /// The requests that show it, in words.
    fn cases(&self, failed: usize) -> String {
        match (self.faulty, failed) {
            (false, _) => "requests".into(),
            (true, 0 | 1) => "requests whose first attempt failed".into(),
            (true, more) => format!("requests whose first {more} attempts failed"),
        }
    }

    fn shown(&self, is: impl Fn(&Shape) -> bool) -> Vec<(evidence::Tag, String)> {
        let first = self.counts.first(is).into_iter();
        first.map(|(tag, shape)| (tag, format!("arrived {}", times(shape.arrivals)))).collect()
    }

    fn remedy(&self, failed: usize, exposures: u64) -> String {
        let needed = self.view.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let more = needed.saturating_sub(exposures).max(1);
        let cases = self.cases(failed);
        match (self.faulty, failed) {
            (false, _) => format!("send {more} more requests in this phase"),
            (true, 0 | 1) => format!("plan a fault that fails {more} more first attempts of this traffic"),
            (true, _) => format!(
                "plan faults that make {more} more {cases}: on every backend, or `fail_first = {{ attempts = {failed} }}`"
            ),
        }
    }
}

fn other_backend(other: bool, view: &View<'_>) -> Claim {
    let (wanted, unwanted) = if other { ("another", "the same") } else { ("the same", "another") };
    let expected = format!("further attempts go to {wanted} backend");
    if view.brief.backends.len() < 2 {
        return Claim::blind("there is only one backend", "add a second backend to the scenario")
            .seen("", expected);
    }
    let placed = Placed::of(view);
    let total = placed.total();
    let (misplaced, shown) =
        if other { (placed.again, &placed.shown_again) } else { (placed.elsewhere, &placed.shown_elsewhere) };
    let words = |from: u16, to: u16| {
        let [from, to] = [from, to].map(|backend| view.brief.backend_name(backend));
        if other {
            format!("tried at `{from}` and again there")
        } else {
            format!("tried at `{from}`, then at `{to}`")
        }
    };
    let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
    Claim::never(misplaced, total, view.place.samples_min)
        .says(
            format!("further attempts went to {wanted} backend"),
            format!("{} went to {unwanted} backend", count(misplaced, "further attempt")),
        )
        .because(format!("{misplaced} of {total} further attempts went to {unwanted} backend"))
        .seen(format!("{} of {total} further attempts went to {wanted} backend", total - misplaced), expected)
        .estimate(share(format!("further attempts at {unwanted} backend"), misplaced, total))
        .shown(shown.iter().map(|(tag, from, to)| (*tag, words(*from, *to))).collect())
        .aside(placed.set_aside)
        .remedy(format!(
            "plan a fault that makes {} more further attempts while another backend is in use",
            needed.saturating_sub(total).max(1)
        ))
}

fn in_flight(most: usize, view: &View<'_>) -> Claim {
    let measured = Concurrency::of(view);
    let beyond = measured.at_least(most);
    let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
    let attempts = count(most as u64, "further attempt");
    let highest = measured
        .by_in_flight
        .iter()
        .filter(|(_, followed)| followed.again > 0)
        .map(|(others, _)| others + 1)
        .max();
    let mut claim = Claim::never(beyond.again, beyond.failed, view.place.samples_min)
        .says(
            format!("no more than {attempts} {} under way at a time", were(most as u64)),
            format!(
                "{} were made while {attempts} or more {} under way",
                count(beyond.again, "further attempt"),
                were(most as u64)
            ),
        )
        .because(format!(
            "of {} at such a moment {} followed by another attempt",
            count(beyond.failed, "failure"),
            beyond.again
        ))
        .seen(
            format!("up to {} under way at a time", count(highest.unwrap_or(0) as u64, "further attempt")),
            format!("at most {attempts} under way at a time"),
        )
        .shown(
            beyond
                .first
                .iter()
                .map(|tag| (*tag, format!("tried again while {attempts} were under way")))
                .collect(),
        )
        .aside(measured.set_aside.clone())
        .remedy(format!(
            "make {} more requests fail while {attempts} are under way: a higher rate, or slower failures",
            needed.saturating_sub(beyond.failed).max(1)
        ));
    for (others, followed) in measured.by_in_flight.iter().take(10) {
        let what = format!("tried again while {} under way", count(*others as u64, "further attempt"));
        claim = claim.estimate(share(what, followed.again, followed.failed));
    }
    claim
}
