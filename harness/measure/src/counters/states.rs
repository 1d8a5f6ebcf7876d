//! Which backends are in use by the gateway's own word, and what the ledger shows of the same, scrape by scrape.
//!
//! The ledger shows that a backend was in use where it got its traffic before, at and after a scrape, and that it was left alone
//! where nothing came for so long before the scrape, and again after it, that chance does not explain it. Elsewhere it shows
//! neither.

use std::time::Duration;

use evidence::Sum;
use policy::{AllOut, Breaker, WayBack};
use units::{Moment, Stretch, Timespan};

use super::scrapes::Scrapes;
use crate::arrivals::{Traffic, recorded_to};
use crate::brief::{BackendBrief, Brief};
use crate::silence::missed_min;
use crate::view::View;

/// So many arrivals on either side of a scrape have to come at half of the backend's traffic at the least.
const SIDE: usize = 10;

/// A gap between two arrivals at a scrape in which so many would have come is none of ordinary traffic.
const GAP_MAX: f64 = 3.0;

/// For so long after it was acted on, a gateway may tell what an older process knew.
const AFTER_ACTION: Duration = Duration::from_secs(1);

/// Stands for the name of a backend in a series.
pub const NAME: &str = "{{backend.name}}";

/// Stands for the address of a backend, with its port, in a series.
pub const ADDRESS: &str = "{{backend.address}}";

/// What the gateway said of its backends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct States {
    /// Each word on a backend, in the order of the scrapes.
    pub words: Vec<Word>,
    /// Scrapes that were answered.
    pub scrapes: u64,
    /// Scrapes between the first and the last of them that came to nothing.
    pub failed: u64,
}

/// What the gateway said of one backend at one scrape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Word {
    /// The backend, by its index.
    pub backend: u16,
    /// What the word is about: some moment from when the gateway may have looked last until the answer was there.
    pub about: Stretch,
    /// Whether the gateway said that the backend is in use.
    pub said: bool,
    /// Whether the ledger shows that it was, or that it was not; `None` where it shows neither.
    pub shown: Option<bool>,
}

impl States {
    /// What the `series` of each backend tell in the view: above 0 is in use, 0 is left alone. `late` is how old the word of a
    /// gateway may be. If nothing can be told: why.
    pub fn of(view: &View<'_>, series: &str, late: Timespan) -> Result<States, String> {
        if let Some(workers) = view.brief.policy.breaker.as_ref().map(|breaker| breaker.workers)
            && workers > 1
        {
            return Err(format!("each of {workers} instances knows for itself which backends are in use"));
        }
        let scrapes = Scrapes::of(view)?;
        let mut states =
            States { scrapes: scrapes.answered.len() as u64, failed: scrapes.failed, ..States::default() };
        let ledger = Witness::of(view);
        for (index, backend) in view.brief.backends.iter().enumerate() {
            let sum = Sum::parse(&filled(series, backend)?)?;
            for scrape in &scrapes.answered {
                let told = scrape.chosen(&sum)?;
                if told.is_empty() {
                    continue;
                }
                let about = Stretch { from: scrape.asked - *late, to: scrape.answered };
                let said = told.values().sum::<f64>() > 0.0;
                let backend = index as u16;
                states.words.push(Word { backend, about, said, shown: ledger.shows(backend, about) });
            }
        }
        if states.words.is_empty() {
            return Err(format!("no scrape has `{series}` of any backend"));
        }
        states.words.sort_by_key(|word| (word.about.to, word.backend));
        states.forgive_panic(view.brief);
        Ok(states)
    }

    /// Words on backends that the ledger shows to have been left alone.
    pub fn left_alone(&self) -> u64 {
        self.words.iter().filter(|word| word.shown == Some(false)).count() as u64
    }

    /// Words that the ledger shows to be wrong, in order.
    pub fn wrong(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(|word| word.shown.is_some_and(|shown| shown != word.said))
    }

