//! The runs of a game day, stage by stage, watched.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reports::Verdict;

use super::begin::{RunMade, Stage, Standing};
use super::journal::Journal;
use super::watch::Watches;
use crate::day::PlannedRun;
use crate::environment::{RunEnd, RunOrder, STEP, Underway};
use crate::event::{Event, Outcome};
use crate::timeline::bounded;

/// How long runs may take to end once they were told to: a bound on a defect, since each part of a run has bounds of its own.
const ENDING: SignedDuration = SignedDuration::from_secs(60);

/// How often listeners are told how the day stands.
const STANDING: SignedDuration = SignedDuration::from_millis(500);

/// Makes all runs; how the day ended, whatever is undone after it.
pub(super) fn hold(stage: &Stage<'_>, journal: &mut Journal<'_>) -> Outcome {
    let mut watches = Watches::of(stage.day);
    let (mut worst, mut first) = (Verdict::Pass, 0);
    for runs in &stage.day.stages {
        let held = Held { stage, watches: &mut watches, underway: Vec::new(), told: None };
        match held.stage(runs, first, journal) {
            Ok(verdict) => worst = worst.max(verdict),
            Err(ended) => return ended,
        }
        first += runs.len();
    }
    Outcome::Finished { verdict: worst }
}

/// A run under way, with its number.
struct Run<'a> {
    number: usize,
    planned: &'a PlannedRun,
    underway: Box<dyn Underway>,
}

/// The runs of a stage.
struct Held<'a> {
    stage: &'a Stage<'a>,
    watches: &'a mut Watches,
    underway: Vec<Run<'a>>,
    told: Option<Timestamp>,
}

impl<'a> Held<'a> {
    /// Makes the runs of a stage: the worst of their verdicts, or how the day ended by them.
    fn stage(
        mut self,
        runs: &'a [PlannedRun],
        first: usize,
        journal: &mut Journal<'_>,
    ) -> Result<Verdict, Outcome> {
        let mut ended = None;
        for (number, planned) in (first..).zip(runs) {
            if let Some(outcome) = self.reason(journal) {
                ended = Some(outcome);
                break;
            }
            if let Err(why) = self.begin(number, planned, journal) {
                ended = Some(Outcome::Failed { why });
                break;
            }
        }
        let mut worst = Verdict::Pass;
        let mut deadline = None;
        loop {
            for (end, run) in self.collect(journal) {
                match (end.verdict, end.why) {
                    (Some(verdict), None) => worst = worst.max(verdict),
                    // A run that was told to end says so: it is no failure of its own.
                    (Some(verdict), Some(_)) if ended.is_some() => worst = worst.max(verdict),
                    (_, why) => {
                        let why = why.unwrap_or_else(|| "it came to no verdict".to_owned());
                        let why = format!("the run of `{}`: {why}", run.planned.scenario);
                        ended.get_or_insert(Outcome::Failed { why });
                    }
                }
            }
            if self.underway.is_empty() {
                break;
            }
            let now = self.stage.environment.now();
            ended = ended.or_else(|| self.reason(journal));
            if ended.is_some() {
                let until = *deadline.get_or_insert(now + ENDING);
                self.underway.iter().for_each(|run| run.underway.interrupt());
                if now > until {
                    return Err(Outcome::Failed { why: "runs did not end within 60 s".to_owned() });
                }
            }
            self.tell(now, journal);
            self.stage.environment.pause(STEP);
        }
        ended.map_or(Ok(worst), Err)
    }

    fn begin(
        &mut self,
        number: usize,
        planned: &'a PlannedRun,
        journal: &mut Journal<'_>,
    ) -> Result<(), String> {
        let plan = &planned.loaded.plan;
        let (scenario, gateway) = (planned.scenario.clone(), plan.gateway.name().to_owned());
        journal.note(Event::RunBegins { run: number, scenario, gateway });
        if journal.is_broken() {
            return Err("the timeline can't be written, so that nothing is begun".to_owned());
        }
        let out = self.stage.runs_dir();
        let order = RunOrder { run: planned, out: &out, allowed: self.stage.allowed.clone() };
        match self.stage.environment.begin(&order) {
            Ok(underway) => {
                self.underway.push(Run { number, planned, underway });
                Ok(())
            }
            Err(why) => {
                let end = RunEnd { why: Some(why.clone()), ..RunEnd::default() };
                journal.note(ended_event(self.stage, number, &end));
                Err(format!("the run of `{}`: {why}", planned.scenario))
            }
        }
    }

    /// The runs that have ended since the last look, each with how.
    fn collect(&mut self, journal: &mut Journal<'_>) -> Vec<(RunEnd, Run<'a>)> {
        let mut over = Vec::new();
        let mut at = 0;
        while at < self.underway.len() {
            match self.underway[at].underway.ended() {
                Some(end) => over.push((end, self.underway.remove(at))),
                None => at += 1,
            }
        }
        // What was given up is left without an end: whoever recovers the day judges it as cut.
        for (end, run) in over.iter().filter(|_| !self.stage.environment.is_given_up()) {
            journal.note(ended_event(self.stage, run.number, end));
        }
        over
    }

    /// Why the day has to end now, if it has to. Runs are told to end before that is written: a slow disk must not keep
    /// requests coming.
    fn reason(&mut self, journal: &mut Journal<'_>) -> Option<Outcome> {
        let (why, value) = if self.stage.stop.is_cancelled() {
            ("ended by hand".to_owned(), None)
        } else if journal.is_broken() {
            ("the timeline can't be written".to_owned(), None)
        } else {
            let runs: Vec<&dyn Underway> = self.underway.iter().map(|run| &*run.underway).collect();
            self.watches.met(self.stage, &runs)?
        };
        self.underway.iter().for_each(|run| run.underway.interrupt());
        journal.note(Event::Stopping { why: why.clone(), value: value.clone() });
        Some(Outcome::Stopped { why, value })
    }

    fn tell(&mut self, now: Timestamp, journal: &mut Journal<'_>) {
        if self.told.is_some_and(|told| now.duration_since(told) < STANDING) {
            return;
        }
        self.told = Some(now);
        let runs = self.underway.iter().map(|run| RunMade {
            run: run.number,
            scenario: run.planned.scenario.clone(),
            progress: run.underway.progress(),
        });
        let standing = Standing { runs: runs.collect(), stops: self.watches.readings() };
        journal.standing(&standing);
    }
}

/// The entry of a run that is over.
pub(super) fn ended_event(stage: &Stage<'_>, run: usize, end: &RunEnd) -> Event {
    let dir = end.dir.as_ref().map(|dir| dir.strip_prefix(stage.dir).unwrap_or(dir).display().to_string());
    let why = end.why.as_deref().map(bounded);
    Event::RunEnded { run, dir, verdict: end.verdict, why }
}

/// A step is shorter than what a stop may take until no request is sent.
const _: () = assert!(STEP.as_millis() < Duration::from_millis(100).as_millis());
