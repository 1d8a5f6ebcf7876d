//! What the client sees of requests that a timer ended.

use std::time::Duration;

use evidence::{Entry, Outcome};
use measure::aside::{SetAside, Why};
use measure::lifetimes::{Ending, Life, Sign, lives};
use measure::view::{STALL_BORNE, View, client_left};
use units::plural::count;

use super::{Timers, any_of};
use crate::claim::Claim;

/// The claim that the client sees one of these statuses once a timer has ended its request.
pub(super) fn claim(timers: &Timers<'_>, allowed: &[u16], view: &View<'_>) -> Claim {
    let mut set_aside = SetAside::default();
    let (mut seen, mut wrong, mut shown) = (0, 0, Vec::new());
    let mut instead: Vec<String> = Vec::new();
    for entry in view.entries().filter(|entry| timed_out(timers, view, entry)) {
        let why = if view.is_at_edge(&entry) {
            Some(Why::Edge)
        } else {
            // The last attempt on record may not be the last one that was made.
            view.may_hide(&entry).then_some(Why::Hidden)
        };
        if let Some(why) = why {
            set_aside.note(why, entry.exchange);
            continue;
        }
        seen += 1;
        if !allowed.contains(&entry.exchange.status) {
            wrong += 1;
            let status = match entry.exchange.status {
                0 => format!("no status ({})", entry.exchange.outcome),
                status => status.to_string(),
            };
            shown.push((entry.exchange.tag, format!("timed out, and the client saw {status}")));
            if !instead.contains(&status) && instead.len() < 4 {
                instead.push(status);
            }
        }
    }
    let demanded = any_of(allowed);
    let right = seen - wrong;
    Claim::never(wrong, seen, view.place.samples_min)
        .says(
            format!("clients of {} that timed out saw {demanded}", count(seen, "request")),
            format!(
                "{wrong} of {} that timed out ended with {} instead of {demanded}",
                count(seen, "request"),
                instead.join(" or ")
            ),
        )
        .because("the answer to a request whose last attempt a timer ended is the gateway's own")
        .seen(
            format!("{right} of {} that timed out saw it", count(seen, "request")),
            format!("the client sees {demanded}"),
        )
        .aside(set_aside)
        .shown(shown)
        .remedy("let more requests end by a timer: hold their last attempt too, and let clients wait longer")
}

/// True if a timer ended the request's last attempt, and the request with it.
fn timed_out(timers: &Timers<'_>, view: &View<'_>, entry: &Entry<'_>) -> bool {
    let first = [timers.settings.per_try, timers.settings.total].into_iter().flatten().min();
    let held = first.map_or(Duration::ZERO, |timer| timers.settings.bounds(*timer).high());
    if client_left(entry) || entry.exchange.outcome == Outcome::Unfinished {
        return false;
    }
    lives(view, *entry, held).last().is_some_and(|last| {
        let given_up = last.ending == Ending::Gateway || matches!(last.let_go, Some(Sign::Answered(_)));
        last.last && given_up && ended_with_it(entry, &last)
    })
}

/// True if the client was answered when the gateway gave the attempt up. What comes later has another reason.
pub(super) fn ended_with_it(entry: &Entry<'_>, last: &Life) -> bool {
    let took = entry.exchange.service_time();
    took <= last.asked.saturating_add(STALL_BORNE).saturating_add(last.blur)
}
