//! Whether requests that belong together go to the same backend: by a header, a cookie, the path or the client's connection; where
//! they go while it is out, and whether they come back.

use std::collections::BTreeMap;
use std::time::Duration;

use measure::affinity::{By, Gathered, Homes, Kept, Key, key};
use measure::aside::Why;
use measure::view::View;
use policy::AffinityBy;
use units::{Moment, Timespan};

use super::outage::failing;
use super::slow;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// Headers and cookies by which gateways are often told to keep sessions together; the declared one is asked about as well.
const HEADERS: [&str; 3] = ["x-session-id", "x-user", "x-user-id"];
const COOKIES: [&str; 3] = ["JSESSIONID", "session", "sessionid"];

/// Of so many requests of a key that were not its first, this part may go astray where keys hold for the most part.
const MOSTLY: f64 = 0.2;

/// Fewer cases than this tell nothing.
const CASES_MIN: u64 = 20;

/// Requests come on several connections where answers are slow: so slow, shorter than any timer, and no slower.
const SLOW_MIN: Timespan = Timespan::from_millis(40);
const SLOW_MAX: Duration = Duration::from_millis(200);

/// So large a part of a limit is used at the most where it must not send requests elsewhere.
const BELOW: f64 = 0.6;

/// The requests of the class of connections.
const CONNECTIONS: &str = "when = { traffic = \"connection\" }";

/// One thing by which requests may belong together.
#[derive(Clone, Debug)]
struct Way {
    /// The key of the fact, and the class.
    fact: String,
    class: String,
    /// The lines of the class.
    lines: String,
    by: By,
}

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    if lab.backends.len() < 2 {
        profile.cannot_tell("affinity", "with one backend all requests go to it: give two or more", "keys");
        return Ok(());
    }
    let ways = ways(lab);
    let seen = lab.run(&together(&ways))?;
    for way in &ways {
        tell_homes(&seen, way, profile);
    }
    lab.keep_alive = profile.value("affinity.connection") != Some(&Value::word("yes"));
    Ok(())
}

/// What becomes of requests that stay together while their backend is out.
pub(crate) fn ask_outage(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let kept = |way: &Way| profile.value(&format!("affinity.{}", way.fact)) == Some(&Value::word("yes"));
    match ways(lab).into_iter().find(kept) {
        Some(way) => outage(lab, profile, &way),
        None => Ok(()),
    }
}

fn ways(lab: &Lab<'_>) -> Vec<Way> {
    let (mut headers, mut cookies) = (HEADERS.map(String::from).to_vec(), COOKIES.map(String::from).to_vec());
    match lab.affinity.as_ref().map(|affinity| &affinity.by) {
        Some(AffinityBy::Header(name)) if !headers.contains(name) => headers.push(name.clone()),
        Some(AffinityBy::Cookie(name)) if !cookies.contains(name) => cookies.push(name.clone()),
        _ => {}
    }
    let request = "request = \"GET {path}\"".to_owned();
    let way = |fact: String, lines: String, by: By| Way { class: fact.replace('.', "-"), fact, lines, by };
    let by_header = headers.iter().map(|name| {
        way(
            format!("header.{name}"),
            format!("{request}\nkeys = 400\nheaders = {{ {name} = \"k-{{key}}\" }}"),
            By::Key,
        )
    });
    let by_cookie = cookies.iter().map(|name| {
        let lines =
            format!("{request}\nkeys = 400\nheaders = {{ cookie = \"theme=dark; {name}=k-{{key}}\" }}");
        way(format!("cookie.{name}"), lines, By::Key)
    });
    let path = way("path".into(), "request = \"GET /k-{key}\"\nkeys = 400".into(), By::Key);
    let connection = way("connection".into(), request.clone(), By::Connection);
    by_header.chain(by_cookie).chain([path, connection]).collect()
}

fn add(one: Experiment, way: &Way, keys: u32, rate: f64) -> Experiment {
    let lines = way.lines.replace("keys = 400", &format!("keys = {keys}"));
    one.with(&format!("\n[traffic.{}]\n{lines}\nrate = \"{rate}/s\"\ndeadline = \"{{deadline}}\"", way.class))
}

/// All of them at once. Requests on several connections are under way at a time where answers are slow.
fn together(ways: &[Way]) -> Experiment {
    let rate = |way: &Way| if way.by == By::Connection { 150.0 } else { 40.0 };
    let one = ways.iter().fold(Experiment::new("keys", 20.0), |one, way| add(one, way, 20, rate(way)));
    one.phase("steady", Timespan::from_secs(4))
        .fault(CONNECTIONS, &format!("latency = {{ fixed = \"{SLOW_MIN}\" }}"))
}