    /// Whether any backend was left alone, by the gateway's word or by the ledger.
    pub fn came_up(&self) -> bool {
        self.words.iter().any(|word| !word.said || word.shown == Some(false))
    }

    /// Where a gateway that has no backend left may send its traffic to all of them, what arrives shows nothing then.
    fn forgive_panic(&mut self, brief: &Brief) {
        let sheds = |breaker: &Breaker| breaker.all_out != Some(AllOut::Panic);
        if brief.policy.breaker.as_ref().is_some_and(sheds) {
            return;
        }
        for words in self.words.chunk_by_mut(|one, other| one.about == other.about) {
            if words.iter().all(|word| !word.said) {
                for word in words {
                    word.shown = word.shown.filter(|shown| !shown);
                }
            }
        }
    }
}

/// The series of one backend.
fn filled(series: &str, backend: &BackendBrief) -> Result<String, String> {
    let named = series.replace(NAME, &backend.name);
    match backend.address {
        Some(address) => Ok(named.replace(ADDRESS, &address.to_string())),
        None if named.contains(ADDRESS) => {
            Err(format!("it is not on record which address `{}` had", backend.name))
        }
        None => Ok(named),
    }
}

/// What the ledger shows of each backend.
struct Witness<'a> {
    view: &'a View<'a>,
    observed: Stretch,
    /// When requests arrived at each backend, in order.
    arrivals: Vec<Vec<Moment>>,
    /// Until when any of them was under way, the ones before it included.
    under_way: Vec<Vec<Moment>>,
    traffic: Vec<Traffic>,
}

impl<'a> Witness<'a> {
    fn of(view: &'a View<'a>) -> Self {
        let observed = Stretch { from: Moment::EPOCH, to: recorded_to(view.ledger).max(Moment::EPOCH) };
        let mut attempts = vec![Vec::new(); view.brief.backends.len()];
        for attempt in view.ledger.attempts().iter().filter(|attempt| observed.contains(attempt.arrived)) {
            if let Some(here) = attempts.get_mut(usize::from(attempt.backend)) {
                here.push((attempt.arrived, attempt.ended));
            }
        }
        let (mut arrivals, mut under_way) = (Vec::new(), Vec::new());
        for mut here in attempts {
            here.sort_unstable();
            let latest = here.iter().scan(Moment::EPOCH, |latest, (_, ended)| {
                *latest = (*latest).max(*ended);
                Some(*latest)
            });
            under_way.push(latest.collect());
            arrivals.push(here.into_iter().map(|(arrived, _)| arrived).collect());
        }
        let traffic = Traffic::towards_each(view.ledger, view.brief);
        Witness { view, observed, arrivals, under_way, traffic }
    }

    /// Whether a backend was in use all the time that a word may be about, or was not at any moment of it.
    fn shows(&self, backend: u16, about: Stretch) -> Option<bool> {
        let index = usize::from(backend);
        let (here, traffic) = self.arrivals.get(index).zip(self.traffic.get(index))?;
        // What arrived during a stall of brownout may be on record as late as its end.
        let blur = self.view.stalls.touching(about.from, about.to);
        let about = Stretch { from: about.from - blur, to: about.to + blur };
        if about.from < self.observed.from || self.is_acted_on(backend, about) {
            return None;
        }
        let before = here.partition_point(|at| *at < about.from);
        let after = here.partition_point(|at| *at <= about.to);
        if before == after {
            let silent = Stretch {
                from: before.checked_sub(1).map_or(self.observed.from, |last| here[last]),
                to: here.get(after).copied().unwrap_or(self.observed.to),
            };
            // One that is full gets nothing either, and what becomes of a request decides whether a backend stays in use.
            let is_idle = before.checked_sub(1).is_none_or(|last| self.under_way[index][last] < about.from);
            let alone = is_idle && self.is_left_alone(backend, about, silent, missed_min(here.len()));
            return alone.then_some(false);
        }
        let (earlier, later) = (here.get(before.checked_sub(SIDE)?..before)?, here.get(after..after + SIDE)?);
        let sides = [earlier, later].map(|side| (side[0], side[SIDE - 1]));
        let gets_its_share = sides.iter().all(|(from, to)| traffic.expected(*from, *to) <= 2.0 * SIDE as f64);
        let open_for = self.view.brief.policy.breaker.as_ref().map(|breaker| *breaker.open_for);
        let is_short = |pair: &[Moment]| {
            traffic.expected(pair[0], pair[1]) < GAP_MAX
                && open_for.is_none_or(|open_for| pair[1].since(pair[0]) < open_for)
        };
        (gets_its_share && here[before - 1..=after].windows(2).all(is_short)).then_some(true)
    }

