//! What each fact of a profile must be, by the policy that the gateway was given.

use std::time::Duration;

use discover::Value;
use policy::{AffinityBy, AllOut, Breaker, FailureClass, Limit, Policy, Retry, RetryOn, WayBack};
use scenario::Plan;
use units::Timespan;

use super::compare::{count, open_for, share, timer, within, word};

/// What the reference gateway was told, and with which backends.
pub(crate) struct Told<'a>(pub(crate) &'a Plan);

/// The longest wait for a date, which names whole seconds.
const DATE: Timespan = Timespan::from_secs(2);

/// No request takes longer of itself.
const AT_ONCE: Timespan = Timespan::from_millis(10);

impl Told<'_> {
    fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// None if a fact agrees with what was declared; what it should be if not.
    pub(crate) fn contradicts(&self, key: &str, value: &Value) -> Option<String> {
        let parts: Vec<&str> = key.split('.').collect();
        match parts[0] {
            "pool" => self.pool(&parts, value),
            "timeout" => self.timeout(parts[1], value),
            "retry" => self.retry(&parts, value),
            "replay" => word(value, "whole"),
            "limit" => self.limit(parts[1], value),
            // None is made up.
            "rate_limit" => (!matches!(value, Value::AtLeast(_))).then(|| "none".into()),
            "breaker" => self.breaker(&parts, value),
            "outage" => self.outage(&parts, value),
            "affinity" => self.affinity(&parts, value),
            "cancel" => within(value, AT_ONCE),
            "answers" => answers(parts[1], value),
            "headers" => headers(&parts, value),
            "connections" => share(value, 1.0),
            "health" => self.health(parts[1], value),
            _ => Some("something that is said here".into()),
        }
    }

    fn pool(&self, parts: &[&str], value: &Value) -> Option<String> {
        match parts {
            ["pool", "successes_tried_again"] => word(value, "no"),
            // As many connections as there are at a time, each at the backend that its number chose.
            ["pool", "share", _] if self.by() == Some(&AffinityBy::Connection) => None,
            ["pool", "share", name] => share(value, self.share(name, None)),
            _ => Some("something that is said here".into()),
        }
    }

    /// The part of the traffic that a backend gets while one is out.
    fn share(&self, name: &str, out: Option<&str>) -> f64 {
        let rest = || self.0.brief.backends.iter().filter(|one| Some(one.name.as_str()) != out);
        let first = rest().map(|one| one.priority).min();
        let all: u32 = rest().filter(|one| Some(one.priority) == first).map(|one| one.weight).sum();
        let own =
            rest().find(|one| one.name == name && Some(one.priority) == first).map_or(0, |one| one.weight);
        f64::from(own) / f64::from(all)
    }

    fn timeout(&self, key: &str, value: &Value) -> Option<String> {
        match key {
            "connect" => timer(Some(self.policy().timeout.connect.unwrap_or(Timespan::from_secs(5))), value),
            "per_try" | "upload" => timer(self.policy().timeout.per_try, value),
            "total" => timer(self.policy().timeout.total, value),
            "idle" => timer(None, value),
            "total_over_attempts" => word(value, "yes"),
            _ => Some("something that is said here".into()),
        }
    }

    fn retry(&self, parts: &[&str], value: &Value) -> Option<String> {
        let retry = self.policy().retry.as_ref();
        match parts {
            ["retry", failure, method] if method.chars().all(char::is_uppercase) => {
                let declared = retry.map_or(1, |retry| attempts(retry, failure, method));
                // A budget, or the breaker of one of several instances, may leave a request without a further attempt.
                let budget = retry.is_some_and(|retry| retry.budget.is_some());
                let instances = self.policy().breaker.as_ref().is_some_and(|breaker| breaker.workers > 1);
                let least = if budget || instances { 1 } else { declared };
                let agrees = match value {
                    Value::Count(low, high) => *low >= least && *high == declared,
                    Value::AtLeast(most) => *most <= declared,
                    _ => false,
                };
                (!agrees).then(|| declared.to_string())
            }
            ["retry", "wait", number] => wait(retry?, number.parse().unwrap(), value),
            ["retry", "longest_wait", number] => timer(longest(retry?, number.parse().unwrap()), value),
            ["retry", "jitter"] => {
                let jitter = longest(retry?, 2).filter(|longest| {
                    retry.is_some_and(|retry| retry.backoff.is_some_and(|backoff| backoff.jitter))
                        && longest.as_millis() >= 15
                });
                word(value, if jitter.is_some() { "yes" } else { "no" })
            }
            ["retry", "other_backend"] => {
                let word = |word: &str| *value == Value::Word(word.into());
                let agrees = if retry?.other_backend {
                    word("always")
                } else {
                    word("sometimes") || word("always") || (self.by().is_some() && word("never"))
                };
                (!agrees)
                    .then(|| format!("other_backend = {}", retry.is_some_and(|retry| retry.other_backend)))
            }
            ["retry", key, _] if key.starts_with("retry_after") => self.retry_after(retry?, key, value),
            ["retry", "under_load"] if retry?.budget.is_none() => share(value, 1.0),
            ["retry", "budget"] if retry?.budget.is_none() => word(value, "none seen"),
            ["retry", "budget_saves_up"] => word(value, "no"),
            ["retry", "under_load" | "budget"] => None,
            _ => Some("something that is said here".into()),
        }
    }

    fn retry_after(&self, retry: &Retry, key: &str, value: &Value) -> Option<String> {
        let total = self.policy().timeout.total.unwrap_or(Timespan::from_secs(60));
        let Some(heard) = retry.retry_after else { return word(value, "ignored") };
        let longest = heard.max.unwrap_or(Timespan::from_secs(3600));
        match key {
            "retry_after_long" if longest < total => word(value, "waits for a part of it"),
            "retry_after_long" => word(value, "gives up at once"),
            "retry_after_date" if total <= DATE => None,
            _ if total <= Timespan::from_secs(1) => word(value, "gives up"),
            _ => word(value, "kept"),
        }
    }

    fn limit(&self, key: &str, value: &Value) -> Option<String> {
        let Some(limit) = &self.policy().limit else {
            return (!matches!(value, Value::AtLeast(_))).then(|| "none".into());
        };
        let Limit { in_flight, scope, queue, wait, status } = limit;
        match key {
            "in_flight" => {
                // What is held back nowhere is counted over all backends.
                let all = if scope.is_backend() { self.0.brief.backends.len() as u64 } else { 1 };
                let none = matches!(value, Value::AtLeast(least) if *least <= u64::from(*in_flight) * all);
                if none { None } else { count(value, u64::from(*in_flight)) }
            }
            "scope" => word(value, if scope.is_backend() { "backend" } else { "pool" }),
            "queue" => count(value, u64::from(queue.unwrap_or(0))),
            "wait" => timer(*wait, value),
            "turned_away" => word(value, &status.unwrap_or(503).to_string()),
            "favours" => word(value, "none"),
            _ => Some("something that is said here".into()),
        }
    }

    fn health(&self, key: &str, value: &Value) -> Option<String> {
        let Some(health) = &self.policy().health_check else {
            return (key != "checks").then(|| "no health check".into());
        };
        match key {
            "path" => word(value, &health.path),
            "every" => timer(Some(health.every), value),
            "fall" => count(value, u64::from(health.fall)),
            "rise" => count(value, u64::from(health.rise)),
            "takes_out" => word(value, "yes"),
            _ => Some("something that is said here".into()),
        }
    }

    fn breaker(&self, parts: &[&str], value: &Value) -> Option<String> {
        let Some(breaker) = &self.policy().breaker else {
            return if parts.len() == 3 { word(value, "no") } else { Some("no breaker".into()) };
        };
        let trip = breaker.trip;
        match parts {
            ["breaker", "opens_on", "clients_leaving"] => word(value, "no"),
            ["breaker", "opens_on", failure] => word(value, if self.fails(failure) { "yes" } else { "no" }),
            ["breaker", "failures"] => failures(breaker, value),
            ["breaker", "rule"] => word(
                value,
                match (trip.consecutive, trip.count) {
                    (Some(_), _) => "failures in a row",
                    (_, Some(_)) => "failures within a time",
                    _ => "a share of failures within a time",
                },
            ),
            ["breaker", "window"] => timer(trip.within, value),
            ["breaker", "share"] => {
                trip.share.map_or(Some("none".into()), |declared| share(value, declared.get()))
            }
            ["breaker", "requests_min"] => count(value, u64::from(trip.min.unwrap_or(1))),
            ["breaker", "open_for"] => open_for(breaker.open_for, breaker.tick, value),
            ["breaker", "open_grows"] => word(value, if breaker.open_grows { "yes" } else { "no" }),
            ["breaker", "way_back"] => word(
                value,
                match breaker.way_back {
                    None | Some(WayBack::Probe) => "probe",
                    Some(WayBack::All) => "all",
                    Some(WayBack::Check) => "check",
                    Some(WayBack::Ramp(_)) => "little by little",
                },
            ),
            ["breaker", "probes"] => count(value, u64::from(breaker.probes.unwrap_or(1))),
            ["breaker", "instances"] => {
                word(value, if breaker.workers > 1 { "more than one" } else { "none" })
            }
            ["breaker", "takes"] => word(
                value,
                if breaker.scope.is_backend() { "the backend that fails" } else { "all backends" },
            ),
            ["breaker", "all_out"] => {
                let sent = breaker.all_out == Some(AllOut::Panic) || breaker.out_max.is_some();
                let status = breaker.shed_status.unwrap_or(503).to_string();
                // Of those that come back little by little none may want a request, while the others are out.
                let ramp = matches!(breaker.way_back, Some(WayBack::Ramp(_)));
                if ramp && *value == Value::Word(status.clone()) {
                    return None;
                }
                word(value, if sent { "sent to backends all the same" } else { &status })
            }
            ["breaker", "all_out_takes"] => within(value, AT_ONCE),
            _ => Some("something that is said here".into()),
        }
    }

    /// Whether a failure counts for the breaker.
    fn fails(&self, failure: &str) -> bool {
        let Some(breaker) = &self.policy().breaker else { return false };
        let mut fails = breaker.fails.clone();
        if fails.is_empty() {
            fails.extend(FailureClass::USUAL);
            fails.extend(breaker.retry_after.then_some(FailureClass::One(RetryOn::Status(429))));
        }
        match failure.parse::<u16>() {
            Ok(status) => fails.iter().any(|class| class.takes_status(status)),
            Err(_) => fails.contains(&FailureClass::One(failure.parse().unwrap())),
        }
    }

    fn outage(&self, parts: &[&str], value: &Value) -> Option<String> {
        match parts {
            ["outage", "stands_still" | "slower_afterwards"] => word(value, "no"),
            // How many fail of one breaker's requests depends on how many of them are tried again in the next group.
            ["outage", "next_group"] if self.passes() && self.stands_for_all() => None,
            ["outage", "next_group"] => {
                word(value, if self.takes_out_all() { "takes over" } else { "is not used" })
            }
            _ if self.by() == Some(&AffinityBy::Connection) => None,
            ["outage", "share", name] => {
                let victim = self.0.brief.backends.iter().min_by_key(|one| one.priority)?;
                share(value, self.share(name, Some(&victim.name)))
            }
            ["outage", _, name] => share(value, self.share(name, None)),
            _ => Some("something that is said here".into()),
        }
    }

    /// Whether the first group of backends is left alone, or passed over, while all of it fails.
    fn takes_out_all(&self) -> bool {
        let backends = &self.0.brief.backends;
        let first = backends.iter().map(|one| one.priority).min();
        let group = backends.iter().filter(|one| Some(one.priority) == first).count();
        let opens = self.policy().breaker.as_ref().is_some_and(|breaker| {
            let out = breaker.out_max.map_or(1.0, units::Share::get) * backends.len() as f64;
            let asked =
                ["503", "500", "502", "504", "429", "404", "reset"].iter().any(|failure| self.fails(failure));
            let timer = self.policy().timeout.per_try.is_some() && self.fails("timeout");
            // One for all of them lets nothing through to the next group either.
            breaker.scope.is_backend() && out >= group as f64 && (asked || timer)
        });
        opens || self.passes()
    }

    /// Whether requests are tried again in the next group of backends.
    fn passes(&self) -> bool {
        let backends = &self.0.brief.backends;
        let first = backends.iter().map(|one| one.priority).min();
        let group = backends.iter().filter(|one| Some(one.priority) == first).count();
        self.policy().retry.as_ref().is_some_and(|retry| {
            let tried = ["503", "500", "502", "504", "429", "reset"]
                .iter()
                .any(|one| attempts(retry, one, "GET") > 1);
            tried && retry.other_backend && usize::from(retry.attempts) > group
        })
    }

    /// Whether one breaker stands for all backends.
    fn stands_for_all(&self) -> bool {
        self.policy().breaker.as_ref().is_some_and(|breaker| !breaker.scope.is_backend())
    }

    fn by(&self) -> Option<&AffinityBy> {
        self.policy().affinity.as_ref().map(|affinity| &affinity.by)
    }

    fn affinity(&self, parts: &[&str], value: &Value) -> Option<String> {
        let yes = |yes: bool| word(value, if yes { "yes" } else { "no" });
        match parts {
            ["affinity", "header", name] => {
                yes(matches!(self.by(), Some(AffinityBy::Header(by)) if by == name))
            }
            ["affinity", "cookie", name] => {
                yes(matches!(self.by(), Some(AffinityBy::Cookie(by)) if by == name))
            }
            ["affinity", "path"] => yes(self.by() == Some(&AffinityBy::Path)),
            ["affinity", "connection"] => yes(self.by() == Some(&AffinityBy::Connection)),
            ["affinity", "keys_of_others"] => word(value, "stay"),
            ["affinity", "keys_of_one_that_is_out"] => word(value, "one other backend"),
            ["affinity", "keys_come_back"] => word(value, "yes"),
            _ => Some("something that is said here".into()),
        }
    }
}

