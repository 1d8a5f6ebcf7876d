//! What `limit` says of each of its bounds.

use std::time::Duration;

use evidence::Tag;
use measure::limit::{Limited, WAITS, Wait};
use measure::view::View;
use policy::Scope;
use units::Timespan;
use units::plural::count;
use units::stats::{at_least, at_most, cases_to_exclude};

use super::Limit;
use crate::claim::{Basis, CASES_MIN, Claim, Proof};
use crate::decide::BETA;
use crate::estimates::{counted, share};
use crate::late::hardly_any;
use crate::tolerance;

/// A pass excludes that one in ten is longer.
pub(super) const LATE_REFUTED: f64 = 0.1;

pub(super) const REMEDY: &str = "ask for more than the turns can serve: more requests, or a `latency` on every backend that makes each \
                                 take longer";

pub(super) fn in_flight(demand: &Limit, view: &View<'_>, limited: &Limited) -> Claim {
    let Limit { in_flight, scope, .. } = *demand;
    let place = match scope {
        Scope::Pool => "at all backends together".to_owned(),
        Scope::Backend => "at a backend".to_owned(),
    };
    let (most, backend) = limited.peak;
    let at = backend.map_or(String::new(), |backend| format!(" at `{}`", view.brief.backend_name(backend)));
    let seen = format!(
        "at most {most} under way at a time{at}; {} came while all turns were taken",
        count(limited.cases, "request")
    );
    let shown = limited.first_above.iter().map(|(tag, under_way)| {
        (*tag, format!("arrived as number {under_way} of those that were under way"))
    });
    Claim::never(limited.above, limited.cases.max(limited.above), view.place.samples_min)
        .says(
            format!("no more than {in_flight} were under way {place}"),
            format!("{most} were under way{at}, {in_flight} may be"),
        )
        .because(seen.clone())
        .seen(seen, format!("at most {in_flight} are under way {place}"))
        .estimate(counted("attempts under way at a time, most", most as f64, "attempts"))
        .shown(shown.collect())
        .aside(limited.set_aside.clone())
        .remedy(REMEDY)
        .proof(Proof::Own(None))
}

pub(super) fn exact(demand: &Limit, view: &View<'_>, limited: &Limited) -> Claim {
    let in_flight = demand.in_flight;
    let (early, sharp) = (limited.early.len() as u64, limited.sharp);
    let fewest = limited.early.iter().map(|(_, under_way)| *under_way).min();
    let seen = format!(
        "{} turned away, of which {sharp} came while it is plain that no more than {in_flight} were under way",
        count(limited.turned_away, "request")
    );
    let shown = limited.early.iter().take(5).map(|(tag, under_way)| {
        (*tag, format!("turned away while no more than {under_way} were under way, and {in_flight} may be"))
    });
    Claim::never(early, sharp, view.place.samples_min)
        .says(
            format!("nobody was turned away while fewer than {in_flight} were under way"),
            format!(
                "{} turned away while no more than {} were under way, and {in_flight} may be",
                count(early, "request"),
                fewest.unwrap_or(0)
            ),
        )
        .because(seen.clone())
        .seen(seen, format!("nobody is turned away while fewer than {in_flight} are under way"))
        .shown(shown.collect())
        .aside(limited.set_aside.clone())
        .remedy(
            "have more requests turned away while each takes longer at its backend, so that fewer begin and end around them: a longer \
             `latency`, and a longer phase",
        )
        .proof(Proof::Own(None))
}

