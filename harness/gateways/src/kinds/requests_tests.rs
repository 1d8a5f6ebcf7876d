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
    insta::assert_snapshot!(all.join("\n"), @"");
}

#[test]
fn a_credential_for_each_backend_is_written_where_each_attempt_has_its_own_headers() {
    let mut each = rules();
    each["request_headers"]["append"] = json!({});
    each["credentials"]["b"]["header"]["authorization"] = "Bearer {{env.OTHER}}".into();
    insta::assert_snapshot!(written("caddy", each.clone()), @"");
    insta::assert_snapshot!(written("haproxy", each), @"");
    let one = json!({ "credentials": { "a": { "header": { "x-key": "1" } } } });
    insta::assert_snapshot!(written("caddy", one), @"");
    let query =
        json!({ "credentials": { "a": { "query": { "code": "1" } }, "b": { "query": { "code": "1" } } } });
    insta::assert_snapshot!(written("envoy", query), @"");
}

#[rstest]
fn no_value_is_taken_for_anything_but_words(
    #[values("envoy", "haproxy", "nginx", "caddy", "traefik")] kind: &str,
    #[values("a\"b", "a%b", "a$b", "a{b}", "a#b", "a'b", "a\\b", "a;b", "a`b")] value: &str,
) {
    let refused = written(kind, json!({ "request_headers": { "set": { "x-a": value } } }));
    assert!(refused.contains("can't be written into"), "{kind}: {refused}");
}
