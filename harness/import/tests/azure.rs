//! Configurations of Azure API Management, from their files to a scenario.

mod common;

use std::fmt::Write;

use common::{choices, imported, refused, sources};
use import::{Asked, Choices};

const BICEP: &str = include_str!("../../../docs/tutorials/azure-api-management/orders.bicep");
const POLICY: &str = include_str!("../../../docs/tutorials/azure-api-management/orders.xml");

#[test]
fn a_pool_with_breakers_and_a_retry_becomes_a_scenario_with_the_place_of_each_line() {
    let (_, shown) = imported(&[("orders.bicep", BICEP), ("orders.xml", POLICY)], &Choices::default());
    insta::assert_snapshot!(shown);
}

/// A template with a backend whose breaker's rule has these keys.
fn template(rule: &str, more: &str) -> String {
    format!(
        r#"{{
  // Comments are allowed.
  "parameters": {{ "failures": {{ "type": "int", "defaultValue": 3 }}, "service": {{ "type": "string" }} }},
  "variables": {{ "trip": "PT1M" }},
  "resources": [
    {{
      "type": "Microsoft.ApiManagement/service/backends",
      "apiVersion": "2024-06-01-preview",
      "name": "[format('{{0}}/{{1}}', parameters('service'), 'a')]",
      "properties": {{ "url": "https://a.example.com", "circuitBreaker": {{ "rules": [ {{ {rule} }} ] }} }}
    }}{more}
  ]
}}"#
    )
}

const CONDITION: &str = r#""failureCondition": { "count": "[string(parameters('failures'))]", "interval": "PT1M", "statusCodeRanges": [{ "min": 500, "max": 599 }] }, "tripDuration": "[variables('trip')]""#;

#[test]
fn a_template_comes_to_the_same_as_bicep() {
    let (import, _) = imported(&[("a.json", &template(CONDITION, ""))], &Choices::default());
    let breaker = import.policy.breaker.unwrap();
    assert_eq!((breaker.trip.count, breaker.open_for.to_string().as_str()), (Some(3), "60 s"));
    let (import, _) = imported(&[("a.json", &template(CONDITION, ""))], &choices(&[("failures", "7")], None));
    assert_eq!(import.policy.breaker.unwrap().trip.count, Some(7));
}

#[test]
fn loops_of_templates_make_their_backends_and_pools() {
    let more = r#",
    { "type": "Microsoft.ApiManagement/service/backends", "name": "[format('s/b{0}', copyIndex())]", "copy": { "name": "bs", "count": 2 },
      "properties": { "url": "https://b", "circuitBreaker": { "rules": [ { CONDITION } ] } } },
    { "type": "Microsoft.ApiManagement/service/backends", "name": "s/p", "properties": { "type": "Pool", "pool": {
      "copy": [ { "name": "services", "count": 2, "input": {
        "id": "[resourceId('Microsoft.ApiManagement/service/backends', 's', format('b{0}', copyIndex('services')))]", "priority": "[add(copyIndex('services'), 1)]" } } ] } } }"#;
    let text = template(CONDITION, &more.replace("CONDITION", CONDITION));
    let (import, _) = imported(&[("a.json", &text)], &Choices::default());
    let members: Vec<(&str, u32)> =
        import.members.iter().map(|one| (one.name.as_str(), one.priority)).collect();
    assert_eq!(members, [("b0", 1), ("b1", 2)]);
    assert!(import.policy.breaker.is_some());
}

#[test]
fn a_template_inside_of_a_template_is_read_with_what_it_is_handed() {
    let inner = template(CONDITION, "");
    let outer = format!(
        r#"{{ "variables": {{ "many": 9 }}, "resources": [ {{ "type": "Microsoft.Resources/deployments", "name": "m",
        "properties": {{ "parameters": {{ "failures": {{ "value": "[variables('many')]" }} }}, "template": {inner} }} }} ] }}"#
    );
    let (import, _) = imported(&[("a.json", &outer)], &Choices::default());
    assert_eq!(import.policy.breaker.unwrap().trip.count, Some(9));
}

