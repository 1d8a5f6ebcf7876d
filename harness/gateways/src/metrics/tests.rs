//! Where each kind tells its metrics.

use serde_json::json;

use crate::kinds::GatewaySettings;
use crate::{Upstream, Upstreams};

fn upstreams(base: &std::path::Path) -> Upstreams {
    let backend = Upstream {
        name: "a".into(),
        address: "127.0.0.1:9001".parse().unwrap(),
        weight: 1,
        priority: 0,
        tls: false,
    };
    let policy = policy::Policy::default();
    Upstreams { backends: vec![backend], policy, trust: None, base: base.to_owned(), seed: 1 }
}

fn configuration(kind: &str, settings: &serde_json::Value, base: &std::path::Path) -> Result<String, String> {
    let settings: GatewaySettings = serde_json::from_value(json!({ kind: settings })).unwrap();
    match settings.contract().configuration(&upstreams(base)) {
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(refused) => Err(refused.into_iter().map(|one| one.why).collect::<Vec<_>>().join("; ")),
    }
}

#[test]
fn a_configuration_that_is_made_tells_metrics_on_a_port_of_its_own_where_that_is_asked_for() {
    for (kind, words) in [
        ("envoy", "address: {socket_address: {address: 127.0.0.1, port_value: {{metrics.port}}}}"),
        (
            "haproxy",
            "frontend metrics\n    bind {{metrics.address}}\n    http-request use-service prometheus-exporter",
        ),
        ("caddy", "    admin {{metrics.address}}\n    metrics\n"),
    ] {
        let base = std::path::Path::new("");
        let text = configuration(kind, &json!({ "metrics": {} }), base).unwrap();
        assert!(text.contains(words), "{text}");
        for without in [json!({}), json!({ "metrics": { "url": "http://127.0.0.1:1/metrics" } })] {
            assert!(!configuration(kind, &without, base).unwrap().contains("{{metrics."), "{kind}");
        }
    }
}

#[test]
fn a_configuration_of_one_s_own_has_to_say_where() {
    let dir = tempfile::tempdir().unwrap();
    let own = |text: &str, metrics: &serde_json::Value| {
        std::fs::write(dir.path().join("own.cfg"), text).unwrap();
        configuration("haproxy", &json!({ "config": "own.cfg", "metrics": metrics }), dir.path())
    };
    let (bare, whole) = ("bind {{listen.address}}", "bind {{listen.address}}\nbind {{metrics.address}}");
    assert_eq!(own(whole, &json!({})).unwrap(), whole);
    assert!(own(bare, &json!({ "path": "/metrics" })).is_ok());
    let why = own(bare, &json!({})).unwrap_err();
    assert!(
        why.ends_with(
            "expected `{{metrics.address}}` or `{{metrics.port}}`, or `path` or `url` in `metrics`"
        ),
        "{why}"
    );
    let why = own(whole, &json!(null)).unwrap_err();
    assert!(why.contains("unknown placeholder `{{metrics.address}}`"), "{why}");
}
