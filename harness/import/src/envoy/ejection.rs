//! `outlier_detection`: when a host is left alone, and for how long (docs: "Outlier detection"; `outlier_detection.proto`).

use policy::{AllOut, Breaker, FailureClass, RetryOn, Trip, WayBack};
use units::{Share, Timespan};

use super::fields::{percent, time, truth, was_misread, whole};
use super::keys::{BALANCING, EJECTION};
use super::known::Known;
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// The defaults (`OutlierDetection`).
const IN_A_ROW: u32 = 5;
const INTERVAL: Timespan = Timespan::from_secs(10);
const BASE: Timespan = Timespan::from_secs(30);
const LONGEST: Timespan = Timespan::from_secs(300);
const PERCENT_OUT: u32 = 10;
const FAILURES_PERCENT: u32 = 85;
const FAILURES_HOSTS: u32 = 5;
const FAILURES_REQUESTS: u32 = 50;
const RATES_HOSTS: u32 = 5;

/// Below so many percent of healthy hosts all get traffic (`CommonLbConfig.healthy_panic_threshold`).
const PANIC_PERCENT: f64 = 50.0;

/// The status that Envoy answers with where no host is left.
pub(super) const SHED: u16 = 503;

/// What opens it.
struct Detector {
    trip: Trip,
    fails: Vec<FailureClass>,
    /// Where what opens it stands; nothing where that is the default.
    place: Option<Place>,
}

/// The breaker of a cluster with so many hosts.
pub(super) fn read(
    cluster: &Value,
    hosts: usize,
    known: &mut Known,
    notes: &mut Vec<Note>,
) -> Option<Breaker> {
    let balancing = cluster.get("common_lb_config");
    if let Some(balancing) = balancing {
        BALANCING.tell(balancing, notes);
    }
    let told = cluster.get("outlier_detection")?;
    EJECTION.tell(told, notes);
    let since = notes.len();
    let mut found = Known::default();
    let detector = detector(told, hosts, notes)?;
    let out = out_max(told, hosts, notes)?;
    let panic = balancing.and_then(|balancing| percent(balancing, "healthy_panic_threshold", notes));
    let panics = panic.as_ref().map_or(PANIC_PERCENT, |(share, _)| *share) > 0.0;
    if hosts == 1 && panics {
        let words = "a single host that is ejected gets its traffic all the same: below `healthy_panic_threshold`, all hosts do";
        let help = "write `common_lb_config: {healthy_panic_threshold: {value: 0}}`, or have a second host";
        notes.push(Note::lint(&told.place, words).help(help));
        return None;
    }
    found.places([("breaker", told.place.clone())]);
    found.one("breaker.trip", detector.place, "`OutlierDetection.consecutive_5xx` is 5");
    let breaker = Breaker {
        fails: detector.fails,
        way_back: Some(WayBack::All),
        out_max: out.share,
        ..open(told, detector.trip, &mut found, notes)?
    };
    if out.share.is_some() {
        found.one("breaker.out_max", out.place, "`OutlierDetection.max_ejection_percent` is 10");
        leaks(balancing, told, notes);
        return (!was_misread(notes, since)).then(|| known.join(breaker, found));
    }
    let panic = panic.map(|(_, place)| place);
    found.one("breaker.all_out", panic, "`CommonLbConfig.healthy_panic_threshold` is 50 %");
    leaks(balancing, told, notes);
    let all_out = Some(if panics { AllOut::Panic } else { AllOut::Shed });
    (!was_misread(notes, since)).then(|| known.join(Breaker { all_out, ..breaker }, found))
}

/// For how long it opens, and when that is looked at.
fn open(told: &Value, trip: Trip, found: &mut Known, notes: &mut Vec<Note>) -> Option<Breaker> {
    let base = ("breaker.open_for", "`OutlierDetection.base_ejection_time` is 30 s");
    let open_for = found.timer(told, "base_ejection_time", BASE, base, notes)?;
    let look = ("breaker.tick", "`OutlierDetection.interval` is 10 s");
    let tick = found.timer(told, "interval", INTERVAL, look, notes)?;
    let most = ("breaker.open_max", "`OutlierDetection.max_ejection_time` is 300 s");
    let longest = found.timer(told, "max_ejection_time", LONGEST.max(open_for), most, notes)?;
    let open_grows = longest > open_for;
    if !open_grows {
        found.forget("breaker.open_max");
    }
    Some(Breaker {
        open_grows,
        open_max: open_grows.then_some(longest),
        tick: Some(tick),
        ..Breaker::new(trip, open_for)
    })
}