#[test]
fn every_mistake_of_a_backend_is_told_at_its_place() {
    let bicep = "
param chain bool = false
resource a 'Microsoft.ApiManagement/service/backends@2024-06-01-preview' = {
  name: 's/a'
  properties: {
    url: 'https://a.example.com'
    tls: { validateCertificateChain: chain }
    credentials: { header: { 'x-key': ['{{key}}'] } }
    proxy: { url: 'http://p' }
    circuitBreaker: {
      rules: [
        {
          failureCondition: {
            count: 1
            percentage: 50
            interval: 'PT1M'
            statusCodeRanges: [
              { min: 500, max: 503 }
              { min: 500, max: 429 }
              { min: 400, max: 404 }
              { min: 300, max: 399 }
              { min: 1 }
            ]
            errorReasons: [ 'Server errors', 'timeout', 'Timeout', 'OperationNotFound' ]
            burst: 3
          }
          tripDuration: 'PT10S'
          failureResponse: { statusCode: 429 }
        }
        { name: 'second' }
      ]
    }
  }
}
";
    let (import, shown) = imported(&[("a.bicep", bicep)], &Choices::default());
    assert_eq!(import.policy.breaker.unwrap().shed_status, Some(429));
    insta::assert_snapshot!(shown);
}

#[test]
fn every_mistake_of_a_policy_is_told_at_its_place() {
    let xml = r#"<policies>
  <inbound>
    <base />
    <set-variable name="a" value="@(context.Request.Headers["x"].First() == ">" ? "<" : "&")" />
    <limit-concurrency key="k" max-count="3">
      <rate-limit calls="3" renewal-period="10" />
    </limit-concurrency>
    <choose>
      <when condition="@(context.Product == null)"><retry condition="@(true)" count="1" interval="1" /></when>
    </choose>
    <include-fragment fragment-id="f" />
  </inbound>
  <backend>
    <retry condition="@(context.Response == null || context.Response.StatusCode >= 500 || context.Response.StatusCode == 429 && context.Response.Headers.ContainsKey("a"))"
           count="{{tries}}" interval="2" delta="1" max-interval="10" color="red">
      <forward-request timeout="250" fail-on-error-status-code="true" />
    </retry>
    <base />
  </backend>
</policies>"#;
    let (import, shown) = imported(&[("a.xml", xml)], &choices(&[("tries", "4")], None));
    assert_eq!(import.policy.retry.unwrap().attempts, 5);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_retry_whose_condition_asks_for_the_method_repeats_no_other() {
    let xml = "<policies><backend><retry condition='@(context.Request.Method == \"GET\" && context.Response.StatusCode == 503)' count='1' interval='1'><forward-request timeout='9'/></retry></backend></policies>";
    let (import, shown) = imported(&[("a.xml", xml)], &Choices::default());
    assert_eq!(import.policy.retry.unwrap().methods, ["GET"]);
    assert!(!shown.contains("repeats POST"), "{shown}");
}

/// A retry in the branch of a request with a header, and another one for all others.
const CHOOSING: &str = r#"<policies>
  <inbound>
    <choose>
      <when condition="@(context.Request.Headers.GetValueOrDefault("x-tier", "") == "gold")"><set-backend-service backend-id="gold" /></when>
      <when condition="@(context.Request.Url.Path.Contains("/chat"))"><set-backend-service backend-id="silver" /></when>
      <otherwise><return-response><set-status code="404" reason="?" /></return-response></otherwise>
    </choose>
    <include-fragment fragment-id="Retries" />
  </inbound>
</policies>"#;

const FRAGMENT: &str = "<fragment><retry condition='@(context.Response.StatusCode == 503)' count='2' interval='0'><limit-concurrency key='k' max-count='9'><forward-request timeout='9' buffer-request-body='true'/></limit-concurrency></retry></fragment>";

#[test]
fn the_branch_of_the_request_is_taken_and_the_others_are_told() {
    let backends = ["gold", "silver"].map(|name| format!("resource {name} 'Microsoft.ApiManagement/service/backends@2024-05-01' = {{ name: '{name}', properties: {{ url: 'https://{name}' }} }}\n")).concat();
    let of = |path: &str, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = Some(Asked { method: "POST".into(), path: path.into(), headers });
        let files =
            [("a.bicep", backends.as_str()), ("a.xml", CHOOSING), ("in/retries.fragment.xml", FRAGMENT)];
        import::import(&sources(&files), &Choices { request, ..Choices::default() }).map(|made| made.subject)
    };
    assert_eq!(of("/chat", &[("x-tier", "gold")]).unwrap(), "gold");
    assert_eq!(of("/v1/chat", &[]).unwrap(), "silver");
    let refused = of("/images", &[]).unwrap_err();
    assert!(refused.words.contains("there are gold, silver"), "no branch sends it to one: {refused}");
}