    /// Whether a backend that got nothing for so long was left alone by the gateway.
    fn is_left_alone(&self, backend: u16, about: Stretch, silent: Stretch, missed_min: f64) -> bool {
        let Brief { policy, injections, .. } = self.view.brief;
        // Of those with the same key all go to one backend: that none comes may be chance.
        if policy.affinity.is_some() {
            return false;
        }
        let hides = injections.iter().any(|injection| {
            injection.hides_attempts
                && injection.backends.contains(&backend)
                && injection.during.overlaps(&silent)
        });
        if hides {
            return false;
        }
        // Where its traffic comes back little by little, the first requests come late.
        let ramp = match policy.breaker.as_ref().and_then(|breaker| breaker.way_back) {
            Some(WayBack::Ramp(ramp)) => *ramp,
            _ => Duration::ZERO,
        };
        let traffic = &self.traffic[usize::from(backend)];
        traffic.expected(silent.from, about.from) >= missed_min
            && traffic.expected(about.to + ramp, silent.to) >= missed_min
    }

    /// Whether the gateway was acted on just then, or is meant to have the backend no more.
    fn is_acted_on(&self, backend: u16, about: Stretch) -> bool {
        let rows = &self.view.ledger.rest().actions;
        let is_near = |from: Moment, to: Moment| from <= about.to && to + AFTER_ACTION >= about.from;
        let last = rows.iter().filter(|row| row.began <= about.to).max_by_key(|row| row.began);
        let planned = last.and_then(|row| self.view.brief.actions.get(usize::from(row.action)));
        rows.iter().any(|row| is_near(row.began, row.ended))
            || planned.is_some_and(|action| !action.backends.contains(&backend))
    }
}

#[cfg(test)]
mod tests {
    use evidence::{Carried, Method};
    use policy::{Affinity, AffinityBy, Policy, Trip};

    use super::*;
    use crate::testing::{Call, Run, Try};

    const SERIES: &str = "up{backend=\"{{backend.name}}\"}";

    /// A request every 10 ms for 8 s, in turn to `a` and `b`; `a` gets none of those that are due in `out`.
    fn run(out: Stretch) -> Run {
        let run = Run::new().phase("steady", 8.0).backend("a").backend("b").class("reads", Method::Get);
        run.metrics().calls(800, |n| {
            let due = 10.0 * n as f64;
            let is_out = out.contains(Moment::EPOCH + Duration::from_millis(10 * n as u64));
            let backend = if n % 2 == 0 && !is_out { "a" } else { "b" };
            Call::due("reads", due).attempt(Try::ok(backend))
        })
    }

    fn between(from: u64, to: u64) -> Stretch {
        let at = |ms| Moment::EPOCH + Duration::from_millis(ms);
        Stretch { from: at(from), to: at(to) }
    }

    /// Scraped at these milliseconds, with both backends told to be in use: what the ledger shows of `a` at each.
    fn shown(run: Run, at: &[f64]) -> Vec<Option<bool>> {
        let told = [("up{backend=\"a\"}", 1.0), ("up{backend=\"b\"}", 1.0)];
        let run = at.iter().fold(run, |run, ms| run.scrape(*ms, &told));
        let states = run.view("steady", "", |view| States::of(view, SERIES, Timespan::from_millis(100)));
        states.unwrap().words.iter().filter(|word| word.backend == 0).map(|word| word.shown).collect()
    }

