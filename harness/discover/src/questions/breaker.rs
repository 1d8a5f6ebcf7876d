//! Whether a backend that fails is left alone, after how many failures, for how long, and how it gets its traffic back.

use std::collections::BTreeSet;
use std::time::Duration;

use evidence::Attempt;
use measure::automata::input::Input;
use measure::automata::member::{Member, Rule, Ways};
use measure::automata::offered::Offered;
use measure::automata::search::search;
use policy::{FailureClass, RetryOn};
use units::{Share, Stretch, Timespan};

use super::time;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::{Seen, Silence};
use crate::value::Value;

/// Requests a second.
const RATE: u32 = 200;

/// Failures of which one is in force on the first backend for all requests.
pub(crate) const BREAKING: [(&str, &str); 7] = [
    ("503", "status = { code = 503 }"),
    ("500", "status = { code = 500 }"),
    ("502", "status = { code = 502 }"),
    ("504", "status = { code = 504 }"),
    ("429", "status = { code = 429 }"),
    ("404", "status = { code = 404 }"),
    ("reset", "reset = {}"),
];

/// How long it is in force, as long as no breaker has been seen: several times the open time that is usual.
const OUTAGE: Timespan = Timespan::from_secs(6);

/// How long it is in force afterwards, to see only whether a breaker opens: two hundred failures.
const SHORT: Timespan = Timespan::from_secs(3);

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    if lab.backends.len() < 2 {
        let why =
            "with one backend nobody can see that it is left alone and the others are not: give two or more";
        profile.cannot_tell("breaker", why, "outage-503");
        return Ok(());
    }
    let mut detailed = false;
    for (failure, fault) in BREAKING {
        let length = if detailed { SHORT } else { OUTAGE };
        let seen = lab.run(&outage(lab, &format!("outage-{failure}"), RATE, length, fault))?;
        let story = Story::of(&seen, lab.victim());
        profile.know(
            format!("breaker.opens_on.{failure}"),
            Value::yes(!story.silences.is_empty()),
            story.failures,
            &seen.name,
        );
        // The first failure that opens it tells the rest.
        if !detailed && !story.silences.is_empty() {
            detailed = true;
            story.tell(profile, &seen.name);
            rules(lab, profile, &seen, &story, fault)?;
        }
    }
    Ok(())
}

fn outage(lab: &Lab<'_>, name: &str, rate: u32, length: Timespan, fault: &str) -> Experiment {
    let on = format!("on = [\"{}\"]", lab.backends[lab.victim()].name);
    Experiment::new(name, rate)
        .phase("before", Timespan::from_secs(2))
        .phase("outage", length)
        .fault(&on, fault)
        .phase("after", Timespan(*length * 2 / 3))
}

/// What happened at the backend that failed.
struct Story<'a> {
    arrivals: Vec<&'a Attempt>,
    silences: Vec<Silence>,
    outage: Stretch,
    failures: u64,
    /// The mean time between two arrivals while it is in use.
    gap: Duration,
}

impl<'a> Story<'a> {
    fn of(seen: &'a Seen, backend: usize) -> Self {
        let arrivals = seen.arrivals(backend as u16);
        let outage = seen.view("outage", None).phase();
        let end = seen.view("after", None).phase().to;
        let rate = f64::from(RATE) * seen.brief.weight_share(backend);
        let silences = seen.silences(&arrivals, rate, outage.from, end);
        let failures = arrivals.iter().filter(|attempt| attempt.injections != 0).count() as u64;
        Story { arrivals, silences, outage, failures, gap: Duration::from_secs_f64(1.0 / rate.max(1.0)) }
    }

    /// Failures from the start of the outage to a silence: those that were over by then, and those that had arrived.
    fn failures_before(&self, silence: &Silence) -> (u64, u64) {
        let failed = self.arrivals[..=silence.last].iter().filter(|attempt| attempt.injections != 0);
        let sent = self.arrivals[silence.last].arrived;
        let known = failed.clone().filter(|attempt| attempt.ended < sent).count() as u64;
        (known + 1, failed.count() as u64)
    }

    /// The shortest and the longest time for which it may have been left alone.
    fn open_time(&self, silence: &Silence) -> (Duration, Duration) {
        // It opens when the failure is known, and the first request that it would get comes up to a gap later.
        let known = self.arrivals[..=silence.last].iter().map(|attempt| attempt.ended).max();
        let from = known.unwrap_or(silence.from);
        let seen = silence.to.since(from);
        (seen.saturating_sub(self.gap * 2), seen)
    }