#[test]
fn a_fragment_is_read_where_it_stands_and_the_traffic_is_the_request_that_was_named() {
    let headers = [("x-tier".to_owned(), "gold \"1\"".to_owned())].into();
    let request = Some(Asked { method: "POST".into(), path: "/v1/chat".into(), headers });
    let files = [("a.xml", CHOOSING), ("Retries.xml", FRAGMENT)];
    let (import, shown) = imported(&files, &Choices { request, ..Choices::default() });
    let limit = import.policy.limit.unwrap();
    assert_eq!((limit.in_flight, limit.queue, limit.status), (9, Some(0), Some(429)));
    insta::assert_snapshot!(shown);
}

#[test]
fn fragments_that_include_each_other_come_to_an_end() {
    let fragment = |other: &str| format!("<fragment><include-fragment fragment-id='{other}'/></fragment>");
    let (a, b) = (fragment("b"), fragment("a"));
    let policy = "<policies><inbound><include-fragment fragment-id='a'/></inbound><backend><forward-request timeout='9'/></backend></policies>";
    let (_, shown) = imported(&[("p.xml", policy), ("a.xml", &a), ("b.xml", &b)], &Choices::default());
    assert!(shown.contains("the fragment `a` includes itself"), "{shown}");
}

#[test]
fn a_limit_that_is_not_about_each_attempt_is_told_and_left_out() {
    let of = |inner: &str| {
        let text = format!("<policies><backend>{inner}</backend></policies>");
        let (import, shown) = imported(&[("a.xml", &text)], &Choices::default());
        (import.policy.limit.is_none(), shown)
    };
    let forward = "<forward-request timeout='9'/>";
    for (inner, why) in [
        (
            format!(
                "<limit-concurrency key='k' max-count='9'><retry condition='@(context.Response.StatusCode == 503)' count='1' interval='1'>{forward}</retry></limit-concurrency>"
            ),
            "a call keeps its turn",
        ),
        (
            format!(
                "<limit-concurrency key='@(context.Request.IpAddress)' max-count='9'>{forward}</limit-concurrency>"
            ),
            "worked out with each request",
        ),
        (format!("<limit-concurrency key='k' max-count='9'/>{forward}"), "not around `<forward-request>`"),
        (format!("<limit-concurrency key='k' max-count='0'>{forward}</limit-concurrency>"), "not 1 to 65536"),
        (
            format!(
                "<choose><when condition='@(context.Product == null)'><limit-concurrency key='k' max-count='9'>{forward}</limit-concurrency></when></choose>{forward}"
            ),
            "decided with each request",
        ),
    ] {
        let (is_left_out, shown) = of(&inner);
        assert!(is_left_out && shown.contains(why), "{why}: {shown}");
    }
}

#[test]
fn a_rate_limit_is_taken_where_it_is_one_for_all_and_leaves_room_for_the_traffic() {
    let of = |limit: &str| {
        let text = format!(
            "<policies><inbound>{limit}</inbound><backend><forward-request timeout='9'/></backend></policies>"
        );
        let (import, shown) = imported(&[("a.xml", &text)], &Choices::default());
        (import.policy.rate_limit.map(|limit| (limit.calls, limit.per.to_string(), limit.retry_after)), shown)
    };
    let (limit, shown) = of("<rate-limit calls='600' renewal-period='60'/>");
    assert_eq!(limit, Some((600, "60 s".into(), true)));
    assert!(shown.contains("the v2 tiers have a bucket"), "{shown}");
    for (limit, why) in [
        ("<rate-limit calls='3' renewal-period='10'/>", "fewer than it takes"),
        ("<rate-limit calls='3000' renewal-period='301'/>", "is not known"),
        (
            "<rate-limit-by-key calls='600' renewal-period='60' counter-key='@(context.Subscription.Id)'/>",
            "worked out with each request",
        ),
        (
            "<rate-limit-by-key calls='600' renewal-period='60' counter-key='k' increment-condition='@(true)'/>",
            "only some calls count",
        ),
    ] {
        let (found, shown) = of(limit);
        assert!(found.is_none() && shown.contains(why), "{why}: {shown}");
    }
}

