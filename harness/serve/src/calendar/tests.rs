//! The calendar, looked at by a clock that the tests move.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::practice::{Ending, Timetable};
use crate::store::Query;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// The beginning of the tests: a whole number of hours.
const START: i64 = 490_000 * HOUR;

/// A moment of the tests, so many minutes after their beginning.
fn at(minutes: i64) -> WallTime {
    WallTime(START + minutes * MINUTE)
}

/// Fires each so many minutes.
struct Each(i64, Duration);

impl Timetable for Each {
    fn text(&self) -> String {
        format!("each {} minutes", self.0)
    }

    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let length = self.0 * MINUTE;
        Some(WallTime((after.as_millisecond().div_euclid(length) + 1) * length).timestamp())
    }

    fn window(&self) -> Duration {
        self.1
    }
}

fn hourly() -> Day {
    Day {
        name: "outage".to_owned(),
        title: "An outage".to_owned(),
        plan: String::new(),
        problem: None,
        digest: "v1".to_owned(),
        timetable: Some(Arc::new(Each(60, Duration::from_mins(10)))),
        approvals: Vec::new(),
    }
}

fn approved_by_sre() -> Day {
    let rule =
        ApprovalRule { role: "sre".into(), count: 1, within: Duration::from_hours(24), by_asker: false };
    Day { approvals: vec![rule], ..hourly() }
}

/// A store whose calendar was looked at once, at the beginning.
fn store(days: &[Day]) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert!(look(&store, days, at(0)).unwrap().is_empty());
    (dir, store)
}

/// All firings in the order of their moments: minutes after the beginning, state, why.
fn story(store: &Store) -> Vec<(i64, &'static str, String)> {
    let mut firings = store.firings(&Query { limit: 10_000, ..Query::default() }).unwrap();
    firings.sort_by_key(|firing| (firing.due, firing.id));
    let tell = |firing: Firing| ((firing.due.0 - START) / MINUTE, firing.state.word(), firing.why);
    firings.into_iter().map(tell).collect()
}

fn finish(store: &Store, order: &Order, now: WallTime) {
    let ending = Ending { state: State::Finished, why: String::new(), verdict: None, runs: Vec::new() };
    store.end(order.firing, &ending, now).unwrap();
}

#[test]
fn a_firing_begins_at_its_moment_and_not_again() {
    let days = [hourly()];
    let (_dir, store) = store(&days);
    assert!(look(&store, &days, at(59)).unwrap().is_empty());
    let begun = look(&store, &days, at(60)).unwrap();
    assert_eq!(begun.len(), 1);
    assert!(look(&store, &days, at(61)).unwrap().is_empty());
    finish(&store, &begun[0], at(62));
    assert!(look(&store, &days, at(63)).unwrap().is_empty());
    let told = story(&store);
    assert_eq!(told, [(60, "finished", String::new()), (120, "due", String::new())]);
}

#[test]
fn a_firing_waits_for_its_approvals_as_long_as_its_window_is_open() {
    let days = [approved_by_sre()];
    let (_dir, store) = store(&days);
    assert!(look(&store, &days, at(60)).unwrap().is_empty());
    assert_eq!(story(&store)[0], (60, "due", "it waits for 1 approval of role sre".to_owned()));
    let id = store.due(at(60)).unwrap()[0].id;
    let approval = |role: &str, digest: &str, at: WallTime| Approval {
        user: "ben".into(),
        role: role.into(),
        comment: "go".into(),
        at,
        digest: digest.into(),
    };
    for useless in
        [approval("dev", "v1", at(61)), approval("sre", "v0", at(61)), approval("sre", "v1", at(-24 * 60))]
    {
        store.approve(id, &useless).unwrap();
        assert!(look(&store, &days, at(62)).unwrap().is_empty(), "{useless:?}");
    }
    store.approve(id, &approval("sre", "v1", at(63))).unwrap();
    assert_eq!(look(&store, &days, at(64)).unwrap()[0].approvals.len(), 1);
    // Nobody approves the next one.
    look(&store, &days, at(120)).unwrap();
    look(&store, &days, at(131)).unwrap();
    let why = "it waits for 1 approval of role sre, and its window has passed";
    assert!(matches!(&story(&store)[1], (120, "overlapped", _)), "the first one was never ended");
    look(&store, &days, at(180)).unwrap();
    assert!(!story(&store).iter().any(|(_, _, told)| told == why));
}

