//! What clients saw of the requests that ended on a fault.

use std::collections::BTreeMap;

use evidence::{Entry, Exchange, Outcome, Tag};
use measure::aside::{SetAside, Why};
use measure::fates::{Fate, Fates};
use measure::view::{STALL_BORNE, View};
use units::plural::count;

use crate::witness::Shown;

/// What clients saw.
#[derive(Default)]
pub(super) struct Seen {
    /// Those that saw what was demanded.
    pub(super) kept: u64,
    /// Those of which it can't be told what they ended on, or whose fault it is.
    pub(super) set_aside: SetAside,
    /// Failed on something else.
    elsewhere: u64,
    answers: BTreeMap<(u16, bool, Outcome), u64>,
    others: Shown,
}

impl Seen {
    /// What clients saw in the view's stretch; `allows` says what is demanded.
    pub(super) fn of(view: &View<'_>, fates: &Fates<'_>, allows: impl Fn(&Exchange) -> bool) -> Self {
        let mut seen = Seen::default();
        for entry in view.entries() {
            let allowed = allows(entry.exchange);
            match fates.fate(&entry) {
                Fate::Answered => {}
                Fate::Elsewhere => seen.elsewhere += 1,
                Fate::Apart(why) => seen.set_aside.note(why, entry.exchange),
                // What is demanded need not be explained by a stall, nor by a breaker.
                Fate::OnFault | Fate::OnFaultOrShed if allowed => seen.add(&entry, true),
                Fate::OnFaultOrShed => seen.set_aside.note(Why::Hidden, entry.exchange),
                Fate::OnFault if view.is_disturbed(&entry, STALL_BORNE) => {
                    seen.set_aside.note(Why::Stalled, entry.exchange);
                }
                Fate::OnFault => seen.add(&entry, false),
            }
        }
        seen
    }

    fn add(&mut self, entry: &Entry<'_>, allowed: bool) {
        let exchange = entry.exchange;
        let answer = (exchange.status, exchange.answered_by_backend(), exchange.outcome);
        *self.answers.entry(answer).or_default() += 1;
        if allowed {
            self.kept += 1;
        } else {
            self.others.add(exchange.tag, || {
                words(exchange.status, exchange.answered_by_backend(), exchange.outcome)
            });
        }
    }

    /// All that ended on the fault.
    pub(super) fn count(&self) -> u64 {
        self.answers.values().sum()
    }

    /// The first few that saw something else.
    pub(super) fn witnesses(&self) -> Vec<(Tag, String)> {
        self.others.clone().into_vec()
    }

    /// A word on what failed and is not looked at; empty if nothing did.
    pub(super) fn elsewhere_words(&self) -> String {
        match self.elsewhere {
            0 => String::new(),
            failed => format!("; {} failed on something else", count(failed, "other request")),
        }
    }

    /// What was seen with its counts, most frequent first.
    pub(super) fn list(&self, listed_max: usize) -> String {
        let mut counts: Vec<_> = self.answers.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let listed = counts.iter().take(listed_max);
        let mut parts: Vec<String> = listed
            .map(|((status, by, outcome), count)| format!("{} × {count}", words(*status, *by, *outcome)))
            .collect();
        if counts.len() > listed_max {
            parts.push(format!("{} others", counts.len() - listed_max));
        }
        if parts.is_empty() { "nothing that can be told".into() } else { parts.join(", ") }
    }
}

fn words(status: u16, by_backend: bool, outcome: Outcome) -> String {
    if status == 0 {
        return format!("no status ({outcome})");
    }
    let by = if by_backend { "backend" } else { "gateway" };
    match outcome {
        Outcome::Complete => format!("{status} from the {by}"),
        _ => format!("{status} from the {by} ({outcome})"),
    }
}
