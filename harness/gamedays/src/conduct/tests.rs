//! Game days in a made-up world.

use std::fs;

use gateways::Allowed;
use reports::Verdict;
use tokio_util::sync::CancellationToken;

use super::begin::Stage;
use super::hold::hold;
use super::journal::Journal;
use super::script::{Deed, Heard, Play, START, Script, WELL, approved_by, day, held};
use super::{recover, tell_unheld};
use crate::event::{Event, Outcome};
use crate::file::Occasion;
use crate::timeline::{TIMELINE, Timeline, entries};

const PLAIN: &str = "title = \"t\"\n[[run]]\nscenario = \"first-look\"\n";

/// One that is stopped when too much fails, and undone then.
const WATCHED: &str = r#"
title = "Checkout outlives a pod"
allow_commands = true
decide = ["Is the retry budget right?"]
[[run]]
scenario = "first-look"
[[stop]]
error_share = { above = 0.2, over = "3s" }
[rollback]
run = ["./undo.sh", "checkout"]
proof = "retry-503"
"#;

/// The words of steps.
fn words(events: &[Event]) -> Vec<String> {
    let word = |event| {
        let value = serde_json::to_value(event).unwrap();
        value.as_object().unwrap().keys().next().unwrap().clone()
    };
    events.iter().map(word).collect()
}

fn failing() -> Play {
    Play { length: 10_000, fails_from: 2_000, verdict: Verdict::Fail, ..WELL }
}

fn plays(plays: Vec<Play>) -> Script {
    Script { plays: plays.into(), ..Script::default() }
}

#[test]
fn the_worst_verdict_of_the_runs_is_that_of_the_day_and_each_step_is_on_record() {
    let script = plays(vec![WELL, Play { verdict: Verdict::Inconclusive, ..WELL }, WELL]);
    let (outcome, events, dir) = held(PLAIN, &script, Vec::new());
    assert_eq!(outcome.unwrap(), Outcome::Finished { verdict: Verdict::Pass });
    assert_eq!(words(&events), ["opened", "run_begins", "run_ended", "closed"]);
    let on_disk: Vec<Event> =
        entries(&dir.path().join("practice/one")).unwrap().into_iter().map(|entry| entry.event).collect();
    assert_eq!(on_disk, events);
    let two = format!("{PLAIN}[[run]]\nscenario = \"retry-503\"\n");
    let (outcome, ..) = held(&two, &script, Vec::new());
    assert_eq!(outcome.unwrap(), Outcome::Finished { verdict: Verdict::Inconclusive });
}

#[test]
fn runs_beside_each_other_begin_together_and_others_wait() {
    let text = "title = \"t\"\n[[run]]\nscenario = \"first-look\"\nbeside = \"x\"\n[[run]]\nscenario = \"retry-503\"\n\
                beside = \"x\"\n[[run]]\nscenario = \"first-look\"\n";
    let script = Script::default();
    held(text, &script, Vec::new()).0.unwrap();
    let began = |name: &str, at| Deed::Began(name.to_owned(), at);
    assert_eq!(
        *script.deeds.borrow(),
        [began("first-look", 0), began("retry-503", 0), began("first-look", 5_000)]
    );
}

#[test]
fn a_stop_condition_ends_the_run_within_a_step_and_all_is_undone_and_proven() {
    let script = plays(vec![failing()]);
    let (outcome, events, _dir) = held(WATCHED, &script, Vec::new());
    let Outcome::Stopped { why, value } = outcome.unwrap() else { panic!() };
    assert_eq!(why, "more than 20 % of exchanges fail over 3 s");
    assert_eq!(value.unwrap(), "6 of 26 exchanges failed, 23.1 %");
    assert_eq!(
        words(&events),
        [
            "opened",
            "run_begins",
            "stopping",
            "run_ended",
            "rollback_begins",
            "rollback_ended",
            "proof_begins",
            "proof_ended",
            "closed"
        ]
    );
    let deeds = script.deeds.borrow();
    assert_eq!(deeds[1], Deed::Interrupted("first-look".to_owned(), 2_600));
    assert_eq!(
        deeds[2..],
        [Deed::Ran("./undo.sh checkout".to_owned()), Deed::Began("retry-503".to_owned(), 2_800)]
    );
    assert!(matches!(events.last(), Some(Event::Closed { decide, .. }) if decide.len() == 1));
}