#[test]
fn without_approvals_a_firing_is_missed_and_says_what_it_waited_for() {
    let days = [approved_by_sre()];
    let (_dir, store) = store(&days);
    look(&store, &days, at(60)).unwrap();
    look(&store, &days, at(71)).unwrap();
    let why = "it waits for 1 approval of role sre, and its window has passed";
    assert_eq!(story(&store)[0], (60, "missed", why.to_owned()));
}

#[test]
fn nobody_approves_what_they_asked_for_unless_the_file_allows_it() {
    let day = approved_by_sre();
    let own = Approval {
        user: "ana".into(),
        role: "sre".into(),
        comment: String::new(),
        at: at(0),
        digest: "v1".into(),
    };
    let missing =
        |rules: &[ApprovalRule], asked_by| missing(rules, std::slice::from_ref(&own), asked_by, "v1", at(1));
    assert_eq!(missing(&day.approvals, Some("ana")), ["1 approval of role sre"]);
    assert!(missing(&day.approvals, Some("ben")).is_empty());
    let allowed = [ApprovalRule { by_asker: true, ..day.approvals[0].clone() }];
    assert!(missing(&allowed, Some("ana")).is_empty());
}

#[test]
fn what_falls_due_while_the_red_button_is_pressed_is_refused_and_does_not_begin_when_it_is_lifted() {
    let days = [hourly()];
    let (_dir, store) = store(&days);
    store.press("ana", "the site is down", at(50)).unwrap();
    assert!(look(&store, &days, at(60)).unwrap().is_empty());
    store.lift("ana", "it is up", at(61)).unwrap();
    assert!(look(&store, &days, at(62)).unwrap().is_empty());
    assert!(matches!(&story(&store)[0], (60, "refused", why) if why.contains("pressed, by ana")));
    assert_eq!(look(&store, &days, at(120)).unwrap().len(), 1);
}

#[test]
fn a_game_day_does_not_run_beside_itself() {
    let days = [hourly()];
    let (_dir, store) = store(&days);
    let first = look(&store, &days, at(60)).unwrap();
    assert!(look(&store, &days, at(120)).unwrap().is_empty());
    finish(&store, &first[0], at(121));
    assert!(
        look(&store, &days, at(125)).unwrap().is_empty(),
        "it would begin late, beside nobody's expectation"
    );
    let why = format!("firing {} was still running", first[0].firing);
    assert_eq!(story(&store)[1], (120, "overlapped", why));
}

#[test]
fn what_fell_due_while_nobody_looked_is_missed_but_for_one_whose_window_is_open() {
    let days = [hourly()];
    let (dir, old) = store(&days);
    drop(old);
    let store = Store::open(dir.path()).unwrap();
    let begun = look(&store, &days, at(185)).unwrap();
    assert_eq!(begun.len(), 1);
    let told = story(&store);
    assert!(matches!(&told[0], (60, "missed", why) if why.starts_with("nobody looked between ")), "{told:?}");
    assert!(matches!(&told[1], (120, "missed", _)));
    assert!(matches!(&told[2], (180, "running", _)));
}

#[test]
fn a_clock_that_is_set_back_fires_nothing_again_and_one_that_was_ahead_misses_nothing() {
    let days = [hourly()];
    let (_dir, store) = store(&days);
    let first = look(&store, &days, at(60)).unwrap();
    finish(&store, &first[0], at(61));
    assert!(look(&store, &days, at(55)).unwrap().is_empty());
    assert!(look(&store, &days, at(60)).unwrap().is_empty());
    // For a while the clock is a day ahead, and then right again.
    look(&store, &days, at(24 * 60 + 30)).unwrap();
    assert!(matches!(&story(&store)[1], (120, "missed", _)));
    look(&store, &days, at(90)).unwrap();
    assert_eq!(look(&store, &days, at(120)).unwrap().len(), 1);
}

