//! Game days that tests hold in their hands.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::practice::{ApprovalRule, Day, Ending, Order, Practice};
use crate::store::{Firing, State};

/// Holds a day until it is stopped, or until `ends` if that is set before.
#[derive(Default)]
pub(crate) struct Hands {
    pub(crate) ends: CancellationToken,
    pub(crate) held: AtomicU32,
    pub(crate) recovered: AtomicU32,
    pub(crate) panics: bool,
}

impl Practice for Hands {
    fn days(&self) -> Vec<Day> {
        let day = |name: &str| Day {
            name: name.to_owned(),
            title: name.to_owned(),
            plan: String::new(),
            problem: None,
            digest: "v1".to_owned(),
            timetable: None,
            approvals: Vec::new(),
        };
        let rule =
            ApprovalRule { role: "sre".into(), count: 1, within: Duration::from_hours(1), by_asker: false };
        vec![day("outage"), day("slow"), Day { approvals: vec![rule], ..day("approved") }]
    }

    fn hold(&self, _: &Order, tell: &dyn Fn(serde_json::Value), stop: &CancellationToken) -> Option<Ending> {
        self.held.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics, "as it was told to");
        tell("under way".into());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let state = runtime.block_on(async {
            tokio::select! {
                biased;
                () = stop.cancelled() => State::Stopped,
                () = self.ends.cancelled() => State::Finished,
            }
        });
        Some(Ending { state, why: String::new(), verdict: None, runs: Vec::new() })
    }

    fn recover(&self, _: &Path) -> Ending {
        self.recovered.fetch_add(1, Ordering::Relaxed);
        Ending {
            state: State::Recovered,
            why: "nothing was recorded".into(),
            verdict: None,
            runs: Vec::new(),
        }
    }

    fn unheld(&self, _: &Firing, why: &str) -> Vec<String> {
        vec![format!("told somebody: {why}")]
    }

    fn timeline(&self, _: &Path) -> Result<Vec<serde_json::Value>, String> {
        Ok(vec![serde_json::json!({ "text": "one step" })])
    }

    fn undecided(&self, _: &Path) -> Vec<String> {
        vec!["Is it enough?".to_owned()]
    }

    fn decide(&self, _: &Path, number: usize, who: &str, answer: &str) -> Result<serde_json::Value, String> {
        let text = format!("{who}: {answer}");
        if number == 1 {
            Ok(serde_json::json!({ "text": text }))
        } else {
            Err("there is no such question".to_owned())
        }
    }

    fn bundle(&self, _: &Path) -> Result<PathBuf, String> {
        Err("there is none".to_owned())
    }
}