    fn tell(&self, profile: &mut Profile, name: &str) {
        let [first, ..] = self.silences.as_slice() else { return };
        let (low, high) = self.failures_before(first);
        profile.know("breaker.failures", Value::Count(low, high), 1, name);
        let open: Vec<_> = self.silences.iter().filter(|silence| silence.ended).collect();
        match open.first() {
            None => {
                profile.know("breaker.open_for", Value::Beyond(first.to.since(first.from).into()), 1, name);
            }
            Some(silence) => {
                let (low, high) = self.open_time(silence);
                profile.know("breaker.open_for", time(low, high), 1, name);
            }
        }
        self.tell_growth(profile, &open, name);
        self.tell_return(profile, low, name);
    }

    /// Whether it is left alone for longer each time, while the outage lasts.
    fn tell_growth(&self, profile: &mut Profile, open: &[&Silence], name: &str) {
        let in_outage: Vec<_> = open.iter().filter(|silence| silence.to < self.outage.to).collect();
        let [first, second, ..] = in_outage.as_slice() else {
            profile.cannot_tell("breaker.open_grows", "it opened no second time within the outage", name);
            return;
        };
        let (first, second) = (self.open_time(first), self.open_time(second));
        let grows = second.0 > first.1 + first.1 / 4;
        profile.know("breaker.open_grows", Value::yes(grows), in_outage.len() as u64, name);
    }

    /// How the traffic comes back while the fault is still in force: by few probes, or all of it.
    fn tell_return(&self, profile: &mut Profile, failures: u64, name: &str) {
        let bursts: Vec<u64> = self
            .silences
            .windows(2)
            .filter(|pair| pair[1].from < self.outage.to)
            .map(|pair| (pair[1].last - pair[0].last) as u64)
            .collect();
        let Some(most) = bursts.iter().max() else {
            profile.cannot_tell("breaker.way_back", "it came back no second time within the outage", name);
            return;
        };
        let word = if *most < failures {
            "probe"
        } else if failures > 1 {
            "all"
        } else {
            let why = "it opens after one failure, so that a probe and all of the traffic look the same";
            profile.cannot_tell("breaker.way_back", why, name);
            return;
        };
        profile.know("breaker.way_back", Value::word(word), bursts.len() as u64, name);
    }
}

/// Partial outages by which the rules are told apart: requests a second, and the part of them that fails.
///
/// Where every second request fails, a rule of failures in a row opens late. Where few come, one with a short window does not
/// open at all. Where many come and few of them fail, one by share does not.
const TELLING: [(&str, u32, &str); 7] = [
    ("half", RATE, "0.5"),
    ("dense", 5 * RATE, "0.3"),
    ("slow", 12, "1.0"),
    ("less", 90, "1.0"),
    ("sparse", 5 * RATE, "0.05"),
    ("fifth", RATE, "0.2"),
    ("most", RATE, "0.8"),
];

/// Which rules can have opened it, in the outage and in as many others as it takes to tell.
fn rules(
    lab: &mut Lab<'_>,
    profile: &mut Profile,
    seen: &Seen,
    story: &Story<'_>,
    fault: &str,
) -> Result<(), DiscoverError> {
    let Some(first) = story.silences.first() else { return Ok(()) };
    let (low, high) = story.failures_before(first);
    let open = match story.silences.iter().find(|silence| silence.ended) {
        Some(silence) => story.open_time(silence),
        None => (first.to.since(first.from), Duration::MAX),
    };
    let mut left: Vec<Member> = candidates(low, high, open);
    retain_fitting(seen, lab.victim(), &mut left);
    let mut last = seen.name.clone();
    for (name, rate, part) in TELLING {
        if kinds(&left).len() < 2 {
            break;
        }
        let partial =
            fault.replace("{}", "{ }").replace(" }", &format!(", share = {part} }}")).replace("{,", "{");
        let seen = lab.run(&outage(lab, &format!("outage-{name}"), rate, OUTAGE, &partial))?;
        retain_fitting(&seen, lab.victim(), &mut left);
        last = seen.name;
    }
    tell_rules(profile, &left, &last);
    Ok(())
}