#[test]
fn a_day_that_goes_well_needs_no_rollback_and_one_that_is_not_proven_has_failed() {
    let script = Script::default();
    let (outcome, events, _dir) = held(WATCHED, &script, Vec::new());
    assert_eq!(outcome.unwrap(), Outcome::Finished { verdict: Verdict::Pass });
    assert!(!words(&events).contains(&"rollback_begins".to_owned()));
    let always = WATCHED.replace("proof =", "when = \"always\"\nproof =");
    let unproven = plays(vec![WELL, Play { verdict: Verdict::Inconclusive, ..WELL }]);
    let (outcome, ..) = held(&always, &unproven, Vec::new());
    let outcome = outcome.unwrap();
    assert!(
        matches!(&outcome, Outcome::Failed { why } if why.contains("not proven") && why.contains("finished: pass")),
        "{outcome}"
    );
    let failing = Script { code: 3, ..plays(vec![failing()]) };
    let (outcome, ..) = held(WATCHED, &failing, Vec::new());
    let outcome = outcome.unwrap().to_string();
    assert!(
        outcome.starts_with(
            "failed: the rollback failed: it ended with 3: undone; before that the day was stopped"
        ),
        "{outcome}"
    );
}

#[test]
fn nothing_is_sent_before_somebody_has_agreed() {
    let text = format!(
        "{PLAIN}[[approval]]\nrole = \"sre\"\ncount = 2\n[[prerequisite]]\nsteady = {{ scenario = \"retry-503\" }}\n"
    );
    let script = Script::default();
    let (outcome, events, _dir) = held(&text, &script, vec![approved_by("ana"), approved_by("ben")]);
    // Ben has asked for it himself.
    assert_eq!(outcome.unwrap().to_string(), "refused: 1 approval by the role `sre` missing, of 2");
    assert_eq!(words(&events), ["opened", "approval", "approval", "closed"]);
    assert!(script.deeds.borrow().is_empty());
    let (outcome, events, _dir) = held(&text, &script, vec![approved_by("ana"), approved_by("cem")]);
    assert_eq!(outcome.unwrap(), Outcome::Finished { verdict: Verdict::Pass });
    assert_eq!(words(&events)[3..6], ["checking", "checked", "run_begins"]);
}

#[test]
fn a_prerequisite_that_is_not_met_and_a_preflight_that_says_no_refuse_the_day() {
    let steady = format!("{PLAIN}[[prerequisite]]\nsteady = {{ scenario = \"retry-503\" }}\n");
    let script = plays(vec![Play { verdict: Verdict::Inconclusive, ..WELL }]);
    let (outcome, ..) = held(&steady, &script, Vec::new());
    assert_eq!(
        outcome.unwrap().to_string(),
        "refused: the scenario `retry-503` passes: inconclusive; `brownout report runs/x` says why"
    );
    assert_eq!(script.deeds.borrow().len(), 1, "only the steady state was tried");

    let asks = format!("{PLAIN}[[preflight]]\nurl = \"http://localhost/go\"\n");
    let say = |status| Script { answers: vec![("http://localhost/go", status)], ..Script::default() };
    assert_eq!(held(&asks, &say(204), Vec::new()).0.unwrap(), Outcome::Finished { verdict: Verdict::Pass });
    assert_eq!(held(&asks, &say(302), Vec::new()).0.unwrap().word(), "refused");
    let silent = held(&asks, &Script::default(), Vec::new()).0.unwrap().to_string();
    assert!(silent.ends_with("said no: no answer in time"), "{silent}");
}

