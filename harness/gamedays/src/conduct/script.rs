//! A world that is made up: its clock moves when somebody waits, and what happens in it is written down before.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateways::Allowed;
use jiff::{SignedDuration, Timestamp};
use reports::Verdict;
use tokio_util::sync::CancellationToken;
use units::Moment;

use super::{ConductError, Listener, Orders, conduct};
use crate::approvals::Approval;
use crate::day::GameDay;
use crate::environment::{Environment, Errand, Pending, Question, Ran, RunEnd, RunOrder, Underway};
use crate::event::{Entry, Event, Outcome};
use crate::load_text;
use crate::tally::Tally;
use crate::tally::testing::exchange;

/// What becomes of a run.
#[derive(Clone, Debug)]
pub(super) struct Play {
    /// How long it takes, in milliseconds.
    pub(super) length: u64,
    /// From which millisecond on exchanges fail; ten are over each second.
    pub(super) fails_from: u64,
    /// What its report says.
    pub(super) verdict: Verdict,
    /// Why it can't be started.
    pub(super) refused: Option<&'static str>,
}

/// A run of 5 s in which all is well.
pub(super) const WELL: Play =
    Play { length: 5_000, fails_from: u64::MAX, verdict: Verdict::Pass, refused: None };

/// What was done in the world.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    /// A run was started, after so many milliseconds.
    Began(String, i64),
    /// It was told to end.
    Interrupted(String, i64),
    /// A program was run.
    Ran(String),
    /// An address was asked.
    Asked(String),
}

#[derive(Default)]
pub(super) struct Script {
    /// Milliseconds since the beginning.
    pub(super) clock: Rc<Cell<i64>>,
    /// The runs, in the order in which they are started; after them, all is well.
    pub(super) plays: RefCell<Vec<Play>>,
    /// What each address answers; one that is not here never does.
    pub(super) answers: Vec<(&'static str, u16)>,
    /// With which code programs end.
    pub(super) code: i32,
    /// When all is given up, in milliseconds.
    pub(super) given_up: Option<i64>,
    /// When the stop is asked for by hand.
    pub(super) button: Option<(i64, CancellationToken)>,
    pub(super) deeds: Rc<RefCell<Vec<Deed>>>,
}

impl Environment for Script {
    fn now(&self) -> Timestamp {
        START + SignedDuration::from_millis(self.clock.get())
    }
    fn pause(&self, time: Duration) {
        self.clock.set(self.clock.get() + time.as_millis() as i64);
        if let Some((at, token)) = &self.button
            && self.clock.get() >= *at
        {
            token.cancel();
        }
    }
    fn ask(&self, question: &Question) -> Pending<Result<u16, String>> {
        self.deeds.borrow_mut().push(Deed::Asked(question.url.clone()));
        let answer = self.answers.iter().find(|(url, _)| *url == question.url).map(|(_, status)| *status);
        let (clock, end) = (self.clock.clone(), self.clock.get() + question.within.as_millis() as i64);
        Box::new(move || match answer {
            Some(status) => Some(Ok(status)),
            None => (clock.get() >= end).then(|| Err("no answer in time".to_owned())),
        })
    }
    fn execute(&self, errand: &Errand) -> Pending<Result<Ran, String>> {
        self.deeds.borrow_mut().push(Deed::Ran(errand.words.join(" ")));
        let ran = Ran { code: Some(self.code), output: "undone\n".to_owned() };
        Box::new(move || Some(Ok(ran.clone())))
    }
    fn exists(&self, _: &Path) -> bool {
        false
    }
    fn begin(&self, order: &RunOrder<'_>) -> Result<Box<dyn Underway>, String> {
        let mut plays = self.plays.borrow_mut();
        let play = if plays.is_empty() { WELL } else { plays.remove(0) };
        if let Some(why) = play.refused {
            return Err(why.to_owned());
        }
        let name = order.run.scenario.clone();
        self.deeds.borrow_mut().push(Deed::Began(name.clone(), self.clock.get()));
        let tally = Tally::new(vec!["reads".into()], vec!["a".into()]);
        let (clock, deeds) = (self.clock.clone(), self.deeds.clone());
        let (interrupted, noted) = (Cell::new(None), Cell::new(0));
        Ok(Box::new(Played {
            name,
            play,
            tally: Arc::new(tally),
            began: clock.get(),
            clock,
            interrupted,
            noted,
            deeds,
        }))
    }
    fn judge(&self, _: &Path) -> RunEnd {
        RunEnd { verdict: Some(Verdict::Inconclusive), ..RunEnd::default() }
    }
    fn is_given_up(&self) -> bool {
        self.given_up.is_some_and(|at| self.clock.get() >= at)
    }
    fn secret(&self, _: &str) -> Option<String> {
        Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())
    }
}

