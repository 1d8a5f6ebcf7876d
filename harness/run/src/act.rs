//! Actions on the gateway: each begins on time, whatever the others do, and what becomes of it is recorded.

use std::convert::Infallible;
use std::future::pending;

use evidence::{Action, Carried, Recorder, Sheet};
use futures_util::future::join_all;
use gateways::{ActionSettings, NotDone, Running, Scene};
use measure::brief::ActionBrief;
use net::{Timer, World};
use scenario::Plan;
use units::{Moment, Timespan};

use crate::observe::Story;

/// The longest text that is recorded of an action, in bytes.
const SAID_MAX: usize = 256;

/// Carries out the actions of a plan, each at its time; never ends. Those that are under way when it is dropped are recorded as
/// unfinished.
pub(crate) async fn act(
    plan: &Plan,
    gateway: &Running,
    (world, recorder): (&World, &Recorder),
    story: &Story,
) -> Infallible {
    let timer = world.timer();
    let all = plan.actions.iter().zip(&plan.brief.actions).enumerate();
    let each = all.map(|(index, (action, brief))| {
        let row = Underway::planned(index, recorder.sheet(), timer.clone());
        carry_out(action, brief, gateway, row, story)
    });
    join_all(each).await;
    pending().await
}

async fn carry_out(
    action: &ActionSettings,
    brief: &ActionBrief,
    gateway: &Running,
    mut row: Underway,
    story: &Story,
) {
    row.timer.sleep_until(brief.at).await;
    row.begins();
    let contract = action.contract();
    let backends: Vec<usize> = brief.backends.iter().map(|backend| usize::from(*backend)).collect();
    let scene = Scene { gateway: gateway.acts(), backends: &backends };
    let (name, in_phase) = (action.name(), story.phase(brief.at));
    tracing::info!(parent: in_phase, action = name, settings = brief.settings, "an action begins");
    let limit = row.timer.now() + contract.bound();
    let how = row.timer.until(limit, contract.act(&scene)).await;
    let how = how.unwrap_or_else(|| {
        Err(NotDone::Failed(format!(
            "it was not over after {}, and was given up",
            Timespan(contract.bound())
        )))
    });
    match &how {
        Ok(()) => tracing::info!(parent: in_phase, action = name, took = ?row.took(), "an action is over"),
        Err(why) => {
            let why = why.words();
            tracing::warn!(parent: in_phase, action = name, took = ?row.took(), why, "an action did not end well");
        }
    }
    row.ends(&how);
}

/// An action on its way to the record.
struct Underway {
    action: u16,
    began: Option<Moment>,
    sheet: Sheet<Action>,
    timer: Timer,
}

impl Underway {
    fn planned(index: usize, sheet: Sheet<Action>, timer: Timer) -> Self {
        Underway { action: index as u16, began: None, sheet, timer }
    }

    fn begins(&mut self) {
        self.began = Some(self.timer.now());
    }

    fn took(&self) -> std::time::Duration {
        self.began.map(|began| self.timer.now().since(began)).unwrap_or_default()
    }

    fn ends(mut self, how: &Result<(), NotDone>) {
        let (outcome, said) = match how {
            Ok(()) => (Carried::Done, None),
            Err(NotDone::Down(said)) => (Carried::Down, Some(said)),
            Err(NotDone::Failed(said)) => (Carried::Failed, Some(said)),
        };
        self.record(outcome, said.map(|said| bounded(said).into()));
    }

    fn record(&mut self, outcome: Carried, said: Option<Box<str>>) {
        if let Some(began) = self.began.take() {
            let (action, ended) = (self.action, self.timer.now());
            self.sheet.push(Action { action, began, ended, outcome, said });
            // At once: there are few, and a run that is killed is to know of them.
            self.sheet.flush();
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.record(Carried::Unfinished, None);
    }
}

/// The start of a text.
fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(SAID_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_cut_between_letters() {
        assert_eq!(bounded("short"), "short");
        assert_eq!(bounded(&"ä".repeat(200)).len(), 256);
    }
}