#[test]
fn the_button_ends_a_day_at_any_moment_and_what_was_begun_is_undone() {
    for at in (0..7_000).step_by(350) {
        let script = Script { button: Some((at, CancellationToken::new())), ..plays(vec![WELL]) };
        let (outcome, events, _dir) = held(WATCHED, &script, Vec::new());
        let outcome = outcome.unwrap();
        if at > 5_000 {
            assert_eq!(outcome, Outcome::Finished { verdict: Verdict::Pass });
            continue;
        }
        assert_eq!(outcome.to_string(), "stopped: ended by hand", "{at}");
        assert!(words(&events).contains(&"proof_ended".to_owned()), "{at}");
        let told = script.deeds.borrow().iter().find_map(|deed| match deed {
            Deed::Interrupted(_, told) => Some(*told),
            _ => None,
        });
        assert!(told.is_some_and(|told| (0..100).contains(&(told - at))), "{at} {told:?}");
    }
}

#[test]
fn a_run_that_can_not_be_made_ends_those_beside_it_and_the_day_has_failed() {
    let text = "title = \"t\"\n[[run]]\nscenario = \"first-look\"\nbeside = \"x\"\n[[run]]\nscenario = \"retry-503\"\nbeside = \"x\"\n";
    let script = plays(vec![WELL, Play { refused: Some("no port is left"), ..WELL }]);
    let outcome = held(text, &script, Vec::new()).0.unwrap();
    assert_eq!(outcome.to_string(), "failed: the run of `retry-503`: no port is left");
    assert!(script.deeds.borrow().contains(&Deed::Interrupted("first-look".to_owned(), 0)));
}

#[test]
fn an_address_that_never_answers_keeps_no_other_condition_from_being_looked_at() {
    let text = WATCHED.replace(
        "[rollback]",
        "[[stop]]\nurl = { address = \"http://localhost/x\", within = \"30s\" }\n[rollback]",
    );
    let outcome = held(&text, &plays(vec![failing()]), Vec::new()).0.unwrap().to_string();
    assert!(outcome.contains("6 of 26 exchanges failed"), "{outcome}");
    let down = WATCHED
        .replace("[rollback]", "[[stop]]\nurl = { address = \"http://localhost/x\", times = 2 }\n[rollback]");
    let script = Script { answers: vec![("http://localhost/x", 500)], ..Script::default() };
    let outcome = held(&down, &script, Vec::new()).0.unwrap().to_string();
    assert_eq!(
        outcome,
        "stopped: `http://localhost/x` does not answer a status from 200 to 299, 2 times in a row: 500"
    );
}

#[test]
fn whoever_is_to_be_told_is_told_and_a_web_address_that_is_down_changes_nothing() {
    let text = format!(
        "allow_hosts = [\"hooks.example.com\"]\n{PLAIN}[[notify]]\nurl = \"https://hooks.example.com/x\"\nsecret = \
         \"{{{{env.HOOK}}}}\"\non = [\"started\", \"finished\", \"stopped\"]\n"
    );
    let script = Script { answers: vec![("https://hooks.example.com/x", 500)], ..Script::default() };
    let (outcome, events, _dir) = held(&text, &script, Vec::new());
    assert_eq!(outcome.unwrap(), Outcome::Finished { verdict: Verdict::Pass });
    let told: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::Notified { of, well: false, .. } => Some(of.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["started", "finished"]);
    let missed = text.replace("\"started\"", "\"missed\"");
    let allowed = Allowed { hosts: vec!["hooks.example.com".to_owned()], ..Allowed::default() };
    let told = tell_unheld(&day(&missed), START, (Occasion::Missed, "nobody was there"), &allowed, &script);
    assert!(matches!(&told[..], [Event::Notified { of, .. }] if of == "missed"), "{told:?}");
}

