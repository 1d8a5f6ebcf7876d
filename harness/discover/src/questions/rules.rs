//! Which rule opens a breaker: failures in a row, failures within a time, or a share of them; with its numbers.
//!
//! All machines of the family that can have made what was seen are kept, and experiments go on until one rule is left.

use std::collections::BTreeSet;
use std::time::Duration;

use measure::automata::input::Input;
use measure::automata::member::{Member, Rule, Ways};
use measure::automata::offered::Offered;
use measure::automata::search::{Found, Work, search_within};
use policy::{FailureClass, RetryOn};
use units::{Share, Timespan};

use super::outage::{INSTANCES_MAX, OUTAGE, RATE, Story, outage};
use super::target::Target;
use crate::experiment::{CALM, Experiment};
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// Partial outages by which the rules are told apart: requests a second, and the part of them that fails.
///
/// Where every second request fails, a rule of failures in a row opens late. Where few come, one with a short window does not
/// open at all. Where many come and few of them fail, one by share does not.
const TELLING: [(&str, f64, &str); 7] = [
    ("half", RATE, "0.5"),
    ("dense", 5.0 * RATE, "0.3"),
    ("slow", 12.0, "1.0"),
    ("less", 90.0, "1.0"),
    ("sparse", 5.0 * RATE, "0.05"),
    ("fifth", RATE, "0.2"),
    ("most", RATE, "0.8"),
];

/// No row of failures is thought of that is longer where requests come at uneven times.
const ROW_MAX: u64 = 40;

/// So many of them are tried where requests come at uneven times.
const TELLING_UNEVEN: usize = 2;

/// Which rules can have opened it, in the outage and in as many others as it takes to tell.
pub(super) fn ask(
    lab: &mut Lab<'_>,
    profile: &mut Profile,
    seen: &Seen,
    target: &Target,
    ramp: Option<Duration>,
    fault: &str,
) -> Result<(), DiscoverError> {
    let story = Story::of(seen, target);
    let Some(first) = story.silences.first() else { return Ok(()) };
    let (low, high) = story.failures_before(first);
    if story.is_uneven() && low > ROW_MAX {
        profile.cannot_tell("breaker.rule", UNEVEN, &seen.name);
        return Ok(());
    }
    let word = |key: &str, word: &str| profile.value(key) == Some(&Value::word(word));
    // A gateway that looks now and then, or leaves it alone for longer each time, varies.
    let open =
        match story.silences.iter().find(|silence| silence.ended).map(|silence| story.open_time(silence)) {
            Some((shortest, longest)) => {
                let late = ramp.unwrap_or_default();
                let most = if word("breaker.open_grows", "yes") { GROWN } else { VARIED };
                (shortest.div_f64(VARIED).saturating_sub(late), longest.mul_f64(most) + late)
            }
            None => (first.to.since(first.from), Duration::MAX),
        };
    let check = word("breaker.way_back", "check") || profile.value("breaker.way_back").is_none();
    let ways = Ways { check, ramp: ramp.unwrap_or_default() * 2, ..Ways::any() };
    let mut left: Vec<Counted> = candidates(low, high, open, ways, story.is_uneven());
    retain_fitting(seen, target, &mut left);
    let (mut last, mut asked) = (seen.name.clone(), 1);
    // Of several instances only a row of failures is told, and to follow them takes long.
    let uneven = story.is_uneven();
    let telling = &TELLING[..if uneven { TELLING_UNEVEN } else { TELLING.len() }];
    for (number, one) in telling.iter().enumerate() {
        if kinds(&left).len() < 2 || (uneven && !kinds(&left).contains(IN_A_ROW)) {
            break;
        }
        if number.is_multiple_of(lab.at_a_time) {
            let beside = telling[number..].iter().take(lab.at_a_time);
            lab.ahead(beside.map(|one| partial(lab, one, target, fault)).collect())?;
        }
        let seen = lab.run(&partial(lab, one, target, fault))?;
        retain_fitting(&seen, target, &mut left);
        (last, asked) = (seen.name, asked + 1);
    }
    let only_share = kinds(&left).iter().eq(&[SHARE]);
    // Instances that see a share each are not among those that are tried, and look like a count.
    if uneven && !kinds(&left).iter().eq(&[IN_A_ROW]) {
        profile.cannot_tell("breaker.rule", UNEVEN, &last);
        return Ok(());
    }
    if uneven && left.iter().all(|one| one.instances == 1) {
        // It is one that counts all of them.
        profile.know("breaker.failures", Value::Count(low, high), 1, &seen.name);
    }
    if only_share {
        tell_min(lab, profile, &left, target, fault)?;
    }
    let window = narrow(lab, target, fault, &mut left)?;
    tell(profile, &left, asked, &last);
    if let Some((window, name)) = window {
        profile.know("breaker.window", window, asked, &name);
    }
    Ok(())
}