/// How many an instance takes; for a share, as many as the traffic before made it.
fn failures(breaker: &Breaker, value: &Value) -> Option<String> {
    count(value, u64::from(breaker.trip.consecutive.or(breaker.trip.count)?))
}

fn attempts(retry: &Retry, failure: &str, method: &str) -> u64 {
    let on: RetryOn = if failure == "close" { RetryOn::Reset } else { failure.parse().unwrap() };
    let again = retry.on.contains(&on) && retry.methods.iter().any(|listed| listed == method);
    if again { u64::from(retry.attempts) } else { 1 }
}

/// The longest wait before an attempt.
fn longest(retry: &Retry, number: i32) -> Option<Timespan> {
    let backoff = retry.backoff?;
    let longest = backoff.base.mul_f64(backoff.factor.powi(number - 2));
    Some(Timespan(backoff.max.map_or(longest, |max| longest.min(*max))))
}

fn wait(retry: &Retry, number: i32, value: &Value) -> Option<String> {
    let Value::Time(low, high) = value else { return Some("a time".into()) };
    let Some(longest) = longest(retry, number) else {
        return (low.as_millis() > 0).then(|| "no wait".into());
    };
    let agrees = if retry.backoff.is_some_and(|backoff| backoff.jitter) {
        **high <= *longest + Duration::from_millis(10)
    } else {
        (*low..=*high).contains(&longest)
    };
    (!agrees).then(|| longest.to_string())
}

/// What the reference gateway makes of broken answers, whatever the policy is.
fn answers(key: &str, value: &Value) -> Option<String> {
    let declared = match key {
        "body" | "request_body" => "as it was sent",
        "of_others" | "errors_echo_credentials" | "errors_name_backends" => "no",
        "close" | "reset" | "reset_in_head" | "no_http" => "502 by the gateway",
        _ => "broken off",
    };
    word(value, declared)
}

/// And of headers.
fn headers(parts: &[&str], value: &Value) -> Option<String> {
    let declared = match parts {
        ["headers", "added"] => "via, x-forwarded-for",
        ["headers", "credentials_of_others"] => "no",
        ["headers", "further_attempts"] => "the same",
        ["headers", "hop_by_hop"] | ["headers", "request", "te" | "x-hop"] => "removed",
        ["headers", "request", "via"] => "appended to",
        ["headers", "request", "x-forwarded-for"] => "replaced",
        _ => "passed on",
    };
    word(value, declared)
}