struct Played {
    name: String,
    play: Play,
    tally: Arc<Tally>,
    began: i64,
    clock: Rc<Cell<i64>>,
    interrupted: Cell<Option<i64>>,
    /// Until which millisecond its exchanges are counted.
    noted: Cell<u64>,
    deeds: Rc<RefCell<Vec<Deed>>>,
}

impl Underway for Played {
    fn tally(&self) -> Arc<Tally> {
        let now = (self.clock.get() - self.began) as u64;
        for at in (self.noted.get() + 100..=now.min(self.play.length)).step_by(100) {
            self.tally.note(&exchange(at, 5, if at > self.play.fails_from { 503 } else { 200 }));
            self.noted.set(at);
        }
        self.tally.clone()
    }
    fn attempts(&self) -> Vec<u64> {
        vec![0]
    }
    fn now(&self) -> Option<Moment> {
        Some(Moment::after_epoch(Duration::from_millis((self.clock.get() - self.began) as u64)))
    }
    fn interrupt(&self) {
        if self.interrupted.get().is_none() {
            self.interrupted.set(Some(self.clock.get()));
            self.deeds.borrow_mut().push(Deed::Interrupted(self.name.clone(), self.clock.get()));
        }
    }
    fn ended(&mut self) -> Option<RunEnd> {
        let dir = Some("runs/x".into());
        if self.interrupted.get().is_some_and(|at| self.clock.get() >= at + 200) {
            return Some(RunEnd {
                dir,
                verdict: Some(Verdict::Inconclusive),
                why: Some("interrupted".into()),
            });
        }
        let over = self.clock.get() >= self.began + self.play.length as i64;
        over.then_some(RunEnd { dir, verdict: Some(self.play.verdict), why: None })
    }
}

/// When the made-up world begins.
pub(super) const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// Keeps what it hears.
#[derive(Default)]
pub(super) struct Heard(pub(super) Vec<Event>);

impl Listener for Heard {
    fn step(&mut self, entry: &Entry) {
        self.0.push(entry.event.clone());
    }
}

/// A game day of this text.
pub(super) fn day(text: &str) -> GameDay {
    load_text("days/practice.toml", text, Path::new(".")).unwrap_or_else(|failure| panic!("{failure}"))
}

/// An approval by somebody of the role `sre`, an hour before.
pub(super) fn approved_by(who: &str) -> Approval {
    Approval {
        by: who.into(),
        role: "sre".into(),
        at: START - SignedDuration::from_hours(1),
        comment: "go".into(),
    }
}

/// Holds a day in the made-up world, in a directory of its own: its outcome, its steps, and the directory.
pub(super) fn held(
    text: &str,
    script: &Script,
    approvals: Vec<Approval>,
) -> (Result<Outcome, ConductError>, Vec<Event>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let stop = script.button.as_ref().map(|(_, token)| token.clone()).unwrap_or_default();
    let orders = Orders {
        directory: dir.path().join("practice/one"),
        asked_by: Some("ben".to_owned()),
        approvals,
        allowed: Allowed {
            hosts: vec!["hooks.example.com".to_owned()],
            commands: true,
            ..Allowed::default()
        },
        stop,
    };
    let mut heard = Heard::default();
    let outcome = conduct(&day(text), &orders, script, &mut heard);
    (outcome, heard.0, dir)
}
