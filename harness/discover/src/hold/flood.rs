//! Demands on what becomes of more requests than the gateway lets through: in a time, or under way at once.

use std::fmt::Write;
use std::time::Duration;

use units::Timespan;

use super::round::{within, written};
use super::{CLASSES, Held, TIMER_MAX};
use crate::questions::{RATE_LIMITED, is_rate_limited, slow};
use crate::value::Value;

/// So many times as many requests come as a rate limit lets through.
const BEYOND: f64 = 3.0;

/// A limit of what is under way is exceeded by so much, at a rate of so many a second at the most.
const OVER: f64 = 1.5;
const RATE_MAX: f64 = 600.0;

/// How slow backends are then, at the most.
const SLOW_MAX: Duration = Duration::from_millis(400);

impl Held<'_> {
    /// True if a rate limit turns away what other demands would rest on.
    pub(super) fn is_rate_limited(&self) -> bool {
        is_rate_limited(self.profile)
    }

    /// As many are let through in a time as were, where they are let through many at once.
    pub(super) fn rush(&mut self) {
        let count = |key: &str| match self.profile.value(key) {
            Some(Value::Count(low, high)) if low == high => Some(*low),
            _ => None,
        };
        let (Some(calls), Some(again)) = (count(RATE_LIMITED), count("rate_limit.at_once")) else { return };
        let Some(Value::Time(low, high)) = self.profile.value("rate_limit.every") else { return };
        if calls != again || *high > TIMER_MAX {
            return;
        }
        let per = within(*low, *high);
        let told = self.word("rate_limit.retry_after") == Some("yes");
        self.load("rush", BEYOND * calls as f64 / per.as_secs_f64(), Timespan(*per * 4));
        let told = if told { ", retry_after = true" } else { "" };
        let demand =
            format!("rate_limit = {{ calls = {calls}, per = \"{}\", exact = true{told} }}", written(per));
        self.demand("in = \"rush\"", &demand);
        if let Some(status) = self.word("rate_limit.turned_away").and_then(|word| word.parse::<u16>().ok()) {
            self.demand("in = \"rush\"", &format!("shed = {{ of = [{status}] }}"));
        }
    }

    /// As many requests are under way at a time as were, and no more.
    pub(super) fn crowd(&mut self) {
        let Some(Value::Count(limit, _)) = self.profile.value("limit.in_flight") else { return };
        let scope = self.word("limit.scope");
        let backends = if scope == Some("backend") { self.profile.about.backends.len() as u64 } else { 1 };
        let slow = slow(self.profile, 2, SLOW_MAX);
        let rate = (OVER * (limit * backends) as f64 / slow.as_secs_f64()).min(RATE_MAX);
        // A queue that never runs over is met by fewer.
        let (limit, offered) = (*limit, rate * slow.as_secs_f64());
        if offered < 1.2 * (limit * backends) as f64 || scope.is_none() {
            return;
        }
        let scope = if scope == Some("pool") { ", scope = \"pool\"" } else { "" };
        self.load("crowd", rate, Timespan::from_secs(10));
        let fault = format!("[[phase.inject]]\nlatency = {{ fixed = \"{}\" }}\n", written(Timespan(slow)));
        self.phases.push_str(&fault);
        self.phase("after-crowd", Timespan::from_secs(3), "");
        self.demand("in = \"crowd\"", &format!("limit = {{ in_flight = {limit}{scope} }}"));
    }

    /// A phase in which so many requests a second come in all, of each class as large a part as ever.
    fn load(&mut self, name: &str, rate: f64, length: Timespan) {
        self.phase(name, length, "");
        let all: u32 = CLASSES.iter().map(|(_, _, rate)| rate).sum();
        for (class, _, own) in CLASSES {
            let rate = (rate * f64::from(own) / f64::from(all)).ceil();
            let _ = writeln!(self.phases, "traffic.{class} = {{ rate = \"{rate}/s\" }}");
        }
    }
}