pub(super) fn queue(queue: u32, view: &View<'_>, limited: &Limited) -> Claim {
    let (most, tags) = &limited.waiting;
    let crowded = limited.waits.iter().filter(|wait| !wait.served).count() as u64;
    let broken = *most > u64::from(queue);
    let seen = format!("at most {most} waited at a time; {} turned away", count(crowded, "request"));
    let shown =
        tags.iter().filter(|_| broken).map(|tag| (*tag, format!("waited beside {} others", most - 1)));
    Claim::never(u64::from(broken), if broken { crowded.max(1) } else { crowded }, view.place.samples_min)
        .says(
            format!("no more than {queue} certainly waited at a time"),
            format!("{most} waited at a time, {queue} may"),
        )
        .because(seen.clone())
        .seen(seen, format!("at most {queue} wait at a time"))
        .estimate(counted("requests that waited at a time, most", *most as f64, "requests"))
        .shown(shown.collect())
        .aside(limited.set_aside.clone())
        .remedy(REMEDY)
        .proof(Proof::Own(None))
}

pub(super) fn wait(bound: Timespan, view: &View<'_>, limited: &Limited) -> Claim {
    let borne = bound.saturating_add(tolerance::of(None, *bound).max(BORNE));
    let is_late = |wait: &&Wait| wait.length > borne.saturating_add(wait.disturbance);
    let late: Vec<&Wait> = limited.waits.iter().filter(is_late).collect();
    let (all, bad) = (limited.waits.len() as u64, late.len() as u64);
    let longest = limited.waits.iter().map(|wait| wait.length).max();
    let seen = match longest {
        Some(longest) => format!(
            "of {} that came while all turns were taken, none waited longer than {}",
            count(all, "request"),
            Timespan(longest)
        ),
        None => "no request came while all turns were taken".to_owned(),
    };
    let needed = view.place.samples_min.unwrap_or(0).max(cases_to_exclude(LATE_REFUTED, BETA));
    Claim::on(hardly_any(view, 0, bad, all, LATE_REFUTED))
        .says(
            format!("no request waited longer than {bound} for its turn"),
            format!("{bad} of {} waited longer than {bound} for their turn", count(all, "request")),
        )
        .because(seen.clone())
        .seen(seen, format!("whoever waits for a turn does so for {bound} at the most"))
        .estimate(share(format!("requests that waited longer than {bound}"), bad, all))
        .shown(late.iter().take(5).map(|wait| described(wait)).collect())
        .aside(limited.set_aside.clone())
        .remedy(format!("{REMEDY}; {} more such requests are needed", needed.saturating_sub(all).max(1)))
        .proof(Proof::Own(None))
}

/// Whoever is turned away at once met a full queue.
pub(super) fn whole_queue(queue: u32, view: &View<'_>, limited: &Limited) -> Claim {
    let (early, all) = (limited.not_queued.len() as u64, limited.at_once);
    let fewest = limited.not_queued.iter().map(|(_, waited)| *waited).min();
    let seen = format!(
        "{} turned away at once while it is plain that no more than {} waited",
        count(all, "request"),
        u64::from(queue) * 3 / 2
    );
    let shown = limited.not_queued.iter().take(5).map(|(tag, waited)| {
        (*tag, format!("turned away at once while no more than {waited} waited, and {queue} may"))
    });
    Claim::never(early, all, view.place.samples_min)
        .says(
            format!("nobody was turned away at once while fewer than {queue} waited"),
            format!(
                "{} turned away at once while no more than {} waited, and {queue} may",
                count(early, "request"),
                fewest.unwrap_or(0)
            ),
        )
        .because(seen.clone())
        .seen(seen, format!("nobody is turned away at once while fewer than {queue} wait"))
        .shown(shown.collect())
        .aside(limited.set_aside.clone())
        .remedy(
            "have the queue filled: more requests than the turns and the queue can take, but few enough that not half a queue of them comes \
             within 10 ms",
        )
        .proof(Proof::Own(None))
}