#[test]
fn a_backend_whose_name_is_a_parameter_is_imported_and_a_pool_without_members_is_refused() {
    let bicep = "param name string\nvar u string = 'https://a'\nresource a 'Microsoft.ApiManagement/service/backends@2024-05-01' = { name: name, properties: { url: u } }\n";
    let (import, _) = imported(&[("a.bicep", bicep)], &Choices::default());
    assert_eq!((import.subject.as_str(), import.members[0].name.as_str()), ("backend", "backend"));
    let bicep = "param ids array = []\nresource a 'Microsoft.ApiManagement/service/backends@2024-05-01' = [for id in ids: { name: id, properties: { url: 'https://${id}' } }]\n";
    let refused_with = import::import(&sources(&[("a.bicep", bicep)]), &Choices::default()).unwrap_err();
    assert!(
        refused_with.notes[0].words.contains("its loop goes over an empty list"),
        "{:?}",
        refused_with.notes
    );
    assert_eq!(imported(&[("a.bicep", bicep)], &choices(&[("ids", "[\"x\"]")], None)).0.subject, "x");
    let bicep = "param ids array = []\nresource a 'Microsoft.ApiManagement/service/backends@2024-05-01' = { name: 'p', properties: { pool: { services: [for id in ids: { id: id }] } } }\n";
    assert!(
        refused(&[("a.bicep", bicep)], &Choices::default())
            .starts_with("the members of pool `p` are not known")
    );
    let (import, _) = imported(&[("a.bicep", bicep)], &choices(&[("ids", "[\"/backends/x\"]")], None));
    assert_eq!(import.members[0].name, "x");
}

#[test]
fn what_is_not_in_the_files_is_asked_for_by_its_name() {
    let xml = |count: &str| {
        format!(
            "<policies><backend><retry condition='@(context.Response.StatusCode == 503)' count='{count}' interval='1'><forward-request timeout='9'/></retry></backend></policies>"
        )
    };
    for (count, name) in [("{{tries}}", "tries"), ("{tries}", "tries"), ("RETRY_COUNT", "RETRY_COUNT")] {
        let text = xml(count);
        let (without, shown) = imported(&[("a.xml", &text)], &Choices::default());
        assert!(without.policy.retry.is_none() && shown.contains(&format!("--value {name}=")), "{shown}");
        let (with, _) = imported(&[("a.xml", &text)], &choices(&[(name, "2")], None));
        assert_eq!(with.policy.retry.unwrap().attempts, 3);
    }
    let text = xml("1");
    assert!(
        refused(&[("a.xml", &text)], &choices(&[("tires", "2")], None))
            .contains("nothing asks for the value of `tires`")
    );
}

#[test]
fn named_values_of_the_templates_fill_in_those_of_policies_unless_they_are_secret() {
    let value = |secret: bool| {
        format!(
            "resource t 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = {{ name: 's/tries', properties: {{ displayName: 'tries', value: '3', secret: {secret} }} }}"
        )
    };
    let xml = "<policies><backend><retry condition='@(context.Response.StatusCode == 503)' count='{{tries}}' interval='1'><forward-request timeout='9'/></retry></backend></policies>";
    let attempts = |secret| {
        let files = [("a.bicep", value(secret)), ("a.xml", xml.to_owned())];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        imported(&files, &Choices::default()).0.policy.retry.map(|retry| retry.attempts)
    };
    assert_eq!(attempts(false), Some(4));
    assert_eq!(attempts(true), None);
}

