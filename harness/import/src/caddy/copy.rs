//! A copy of what was understood, with which Caddy can be started in a run.
//!
//! Only settings of which it is known that they reach no file, no program and no other host are in it. The addresses of the upstreams
//! and where to listen are placeholders.

use policy::Policy;
use serde_json::{Map, Value as Json, json};
use units::Timespan;

use super::members::choice;
use crate::import::{Member, OwnFile};
use crate::value::{Value, What};
use crate::write::of_members;

/// Ways to choose an upstream that a run can have as they are; others take turns.
const COPIED: [&str; 4] = ["first", "least_conn", "random", "round_robin"];

/// The copy: one server with one route.
pub(super) fn file(handler: &Value, policy: &Policy, members: &[Member]) -> OwnFile {
    let proxy = json!({
        "handler": "reverse_proxy",
        "upstreams": upstreams(policy, members),
        "load_balancing": balancing(handler, members),
        "health_checks": health_checks(handler, policy),
        "transport": transport(handler),
    });
    let whole = json!({
        "admin": { "disabled": true, "config": { "persist": false } },
        "logging": { "logs": { "default": { "level": "ERROR" } } },
        "apps": { "http": {
            "grace_period": "1s",
            "servers": { "in": {
                "listen": ["{{listen.address}}"],
                "automatic_https": { "disable": true },
                "protocols": ["h1"],
                "routes": [{ "handle": [proxy] }],
            } },
        } },
    });
    // A document of texts and numbers can always be written. Its braces stand on lines of their own, so that none of them are a
    // placeholder's.
    OwnFile {
        kind: "caddy",
        ending: "json",
        text: serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n",
    }
}

fn upstreams(policy: &Policy, members: &[Member]) -> Vec<Json> {
    let names = of_members(members);
    let one = |name: &String| {
        let mut made = json!({ "dial": format!("{{{{backend.{name}.address}}}}") });
        if let Some(limit) = &policy.limit {
            made["max_requests"] = limit.in_flight.into();
        }
        made
    };
    names.iter().map(one).collect()
}

fn balancing(handler: &Value, members: &[Member]) -> Json {
    let from = handler.get("load_balancing");
    let mut made = kept(from, &["retries", "try_duration", "try_interval"]);
    let matchers = from.and_then(|from| from.get("retry_match")).map_or(&[][..], Value::items);
    let methods: Vec<Json> = matchers.iter().map(|set| kept(Some(set), &["method"])).collect();
    // A matcher that is not understood would be one that matches all without what it asks for.
    let methods: Vec<Json> = methods.into_iter().filter(|set| set.get("method").is_some()).collect();
    if !methods.is_empty() {
        made["retry_match"] = methods.into();
    }
    let policy = choice(handler);
    made["selection_policy"] = if policy == "weighted_round_robin" {
        json!({ "policy": policy, "weights": members.iter().map(|one| one.weight).collect::<Vec<_>>() })
    } else {
        json!({ "policy": if COPIED.contains(&policy) { policy } else { "round_robin" } })
    };
    made
}

fn health_checks(handler: &Value, policy: &Policy) -> Json {
    let mut made = json!({});
    let passive = handler.at(&["health_checks", "passive"]);
    // What takes upstreams out for reasons that no key declares is left out.
    if policy.breaker.is_some() {
        made["passive"] = kept(passive, &["fail_duration", "max_fails", "unhealthy_status"]);
    }
    if let Some(check) = &policy.health_check {
        let nanos = |length: Timespan| u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        made["active"] = json!({
            "uri": check.path,
            "interval": nanos(check.every),
            "timeout": nanos(check.within()),
            "fails": check.fall,
            "passes": check.rise,
        });
    }
    made
}

fn transport(handler: &Value) -> Json {
    let from = handler.get("transport");
    let mut made = kept(from, &["dial_timeout", "response_header_timeout", "read_timeout", "write_timeout"]);
    made["protocol"] = "http".into();
    made["versions"] = json!(["1.1"]);
    if !super::timers::keeps_connections(handler) {
        made["keep_alive"] = json!({ "enabled": false });
    }
    made
}

/// Some settings of an object, those of numbers, times and names.
fn kept(from: Option<&Value>, keys: &[&str]) -> Json {
    let mut made = Map::new();
    for key in keys {
        if let Some(value) = from.and_then(|from| from.get(key)).and_then(plain) {
            made.insert((*key).to_owned(), value);
        }
    }
    Json::Object(made)
}

/// A number, a short word, or a list of them.
fn plain(value: &Value) -> Option<Json> {
    match &value.what {
        What::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some((*number as i64).into()),
        What::Text(text)
            if text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') =>
        {
            Some(text.clone().into())
        }
        What::List(items) => items.iter().map(plain).collect::<Option<Vec<Json>>>().map(Json::from),
        _ => None,
    }
}