#[test]
fn a_day_that_was_cut_after_any_step_is_brought_to_its_end_and_undone_once() {
    let (_, events, dir) = held(WATCHED, &plays(vec![failing()]), Vec::new());
    let whole = dir.path().join("practice/one");
    let lines = fs::read_to_string(whole.join(TIMELINE)).unwrap();
    let allowed = Allowed { commands: true, ..Allowed::default() };
    for kept in 1..events.len() {
        let cut = dir.path().join(format!("practice/cut-{kept}"));
        fs::create_dir(&cut).unwrap();
        fs::copy(whole.join("gameday.toml"), cut.join("gameday.toml")).unwrap();
        let text: String = lines.split_inclusive('\n').take(kept).collect();
        // The step after it was being written.
        fs::write(cut.join(TIMELINE), text + "{\"number\":").unwrap();
        let script = Script::default();
        let outcome = recover(&cut, &allowed, &script, &mut Heard::default()).unwrap();
        let before = words(&events[..kept]);
        let had = |word: &str| before.contains(&word.to_owned());
        let ran = script.deeds.borrow().iter().filter(|deed| matches!(deed, Deed::Ran(_))).count();
        assert_eq!(ran == 1, had("run_begins") && !had("rollback_begins"), "{kept}: {before:?}");
        assert!(ran <= 1);
        let expected = if had("stopping") { "stopped" } else { "failed" };
        assert_eq!(outcome.word(), expected, "{kept}: {outcome}");
        let after = entries(&cut).unwrap();
        assert!(matches!(after.last().unwrap().event, Event::Closed { .. }));
        // Looked at again, nothing is done any more.
        let again = Script::default();
        assert_eq!(recover(&cut, &allowed, &again, &mut Heard::default()).unwrap(), outcome);
        assert!(again.deeds.borrow().is_empty());
    }
}

#[test]
fn a_day_whose_file_was_edited_after_it_began_runs_no_program() {
    let (_, _, dir) = held(WATCHED, &plays(vec![failing()]), Vec::new());
    let one = dir.path().join("practice/one");
    let lines = fs::read_to_string(one.join(TIMELINE)).unwrap();
    fs::write(one.join(TIMELINE), lines.split_inclusive('\n').take(2).collect::<String>()).unwrap();
    let file = fs::read_to_string(one.join("gameday.toml")).unwrap();
    fs::write(one.join("gameday.toml"), file.replace("undo.sh", "other.sh")).unwrap();
    let script = Script::default();
    let allowed = Allowed { commands: true, ..Allowed::default() };
    let error = recover(&one, &allowed, &script, &mut Heard::default()).unwrap_err().to_string();
    assert!(error.contains("not the file that the day began with"), "{error}");
    assert!(script.deeds.borrow().is_empty());
}

#[test]
fn what_can_not_be_put_on_record_is_not_begun() {
    let (day, dir, script) = (day(PLAIN), tempfile::tempdir().unwrap(), Script::default());
    let (allowed, stop) = (Allowed::default(), CancellationToken::new());
    let stage = Stage { day: &day, dir: dir.path(), environment: &script, allowed: &allowed, stop: &stop };
    let mut heard = Heard::default();
    let mut journal = Journal::new(Timeline::broken(dir.path()), &script, &mut heard);
    let outcome = hold(&stage, &mut journal).to_string();
    assert_eq!(outcome, "failed: the timeline can't be written, so that nothing is begun");
    assert!(journal.broken().is_some() && script.deeds.borrow().is_empty());
}

#[test]
fn a_day_that_is_given_up_before_it_was_undone_is_left_open_and_recovered_once() {
    let token = CancellationToken::new();
    let script = Script { button: Some((1_000, token)), given_up: Some(1_100), ..plays(vec![failing()]) };
    let (outcome, events, dir) = held(WATCHED, &script, Vec::new());
    let told = outcome.unwrap_err().to_string();
    assert!(told.contains("not undone\nhelp: `brownout gameday recover"), "{told}");
    assert_eq!(words(&events), ["opened", "run_begins", "stopping"]);
    let script = Script::default();
    let allowed = Allowed { commands: true, ..Allowed::default() };
    let outcome =
        recover(&dir.path().join("practice/one"), &allowed, &script, &mut Heard::default()).unwrap();
    assert_eq!(outcome.word(), "stopped");
    assert!(script.deeds.borrow().contains(&Deed::Ran("./undo.sh checkout".to_owned())));
}

#[test]
fn a_day_that_is_given_up_and_has_nothing_to_undo_is_over() {
    let script = Script {
        button: Some((1_000, CancellationToken::new())),
        given_up: Some(1_100),
        ..plays(vec![failing()])
    };
    let (outcome, events, _dir) = held(PLAIN, &script, Vec::new());
    assert_eq!(outcome.unwrap().word(), "stopped");
    assert_eq!(words(&events).last().unwrap(), "closed");
}
