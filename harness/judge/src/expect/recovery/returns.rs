//! Whether the backends that a fault was on get their requests again.

use evidence::Tag;
use measure::aftermath::{Aftermath, Usual};
use measure::choices::{Choices, FIRST_ATTEMPTS};
use measure::view::View;
use units::plural::count;
use units::stats::{at_least, scan};
use units::{Moment, Timespan};

use super::Recovery;
use crate::claim::{Basis, Claim};
use crate::estimates;

/// The part of its usual share that a backend must get again. A fifth is left to how balancers differ: those that take the
/// least loaded backend, or ramp one up, are never quite even.
const BACK: f64 = 0.8;

/// A first attempt: when its request was due, the backend that it reached, and the request.
type First = (Moment, u16, Tag);

/// A claim for each backend that the fault was on and that is not in reserve.
pub(super) fn claims(
    settings: &Recovery,
    view: &View<'_>,
    after: &Aftermath<'_>,
    usual: &Usual,
) -> Vec<Claim> {
    let judged = after.blurred(view, *settings.within).to;
    let stretch = units::Stretch { from: judged, to: after.healthy.to };
    let choices = Choices::due_in(view, stretch);
    let firsts: Vec<First> = view
        .entries_due(stretch)
        .filter(|entry| view.why_apart(entry, FIRST_ATTEMPTS).is_none())
        .filter_map(|entry| {
            entry.attempts.first().map(|first| (entry.exchange.due, first.backend, entry.exchange.tag))
        })
        .collect();
    let used = after.backends.iter().filter(|backend| usual.share(**backend) > 0.0);
    used.map(|backend| claim(settings, view, after, usual, &choices, &firsts, *backend)).collect()
}

fn claim(
    settings: &Recovery,
    view: &View<'_>,
    after: &Aftermath<'_>,
    usual: &Usual,
    choices: &Choices,
    firsts: &[First],
    backend: u16,
) -> Claim {
    let (name, within, phase) = (view.brief.backend_name(backend), settings.within, view.phase_name());
    let elsewhere: Vec<bool> = firsts.iter().map(|(_, first, _)| *first != backend).collect();
    // What is usual was counted, too: a failure rests on the least that it may be.
    let scanned = scan(&elsewhere, 1.0 - BACK * usual.least(backend), choices.effect);
    let (hits, independent) = choices.independent(usize::from(backend));
    let least = BACK * usual.share(backend);
    let p_kept = if independent == 0 { 1.0 } else { at_least(hits, independent, least) };
    let reached = elsewhere.iter().filter(|elsewhere| !**elsewhere).count() as u64;
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let (seen, before) = (percent(choices.share(usize::from(backend))), percent(usual.share(backend)));
    let since = |index: usize| Timespan(firsts[index].0.since(after.healthy.from));
    let worst = match firsts.len() {
        0 => String::new(),
        _ => format!(
            "; the least likely stretch is from {} to {} after the fault",
            since(scanned.worst.start),
            since(scanned.worst.end.min(firsts.len()).saturating_sub(1))
        ),
    };
    let observed = format!("`{name}` got {seen} of first attempts, before the first fault {before}");
    Claim::on(Basis::Tested {
        p_broken: scanned.p,
        p_kept,
        count: independent,
        needed: (hits as f64 > least * independent as f64).then(|| needed(hits as f64 / independent as f64, least)),
    })
    .says(
        format!("backend `{name}` gets its requests again: {seen} of first attempts in `{phase}`, before {before}"),
        match reached {
            0 => format!(
                "backend `{name}` never returned: none of {} in `{phase}` reached it first, later than {within} after the fault",
                count(firsts.len() as u64, "request")
            ),
            _ => format!(
                "backend `{name}` did not get its requests again within {within}: {seen} of first attempts in `{phase}`, before \
                 {before}{worst}"
            ),
        },
    )
    .because(format!("{reached} of {} reached `{name}` first, later than {within} after the fault", count(firsts.len() as u64, "request")))
    .seen(observed, "")
    .estimate(estimates::share(format!("first attempts at {name} after {within}"), hits, independent))
    .aside(choices.set_aside.clone())
    .shown(witnesses(&firsts[scanned.worst.start.min(firsts.len())..], &name, backend))
    .remedy(if choices.effect > 1.5 {
        format!("send over more client connections: the gateway chooses `{name}` for a connection, not for each request")
    } else {
        format!("send more requests in `{phase}`, later than {within} after the fault")
    })
}

/// The first few that went elsewhere.
fn witnesses(firsts: &[First], name: &str, backend: u16) -> Vec<(Tag, String)> {
    let elsewhere = firsts.iter().filter(|(_, first, _)| *first != backend).take(5);
    elsewhere.map(|(_, _, tag)| (*tag, format!("went elsewhere, although `{name}` is well again"))).collect()
}

/// How many choices tell a share that is as large as what was seen from the least, with 95 % on one side.
fn needed(share: f64, least: f64) -> u64 {
    let room = (share - least).max(1e-6);
    (least * (1.0 - least) * (1.645 / room).powi(2)).ceil() as u64
}