/// A partial outage.
fn partial(
    lab: &Lab<'_>,
    (name, rate, part): &(&str, f64, &str),
    target: &Target,
    fault: &str,
) -> Experiment {
    let partial =
        fault.replace("{}", "{ }").replace(" }", &format!(", share = {part} }}")).replace("{,", "{");
    outage(lab, &format!("outage-{name}"), *rate, OUTAGE, &partial, target)
}

/// How many requests a share takes at the least: when the window is empty, all that come fail, until it opens.
fn tell_min(
    lab: &mut Lab<'_>,
    profile: &mut Profile,
    left: &[Counted],
    target: &Target,
    fault: &str,
) -> Result<(), DiscoverError> {
    let key = "breaker.requests_min";
    let windows = left.iter().filter_map(|one| match one.member.rule {
        Rule::Share(_, window, _) => Some(Timespan(window)),
        _ => None,
    });
    let longest = windows.max().map(|longest| neighbours(longest, longest).1).unwrap_or_default();
    if longest > IDLE_MAX {
        profile.cannot_tell(key, "the window is too long to wait until it is empty", "outage-from-idle");
        return Ok(());
    }
    let idle = Timespan(longest + Duration::from_millis(500));
    let experiment = Experiment::new("outage-from-idle", RATE)
        .calm("before", idle, &[CALM])
        .phase("outage", Timespan::from_secs(2))
        .fault(&target.place(lab), fault)
        .phase("after", Timespan::from_secs(1));
    let seen = lab.run(&experiment)?;
    let story = Story::of(&seen, target);
    match story.silences.first() {
        Some(first) => {
            let (low, high) = story.failures_before(first);
            profile.know(key, Value::Count(low, high), 1, &seen.name);
        }
        None => profile.cannot_tell(key, "it did not open when nothing but failures came", &seen.name),
    }
    Ok(())
}

/// No window is waited out that is longer.
const IDLE_MAX: Duration = Duration::from_secs(15);

/// So often a window is halved, at the most.
const ROUNDS: u32 = 4;

/// Bounds of a window that are so near to each other need no more experiments.
const NEAR: f64 = 1.3;

/// Into so many steps what is left of a window is cut.
const STEPS: u32 = 16;

