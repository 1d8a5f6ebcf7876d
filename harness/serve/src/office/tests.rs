//! The office, with game days that tests hold in their hands.

use std::sync::atomic::Ordering;

use super::*;
use crate::store::Firing;
use crate::testing::Hands;

struct Open {
    keeper: Keeper,
    hands: Arc<Hands>,
    dir: tempfile::TempDir,
}

fn open(hands: Hands) -> Open {
    open_in(hands, tempfile::tempdir().unwrap())
}

fn open_in(hands: Hands, dir: tempfile::TempDir) -> Open {
    let hands = Arc::new(hands);
    let store = Arc::new(Store::open(dir.path()).unwrap());
    let keeper = Office::open(store, hands.clone(), Arc::new(SystemClock), dir.path().to_owned()).unwrap();
    Open { keeper, hands, dir }
}

impl Open {
    fn ask(&self, day: &str) -> i64 {
        let office = self.keeper.office();
        let now = office.now();
        let firing =
            office.store.ask(day, "ana", "", now, now.after(Duration::from_mins(1))).unwrap().unwrap();
        office.wake();
        firing.id
    }

    /// The firing once it is in `state`; fails if it does not come there.
    fn reaches(&self, id: i64, state: State) -> Firing {
        let (_hold, never) = sync_channel::<()>(0);
        for _ in 0..1_000 {
            let firing = self.keeper.office().store.firing(id).unwrap().unwrap();
            if firing.state == state {
                return firing;
            }
            let _ = never.recv_timeout(Duration::from_millis(10));
        }
        panic!("{:?}", self.keeper.office().store.firing(id));
    }
}

#[test]
fn a_game_day_that_is_asked_for_runs_once_to_its_end() {
    let open = open(Hands::default());
    let id = open.ask("outage");
    open.reaches(id, State::Running);
    open.hands.ends.cancel();
    let firing = open.reaches(id, State::Finished);
    assert!(firing.began.is_some() && firing.ended.is_some());
    open.keeper.close();
    assert_eq!(open.hands.held.load(Ordering::Relaxed), 1);
}

#[test]
fn the_red_button_stops_all_that_runs_and_nothing_begins_until_it_is_lifted() {
    let open = open(Hands::default());
    let ids = [open.ask("outage"), open.ask("slow")];
    for id in ids {
        open.reaches(id, State::Running);
    }
    open.keeper.office().press("ben", "smoke").unwrap();
    for id in ids {
        open.reaches(id, State::Stopped);
    }
    let late = open.ask("outage");
    assert!(open.reaches(late, State::Refused).why.contains("ben"));
    let office = open.keeper.office();
    office.store.lift("ben", "no smoke", office.now()).unwrap();
    let again = open.ask("outage");
    open.reaches(again, State::Running);
    open.keeper.close();
    assert_eq!(open.hands.held.load(Ordering::Relaxed), 3);
}

#[test]
fn what_a_killed_server_left_under_way_is_recovered_once_and_not_held_again() {
    let before = open(Hands::default());
    let id = before.ask("outage");
    before.reaches(id, State::Running);
    // The process is gone, and nobody has told the store: the office is never closed.
    let Open { keeper, hands, dir } = before;
    let after = open_in(Hands::default(), dir);
    let firing = after.reaches(id, State::Recovered);
    assert_eq!(firing.why, "the server ended while it ran; nothing was recorded");
    // What the old one would still say comes too late.
    keeper.close();
    assert_eq!(after.reaches(id, State::Recovered).why, firing.why);
    after.keeper.close();
    assert_eq!((hands.held.load(Ordering::Relaxed), after.hands.held.load(Ordering::Relaxed)), (1, 0));
    let dir = after.dir;
    let last = open_in(Hands::default(), dir);
    last.reaches(id, State::Recovered);
    last.keeper.close();
    assert_eq!(
        (after.hands.recovered.load(Ordering::Relaxed), last.hands.recovered.load(Ordering::Relaxed)),
        (1, 0)
    );
}

#[test]
fn a_server_that_is_closed_ends_in_order_what_runs() {
    let open = open(Hands::default());
    let id = open.ask("outage");
    open.reaches(id, State::Running);
    let office = open.keeper.office().clone();
    open.keeper.close();
    assert_eq!(office.store.firing(id).unwrap().unwrap().state, State::Stopped);
}

#[test]
fn a_defect_in_one_game_day_does_not_end_the_server() {
    let open = open(Hands { panics: true, ..Hands::default() });
    let id = open.ask("outage");
    assert!(open.reaches(id, State::Failed).why.contains("defect"));
    let again = open.ask("outage");
    open.reaches(again, State::Failed);
    open.keeper.close();
}

/// What was noted of messages, once there is any.
fn told(office: &Office) -> Vec<(String, String)> {
    let (_hold, never) = sync_channel::<()>(0);
    let told = || -> Vec<_> {
        let log = office.store.audit(i64::MAX, 50).unwrap();
        let told = log.into_iter().filter(|entry| entry.what == "tell");
        told.map(|entry| (entry.subject, entry.detail)).collect()
    };
    for _ in 0..1_000 {
        let _ = never.recv_timeout(Duration::from_millis(10));
        if !told().is_empty() {
            return told();
        }
    }
    panic!("nobody was told within 10 s");
}

#[test]
fn who_is_to_be_told_hears_once_of_a_firing_that_the_red_button_refused() {
    let open = open(Hands::default());
    let office = open.keeper.office().clone();
    office.press("ana", "smoke").unwrap();
    let id = open.ask("outage");
    open.reaches(id, State::Refused);
    let told = told(&office);
    assert_eq!(told.len(), 1, "{told:?}");
    let (subject, detail) = &told[0];
    assert_eq!(*subject, format!("firing {id}"));
    assert!(detail.starts_with("told somebody: refused: the red button is pressed, by ana"), "{detail}");
    assert_eq!(office.store.untold().unwrap(), []);
    open.keeper.close();
}

#[test]
fn a_message_that_a_kill_came_before_is_sent_by_the_next_server() {
    let dir = tempfile::tempdir().unwrap();
    // What a server has done that was killed between the record of a refused firing and the message about it.
    let store = Store::open(dir.path()).unwrap();
    store.press("ana", "smoke", WallTime(0)).unwrap();
    let now = SystemClock.now();
    let id = store.ask("outage", "ana", "", now, now.after(Duration::from_mins(1))).unwrap().unwrap().id;
    crate::calendar::look(&store, &Hands::default().days(), now).unwrap();
    assert_eq!(store.untold().unwrap().iter().map(|firing| firing.id).collect::<Vec<_>>(), [id]);
    drop(store);
    let open = open_in(Hands::default(), dir);
    let office = open.keeper.office().clone();
    assert_eq!(told(&office)[0].0, format!("firing {id}"));
    open.keeper.close();
}