#[test]
fn which_backend_it_is_about_is_asked_for_where_there_are_several() {
    let backend = |name: &str| {
        format!(
            "resource {name} 'Microsoft.ApiManagement/service/backends@2024-05-01' = {{ name: '{name}', properties: {{ url: 'https://{name}' }} }}\n"
        )
    };
    let text = backend("a") + &backend("b");
    insta::assert_snapshot!(refused(&[("a.bicep", &text)], &Choices::default()), @r"
    a scenario is about one backend or pool, and there are a, b
    help: name one: `--backend NAME`
    ");
    insta::assert_snapshot!(refused(&[("a.bicep", &text)], &choices(&[], Some("c"))), @r"
    there is no backend `c`
    help: there are a, b
    ");
    assert_eq!(imported(&[("a.bicep", &text)], &choices(&[], Some("b"))).0.subject, "b");
    // A backend whose URL a request is sent to is the one that is used.
    let by_url = "<policies><inbound><set-backend-service base-url='https://b/v1' /></inbound></policies>";
    assert_eq!(imported(&[("a.bicep", &text), ("p.xml", by_url)], &Choices::default()).0.subject, "b");
}

#[test]
fn a_pool_without_breakers_and_members_that_differ_are_told() {
    let pool = |first: &str, second: &str| {
        let backend = |name: &str, count: &str| {
            let breaker = if count.is_empty() {
                String::new()
            } else {
                format!(
                    "circuitBreaker: {{ rules: [ {{ failureCondition: {{ count: {count}, interval: 'PT1M', statusCodeRanges: [ {{ min: 500, max: 599 }} ] }}, tripDuration: 'PT1M' }} ] }}"
                )
            };
            format!(
                "resource {name} 'Microsoft.ApiManagement/service/backends@2024-05-01' = {{\n name: '{name}'\n properties: {{\n url: 'https://{name}'\n {breaker}\n }}\n}}\n"
            )
        };
        let pool = "resource p 'Microsoft.ApiManagement/service/backends@2024-05-01' = {\n name: 'p'\n properties: { pool: { services: [ { id: a.id, priority: 1 }\n { id: '/backends/b', priority: 2 } ] } }\n}\n";
        let text = backend("a", first) + &backend("b", second) + pool;
        imported(&[("a.bicep", &text)], &Choices::default())
    };
    let (none, shown) = pool("", "");
    assert!(none.policy.breaker.is_none() && shown.contains("the later groups are never used"), "{shown}");
    let (differ, shown) = pool("3", "5");
    assert!(
        differ.policy.breaker.is_none()
            && shown.contains("the breaker of `b` is another one than that of `a`"),
        "{shown}"
    );
    let (one, shown) = pool("3", "");
    assert!(one.policy.breaker.is_none() && shown.contains("the breaker of `b` is another one"), "{shown}");
    assert!(pool("3", "3").0.policy.breaker.is_some());
}

#[test]
fn files_of_no_kind_and_files_that_say_nothing_are_refused() {
    assert!(
        refused(&[("a.ini", "x")], &Choices::default())
            .starts_with("a.ini: no importer knows files of this kind")
    );
    for (name, text) in [
        ("a.bicep", ""),
        ("a.json", "{}"),
        ("a.json", "[1"),
        ("a.xml", "<policies/>"),
        ("a.xml", ""),
        ("a.bicep", "résource ' {"),
    ] {
        assert!(
            refused(&[(name, text)], &Choices::default()).starts_with("no backend, no retry"),
            "{name} {text}"
        );
    }
}

#[test]
fn templates_that_ask_for_too_much_end_early() {
    let mut doubling = String::from("var v0 = ['a']\n");
    for n in 1..60 {
        writeln!(doubling, "var v{n} = concat(v{m}, v{m})", m = n - 1).unwrap();
    }
    doubling += "resource a 'Microsoft.ApiManagement/service/backends@2024-05-01' = { name: 'a', properties: { url: v59, x: y } }\nvar y = y\n";
    let deep = format!("{{\"a\": {}1{} }}", "[".repeat(5000), "]".repeat(5000));
    for (name, text) in [
        ("a.bicep", doubling.as_str()),
        ("a.json", &deep),
        ("b.bicep", &"(".repeat(5000)),
        ("a.xml", &"<a>".repeat(5000)),
    ] {
        // Whatever it comes to, it comes to it.
        let _ = import::import(&sources(&[(name, text)]), &Choices::default());
    }
}

#[test]
fn headers_of_requests_and_credentials_of_backends_are_rules_and_secrets_are_variables() {
    let bicep = "
@secure()
param code string
resource key 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = {
  name: 's/plan'
  properties: { displayName: 'plan', value: 'gold' }
}
resource a 'Microsoft.ApiManagement/service/backends@2024-06-01-preview' = {
  name: 's/a'
  properties: {
    url: 'https://a.example.com'
    credentials: {
      header: { 'x-functions-key': ['{{orders-key}}'] }
      query: { code: [code] }
      certificateIds: ['c']
    }
  }
}
";
    let xml = r#"<policies>
  <inbound>
    <set-header name="X-Plan" exists-action="override"><value>{{plan}}</value></set-header>
    <set-header name="x-trail" exists-action="append"><value>edge</value></set-header>
    <set-header name="x-debug" exists-action="delete" />
    <set-header name="x-first" exists-action="skip"><value>1</value></set-header>
    <set-header name="x-who"><value>@(context.User.Id)</value></set-header>
    <set-header name="X-PLAN"><value>other</value></set-header>
    <choose><when condition="@(context.Product == null)"><set-header name="x-c"><value>1</value></set-header></when></choose>
  </inbound>
  <backend>
    <retry condition="@(context.Response.StatusCode == 503)" count="1" interval="1">
      <set-header name="x-again" exists-action="append"><value>1</value></set-header>
      <forward-request timeout="5" buffer-request-body="true" />
    </retry>
  </backend>
  <outbound><set-header name="server" exists-action="delete" /></outbound>
</policies>"#;
    let (import, shown) = imported(&[("a.bicep", bicep), ("a.xml", xml)], &Choices::default());
    assert_eq!(import.policy.problems(), []);
    insta::assert_snapshot!(shown);
}
