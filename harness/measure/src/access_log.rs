//! What the gateway's own access log says of each request, beside what happened to it.

use std::collections::BTreeSet;
use std::time::Duration;

use evidence::{ConnectionEnd, Entry, LogLine, Logged, Tag};
use units::plural::count;
use units::{Moment, Stretch};

use crate::aside::{SetAside, Why};
use crate::view::{View, client_left};

/// Requests of each kind that are kept.
const KEPT: usize = 5;

/// An action that may cost a gateway what it has not written yet.
const KILL: &str = "kill";

/// How long before a request is sent a connection may have been closed by a backend that the gateway then tries to use all
/// the same. What it sends there arrives nowhere.
const CLOSED_BEFORE: Duration = Duration::from_secs(1);

/// One thing that lines tell, or whether there are lines at all.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Requests of which it can be told.
    pub looked_at: u64,
    /// Those by which a log that is wrong would have shown.
    pub telling: u64,
    /// Those of which it is wrong, with what is.
    pub wrong: u64,
    /// The first few of them.
    pub shown: Vec<(Tag, String)>,
}

impl Kept {
    fn take(&mut self, tag: Tag, telling: bool, wrong: Option<String>) {
        self.looked_at += 1;
        self.telling += u64::from(telling || wrong.is_some());
        if let Some(wrong) = wrong {
            self.wrong += 1;
            if self.shown.len() < KEPT {
                self.shown.push((tag, wrong));
            }
        }
    }
}

/// The access log of a view, or of the whole run.
#[derive(Clone, Debug, Default)]
pub struct AccessLog {
    /// Whether each request that was answered has one line.
    pub lines: Kept,
    /// Whether the status is that of the answer.
    pub status: Kept,
    /// Whether no attempt is left out, and none is made up.
    pub attempts: Kept,
    /// Attempts that the gateway tells of and that arrived nowhere.
    pub unseen: u64,
    /// Lines of these requests that are not as they were said to be.
    pub strange: u64,
    /// Why lines may be missing, if they may.
    pub lacking: Option<String>,
    /// What says nothing of the log.
    pub set_aside: SetAside,
}

impl AccessLog {
    /// Reads it. Neither the edges of phases nor stalls matter: a line tells of its own request, whenever that was.
    pub fn of(view: &View<'_>) -> Self {
        let mut log = AccessLog { lacking: lacking(view), ..AccessLog::default() };
        let closings = Closings::of(view);
        let all = Stretch { from: Moment(i64::MIN), to: Moment::NEVER };
        for entry in view.entries_due(if view.place.whole_run { all } else { view.stretch }) {
            match why_apart(&entry) {
                Some(why) => log.set_aside.note(why, entry.exchange),
                None => log.take(view, &entry, &closings),
            }
        }
        log
    }

    fn take(&mut self, view: &View<'_>, entry: &Entry<'_>, closings: &Closings) {
        let tag = entry.exchange.tag;
        let lines = view.ledger.log_lines(tag);
        let wrong = match lines {
            [_] => None,
            [] if self.lacking.is_some() => return,
            [] => Some("is not in the access log".to_owned()),
            lines => Some(format!("is in the access log in {} lines", lines.len())),
        };
        self.lines.take(tag, true, wrong);
        let [line] = lines else { return };
        if line.kind != Logged::Line {
            self.strange += 1;
            return;
        }
        if let Some(told) = line.status {
            let got = u64::from(entry.exchange.status);
            let wrong = (told != got).then(|| format!("got {got}, and {told} is logged"));
            self.status.take(tag, true, wrong);
        }
        if let Some(told) = line.attempts {
            self.compare(view, entry, told, closings);
        }
    }

    /// Holds the number of attempts that is told against those that arrived. More than arrived may be right where some can't have
    /// been seen; fewer never is.
    fn compare(&mut self, view: &View<'_>, entry: &Entry<'_>, told: u64, closings: &Closings) {
        let arrived = entry.attempts.len() as u64;
        let unseen = told.saturating_sub(arrived);
        let may_be_unseen = view.may_hide(entry) || closings.any_near(entry);
        let wrong = match unseen {
            0 if told == arrived => None,
            0 => Some(format!("{} arrived, and {told} is logged", count(arrived, "attempt"))),
            _ if may_be_unseen => {
                self.unseen += unseen;
                None
            }
            _ => Some(format!("{} arrived, and {told} are logged", count(arrived, "attempt"))),
        };
        self.attempts.take(entry.exchange.tag, told.max(arrived) != 1, wrong);
    }
}

/// What the gateway logged of a request, in a few words; `None` if it is in no line that was understood.
pub fn words(lines: &[LogLine]) -> Option<String> {
    let line = lines.iter().find(|line| line.kind == Logged::Line)?;
    let status = line.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let attempts = line.attempts.map(|attempts| count(attempts, "attempt"));
    let reason = line.reason.as_deref().map(str::to_owned);
    let words = [Some(status), attempts, reason];
    Some(words.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// Why a request says nothing of the log: its client saw no answer, so that nobody but the gateway knows of one.
fn why_apart(entry: &Entry<'_>) -> Option<Why> {
    if let Some(why) = Why::own(entry.exchange.outcome) {
        return Some(why);
    }
    if client_left(entry) {
        return Some(Why::ClientLeft);
    }
    (entry.exchange.status == 0).then_some(Why::Lost)
}

/// Why lines may be missing, by what was read, and by what was done to the gateway.
fn lacking(view: &View<'_>) -> Option<String> {
    let rows = view.ledger.rest().log_lines.iter();
    let mut said = rows.filter_map(|row| row.reason.as_deref().map(str::to_owned));
    let killed = || view.brief.actions.iter().any(|action| action.kind == KILL);
    said.next()
        .or_else(|| killed().then(|| "a gateway that is killed loses what it has not written yet".to_owned()))
}

/// When backends closed connections of their own accord.
struct Closings(BTreeSet<Moment>);

impl Closings {
    fn of(view: &View<'_>) -> Self {
        let by_backend = |end| matches!(end, ConnectionEnd::BackendFin | ConnectionEnd::BackendRst);
        let rows = view.ledger.rest().connections.iter().filter(|row| by_backend(row.end));
        Closings(rows.map(|row| row.closed).collect())
    }

    /// True if one was closed so close to a request that an attempt of it may have met that connection.
    fn any_near(&self, entry: &Entry<'_>) -> bool {
        let from = entry.exchange.sent - CLOSED_BEFORE;
        self.0.range(from..=entry.exchange.done).next().is_some()
    }
}
