//! The timers of a route and its cluster (`RouteAction.timeout`, `RetryPolicy.per_try_timeout`, `Cluster.connect_timeout`).

use policy::Timeouts;
use units::Timespan;

use super::fields::time;
use super::known::Known;
use super::routes::Route;
use crate::note::Note;
use crate::value::Value;

/// The defaults.
const TOTAL: Timespan = Timespan::from_secs(15);
const CONNECT: Timespan = Timespan::from_secs(5);

pub(super) fn read(route: &Route<'_>, cluster: &Value, known: &mut Known, notes: &mut Vec<Note>) -> Timeouts {
    let connect = known.timer(
        cluster,
        "connect_timeout",
        CONNECT,
        ("timeout.connect", "`Cluster.connect_timeout` is 5 s"),
        notes,
    );
    let total = known.timer(
        route.action,
        "timeout",
        TOTAL,
        ("timeout.total", "`RouteAction.timeout` is 15 s"),
        notes,
    );
    let per_try = route.retry_policy().and_then(|policy| time(policy, "per_try_timeout", notes));
    let per_try = per_try.filter(|(length, _)| !length.is_zero());
    if total.is_none() && per_try.is_none() {
        let words = "with a `timeout` of 0 and without `per_try_timeout`, a backend that never answers is waited for without end";
        notes.push(Note::lint(route.place(), words).help("give the route a `timeout`"));
    }
    let per_try = per_try.filter(|(length, place)| {
        let fires = total.is_none_or(|total| *length < total);
        if !fires {
            let words =
                "the timer for an attempt is not shorter than the one for the whole request: it never fires";
            notes.push(Note::lint(place, words).help("make `per_try_timeout` shorter than `timeout`"));
        }
        fires
    });
    let per_try = per_try.map(|(length, place)| {
        known.places([("timeout.per_try", place)]);
        length
    });
    Timeouts { connect, per_try, total }
}
