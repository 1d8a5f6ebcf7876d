//! How all is undone after a game day, and the proof that it was.

use super::begin::Stage;
use super::journal::Journal;
use crate::day::{GameDay, Rollback};
use crate::environment::{Errand, Ran, wait};
use crate::event::{Event, Outcome};
use crate::file::When;
use crate::prerequisite::{Scene, passes};
use crate::timeline::bounded;
use reports::Verdict;

/// Where the rollback's words go, in the directory of the day.
const LOG: &str = "rollback.log";

/// Runs the rollback if the day asks for it after `outcome`, and its proof. Says why it is not known to be undone, if so.
pub(super) fn undo(stage: &Stage<'_>, journal: &mut Journal<'_>, outcome: &Outcome) -> Result<(), String> {
    match &stage.day.rollback {
        Some(rollback) if asks_for_rollback(stage.day, outcome) => {
            run(stage, journal, rollback)?;
            prove(stage, journal, rollback)
        }
        _ => Ok(()),
    }
}

/// True if the day is to be undone after `outcome`.
pub(super) fn asks_for_rollback(day: &GameDay, outcome: &Outcome) -> bool {
    let went_well = matches!(outcome, Outcome::Finished { verdict: Verdict::Pass });
    let when = day.rollback.as_ref().map(|rollback| rollback.when);
    when == Some(When::Always) || when == Some(When::Deviation) && !went_well
}

/// The outcome of a day that is not known to be undone.
pub(super) fn after(outcome: &Outcome, why: &str) -> Outcome {
    Outcome::Failed { why: format!("{why}; before that the day was {outcome}") }
}

/// Runs the program.
pub(super) fn run(stage: &Stage<'_>, journal: &mut Journal<'_>, rollback: &Rollback) -> Result<(), String> {
    let Stage { day, dir, environment, allowed, .. } = stage;
    if !allowed.commands {
        return Err("the rollback did not run: programs are not allowed".to_owned());
    }
    journal.note(Event::RollbackBegins { words: rollback.words.clone() });
    let variables = vec![
        ("BROWNOUT_GAMEDAY".to_owned(), day.name.clone()),
        ("BROWNOUT_GAMEDAY_DIR".to_owned(), dir.display().to_string()),
    ];
    let errand = Errand {
        words: rollback.words.clone(),
        dir: day.base.clone(),
        variables,
        output: dir.join(LOG),
        within: rollback.within,
    };
    let ran = wait(*environment, environment.execute(&errand));
    let found = match &ran {
        Ok(Ran { code: Some(0), .. }) => "it ended well".to_owned(),
        Ok(Ran { code: Some(code), output }) => format!("it ended with {code}: {}", last_line(output)),
        Ok(Ran { code: None, output }) => format!("a signal ended it: {}", last_line(output)),
        Err(why) => why.clone(),
    };
    let well = matches!(ran, Ok(Ran { code: Some(0), .. }));
    journal.note(Event::RollbackEnded { well, found: bounded(&found) });
    if well { Ok(()) } else { Err(format!("the rollback failed: {found}")) }
}

fn last_line(output: &str) -> &str {
    output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim()
}

/// Runs the scenario that proves it, if there is one.
pub(super) fn prove(stage: &Stage<'_>, journal: &mut Journal<'_>, rollback: &Rollback) -> Result<(), String> {
    let Some(proof) = &rollback.proof else { return Ok(()) };
    journal.note(Event::ProofBegins { scenario: proof.clone() });
    let out = stage.runs_dir();
    let history = stage.dir.parent().unwrap_or(stage.dir);
    let Stage { environment, day, .. } = *stage;
    let allowed = stage.allowed.clone();
    // Who has ended the day by hand wants it undone, and that proven: the proof does not end by the same word.
    let never = tokio_util::sync::CancellationToken::new();
    let scene = Scene { environment, day, history, this: stage.dir, out: &out, allowed, stop: &never };
    let checked = passes(&scene, proof);
    let found = checked.found;
    journal.note(Event::ProofEnded { proven: checked.met, found: bounded(&found) });
    if checked.met {
        Ok(())
    } else {
        Err(format!("the rollback is not proven: the scenario `{proof}` came to {found}"))
    }
}