/// Whoever waits and is turned away has waited as long as it may.
pub(super) fn whole_wait(bound: Timespan, view: &View<'_>, limited: &Limited) -> Claim {
    // The timer for the whole request may end it before.
    let total = view.brief.policy.timeout.total.unwrap_or(bound);
    let shortest = bound.min(total).saturating_sub(tolerance::of(None, *bound).max(BORNE));
    let waited = |wait: &&Wait| wait.turned_away && wait.length > WAITS.saturating_add(wait.disturbance);
    let waits: Vec<&Wait> = limited.waits.iter().filter(waited).collect();
    let is_short = |wait: &&&Wait| wait.length.saturating_add(wait.disturbance) < shortest;
    let short: Vec<&&Wait> = waits.iter().filter(is_short).collect();
    let (all, bad) = (waits.len() as u64, short.len() as u64);
    let least = waits.iter().map(|wait| wait.length).min();
    let seen = match least {
        Some(least) => {
            format!(
                "of {} turned away after a wait, none waited less than {}",
                count(all, "request"),
                Timespan(least)
            )
        }
        None => "nobody was turned away after a wait".to_owned(),
    };
    Claim::never(bad, all, view.place.samples_min)
        .says(
            format!("whoever was turned away after a wait had waited for {bound}"),
            format!(
                "{bad} of {} turned away after a wait had waited for less than {bound}",
                count(all, "request")
            ),
        )
        .because(seen.clone())
        .seen(seen, format!("whoever waits is turned away after {bound}, and not before"))
        .shown(short.iter().take(5).map(|wait| described(wait)).collect())
        .aside(limited.set_aside.clone())
        .remedy("have turns take so long that some who wait get none: a longer `latency` on every backend")
        .proof(Proof::Own(None))
}

/// Of the shortest bounds, as much more is borne.
const BORNE: Duration = Duration::from_millis(10);

fn described(wait: &Wait) -> (Tag, String) {
    let end = if wait.served { "reached a backend" } else { "was turned away" };
    (wait.tag, format!("{end} after {}", Timespan(wait.length)))
}

/// One claim a class, where any request was turned away.
pub(super) fn fair(demand: &Limit, fair: f64, view: &View<'_>, limited: &Limited) -> Vec<Claim> {
    let requests: u64 = limited.classes.values().map(|class| class.requests).sum();
    let served: u64 = limited.classes.values().map(|class| class.served).sum();
    let overall = served as f64 / requests.max(1) as f64;
    if limited.classes.len() < 2 || served == requests {
        let why = "fairness shows only where two classes come and some requests are turned away";
        return vec![Claim::blind(why, REMEDY).proof(Proof::Own(None))];
    }
    let classes = limited.classes.iter().filter(|(class, _)| view.takes(**class));
    let claims = classes.map(|(class, of)| {
        let name = view.brief.traffic_name(*class);
        let least = (fair * overall).min(1.0);
        // Those that come while the same turns are taken share their fate, so that they count as one.
        let together = u64::from(demand.in_flight).max(1);
        let (all, good) = (of.requests / together, of.served.div_ceil(together));
        let seen = format!(
            "{} of {} of `{name}` reached a backend, {served} of {requests} of all",
            of.served,
            count(of.requests, "request")
        );
        let needed = (all < CASES_MIN).then(|| CASES_MIN * together);
        Claim::on(Basis::Tested {
            p_broken: at_most(good, all, least),
            p_kept: if needed.is_some() { 1.0 } else { at_least(good, all, least) },
            count: of.requests,
            needed,
        })
        .says(
            format!("`{name}` was served at least {fair} times as well as all traffic"),
            format!("`{name}` was starved: {seen}"),
        )
        .because(seen.clone())
        .seen(seen, format!("of `{name}`, at least {:.1} % reach a backend", 100.0 * least))
        .estimate(share(format!("requests of `{name}` that reached a backend"), of.served, of.requests))
        .shown(of.first.iter().map(|tag| (*tag, "was turned away".to_owned())).collect())
        .aside(limited.set_aside.clone())
        .remedy("let more requests of each class be turned away: a longer phase")
        .proof(Proof::Own(None))
    });
    claims.collect()
}
