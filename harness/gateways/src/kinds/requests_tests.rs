//! What each kind writes of the rules for requests, side by side; and what it refuses, by key.

use rstest::rstest;
use serde_json::{Value, json};

use super::GatewaySettings;
use super::launched::testing::{refusals, upstreams};

/// The lines that come from the rules, or what is refused.
fn written(kind: &str, policy: Value) -> String {
    let settings: GatewaySettings = serde_json::from_value(json!({ kind: {} })).unwrap();
    match settings.contract().configuration(&upstreams(&[(1, 0), (1, 0)], policy)) {
        Ok(text) => {
            let text = text.unwrap();
            let is_of_rules = |line: &&str| {
                [
                    "policy.request_headers",
                    "policy.credentials",
                    "gold",
                    "edge",
                    "env",
                    "ENV",
                    "ddleware",
                    "appended",
                ]
                .iter()
                .any(|word| line.contains(word))
            };
            text.lines().filter(is_of_rules).map(str::trim).collect::<Vec<_>>().join("\n")
        }
        Err(unsupported) => refusals(unsupported),
    }
}

fn rules() -> Value {
    json!({
        "request_headers": { "set": { "x-plan": "gold 1" }, "append": { "x-trail": "edge" }, "remove": ["x-debug"] },
        "credentials": {
            "a": { "header": { "authorization": "Bearer {{env.KEY}}" } },
            "b": { "header": { "authorization": "Bearer {{env.KEY}}" } },
        },
    })
}

#[test]
fn each_kind_writes_what_it_has_means_for_and_refuses_the_rest() {
    let kinds = ["envoy", "haproxy", "nginx", "caddy", "traefik", "apache", "varnish"];
    let all: Vec<String> =
        kinds.iter().map(|kind| format!("== {kind}\n{}", written(kind, rules()))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
== envoy
- name: envoy.filters.network.http_connection_manager
"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
- name: envoy.access_loggers.stdout
"@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
- name: envoy.filters.http.router
"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
suppress_envoy_headers: true
- {header: {key: "x-plan", value: "gold 1"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}  # policy.request_headers.set
- {header: {key: "authorization", value: "Bearer %ENVIRONMENT(KEY)%"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}  # policy.credentials
- {header: {key: "x-trail", value: "edge"}, append_action: APPEND_IF_EXISTS_OR_ADD}  # policy.request_headers.append
request_headers_to_remove: ["x-debug"]  # policy.request_headers.remove
== haproxy
http-request del-header x-debug  # policy.request_headers.remove
http-request set-header x-plan "gold 1"  # policy.request_headers.set
http-request set-header authorization "Bearer %[env(KEY)]"  # policy.credentials
http-request add-header x-trail "edge"  # policy.request_headers.append
== nginx
policy.credentials: nginx reads no environment, so that the value of `KEY` for `authorization` would be written into its configuration
policy.credentials: nginx reads no environment, so that the value of `KEY` for `authorization` would be written into its configuration
== caddy
header_up -x-debug  # policy.request_headers.remove
header_up x-plan "gold 1"  # policy.request_headers.set
header_up authorization "Bearer {env.KEY}"  # policy.credentials
header_up +x-trail "edge"  # policy.request_headers.append
== traefik
policy.request_headers.append: traefik sets headers and removes them, and adds to none: remove request_headers.append
== apache
policy.request_headers: apache is given no rules for headers of requests: remove the table
policy.credentials: apache is given no rules for headers of requests: remove the table
== varnish
policy.request_headers: varnish is given no rules for headers of requests: remove the table
policy.credentials: varnish is given no rules for headers of requests: remove the table
"#);
}

#[test]
fn a_credential_for_each_backend_is_written_where_each_attempt_has_its_own_headers() {
    let mut each = rules();
    each["request_headers"]["append"] = json!({});
    each["credentials"]["b"]["header"]["authorization"] = "Bearer {{env.OTHER}}".into();
    insta::assert_snapshot!(written("caddy", each.clone()), @r#"
map {http.reverse_proxy.upstream.hostport} {credential_0} {  # policy.credentials
127.0.0.1:9001 "Bearer {env.KEY}"
127.0.0.1:9002 "Bearer {env.OTHER}"
header_up -x-debug  # policy.request_headers.remove
header_up x-plan "gold 1"  # policy.request_headers.set
header_up authorization {credential_0}  # policy.credentials
"#);
    insta::assert_snapshot!(written("haproxy", each), @"policy.credentials: haproxy sends all backends of a pool the same: give each backend the same credential");
    let one = json!({ "credentials": { "a": { "header": { "x-key": "1" } } } });
    insta::assert_snapshot!(written("caddy", one), @"policy.credentials: caddy sends a header to all backends of a pool or to none: give each backend the same headers");
    let query =
        json!({ "credentials": { "a": { "query": { "code": "1" } }, "b": { "query": { "code": "1" } } } });
    insta::assert_snapshot!(written("envoy", query), @"policy.credentials: envoy is given no parameters of the query: write a header");
}

#[rstest]
fn no_value_is_taken_for_anything_but_words(
    #[values("envoy", "haproxy", "nginx", "caddy", "traefik")] kind: &str,
    #[values("a\"b", "a%b", "a$b", "a{b}", "a#b", "a'b", "a\\b", "a;b", "a`b")] value: &str,
) {
    let refused = written(kind, json!({ "request_headers": { "set": { "x-a": value } } }));
    assert!(refused.contains("can't be written into"), "{kind}: {refused}");
}