/// How long the window is within which failures are counted: as many as open it are spread over a time in the middle of what is
/// left, again and again. `None` if it does not count within a window.
fn narrow(
    lab: &mut Lab<'_>,
    target: &Target,
    fault: &str,
    left: &mut Vec<Counted>,
) -> Result<Option<(Value, String)>, DiscoverError> {
    let counted = |one: &Counted| match one.member.rule {
        Rule::Count(count, window) => Some((count, window)),
        _ => None,
    };
    let Some(first) = left.first().copied() else { return Ok(None) };
    let counts: BTreeSet<u32> = left.iter().filter_map(counted).map(|(count, _)| count).collect();
    // How failures are spread over several instances nobody knows.
    let alone = left.iter().all(|one| one.instances == 1) && kinds(left).len() == 1;
    let Some(least) = counts.first().copied().filter(|least| *least > 1 && alone) else {
        return Ok(None);
    };
    let (mut low, mut high) = bounds(left.iter().filter_map(counted).map(|(_, window)| window));
    let (mut name, mut round) = (String::new(), 0);
    let longest = *lab.site.longest;
    while round < ROUNDS && high.as_secs_f64() > NEAR * low.as_secs_f64() && low < longest {
        let least_s = low.as_secs_f64().max(0.1);
        let ratio = (high.as_secs_f64() / least_s).powf(1.0 / f64::from(STEPS));
        let grid: Vec<Duration> =
            (0..=STEPS).map(|step| Duration::from_secs_f64(least_s * ratio.powi(step as i32))).collect();
        *left = counts
            .iter()
            .flat_map(|count| grid.iter().map(|window| Rule::Count(*count, *window)))
            .map(|rule| Counted { member: Member { rule, ..first.member }, ..first })
            .collect();
        let span = (least_s * high.as_secs_f64()).sqrt().min(longest.as_secs_f64());
        let rate = f64::from(least - 1) / span / target.weight_share(lab);
        let length = Timespan(Duration::from_secs_f64(span * f64::from(least + 2) / f64::from(least - 1)));
        let on = format!("{}\nwhen = {{ traffic = \"few\" }}", target.place(lab));
        // Successes beside them show sharply when it opens, and a count of failures takes no notice of them.
        let experiment = Experiment::new(format!("outage-spread-{round}"), RATE)
            .traffic("few", "GET", rate)
            .calm("before", Timespan::from_secs(1), &["few"])
            .phase("outage", length)
            .fault(&on, fault)
            .calm("after", Timespan::from_secs(1), &["few"]);
        let seen = lab.run(&experiment)?;
        retain_fitting(&seen, target, left);
        let windows: Vec<Duration> = left.iter().filter_map(counted).map(|(_, window)| window).collect();
        let (Some(shortest), Some(longest)) = (windows.iter().min(), windows.iter().max()) else { break };
        // What lies between two that were tried may be either.
        let step = |window: f64| Duration::from_secs_f64(window);
        (low, high) =
            (step(shortest.as_secs_f64() / ratio).max(low), step(longest.as_secs_f64() * ratio).min(high));
        (name, round) = (seen.name, round + 1);
    }
    let whole = |length: Duration| Timespan(Duration::from_millis(length.as_millis() as u64));
    Ok((round > 0).then(|| (Value::Time(whole(low), whole(high)), name)))
}

/// Why what fits tells nothing.
const UNEVEN: &str = "requests came at uneven times, as from several instances that count for themselves, and it opens by no row of \
                      failures: a share that each of them counts looks like a count";

/// By so much an open time may be off that was seen once, and by so much it may have grown.
const VARIED: f64 = 1.5;
const GROWN: f64 = 20.0;

/// The windows between which those lie that are left: their neighbours, which were tried and don't fit.
fn bounds(left: impl Iterator<Item = Duration>) -> (Duration, Duration) {
    let windows: Vec<Timespan> = left.map(Timespan).collect();
    match windows.iter().min().zip(windows.iter().max()) {
        Some((low, high)) => neighbours(*low, *high),
        None => (Duration::ZERO, Duration::ZERO),
    }
}

/// So much work it takes at the most to compare all machines with one experiment: some seconds.
const WORK_MAX: u64 = 20_000_000;

/// Keeps the machines of which what was seen of the backends that failed can be a run.
fn retain_fitting(seen: &Seen, target: &Target, left: &mut Vec<Counted>) {
    let view = seen.view("outage", None);
    let offered = Offered::of(&view);
    let statuses = [FailureClass::Statuses(4), FailureClass::Statuses(5)];
    let fails =
        [statuses[0], statuses[1], FailureClass::One(RetryOn::Reset), FailureClass::One(RetryOn::Timeout)];
    if let Some(input) = Input::of(&view, &offered, &target.indices(), &fails, true) {
        let mut work = Work::of(WORK_MAX);
        // One of which more runs fit than can be followed is not refuted.
        left.retain(|one| {
            !matches!(search_within(&input, &one.member, one.instances, &mut work), Found::None(_))
        });
    }
}

/// The kinds of rules among some machines, in words.
fn kinds(left: &[Counted]) -> BTreeSet<&'static str> {
    left.iter().map(|one| kind(one.member.rule)).collect()
}

/// The rules in words.
const IN_A_ROW: &str = "failures in a row";
const SHARE: &str = "a share of failures within a time";

fn kind(rule: Rule) -> &'static str {
    match rule {
        Rule::InARow(_) => IN_A_ROW,
        Rule::Count(..) => "failures within a time",
        Rule::Share(..) => SHARE,
        Rule::Never => "nothing",
    }
}

