//! Who waits for a turn: a request from when it was sent until it reaches a backend or has ended.

use evidence::Tag;
use units::Moment;

use super::{KEPT, Steps, WAITS, steps};
use crate::view::View;

pub(super) struct Queue {
    /// How many certainly waited, from each moment on.
    certain: Steps,
    /// When requests may have begun to wait, and when they did so no longer.
    begun: Vec<Moment>,
    over: Vec<Moment>,
}

impl Queue {
    /// Over all traffic of the view's stretch, and of what reaches into it.
    pub(super) fn of(view: &View<'_>) -> Self {
        let mut changes: Vec<(Moment, i64, Option<Tag>)> = Vec::new();
        let acted = moves(view);
        for entry in view.with_traffic(None).entries().filter(|entry| entry.exchange.was_sent()) {
            let sent = entry.exchange.sent;
            let until = entry.attempts.first().map_or(entry.exchange.done, |first| first.arrived);
            let blur = WAITS + view.stalls.touching(sent, until);
            // A gateway that stands still keeps everybody waiting, and nobody for a turn.
            let first = acted.partition_point(|at| *at < sent + blur);
            let Some(from) = acted.get(first).copied() else { continue };
            let until = until - blur;
            if until > from {
                changes.extend([(from, 1, Some(entry.exchange.tag)), (until, -1, None)]);
            }
        }
        let all = || view.ledger.entries().filter(|entry| entry.exchange.was_sent());
        let mut begun: Vec<Moment> = all().map(|entry| entry.exchange.sent).collect();
        let mut over: Vec<Moment> = all()
            .map(|entry| entry.attempts.first().map_or(entry.exchange.done, |first| first.arrived))
            .collect();
        begun.sort_unstable();
        over.sort_unstable();
        Queue { certain: steps(changes), begun, over }
    }

    /// The most requests that certainly waited at a time, and the first few that came then.
    pub(super) fn most(&self) -> (u64, Vec<Tag>) {
        let most = self.certain.iter().map(|(_, count, _)| *count).max().unwrap_or(0);
        let tags = self.certain.iter().filter(|(_, count, _)| *count == most).filter_map(|(_, _, tag)| *tag);
        (most, tags.take(KEPT).collect())
    }

    /// The most that can have waited between two moments, beside one that was there itself.
    pub(super) fn at_most_beside(&self, from: Moment, to: Moment) -> u64 {
        let begun = self.begun.partition_point(|at| *at <= to);
        let over = self.over.partition_point(|at| *at < from);
        begun.saturating_sub(over + 1) as u64
    }
}

/// When the gateway did something: it passed a request on, or ended one.
fn moves(view: &View<'_>) -> Vec<Moment> {
    let sent = view.ledger.entries().filter(|entry| entry.exchange.was_sent());
    let mut moves: Vec<Moment> = sent
        .flat_map(|entry| [entry.attempts.first().map(|first| first.arrived), Some(entry.exchange.done)])
        .flatten()
        .collect();
    moves.sort_unstable();
    moves
}