#[test]
fn a_new_schedule_takes_back_what_the_old_one_foresaw_and_fires_nothing_of_before() {
    let days = [hourly()];
    let (_dir, store) = store(&days);
    let changed = [Day { timetable: Some(Arc::new(Each(20, Duration::from_mins(10)))), ..hourly() }];
    assert!(look(&store, &changed, at(50)).unwrap().is_empty());
    assert_eq!(look(&store, &changed, at(60)).unwrap().len(), 1);
    let told = story(&store);
    assert_eq!(told[0], (60, "withdrawn", "its schedule was changed".to_owned()));
    assert!(matches!(&told[1], (60, "running", _)), "{told:?}");
    look(&store, &[], at(65)).unwrap();
    assert_eq!(story(&store)[2], (80, "withdrawn", "it has no schedule any more".to_owned()));
}

#[test]
fn a_file_with_a_mistake_keeps_its_schedule_and_what_falls_due_is_refused() {
    let days = [hourly()];
    let (_dir, store) = store(&days);
    let broken = [Day { timetable: None, problem: Some("outage.toml:3:1: what is this".into()), ..hourly() }];
    look(&store, &broken, at(60)).unwrap();
    let why = "the file has a mistake: outage.toml:3:1: what is this";
    assert_eq!(story(&store)[0], (60, "refused", why.to_owned()));
    look(&store, &days, at(61)).unwrap();
    assert_eq!(look(&store, &days, at(120)).unwrap().len(), 1);
}

#[test]
fn what_is_started_by_hand_begins_at_the_next_look_and_its_moment_is_no_schedule_s() {
    let days = [Day { timetable: None, ..hourly() }];
    let (_dir, store) = store(&days);
    store.ask("outage", "ana", "now", at(7), at(30)).unwrap();
    let begun = look(&store, &days, at(7)).unwrap();
    assert_eq!(begun[0].asked_by.as_deref(), Some("ana"));
}

/// A year of the server: it looks each minute, is away now and then for up to two days, its clock is set back now and then,
/// and game days take up to an hour and a half.
#[test]
fn in_a_year_each_moment_of_a_schedule_is_accounted_for_exactly_once() {
    let days = [Day { timetable: Some(Arc::new(Each(30, Duration::from_mins(10)))), ..hourly() }];
    let (dir, store) = store(&days);
    let mut store = store.hurry();
    let (mut minute, mut step) = (0, 1_u64);
    let mut draw = |below: u64| {
        step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (step >> 33) % below
    };
    let mut under_way: Option<(Order, i64)> = None;
    let mut begun = BTreeMap::new();
    while minute < 365 * 24 * 60 {
        minute += match draw(400) {
            0 => {
                // The server is killed, and somebody starts it again later.
                drop(store);
                store = Store::open(dir.path()).unwrap().hurry();
                if let Some((order, _)) = under_way.take() {
                    finish(&store, &order, at(minute));
                }
                draw(2 * 24 * 60) as i64
            }
            1 => -(draw(90) as i64),
            _ => 10,
        };
        if under_way.as_ref().is_some_and(|(_, until)| *until <= minute) {
            finish(&store, &under_way.take().unwrap().0, at(minute));
        }
        // As often as it takes: of much that was missed each look writes down a part.
        for order in look(&store, &days, at(minute)).unwrap() {
            *begun.entry(order.firing).or_insert(0) += 1;
            assert!(under_way.is_none(), "two at a time");
            under_way = Some((order, minute + draw(90) as i64));
        }
    }
    look(&store, &days, at(minute)).unwrap();
    assert!(begun.values().all(|times| *times == 1), "one began twice");
    let told: Vec<_> = story_of_all(&store).into_iter().filter(|(due, _)| *due <= minute).collect();
    let moments: Vec<i64> = told.iter().map(|(due, _)| *due).collect();
    let all: Vec<i64> = (1..=minute / 30).map(|number| number * 30).collect();
    assert_eq!(moments, all, "one moment is missing, or there twice");
    let count = |word| told.iter().filter(|(_, state)| *state == word).count();
    let counts = ["finished", "missed", "overlapped"].map(count);
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
    assert!(count("due") + count("running") <= 2, "what has passed is decided");
    store.verify_audit(None).unwrap();
}

fn story_of_all(store: &Store) -> Vec<(i64, &'static str)> {
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = store.firings(&Query { before, limit: 1_000, ..Query::default() }).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        all.extend(page.into_iter().map(|firing| ((firing.due.0 - START) / MINUTE, firing.state.word())));
    }
    all.sort_unstable();
    all
}