/// Says whether requests of a key stay together.
fn tell_homes(seen: &Seen, way: &Way, profile: &mut Profile) {
    let view = seen.view("steady", Some(&way.class));
    let homes = Homes::of(&view, way.by, &[]);
    let strays = homes.strays.len() as u64;
    let fact = format!("affinity.{}", way.fact);
    let mut used: Vec<u16> =
        view.entries().filter_map(|entry| Some(entry.attempts.first()?.backend)).collect();
    used.sort_unstable();
    used.dedup();
    if homes.further < CASES_MIN {
        profile.cannot_tell(fact, "too few requests had something in common", &seen.name);
    } else if used.len() < 2 {
        profile.cannot_tell(fact, "all requests go to one backend, whatever they have in common", &seen.name);
    } else if homes.keys() < 3 {
        profile.cannot_tell(fact, "too few different ones were seen", &seen.name);
    } else {
        let word = |strays: u64, of: u64| match strays {
            0 => "yes",
            strays if strays as f64 <= MOSTLY * of as f64 => "mostly",
            _ => "no",
        };
        // Those that went elsewhere while their backend may have been out are strays, or are not.
        let doubtful = homes.set_aside.count(Why::Unavailable);
        let found = word(strays, homes.further);
        if found == word(strays + doubtful, homes.further + doubtful) {
            profile.know(fact, Value::word(found), homes.further, &seen.name);
        } else {
            let why = "their backend may have been out when some went elsewhere, although nothing failed";
            profile.cannot_tell(fact, why, &seen.name);
        }
    }
}

/// How slow answers may be so that a limit of the requests under way sends none of them elsewhere, even if all go to one backend.
fn below_limit(profile: &Profile, rate: f64) -> Duration {
    match profile.value("limit.in_flight") {
        Some(Value::Count(low, _)) => SLOW_MAX.min(Duration::from_secs_f64(BELOW * *low as f64 / rate)),
        _ => SLOW_MAX,
    }
}

/// What becomes of keys while the first backend is out, and afterwards.
fn outage(lab: &mut Lab<'_>, profile: &mut Profile, way: &Way) -> Result<(), DiscoverError> {
    let victim = lab.victim() as u16;
    let on = format!("on = [\"{}\"]", lab.backends[lab.victim()].name);
    let (name, fault) = failing(profile);
    let rate = if way.by == By::Connection { 300.0 } else { 150.0 };
    let slow = slow(profile, 4, below_limit(profile, rate));
    let slow = format!("latency = {{ fixed = \"{}\" }}", Timespan(slow));
    let slowly = |one: Experiment| match way.by {
        By::Connection => one.fault(CONNECTIONS, &slow),
        By::Key => one,
    };
    let mut one = add(Experiment::new(format!("keys-{name}"), 20.0), way, 400, rate);
    one = slowly(one.phase("before", Timespan::from_secs(4)));
    one = slowly(one.phase("outage", Timespan::from_secs(4)).fault(&on, fault));
    one = slowly(one.phase("after", Timespan::from_secs(6)));
    let seen = lab.run(&one)?;
    let (before, out) = (seen.view("before", Some(&way.class)), seen.view("outage", Some(&way.class)));
    let homes = Homes::of(&before, way.by, &[]);
    let others = Kept::of(&out, way.by, &homes, &[victim], |home| home != victim);
    let say = |profile: &mut Profile, key: &str, cases: u64, word: &str| {
        if cases < CASES_MIN {
            profile.cannot_tell(key, "too few of them were seen again", &seen.name);
        } else {
            profile.know(key, Value::word(word), cases, &seen.name);
        }
    };
    let word = if others.away.is_empty() { "stay" } else { "move as well" };
    say(profile, "affinity.keys_of_others", others.keys, word);
    let gathered = Gathered::of(&out, way.by, &homes, &[victim]);
    let word = if gathered.scattered.is_empty() { "one other backend" } else { "several others" };
    say(profile, "affinity.keys_of_one_that_is_out", gathered.further, word);
    tell_return(&seen, way, victim, profile);
    Ok(())
}

/// Whether keys go to their backend again at the end, when it gets traffic again.
fn tell_return(seen: &Seen, way: &Way, victim: u16, profile: &mut Profile) {
    let fact = "affinity.keys_come_back";
    let (before, after) = (seen.view("before", Some(&way.class)), seen.view("after", Some(&way.class)));
    let owned = went(&before, way.by, before.phase().from);
    let late = went(&after, way.by, after.phase().from + after.phase().length() * 2 / 3);
    if late.values().all(|backend| *backend != victim) {
        profile.cannot_tell(fact, "the backend got no traffic again in time", &seen.name);
        return;
    }
    let of_victim = owned.iter().filter(|(_, home)| **home == victim);
    let seen_again: Vec<u16> = of_victim.filter_map(|(key, _)| late.get(key).copied()).collect();
    let cases = seen_again.len() as u64;
    if cases < CASES_MIN / 2 {
        profile.cannot_tell(fact, "too few of its keys were seen again", &seen.name);
    } else {
        let back = seen_again.iter().filter(|backend| **backend == victim).count() as u64;
        let word = if back == cases {
            "yes"
        } else if back == 0 {
            "no"
        } else {
            "some do"
        };
        profile.know(fact, Value::word(word), cases, &seen.name);
    }
}

/// Where the last request of each key went first, of those that were due from a moment on.
fn went(view: &View<'_>, by: By, from: Moment) -> BTreeMap<Key, u16> {
    let due = view.entries().filter(|entry| entry.exchange.due >= from);
    due.filter_map(|entry| Some((key(view, &entry, by)?, entry.attempts.first()?.backend))).collect()
}
