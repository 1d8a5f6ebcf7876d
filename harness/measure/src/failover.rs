//! What becomes of the traffic while backends fail: when it has moved away from them, to which priority group, and when it
//! is back.

use std::time::Duration;

use evidence::Tag;
use units::stats::at_least;
use units::{Moment, Stretch};

use crate::aside::{SetAside, Why};
use crate::brief::Brief;
use crate::choices::FIRST_ATTEMPTS;
use crate::usable::Usable;
use crate::view::View;

/// A time in which backends fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it is, within its phase.
    pub during: Stretch,
    /// The backends that a fault is on, in order.
    pub out: Vec<u16>,
    /// Those of them at which a fault turns connections away: nobody sees whether they are still asked.
    pub hidden: Vec<u16>,
}

impl Outage {
    /// The outage of a phase; None if no fault of it may hit the traffic.
    pub fn of(brief: &Brief, phase: usize, traffic: Option<u16>) -> Option<Self> {
        let whole = brief.phases[phase].during;
        let hits = |class| traffic.is_none_or(|traffic| traffic == class);
        let classes: Vec<u16> = (0..brief.traffic.len() as u16).filter(|class| hits(*class)).collect();
        let here = brief
            .injections
            .iter()
            .filter(|one| one.during.overlaps(&whole) && classes.iter().any(|class| one.may_hit(*class)));
        let here: Vec<_> = here.collect();
        let from = here.iter().map(|one| one.during.from).min()?.max(whole.from);
        let to = here.iter().map(|one| one.during.to).max()?.min(whole.to);
        let backends = |hiding: bool| {
            let chosen = here.iter().filter(|one| !hiding || one.hides_attempts);
            let mut found: Vec<u16> = chosen.flat_map(|one| one.backends.iter().copied()).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        Some(Outage { during: Stretch { from, to }, out: backends(false), hidden: backends(true) })
    }

    /// From when on the traffic must have moved, to the end.
    pub fn judged(&self, within: Duration) -> Stretch {
        Stretch { from: (self.during.from + within).min(self.during.to), to: self.during.to }
    }

    /// The backends of later groups that must get nothing while one of an earlier group works, each with those that come
    /// before it: those on which no fault is.
    pub fn spared(&self, brief: &Brief) -> Vec<(u16, Vec<u16>)> {
        let priority = |backend: u16| brief.backends[usize::from(backend)].priority;
        let all = 0..brief.backends.len() as u16;
        let well = |later: u16| {
            let earlier = all.clone().filter(|one| priority(*one) < priority(later));
            (later, earlier.filter(|one| !self.out.contains(one)).collect::<Vec<_>>())
        };
        all.clone().map(well).filter(|(_, well)| !well.is_empty()).collect()
    }
}

/// Where a request went first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// When it was due.
    pub due: Moment,
    /// The request.
    pub tag: Tag,
    /// Whether it went where it should not go any more.
    pub astray: bool,
}

/// First attempts after a change that the gateway has to react to, in the order in which their requests were due.
#[derive(Clone, Debug)]
pub struct Move {
    firsts: Vec<First>,
    /// Where those begin that are later than the time that is allowed for.
    late: usize,
    from: Moment,
    /// What says nothing of the gateway, of the late ones.
    pub set_aside: SetAside,
}

/// How many first attempts are looked at together to tell up to when they went astray.
const BUCKET: usize = 20;

/// So unlikely must they be at the allowed share, in all buckets together.
const CHANCE: f64 = 0.01;

impl Move {
    /// The first attempts of the requests that were due in a stretch, at whose start the change was. What goes astray is
    /// told by the backend that it reached.
    pub fn of(view: &View<'_>, during: Stretch, within: Duration, astray: impl Fn(u16) -> bool) -> Self {
        let judged = (during.from + within).min(during.to);
        // By so much may a stall of brownout have put off what a timer of the gateway does.
        let sure = judged + view.stalls.touching(during.from, judged);
        let mut found =
            Move { firsts: Vec::new(), late: 0, from: during.from, set_aside: SetAside::default() };
        for entry in view.entries_due(during) {
            let Some(first) = entry.attempts.first() else { continue };
            let (due, tag, astray) = (entry.exchange.due, entry.exchange.tag, astray(first.backend));
            let why = view.why_apart(&entry, FIRST_ATTEMPTS);
            let blurred = astray && (judged..sure).contains(&due);
            match why.or(blurred.then_some(Why::Stalled)) {
                Some(why) if due >= judged => found.set_aside.note(why, entry.exchange),
                Some(_) => {}
                None => found.firsts.push(First { due, tag, astray }),
            }
        }
        found.late = found.firsts.partition_point(|first| first.due < judged);
        found
    }

    /// The first attempts that are later than the time that is allowed for.
    pub fn late(&self) -> &[First] {
        &self.firsts[self.late..]
    }

    /// Those of them that went astray.
    pub fn stray(&self) -> impl Iterator<Item = &First> {
        self.late().iter().filter(|first| first.astray)
    }