/// The one detector that a scenario has a word for.
fn detector(told: &Value, hosts: usize, notes: &mut Vec<Note>) -> Option<Detector> {
    let mut enforced = |key: &str, without: u32| {
        whole(told, key, 0..=100, notes).map_or((without, None), |(share, place)| (share, Some(place)))
    };
    let server_errors = enforced("enforcing_consecutive_5xx", 100);
    let gateway_failures = enforced("enforcing_consecutive_gateway_failure", 0);
    let percentage = enforced("enforcing_failure_percentage", 0);
    let few = whole(told, "failure_percentage_minimum_hosts", 0..=u32::MAX, notes)
        .map_or(FAILURES_HOSTS, |(few, _)| few);
    let acts = [server_errors.0 > 0, gateway_failures.0 > 0, percentage.0 > 0 && hosts as u32 >= few];
    by_success_rate(told, hosts, notes);
    let some = [&server_errors, &gateway_failures, &percentage]
        .into_iter()
        .find(|(share, _)| (1..100).contains(share));
    if let Some((share, place)) = some {
        let words = format!(
            "a detector that is enforced in {share} of 100 cases leaves open which: no breaker is rehearsed"
        );
        notes.push(Note::unrehearsed(place.as_ref().unwrap_or(&told.place), words));
        return None;
    }
    if acts.iter().filter(|acts| **acts).count() > 1 {
        let words =
            "several detectors are enforced, and a scenario has one: that of failures in a row is rehearsed";
        notes.push(Note::unrehearsed(&told.place, words).help("switch the others off: `enforcing_…: 0`"));
    }
    let consecutive =
        |count| Trip { consecutive: Some(count), count: None, share: None, within: None, min: None };
    let mut in_a_row = |key: &str| {
        whole(told, key, 1..=policy::REMEMBERED_MAX, notes)
            .map_or((IN_A_ROW, None), |(count, place)| (count, Some(place)))
    };
    match acts {
        [true, ..] => {
            let (count, place) = in_a_row("consecutive_5xx");
            Some(Detector { trip: consecutive(count), fails: Vec::new(), place })
        }
        [_, true, _] => {
            let (count, place) = in_a_row("consecutive_gateway_failure");
            let fails = [
                RetryOn::Status(502),
                RetryOn::Status(503),
                RetryOn::Status(504),
                RetryOn::Timeout,
                RetryOn::Reset,
                RetryOn::ConnectFailure,
            ];
            Some(Detector {
                trip: consecutive(count),
                fails: fails.map(FailureClass::One).into(),
                place: place.or(gateway_failures.1),
            })
        }
        [_, _, true] => Some(by_share(told, notes)),
        _ => None,
    }
}

/// Tells of ejection by success rate, where there are hosts enough for it.
fn by_success_rate(told: &Value, hosts: usize, notes: &mut Vec<Note>) {
    let share = whole(told, "enforcing_success_rate", 0..=100, notes);
    let few =
        whole(told, "success_rate_minimum_hosts", 0..=u32::MAX, notes).map_or(RATES_HOSTS, |(few, _)| few);
    if share.as_ref().is_none_or(|(share, _)| *share > 0) && hosts as u32 >= few {
        let words = "ejection by success rate is not rehearsed: it depends on what all hosts do together";
        let place = share.as_ref().map_or(&told.place, |(_, place)| place);
        notes.push(Note::unrehearsed(place, words));
    }
}

fn by_share(told: &Value, notes: &mut Vec<Note>) -> Detector {
    let threshold = whole(told, "failure_percentage_threshold", 1..=100, notes);
    let min = whole(told, "failure_percentage_request_volume", 1..=policy::REMEMBERED_MAX, notes);
    let within = time(told, "interval", notes).map_or(INTERVAL, |(interval, _)| interval);
    let share = threshold.as_ref().map_or(FAILURES_PERCENT, |(share, _)| *share);
    let trip = Trip {
        consecutive: None,
        count: None,
        share: Share::new(f64::from(share) / 100.0),
        within: Some(within),
        min: Some(min.map_or(FAILURES_REQUESTS, |(min, _)| min)),
    };
    let place = threshold.map_or_else(|| told.place.clone(), |(_, place)| place);
    Detector { trip, fails: Vec::new(), place: Some(place) }
}

/// How many hosts may be out at a time.
struct OutMax {
    /// The share of them; nothing where all may be.
    share: Option<Share>,
    place: Option<Place>,
}

/// How many hosts may be out at a time; nothing where none ever is.
fn out_max(told: &Value, hosts: usize, notes: &mut Vec<Note>) -> Option<OutMax> {
    let found = whole(told, "max_ejection_percent", 0..=u32::MAX, notes);
    let share = found.as_ref().map_or(PERCENT_OUT, |(share, _)| *share).min(100);
    let place = found.map(|(_, place)| place);
    if share == 100 {
        return Some(OutMax { share: None, place });
    }
    // A host is ejected where the share is not above that with it (`DetectorImpl::ejectHost`).
    let many = share as usize * hosts / 100;
    if many > 0 {
        return Some(OutMax { share: Share::new(f64::from(share) / 100.0), place });
    }
    if truth(told, "always_eject_one_host") {
        let place = told.get("always_eject_one_host").map(|one| one.place.clone());
        return Some(OutMax { share: Share::new(1.0 / hosts as f64), place });
    }
    let words =
        format!("no host is ever ejected: {share} % of {hosts} are less than one (`max_ejection_percent`)");
    let help = format!(
        "write `max_ejection_percent: {}` or more, or `always_eject_one_host: true`",
        100_usize.div_ceil(hosts.max(1))
    );
    notes.push(Note::lint(place.as_ref().unwrap_or(&told.place), words).help(help));
    None
}

/// How long an ejected host still gets requests.
fn leaks(balancing: Option<&Value>, told: &Value, notes: &mut Vec<Note>) {
    let window = balancing.and_then(|balancing| time(balancing, "update_merge_window", notes));
    if window.as_ref().is_some_and(|(window, _)| window.is_zero()) {
        return;
    }
    let (length, place) = window.unwrap_or((Timespan::from_secs(1), told.place.clone()));
    let words = format!(
        "a host that is back and fails again at once may get requests for up to {length} more: changes that come within \
         `update_merge_window` are put off"
    );
    notes.push(Note::lint(&place, words).help("write `common_lb_config: {update_merge_window: 0s}`"));
}