/// Keeps the machines of which what was seen of a backend can be a run.
fn retain_fitting(seen: &Seen, backend: usize, left: &mut Vec<Member>) {
    let view = seen.view("outage", None);
    let offered = Offered::of(&view);
    let statuses = [FailureClass::Statuses(4), FailureClass::Statuses(5)];
    let fails =
        [statuses[0], statuses[1], FailureClass::One(RetryOn::Reset), FailureClass::One(RetryOn::Timeout)];
    if let Some(input) = Input::of(&view, &offered, &[backend as u16], &fails, true) {
        left.retain(|member| search(&input, member, 1).fits());
    }
}

/// The kinds of rules among some machines, in words.
fn kinds(left: &[Member]) -> BTreeSet<&'static str> {
    left.iter().map(|member| kind(member.rule)).collect()
}

fn kind(rule: Rule) -> &'static str {
    match rule {
        Rule::InARow(_) => "failures in a row",
        Rule::Count(..) => "failures within a time",
        Rule::Share(..) => "a share of failures within a time",
        Rule::Never => "nothing",
    }
}

/// Windows that are tried.
const WINDOWS: [u64; 12] =
    [250, 500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 15_000, 30_000, 60_000, 300_000];

/// Shares that are tried are so far apart.
const SHARE_STEP: f64 = 0.05;

/// Machines that open after so many failures in a row from a healthy state, by every rule of the family.
fn candidates(low: u64, high: u64, open: (Duration, Duration)) -> Vec<Member> {
    let open = (open.0.saturating_sub(super::TRANSIT), open.1.saturating_add(super::TRANSIT));
    let member = |rule| Member {
        rule,
        slack: 0,
        looks: Duration::ZERO,
        open,
        growth: None,
        ways: Ways::any(),
        leaked_max: 0,
        may_stay: false,
        panics: false,
    };
    let mut found = Vec::new();
    for count in low..=high.min(low + 3) {
        let count = count as u32;
        found.push(member(Rule::InARow(count)));
        found.extend(WINDOWS.map(|window| member(Rule::Count(count, Duration::from_millis(window)))));
    }
    for window in WINDOWS {
        for share in 1..=20 {
            for min in (1..=20).chain([30, 50, 100]) {
                let share = f64::from(share) * SHARE_STEP;
                found.push(member(Rule::Share(share, Duration::from_millis(window), min)));
            }
        }
    }
    found
}

fn tell_rules(profile: &mut Profile, left: &[Member], name: &str) {
    let kinds: Vec<&str> = kinds(left).into_iter().collect();
    let [kind] = kinds.as_slice() else {
        let why = if kinds.is_empty() {
            "no rule that is known fits what was seen".to_owned()
        } else {
            let one = |kind: &&str| left.iter().find(|member| self::kind(member.rule) == *kind);
            let examples: Vec<String> = kinds.iter().filter_map(one).map(|one| one.rule.words()).collect();
            format!("more than one rule fits: after {}", examples.join("; after "))
        };
        profile.cannot_tell("breaker.rule", why, name);
        return;
    };
    let cases = left.len() as u64;
    profile.know("breaker.rule", Value::word(*kind), cases, name);
    let windows = left.iter().filter_map(|member| match member.rule {
        Rule::Count(_, window) | Rule::Share(_, window, _) => Some(Timespan(window)),
        _ => None,
    });
    if let Some((low, high)) = windows.clone().min().zip(windows.max()) {
        profile.know("breaker.window", around(low, high), cases, name);
    }
    let shares = left.iter().filter_map(|member| match member.rule {
        Rule::Share(share, ..) => Some(share),
        _ => None,
    });
    let bounds =
        (shares.clone().fold(1.0, f64::min) - SHARE_STEP, shares.clone().fold(0.0, f64::max) + SHARE_STEP);
    let bounds = Share::new(bounds.0.max(0.0)).zip(Share::new(bounds.1.min(1.0)));
    if let Some((low, high)) = bounds.filter(|_| shares.count() > 0) {
        profile.know("breaker.share", Value::Share(low, high), cases, name);
    }
}

/// The windows from one that was tried to another, and what lies between them and their neighbours, which nobody tried.
fn around(low: Timespan, high: Timespan) -> Value {
    let tried = WINDOWS.map(Timespan::from_millis);
    let below = tried.iter().rev().find(|window| **window < low).copied().unwrap_or_default();
    let above =
        tried.iter().find(|window| **window > high).copied().unwrap_or(Timespan(Duration::from_hours(24)));
    Value::Time(below, above)
}