    /// How long after the change a first attempt came.
    pub fn since(&self, first: &First) -> Duration {
        first.due.since(self.from)
    }

    /// From the change to the last one that went astray among so many that the allowed share does not explain them; zero
    /// if there was none, None without any first attempt, or if it never ended.
    pub fn took(&self, allowed: f64) -> Option<Duration> {
        let buckets = self.firsts.chunks(BUCKET);
        let chance = CHANCE / buckets.len().max(1) as f64;
        let speaks = |bucket: &[First]| {
            let astray = bucket.iter().filter(|first| first.astray).count() as u64;
            astray > 0 && at_least(astray, bucket.len() as u64, allowed) < chance
        };
        let Some((index, bucket)) = buckets.enumerate().rfind(|(_, bucket)| speaks(bucket)) else {
            return (!self.firsts.is_empty()).then_some(Duration::ZERO);
        };
        let last = index * BUCKET + bucket.iter().rposition(|first| first.astray)?;
        self.firsts.get(last + 1).map(|_| self.since(&self.firsts[last]))
    }
}

/// First attempts at later priority groups while an earlier one was in use.
#[derive(Clone, Debug, Default)]
pub struct Early {
    /// First attempts that were made while a backend of an earlier group was certainly in use.
    pub exposures: u64,
    /// Those that went to a later group all the same, with the backends: the later one, and the one that was in use.
    pub early: Vec<(Tag, u16, u16)>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Early {
    /// Measures it over a phase. `spared` is as an [`Outage`] tells it.
    pub fn of(view: &View<'_>, spared: &[(u16, Vec<u16>)]) -> Self {
        let mut found = Early::default();
        let usable = Usable::of(view);
        let mut earlier: Vec<u16> = spared.iter().flat_map(|(_, earlier)| earlier.iter().copied()).collect();
        earlier.sort_unstable();
        earlier.dedup();
        for entry in view.entries_due(view.phase()) {
            let Some(first) = entry.attempts.first() else { continue };
            if let Some(why) = view.why_apart(&entry, FIRST_ATTEMPTS) {
                found.set_aside.note(why, entry.exchange);
                continue;
            }
            let in_use = |backends: &[u16]| {
                backends.iter().copied().find(|backend| usable.certainly(*backend, first.arrived))
            };
            let later = spared.iter().find(|(later, _)| *later == first.backend);
            match later {
                Some((_, earlier)) => {
                    if let Some(earlier) = in_use(earlier) {
                        found.exposures += 1;
                        found.early.push((first.tag, first.backend, earlier));
                    }
                }
                None => found.exposures += u64::from(in_use(&earlier).is_some()),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try, at};

    /// 100 requests a second; from 2 s on `a` and `b` fail, and from `moved_ms` on everything goes to the spare.
    fn run(moved_ms: f64) -> Run {
        let run = Run::new().phase("steady", 2.0).phase("outage", 4.0).phase("after", 2.0);
        let run = run.backend("a").backend("b").weighted("spare", 1, 1).class("reads", Method::Get);
        run.fault("outage", "status", &["a", "b"]).calls(800, move |n| {
            let ms = 10.0 * n as f64;
            let name = if n % 2 == 0 { "a" } else { "b" };
            let attempt = match ms {
                ms if (2_000.0..moved_ms).contains(&ms) => Try::hit(name, "status"),
                ms if (2_000.0..6_000.0).contains(&ms) => Try::ok("spare"),
                _ => Try::ok(name),
            };
            Call::due("reads", ms).attempt(attempt)
        })
    }

    fn took(run: &Run) -> Option<Duration> {
        run.view("outage", "reads", |view| {
            let outage = Outage::of(view.brief, 1, None).unwrap();
            Move::of(view, outage.during, Duration::from_secs(1), |backend| outage.out.contains(&backend))
                .took(0.05)
        })
    }

    #[test]
    fn the_time_until_traffic_has_moved_is_that_of_the_last_one_that_went_astray() {
        assert_eq!(took(&run(2_000.0)), Some(Duration::ZERO));
        assert_eq!(took(&run(2_300.0)), Some(Duration::from_millis(290)));
        assert_eq!(took(&run(6_000.0)), None, "it never moved");
    }

    #[test]
    fn one_now_and_then_is_a_probe_and_no_traffic() {
        let run = run(2_300.0);
        let probes =
            |n: usize| Call::due("reads", 2_505.0 + 1_000.0 * n as f64).attempt(Try::hit("a", "status"));
        assert_eq!(took(&run.calls(3, probes)), Some(Duration::from_millis(290)));
    }

    #[test]
    fn an_outage_is_that_of_the_faults_that_may_hit_the_traffic() {
        let (brief, _) = run(2_300.0).build();
        let outage = Outage::of(&brief, 1, Some(0)).unwrap();
        assert_eq!((outage.during.from, outage.out.as_slice()), (at(2_000.0), &[0, 1][..]));
        assert!(outage.spared(&brief).is_empty(), "all that come before the spare are out");
        assert_eq!(Outage::of(&brief, 0, None), None);
    }
}
