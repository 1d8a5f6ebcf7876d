//! The scenario that holds a profile in place: for each behaviour that was found, the fault that shows it and the demand that it
//! stays so.

mod clients;
mod flood;
mod policy;
mod round;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use units::Timespan;

use crate::profile::Profile;
use crate::questions::BREAKING;
use crate::value::Value;
use round::{within, written};

/// Failures that are answered to all requests, one after the other.
const FAILING: [(&str, &str); 6] = [
    ("503", "status = { code = 503 }"),
    ("500", "status = { code = 500 }"),
    ("502", "status = { code = 502 }"),
    ("504", "status = { code = 504 }"),
    ("429", "status = { code = 429 }"),
    ("reset", "reset = {}"),
];

/// The classes by the method that they send, and how often, by the second.
const CLASSES: [(&str, &str, u32); 2] = [("reads", "GET", 120), ("writes", "POST", 40)];

/// Headers that are sent to see what becomes of them, and what became of them in the words of the demand.
const HEADERS: [(&str, &str); 6] = [
    ("via", "1.0 client"),
    ("x-custom", "a, b"),
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
    ("x-real-ip", "203.0.113.7"),
    ("x-request-id", "{uuid}"),
];
const FATES: [(&str, &str); 4] = [
    ("passed on", "forwarded"),
    ("removed", "removed"),
    ("replaced", "replaced"),
    ("appended to", "appended"),
];

/// No timer is demanded that is longer: the scenario would take minutes.
const TIMER_MAX: Timespan = Timespan::from_secs(5);

/// A backend that may get no more of the traffic than this is not in use.
const USED: f64 = 0.05;

/// The scenario that holds a profile in place, for the gateway and the backends that `head` has in the words of scenario files.
pub fn hold(profile: &Profile, head: &str, path: &str) -> String {
    let mut scenario = Held {
        profile,
        classes: String::new(),
        own: Vec::new(),
        phases: String::new(),
        demands: String::new(),
    };
    if scenario.is_rate_limited() {
        scenario.rush();
    } else {
        scenario.steady();
        scenario.sessions(path);
        scenario.leaving(path);
        scenario.hang();
        scenario.crowd();
        scenario.failures();
        scenario.outage();
    }
    let mut text = format!(
        "# Written by `brownout discover`: what was found of {}, and that it stays so.\n\n\
         name = \"what the gateway does is what was found\"\n\
         why = \"Whoever changes the gateway or its configuration is told what changes with it.\"\n\n{head}",
        profile.about.gateway.escape_debug()
    );
    if let Some(policy) = policy::missing(profile, head) {
        let _ = write!(text, "\n{policy}");
    }
    for (class, method, rate) in CLASSES {
        let _ = write!(text, "\n[traffic.{class}]\nrequest = \"{method} {path}\"\nrate = \"{rate}/s\"\n");
        if method == "POST" {
            text.push_str("body = { size = \"200B\" }\n");
        }
    }
    text.push_str(&scenario.headers());
    text + &scenario.classes + &scenario.phases() + &scenario.demands
}

/// By how much a time may be off: a tenth, or as far as its bounds are apart, and what hops take.
fn tolerance(time: Timespan, low: Timespan, high: Timespan) -> Timespan {
    Timespan((*time / 10).max(high.saturating_sub(*low)) + Duration::from_millis(10))
}

/// A scenario in the making.
struct Held<'a> {
    profile: &'a Profile,
    /// Further classes, and their names: each has a phase of its own.
    classes: String,
    own: Vec<&'static str>,
    phases: String,
    demands: String,
}

