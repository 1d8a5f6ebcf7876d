//! Routes of Kubernetes' Gateway API, from their files to a scenario.

mod common;

use common::{choices, imported, refused};
use import::Choices;
use policy::RetryOn;

const ROUTES: &str = "apiVersion: v1
kind: Service
metadata: {name: orders}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: edge}]
  rules:
  - name: orders
    matches: [{path: {type: PathPrefix, value: /orders}}]
    filters:
    - {type: RequestHeaderModifier, requestHeaderModifier: {remove: [x-debug]}}
    - {type: RequestMirror, requestMirror: {backendRef: {name: audit, port: 80}}}
    timeouts: {request: 5s, backendRequest: 1s500ms}
    retry: {codes: [502, 503], attempts: 2, backoff: 100ms}
    backendRefs:
    - {name: orders-v1, port: 8080, weight: 9}
    - {name: orders-v2, port: 8080}
    - {name: orders-v3, port: 8080, weight: 0}
  - backendRefs: [{name: billing, port: 80}]
  - filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]
";

#[test]
fn a_rule_becomes_a_scenario_with_the_place_of_each_line() {
    let choices = Choices { route: Some("shop/orders".into()), ..Choices::default() };
    let (import, shown) = imported(&[("routes.yaml", ROUTES)], &choices);
    assert!(import.own.is_none());
    insta::assert_snapshot!(shown);
}

#[test]
fn which_rule_it_is_about_is_asked_for_where_there_are_several() {
    insta::assert_snapshot!(refused(&[("routes.yaml", ROUTES)], &Choices::default()), @r"
    a scenario is about one rule, and there are `shop/orders`, `shop/1`
    help: name one: `--route NAME`, or a backend of it: `--backend NAME`
    ");
    insta::assert_snapshot!(refused(&[("routes.yaml", ROUTES)], &choices(&[], Some("none"))), @r"
    no rule has this name and this backend
    help: there are `shop/orders`, `shop/1`
    ");
    let (import, shown) = imported(&[("routes.yaml", ROUTES)], &choices(&[], Some("billing")));
    assert_eq!(import.members.len(), 1);
    assert!(shown.contains("no `timeouts`: how long a backend that never answers"), "{shown}");
}

#[test]
fn what_a_rule_leaves_to_the_gateway_is_not_guessed() {
    let rule = |more: &str| {
        let text = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nspec: {{rules: [{{backendRefs: [{{name: a}}], {more}}}]}}\n"
        );
        imported(&[("a.yaml", &text)], &Choices::default())
    };
    let (import, shown) = rule("retry: {codes: [503]}");
    assert!(
        import.policy.retry.is_none() && shown.contains("how often it is tried again is left to the gateway"),
        "{shown}"
    );
    let (import, _) = rule("retry: {attempts: 1}, timeouts: {request: 0s, backendRequest: 2s}");
    assert_eq!(import.policy.timeout.total, None);
    let retry = import.policy.retry.unwrap();
    assert_eq!(retry.on, [RetryOn::ConnectFailure, RetryOn::Reset, RetryOn::Timeout]);
    let (import, shown) = rule("timeouts: {request: 1s, backendRequest: 1s}");
    assert!(import.policy.timeout.per_try.is_none() && shown.contains("it never fires"), "{shown}");
    let (import, shown) = rule("timeouts: {request: 1.5s}, retry: {attempts: many}, nonsense: 1");
    assert_eq!(import.policy.timeout.total, None);
    for words in
        ["`request` is `1.5s`: expected a time", "`attempts` is `many`", "`nonsense` of the rule is not read"]
    {
        assert!(shown.contains(words), "{shown}");
    }
}

#[test]
fn files_without_a_route_to_a_backend_are_refused() {
    for text in [
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n",
        "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nspec: {rules: [{backendRefs: [{name: a}]}]}\n",
        "# gateway.networking.k8s.io\nkind: HTTPRoute\nspec: {rules: 5}\n",
        "# gateway.networking.k8s.io\n[",
    ] {
        assert!(
            refused(&[("a.yaml", text)], &Choices::default())
                .contains("no rule with `backendRefs` was found")
        );
    }
}
