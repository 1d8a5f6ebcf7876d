//! The policy of the scenario, each line with its place in the source.

use std::collections::BTreeMap;
use std::fmt::Write;

use policy::{
    AllOut, Breaker, Credential, HealthCheck, Limit, Policy, RateLimit, RequestHeaders, Retry, Scope,
    Timeouts, WayBack,
};

use super::text::{PLACES_AT, Writing, Written, comment, list, quoted};
use crate::iso::written;

impl Writing<'_> {
    /// A line of the policy, with its place if the source has one.
    fn line(&self, key: &str, line: &str, out: &mut String) -> Written {
        match self.import.sources.get(key) {
            Some(place) => {
                let place = comment(&self.sources.position(place).to_string());
                writeln!(out, "{line:<PLACES_AT$} # {place}")
            }
            None => match self.import.defaults.get(key) {
                Some(words) => writeln!(out, "{line:<PLACES_AT$} # default: {}", comment(words)),
                None => writeln!(out, "{line}"),
            },
        }
    }

    pub(super) fn policy(&self, out: &mut String) -> Written {
        // No importer knows of affinity yet.
        let Policy {
            timeout,
            retry,
            breaker,
            limit,
            rate_limit,
            affinity: _,
            health_check,
            request_headers,
            credentials,
            sources: _,
        } = &self.import.policy;
        self.timeouts(*timeout, out)?;
        if let Some(retry) = retry {
            self.retry(retry, out)?;
        }
        if let Some(breaker) = breaker {
            self.breaker(breaker, out)?;
        }
        if let Some(limit) = limit {
            self.limit(limit, out)?;
        }
        if let Some(limit) = rate_limit {
            self.rate_limit(limit, out)?;
        }
        if let Some(check) = health_check {
            self.health_check(check, out)?;
        }
        if let Some(rules) = request_headers {
            self.request_headers(rules, out)?;
        }
        for (backend, credential) in credentials {
            self.credential(backend, credential, out)?;
        }
        if !self.import.sources.is_empty() {
            writeln!(out, "\n# Reports show these places beside what was observed.\n[policy.sources]")?;
            for (key, place) in &self.import.sources {
                let place = self.sources.position(place).to_string();
                writeln!(out, "{} = {}", quoted(key), quoted(&place))?;
            }
        }
        Ok(())
    }

    fn timeouts(&self, timeout: Timeouts, out: &mut String) -> Written {
        if timeout != Timeouts::default() {
            writeln!(out, "\n[policy.timeout]")?;
        }
        for (key, length) in
            [("connect", timeout.connect), ("per_try", timeout.per_try), ("total", timeout.total)]
        {
            if let Some(length) = length {
                let line = format!("{key} = \"{}\"", written(length));
                self.line(&format!("timeout.{key}"), &line, out)?;
            }
        }
        Ok(())
    }

    fn limit(&self, limit: &Limit, out: &mut String) -> Written {
        writeln!(out, "\n[policy.limit]")?;
        self.line("limit.in_flight", &format!("in_flight = {}", limit.in_flight), out)?;
        if limit.scope == Scope::Pool {
            writeln!(out, "scope = \"pool\"")?;
        }
        if let Some(queue) = limit.queue {
            self.line("limit.queue", &format!("queue = {queue}"), out)?;
        }
        if let Some(wait) = limit.wait {
            self.line("limit.wait", &format!("wait = \"{}\"", written(wait)), out)?;
        }
        if let Some(status) = limit.status {
            self.line("limit.status", &format!("status = {status}"), out)?;
        }
        Ok(())
    }

    fn rate_limit(&self, limit: &RateLimit, out: &mut String) -> Written {
        let RateLimit { calls, per, window, retry_after, status } = limit;
        writeln!(out, "\n[policy.rate_limit]")?;
        self.line("rate_limit.calls", &format!("calls = {calls}"), out)?;
        self.line("rate_limit.per", &format!("per   = \"{}\"", written(*per)), out)?;
        if !window.is_sliding() {
            writeln!(out, "window = \"bucket\"")?;
        }
        if *retry_after {
            writeln!(out, "retry_after = true")?;
        }
        if let Some(status) = status {
            self.line("rate_limit.status", &format!("status = {status}"), out)?;
        }
        Ok(())
    }

    fn request_headers(&self, rules: &RequestHeaders, out: &mut String) -> Written {
        let RequestHeaders { set, append, remove } = rules;
        if !remove.is_empty() {
            writeln!(out, "\n[policy.request_headers]")?;
            // One place for all: a list is one line.
            let key = format!("request_headers.remove.{}", remove[0]);
            self.line(&key, &format!("remove = {}", list(remove)), out)?;
        }
        for (table, values) in [("set", set), ("append", append)] {
            if !values.is_empty() {
                writeln!(out, "\n[policy.request_headers.{table}]")?;
            }
            for (name, value) in values {
                let line = format!("{} = {}", quoted(name), quoted(value));
                self.line(&format!("request_headers.{table}.{name}"), &line, out)?;
            }
        }
        Ok(())
    }

    fn credential(&self, backend: &str, credential: &Credential, out: &mut String) -> Written {
        writeln!(out, "\n[policy.credentials.{}]", quoted(backend))?;
        let all = |values: &BTreeMap<String, String>| {
            let one = |(name, value): (&String, &String)| format!("{} = {}", quoted(name), quoted(value));
            values.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        for (table, values) in [("header", &credential.header), ("query", &credential.query)] {
            if !values.is_empty() {
                let line = format!("{table} = {{ {} }}", all(values));
                self.line(&format!("credentials.{backend}"), &line, out)?;
            }
        }
        Ok(())
    }

    fn health_check(&self, check: &HealthCheck, out: &mut String) -> Written {
        let HealthCheck { path, every, fall, rise, within } = check;
        writeln!(out, "\n[policy.health_check]")?;
        self.line("health_check.path", &format!("path  = {}", quoted(path)), out)?;
        self.line("health_check.every", &format!("every = \"{}\"", written(*every)), out)?;
        self.line("health_check.fall", &format!("fall  = {fall}"), out)?;
        self.line("health_check.rise", &format!("rise  = {rise}"), out)?;
        if let Some(within) = within {
            self.line("health_check.within", &format!("within = \"{}\"", written(*within)), out)?;
        }
        Ok(())
    }

    fn retry(&self, retry: &Retry, out: &mut String) -> Written {
        writeln!(out, "\n[policy.retry]")?;
        self.line("retry.attempts", &format!("attempts      = {}", retry.attempts), out)?;
        let on: Vec<String> = retry.on.iter().map(ToString::to_string).collect();
        self.line("retry.on", &format!("on            = {}", list(&on)), out)?;
        self.line("retry.methods", &format!("methods       = {}", list(&retry.methods)), out)?;
        self.line("retry.other_backend", &format!("other_backend = {}", retry.other_backend), out)?;
        if let Some(backoff) = retry.backoff {
            let max = backoff.max.map(|max| format!(", max = \"{}\"", written(max))).unwrap_or_default();
            let jitter = if backoff.jitter { ", jitter = true" } else { "" };
            let line = format!(
                "backoff       = {{ base = \"{}\", factor = {:?}{max}{jitter} }}",
                written(backoff.base),
                backoff.factor
            );
            self.line("retry.backoff", &line, out)?;
        }
        if let Some(asked) = retry.retry_after {
            let max = asked.max.map(|max| format!(" max = \"{}\" ", written(max))).unwrap_or_default();
            self.line("retry.retry_after", &format!("retry_after   = {{{max}}}"), out)?;
        }
        if let Some(budget) = retry.budget {
            let line =
                format!("budget        = {{ share = {:?}, min = {} }}", budget.share.get(), budget.min);
            self.line("retry.budget", &line, out)?;
        }
        Ok(())
    }

    fn breaker(&self, breaker: &Breaker, out: &mut String) -> Written {
        writeln!(out, "\n[policy.breaker]")?;
        let within = breaker.trip.within.map(written).unwrap_or_default();
        let trip = match (breaker.trip.count, breaker.trip.share, breaker.trip.consecutive) {
            (Some(count), ..) => format!("count = {count}, within = \"{within}\""),
            (_, Some(share), _) => {
                let min = breaker.trip.min.map(|min| format!(", min = {min}")).unwrap_or_default();
                format!("share = {:?}, within = \"{within}\"{min}", share.get())
            }
            (.., count) => format!("consecutive = {}", count.unwrap_or(1)),
        };
        self.line("breaker.trip", &format!("trip        = {{ {trip} }}"), out)?;
        if !breaker.fails.is_empty() {
            let fails: Vec<String> = breaker.fails.iter().map(ToString::to_string).collect();
            self.line("breaker.fails", &format!("fails       = {}", list(&fails)), out)?;
        }
        self.line("breaker.open_for", &format!("open_for    = \"{}\"", written(breaker.open_for)), out)?;
        if breaker.open_grows {
            writeln!(out, "open_grows  = true")?;
        }
        if let Some(max) = breaker.open_max {
            self.line("breaker.open_max", &format!("open_max    = \"{}\"", written(max)), out)?;
        }
        if let Some(share) = breaker.out_max {
            self.line("breaker.out_max", &format!("out_max     = {:?}", share.get()), out)?;
        }
        if let Some(tick) = breaker.tick {
            self.line("breaker.tick", &format!("tick        = \"{}\"", written(tick)), out)?;
        }
        if breaker.retry_after {
            self.line("breaker.retry_after", "retry_after = true", out)?;
        }
        if breaker.workers != 1 {
            self.line("breaker.workers", &format!("workers     = {}", breaker.workers), out)?;
        }
        match breaker.way_back {
            Some(WayBack::Probe) => writeln!(out, "way_back    = \"probe\"")?,
            Some(WayBack::All) => writeln!(out, "way_back    = \"all\"")?,
            Some(WayBack::Check) => writeln!(out, "way_back    = \"check\"")?,
            _ => {}
        }
        let all_out = match breaker.all_out {
            Some(AllOut::Shed) => Some("shed"),
            Some(AllOut::Panic) => Some("panic"),
            None => None,
        };
        if let Some(all_out) = all_out {
            self.line("breaker.all_out", &format!("all_out     = \"{all_out}\""), out)?;
        }
        if let Some(status) = breaker.shed_status {
            self.line("breaker.shed_status", &format!("shed_status = {status}"), out)?;
        }
        Ok(())
    }
}
