//! A copy of what was understood, with which Envoy can be started in a run.
//!
//! It is written anew from the messages that were understood: one listener, the routes of one path, one cluster. Nothing that
//! names a file, a program or another host is in it; the endpoints and where to listen are placeholders.

use policy::Policy;

use super::again::BALANCERS;
use super::fields::{is_harmless, type_of};
use super::headers;
use super::keys::{ACTION, CHECK, CLUSTER, EJECTION, HOST, MANAGER, RETRY, ROUTE, THRESHOLDS};
use super::limits::thresholds;
use super::matches::METHODS;
use super::members::Endpoints;
use super::protocol;
use super::ways::Way;
use crate::import::OwnFile;
use crate::value::Value;
use crate::write::of_members;
use crate::yaml::{list, number, object, text, truth, written};

/// What a type is called, as far as it is the same for all.
const TYPES: &str = "type.googleapis.com/envoy.extensions.";

/// The copy.
pub(super) fn file(ways: &[Way<'_>], cluster: &Value, endpoints: &Endpoints, policy: &Policy) -> OwnFile {
    let loopback = address("127.0.0.1", number(0));
    let root = object([
        ("admin", object([("address", loopback)])),
        (
            "static_resources",
            object([
                ("listeners", list([listener(ways, policy)])),
                ("clusters", list([self::cluster(cluster, endpoints, policy)])),
            ]),
        ),
    ]);
    let text = format!(
        "# Made by `brownout import`: what was understood, with the addresses of a run in place of yours.\n\
         # What was left out is told in `import.json`.\n{}",
        written(&root)
    );
    OwnFile { kind: "envoy", ending: "yaml", text }
}

fn address(host: &str, port: Value) -> Value {
    object([("socket_address", object([("address", text(host)), ("port_value", port)]))])
}

/// A message of a type that has a name.
fn typed(name: &str, kind: &str, entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let kind = text(format!("{TYPES}{kind}"));
    let config = object(std::iter::once(("@type", kind)).chain(entries));
    object([("name", text(name)), ("typed_config", config)])
}

fn listener(ways: &[Way<'_>], policy: &Policy) -> Value {
    let first = ways.first().map(|way| way.route);
    let host = first.map(|route| HOST.copies(route.host).collect::<Vec<_>>()).unwrap_or_default();
    let routes = ways.iter().map(route);
    let host = object(
        [("name", text("all")), ("domains", list([text("*")])), ("routes", list(routes))]
            .into_iter()
            .chain(host)
            .chain(headers::copied(policy)),
    );
    let last_filter = typed("envoy.filters.http.router", "filters.http.router.v3.Router", []);
    let manager = first.and_then(|route| route.manager);
    let manager = typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        [("stat_prefix", text("in"))]
            .into_iter()
            .chain(manager.into_iter().flat_map(|manager| MANAGER.copies(manager)))
            .chain([
                ("http_filters", list([last_filter])),
                ("route_config", object([("virtual_hosts", list([host]))])),
            ]),
    );
    object([
        ("name", text("in")),
        ("enable_reuse_port", truth(false)),
        ("address", address("{{listen.host}}", text("{{listen.port}}"))),
        ("filter_chains", list([object([("filters", list([manager]))])])),
    ])
}

fn route(way: &Way<'_>) -> Value {
    let mut matched = vec![("prefix", text("/"))];
    if way.methods.len() < METHODS.len() {
        let regex = object([("regex", text(way.methods.join("|")))]);
        let header = object([("name", text(":method")), ("string_match", object([("safe_regex", regex)]))]);
        matched.push(("headers", list([header])));
    }
    let timeout = kept(way.route.action, &["timeout"]);
    let retried =
        way.route.retry_policy().map(|policy| ("retry_policy", retry_policy(policy, way.is_retried)));
    let action = [("cluster", text("pool"))]
        .into_iter()
        .chain(timeout)
        .chain(ACTION.copies(way.route.action))
        .chain(retried);
    object(
        [("match", object(matched)), ("route", object(action))]
            .into_iter()
            .chain(ROUTE.copies(way.route.whole)),
    )
}

/// Keys as they are.
fn kept(message: &Value, keys: &[&'static str]) -> Vec<(&'static str, Value)> {
    let found =
        |key: &&'static str| Some((*key, message.get(key).filter(|value| is_harmless(value))?.clone()));
    keys.iter().filter_map(found).collect()
}

fn retry_policy(policy: &Value, is_retried: bool) -> Value {
    let timers = kept(policy, &["per_try_timeout"]).into_iter().chain(RETRY.copies(policy));
    if !is_retried {
        // The timer for an attempt is to be had as a part of this only.
        return object([("retry_on", text("")), ("num_retries", number(0))].into_iter().chain(timers));
    }
    let keys = [
        "retry_on",
        "num_retries",
        "retriable_status_codes",
        "retry_back_off",
        "rate_limited_retry_back_off",
        "host_selection_retry_max_attempts",
    ];
    let has = |key: &str, kind: &str| {
        let of = policy.get(key);
        let items = of.map(Value::items).unwrap_or_default().iter().chain(of);
        items.filter_map(|one| one.get("typed_config")).any(|config| type_of(config) == kind)
    };
    let elsewhere = has("retry_host_predicate", "PreviousHostsPredicate").then(|| {
        let name = "envoy.retry_host_predicates.previous_hosts";
        (
            "retry_host_predicate",
            list([typed(name, "retry.host.previous_hosts.v3.PreviousHostsPredicate", [])]),
        )
    });
    let priorities = has("retry_priority", "PreviousPrioritiesConfig").then(|| {
        let (name, kind) = (
            "envoy.retry_priorities.previous_priorities",
            "retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
        );
        let config = policy.at(&["retry_priority", "typed_config"]);
        (
            "retry_priority",
            typed(name, kind, config.into_iter().flat_map(|config| kept(config, &["update_frequency"]))),
        )
    });
    object(kept(policy, &keys).into_iter().chain(timers).chain(elsewhere).chain(priorities))
}

fn cluster(cluster: &Value, endpoints: &Endpoints, policy: &Policy) -> Value {
    let balancer =
        cluster.get("lb_policy").filter(|one| one.text().is_some_and(|name| BALANCERS.contains(&name)));
    let breakers = thresholds(cluster).map(|thresholds| {
        let taken = kept(thresholds, THRESHOLDS.taken).into_iter().filter(|(key, _)| *key != "priority");
        let thresholds = object(taken.chain(THRESHOLDS.copies(thresholds)));
        ("circuit_breakers", object([("thresholds", list([thresholds]))]))
    });
    let balancing = cluster.get("common_lb_config").map(|told| {
        ("common_lb_config", object(kept(told, &["healthy_panic_threshold", "update_merge_window"])))
    });
    let ejection = cluster.get("outlier_detection").filter(|_| policy.breaker.is_some());
    let ejection =
        ejection.map(|told| ("outlier_detection", ejection_of(told, policy, endpoints.members.len())));
    let check = policy.health_check.as_ref().and_then(|_| cluster.get("health_checks")?.items().first());
    let check = check.map(|check| ("health_checks", list([health_check(check)])));
    object(
        [("name", text("pool")), ("type", text("STATIC"))]
            .into_iter()
            .chain(kept(cluster, &["connect_timeout"]))
            .chain(balancer.map(|one| ("lb_policy", one.clone())))
            .chain(CLUSTER.copies(cluster))
            .chain(protocol::copy(cluster))
            .chain(balancing)
            .chain(breakers)
            .chain(ejection)
            .chain(check)
            .chain([("load_assignment", assignment(endpoints))]),
    )
}

/// Outlier detection with the one detector that the policy has a word for.
fn ejection_of(told: &Value, policy: &Policy, hosts: usize) -> Value {
    let trip = policy.breaker.as_ref().map(|breaker| breaker.trip);
    let by_share = trip.is_some_and(|trip| trip.share.is_some());
    let by_gateway = policy.breaker.as_ref().is_some_and(|breaker| !breaker.fails.is_empty());
    let mut entries = kept(told, EJECTION.taken);
    let off = [
        ("enforcing_consecutive_5xx", by_share || by_gateway),
        ("enforcing_consecutive_gateway_failure", !by_gateway),
        ("enforcing_failure_percentage", !by_share),
        ("enforcing_success_rate", hosts > 1),
    ];
    for (key, _) in off.into_iter().filter(|(_, is_off)| *is_off) {
        entries.retain(|(known, _)| *known != key);
        entries.push((key, number(0)));
    }
    object(entries)
}

/// The health check. The run has traffic from its start, so that the interval without any is never used.
fn health_check(check: &Value) -> Value {
    let http = check.get("http_health_check");
    // The path was looked at with the policy.
    let path = http.and_then(|http| http.get("path")).cloned();
    let statuses =
        http.map(|http| kept(http, &["expected_statuses", "retriable_statuses"])).unwrap_or_default();
    let http = object(path.map(|path| ("path", path)).into_iter().chain(statuses));
    let timers = kept(check, &["timeout", "interval", "unhealthy_threshold", "healthy_threshold"]);
    let idle = check.get("interval").map(|interval| ("no_traffic_interval", interval.clone()));
    object(timers.into_iter().chain(idle).chain(CHECK.copies(check)).chain([("http_health_check", http)]))
}

fn assignment(endpoints: &Endpoints) -> Value {
    let names = of_members(&endpoints.members);
    let mut priorities: Vec<u32> = endpoints.members.iter().map(|member| member.priority).collect();
    priorities.sort_unstable();
    priorities.dedup();
    // Envoy wants its priorities without gaps.
    let groups = priorities.iter().enumerate().map(|(level, priority)| {
        let of_group =
            endpoints.members.iter().zip(&names).filter(|(member, _)| member.priority == *priority);
        let hosts = of_group.map(|(member, name)| {
            let address = address(
                &format!("{{{{backend.{name}.host}}}}"),
                text(format!("{{{{backend.{name}.port}}}}")),
            );
            object([
                ("endpoint", object([("address", address)])),
                ("load_balancing_weight", number(member.weight)),
            ])
        });
        object([("priority", number(level as u32)), ("lb_endpoints", list(hosts))])
    });
    let policy = endpoints
        .overprovisioning
        .map(|factor| ("policy", object([("overprovisioning_factor", number(factor))])));
    object([("cluster_name", text("pool"))].into_iter().chain(policy).chain([("endpoints", list(groups))]))
}