/// Windows that are tried.
const WINDOWS: [u64; 12] =
    [250, 500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 15_000, 30_000, 60_000, 300_000];

/// No window is longer.
const WINDOW_MAX: Duration = Duration::from_hours(24);

/// Shares that are tried are so far apart.
const SHARE_STEP: f64 = 0.05;

/// A machine, and how many instances of it count for themselves.
#[derive(Clone, Copy)]
struct Counted {
    member: Member,
    instances: u32,
}

/// Machines that open after so many failures in a row from a healthy state, by every rule of the family.
fn candidates(low: u64, high: u64, open: (Duration, Duration), ways: Ways, uneven: bool) -> Vec<Counted> {
    let open = (open.0.saturating_sub(super::TRANSIT), open.1.saturating_add(super::TRANSIT));
    let counted = |rule, instances| {
        let member = Member {
            rule,
            slack: 0,
            looks: Duration::ZERO,
            open,
            growth: None,
            asked_instead: None,
            ways,
            leaked_max: 0,
            may_stay: false,
            panics: false,
        };
        Counted { member, instances }
    };
    let mut found = Vec::new();
    for instances in 1..=if uneven { INSTANCES_MAX } else { 1 } {
        let each = u64::from(instances);
        for count in (low..=high.min(low + 3)).filter(|count| count % each == 0) {
            let count = (count / each) as u32;
            found.push(counted(Rule::InARow(count), instances));
            let windows = WINDOWS.map(Duration::from_millis);
            found.extend(windows.map(|window| counted(Rule::Count(count, window), instances)));
        }
    }
    for window in WINDOWS {
        for share in 1..=20 {
            for min in (1..=20).chain([30, 50, 100]) {
                let share = f64::from(share) * SHARE_STEP;
                found.push(counted(Rule::Share(share, Duration::from_millis(window), min), 1));
            }
        }
    }
    found
}

fn tell(profile: &mut Profile, left: &[Counted], asked: u64, name: &str) {
    let kinds: Vec<&str> = kinds(left).into_iter().collect();
    let [kind] = kinds.as_slice() else {
        let why = if kinds.is_empty() {
            "no rule that is known fits what was seen".to_owned()
        } else {
            let one = |kind: &&str| left.iter().find(|one| self::kind(one.member.rule) == *kind);
            let examples: Vec<String> =
                kinds.iter().filter_map(one).map(|one| one.member.rule.words()).collect();
            format!("more than one rule fits: after {}", examples.join("; after "))
        };
        profile.cannot_tell("breaker.rule", why, name);
        return;
    };
    profile.know("breaker.rule", Value::word(*kind), asked, name);
    let windows = left.iter().filter_map(|one| match one.member.rule {
        Rule::Count(_, window) | Rule::Share(_, window, _) => Some(Timespan(window)),
        _ => None,
    });
    if let Some((low, high)) = windows.clone().min().zip(windows.max()) {
        profile.know("breaker.window", around(low, high), asked, name);
    }
    let shares = left.iter().filter_map(|one| match one.member.rule {
        Rule::Share(share, ..) => Some(share),
        _ => None,
    });
    let bounds =
        (shares.clone().fold(1.0, f64::min) - SHARE_STEP, shares.clone().fold(0.0, f64::max) + SHARE_STEP);
    let bounds = Share::new(bounds.0.max(0.0)).zip(Share::new(bounds.1.min(1.0)));
    if let Some((low, high)) = bounds.filter(|_| shares.count() > 0) {
        profile.know("breaker.share", Value::Share(low, high), asked, name);
    }
}

/// The windows from one that was tried to another, and what lies between them and their neighbours, which nobody tried.
fn around(low: Timespan, high: Timespan) -> Value {
    let (below, above) = neighbours(low, high);
    Value::Time(Timespan(below), Timespan(above))
}

fn neighbours(low: Timespan, high: Timespan) -> (Duration, Duration) {
    let tried = WINDOWS.map(Duration::from_millis);
    let below = tried.iter().rev().find(|window| **window < *low).copied().unwrap_or_default();
    (below, tried.iter().find(|window| **window > *high).copied().unwrap_or(WINDOW_MAX))
}