    /// A breaker that opens for some milliseconds.
    fn open_for(ms: u64) -> Breaker {
        let trip = Trip { consecutive: Some(5), count: None, share: None, within: None, min: None };
        Breaker::new(trip, Timespan::from_millis(ms))
    }

    fn declared(breaker: Breaker) -> Policy {
        Policy { breaker: Some(breaker), ..Policy::default() }
    }

    #[test]
    fn in_the_middle_of_a_silence_it_is_out_and_amid_its_traffic_in_use_and_at_the_edges_neither() {
        let at = [1_000.0, 2_050.0, 2_300.0, 3_500.0, 4_800.0, 5_050.0, 6_500.0];
        let shown = shown(run(between(2_000, 5_000)), &at);
        assert_eq!(shown, [Some(true), None, None, Some(false), None, None, Some(true)]);
    }

    #[test]
    fn a_backend_that_gets_nothing_more_is_out_and_in_its_last_moments_neither() {
        let shown = shown(run(between(2_000, 8_000)), &[2_050.0, 4_000.0, 7_950.0]);
        assert_eq!(shown, [None, Some(false), None]);
    }

    #[test]
    fn a_pause_that_chance_explains_shows_nothing() {
        assert_eq!(shown(run(between(2_000, 2_400)), &[1_000.0, 2_250.0]), [Some(true), None]);
    }

    #[test]
    fn a_gap_as_long_as_the_open_time_may_be_an_ejection() {
        let short = declared(open_for(15));
        assert_eq!(shown(run(between(0, 0)).policy(short), &[1_000.0, 2_000.0]), [None, None]);
    }

    #[test]
    fn what_keeps_requests_away_or_hides_them_is_no_proof() {
        let middle = || run(between(2_000, 5_000));
        let affinity = Some(Affinity { by: AffinityBy::Path, comes_back: false });
        let sticky = Policy { affinity, ..Policy::default() };
        let ramp = WayBack::Ramp(Timespan::from_secs(2));
        let slowly = declared(Breaker { way_back: Some(ramp), ..open_for(1_000) });
        let moved =
            middle().action("steady", "out", &["b"], (1_500.0, 1_600.0)).action_row(Carried::Done, None);
        let held = |run: Run| run.call(Call::due("reads", 1_995.0).attempt(Try::ok("a").takes(5_000.0)));
        let all = [
            middle().fault("steady", "refuse", &["a"]),
            middle().policy(sticky),
            middle().policy(slowly),
            moved,
            held(middle()),
            middle().hiccup(3_400.0, 1_500.0),
        ];
        for run in all {
            assert_eq!(shown(run, &[1_000.0, 3_500.0])[1], None);
        }
    }

    #[test]
    fn several_instances_have_a_state_each() {
        let two = declared(Breaker { workers: 2, ..open_for(1_000) });
        let run =
            run(between(0, 0)).policy(two).scrape(1_000.0, &[("up", 1.0)]).scrape(2_000.0, &[("up", 1.0)]);
        let why = run.view("steady", "", |view| States::of(view, SERIES, Timespan::default())).unwrap_err();
        assert_eq!(why, "each of 2 instances knows for itself which backends are in use");
    }

    #[test]
    fn a_backend_is_found_by_its_address_and_one_that_is_not_told_of_is_passed_over() {
        let told = [("up{at=\"127.0.0.1:9002\"}", 1.0)];
        let run = run(between(0, 0)).scrape(1_000.0, &told).scrape(2_000.0, &told);
        let by_address =
            |series: &str| run.view("steady", "", |view| States::of(view, series, Timespan::default()));
        let states = by_address("up{at=\"{{backend.address}}\"}").unwrap();
        assert_eq!(states.words.iter().map(|word| word.backend).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(by_address(SERIES).unwrap_err(), format!("no scrape has `{SERIES}` of any backend"));
    }
}