impl Held<'_> {
    fn word(&self, key: &str) -> Option<&str> {
        match self.profile.value(key) {
            Some(Value::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn phase(&mut self, name: &str, length: Timespan, fault: &str) {
        let _ = write!(self.phases, "\n[[phase]]\nname = \"{name}\"\nfor = \"{}\"\n", written(length));
        if !fault.is_empty() {
            let _ = writeln!(self.phases, "[[phase.inject]]\n{fault}");
        }
    }

    fn demand(&mut self, place: &str, demand: &str) {
        let _ = write!(self.demands, "\n[[expect]]\n{place}\n{demand}\n");
    }

    /// Traffic that is spread as it was, arrives as it was sent, and has the headers that it had.
    fn steady(&mut self) {
        self.phase("steady", Timespan::from_secs(5), "");
        if let Some(shares) = self.shares() {
            let balance = format!("balance = {{ shares = {{ {shares} }}, tolerance = 0.1 }}");
            self.demand("in = \"steady\"", &balance);
        }
        let whole = |key| self.word(key) == Some("as it was sent");
        if whole("answers.body") && whole("answers.request_body") {
            self.demand("in = \"steady\"", "integrity = {}");
        }
        let of_fate = |(found, demanded): &(&str, &str)| {
            let of_it = self.fates().filter(|(_, fate)| fate == found);
            let names: Vec<&str> = of_it.map(|(name, _)| name).collect();
            (!names.is_empty()).then(|| format!("{demanded} = {names:?}"))
        };
        let rules: Vec<String> = FATES.iter().filter_map(of_fate).collect();
        if !rules.is_empty() {
            let same_path = self.word("headers.request.path") == Some("passed on");
            let path = if same_path { ", path_unchanged = true" } else { "" };
            let demand = format!("headers = {{ requests = {{ {} }}{path} }}", rules.join(", "));
            self.demand("in = \"steady\"\ntraffic = \"reads\"", &demand);
        }
    }

    /// What became of the headers that are sent here.
    fn fates(&self) -> impl Iterator<Item = (&'static str, &str)> {
        HEADERS.iter().filter_map(|(name, _)| {
            let fate = self.word(&format!("headers.request.{name}"))?;
            FATES.iter().any(|(known, _)| *known == fate).then_some((*name, fate))
        })
    }

    /// The headers of reads.
    fn headers(&self) -> String {
        let of = |name: &str| HEADERS.iter().find(|(sent, _)| *sent == name).map_or("", |(_, value)| value);
        let lines: Vec<String> = self.fates().map(|(name, _)| format!("{name} = \"{}\"", of(name))).collect();
        if lines.is_empty() {
            String::new()
        } else {
            format!("\n[traffic.reads.headers]\n{}\n", lines.join("\n"))
        }
    }

    /// The middle of what was found of each share, unless something keeps requests at one backend.
    fn shares(&self) -> Option<String> {
        let facts = &self.profile.fact;
        let kept = facts
            .iter()
            .any(|(key, fact)| key.starts_with("affinity.") && fact.value == Some(Value::word("yes")));
        let share = |(key, fact): (&'_ String, &crate::profile::Fact)| match &fact.value {
            Some(Value::Share(low, high)) => {
                Some((key.strip_prefix("pool.share.")?.to_owned(), f64::midpoint(low.get(), high.get())))
            }
            _ => None,
        };
        let shares: BTreeMap<String, f64> = facts.iter().filter_map(share).collect();
        let all: f64 = shares.values().sum();
        let line = |(name, share): (&String, &f64)| format!("{name:?} = {:.3}", share / all);
        (!kept && all > 0.0).then(|| shares.iter().map(line).collect::<Vec<_>>().join(", "))
    }

    /// Attempts that get no answer are given up on time. Few hang, so that no breaker opens that counts in a row or by share.
    fn hang(&mut self) {
        let Some(Value::Time(low, high)) = self.profile.value("timeout.per_try") else { return };
        let (low, high) = (*low, *high);
        let counts = self.word("breaker.rule") == Some("failures within a time");
        if high > TIMER_MAX || counts {
            return;
        }
        let timer = within(low, high);
        let fault = "when = { traffic = \"reads\" }\nhang = { share = 0.1 }";
        self.phase("hang", Timespan::from_secs(10), fault);
        self.phase("after-hang", Timespan(*timer * 2 + Duration::from_secs(6)), "");
        let (timer, tolerance) = (written(timer), written(tolerance(timer, low, high)));
        let demand = format!("timeout = {{ per_try = \"{timer}\", tolerance = \"{tolerance}\" }}");
        self.demand("in = \"hang\"\ntraffic = \"reads\"", &demand);
    }

    /// Requests that fail everywhere are tried as often as they were. Failures that open a breaker have their own phase.
    /// Where there is a limit, one that is not tried again may have been kept from it.
    fn failures(&mut self) {
        let limited = matches!(self.profile.value("limit.in_flight"), Some(Value::Count(..)));
        for (failure, fault) in FAILING {
            let stays_closed = self.word(&format!("breaker.opens_on.{failure}")) == Some("no");
            let attempts = |(class, method, _)| match self.profile.value(&format!("retry.{failure}.{method}"))
            {
                Some(Value::Count(low, high)) if low == high && (*low > 1 || !limited) => Some((class, *low)),
                _ => None,
            };
            let exact: Vec<(&str, u64)> = CLASSES.into_iter().filter_map(attempts).collect();
            if !stays_closed || exact.is_empty() {
                continue;
            }
            let name = format!("fails-{failure}");
            self.phase(&name, Timespan::from_secs(3), fault);
            self.phase(&format!("after-{failure}"), Timespan::from_secs(2), "");
            for (class, attempts) in exact {
                let place = format!("in = \"{name}\"\ntraffic = \"{class}\"");
                self.demand(&place, &format!("attempts = {{ exactly = {attempts} }}"));
            }
        }
    }

    /// A backend that fails is left alone after as many failures as it was, and for as long.
    fn outage(&mut self) {
        let opens =
            |(failure, _): &(&str, &str)| self.word(&format!("breaker.opens_on.{failure}")) == Some("yes");
        let Some((failure, fault)) = BREAKING.into_iter().find(opens) else { return };
        let (Some(Value::Count(low, high)), Some(Value::Time(from, to))) =
            (self.profile.value("breaker.failures"), self.profile.value("breaker.open_for"))
        else {
            return;
        };
        let (failures, from, to) = (*low, *from, *to);
        let known = low == high && to <= TIMER_MAX;
        // A spare gets nothing while all is well.
        let is_used = |name: &&String| match self.profile.value(&format!("pool.share.{name}")) {
            Some(Value::Share(_, high)) => high.get() > USED,
            _ => true,
        };
        let Some(victim) = self.profile.about.backends.iter().find(is_used).filter(|_| known) else { return };
        let trips = match (self.word("breaker.rule"), self.profile.value("breaker.window")) {
            (Some("failures in a row"), _) => format!("{{ consecutive = {failures} }}"),
            (Some("failures within a time"), Some(Value::Time(from, to))) => {
                let window = written(within(*from, (*to).min(Timespan(**from * 4))));
                format!("{{ count = {failures}, within = \"{window}\" }}")
            }
            _ => return,
        };
        let open = within(from, to);
        let name = format!("outage-{failure}");
        let fault = format!("on = [{victim:?}]\n{fault}");
        self.phase(&name, Timespan(*open * 4 + Duration::from_secs(2)), &fault);
        self.phase(&format!("after-{name}"), Timespan(*open * 2 + Duration::from_secs(6)), "");
        let (open, tolerance) = (written(open), written(tolerance(open, from, to)));
        let demand = format!(
            "breaker = {{ trips_after = {trips}, fails = [{failure:?}], open_for = \"{open}\", tolerance = \"{tolerance}\" }}"
        );
        self.demand(&format!("in = \"{name}\""), &demand);
    }
}
