//! What a gateway does otherwise than its own configuration declares, told at the line of that configuration.

use std::fs;

use crate::common::Place;
use crate::gateways::has;

/// Two servers, and reads that are tried twice more on a 503.
const DECLARED: &str = "defaults
    mode http
    timeout connect 500ms
    timeout client 10s
    timeout server 500ms
    retry-on 503
    retries 2
    option redispatch 1

backend orders
    balance roundrobin
    http-request disable-l7-retry unless METH_GET
    server north 10.0.0.11:8080
    server west 10.0.0.12:8080
";

/// The same in Envoy's words.
const DECLARED_TO_ENVOY: &str = "static_resources:
  listeners:
  - filter_chains:
    - filters:
      - typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          route_config:
            virtual_hosts:
            - name: shop
              routes:
              - match: {prefix: /, headers: [{name: ':method', string_match: {exact: GET}}]}
                route:
                  cluster: orders
                  retry_policy:
                    retry_on: retriable-status-codes
                    retriable_status_codes: [503]
                    num_retries: 2
                    per_try_timeout: 0.5s
              - match: {prefix: /}
                route: {cluster: orders, retry_policy: {per_try_timeout: 0.5s}}
  clusters:
  - name: orders
    connect_timeout: 0.5s
    circuit_breakers: {thresholds: [{max_retries: 100000}]}
    load_assignment:
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: north, port_value: 8080}}}
        - endpoint: {address: {socket_address: {address: west, port_value: 8080}}}
";

/// The same for nginx, whose servers are tried once each.
const DECLARED_TO_NGINX: &str = "upstream orders {
    server 10.0.0.11:8080 max_fails=0;
    server 10.0.0.12:8080 max_fails=0;
    server 10.0.0.13:8080 max_fails=0;
}

server {
    location / {
        proxy_connect_timeout 500ms;
        proxy_read_timeout 500ms;
        proxy_next_upstream http_503;
        proxy_next_upstream_tries 3;
        proxy_pass http://orders;
    }
}
";

/// A configuration by its file, and where it declares the attempts.
struct Declared {
    file: &'static str,
    text: &'static str,
    line: u64,
    column: u64,
}

const OF_HAPROXY: Declared = Declared { file: "conf/haproxy.cfg", text: DECLARED, line: 7, column: 13 };

const OF_NGINX: Declared =
    Declared { file: "conf/nginx.conf", text: DECLARED_TO_NGINX, line: 12, column: 35 };

const OF_ENVOY: Declared =
    Declared { file: "conf/envoy.yaml", text: DECLARED_TO_ENVOY, line: 17, column: 34 };

impl Declared {
    /// Imports what is declared, and runs it otherwise; gives what the terminal, the page and the SARIF file say.
    fn disagreeing(&self, place: &Place, run: &[&str], otherwise: impl Fn(&Place)) -> [String; 3] {
        fs::create_dir_all(place.path().join("conf")).unwrap();
        place.write(self.file, self.text);
        place.say(&["import", self.file, "--out", "."]).ended(0);
        otherwise(place);
        // Shorter than it was made, because it is one key of the policy that matters.
        let shorter = [
            "phase.503-now-and-then.for=\"20s\"",
            "phase.one-hangs.for=\"5s\"",
            "phase.after-one-hangs.for=\"10s\"",
            "traffic.reads.rate=\"100/s\"",
        ];
        let shorter: Vec<&str> = shorter.into_iter().flat_map(|set| ["--set", set]).collect();
        let reports = ["--report", "html=r.html", "--report", "sarif=r.sarif"];
        let said = place.say(&[&["run", "orders.toml"], run, &shorter, &reports].concat()).ended(1);
        let read = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
        [said.out, read("r.html"), read("r.sarif")]
    }

    /// The one disagreement, on the number of attempts, is found where it is declared, whatever the format.
    fn is_found_at_its_line(&self, [terminal, page, sarif]: &[String; 3]) {
        for report in [terminal, page] {
            let place = format!("{}:{}:{}", self.file, self.line, self.column);
            assert!(report.contains(&place), "{terminal}");
        }
        let document: serde_json::Value = serde_json::from_str(sarif).unwrap();
        let results = document["runs"][0]["results"].as_array().unwrap();
        let failed: Vec<_> = results.iter().filter(|result| result["level"] == "error").collect();
        assert_eq!(failed.len(), 1, "{failed:#?}");
        let place = &failed[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], self.file, "{failed:#?}");
        let region = (&place["region"]["startLine"], &place["region"]["startColumn"]);
        assert_eq!(region, (&self.line.into(), &self.column.into()));
        let text = failed[0]["message"]["text"].as_str().unwrap();
        assert!(text.starts_with("retry.attempts, at least: declared 3 in all"), "{text}");
        assert_eq!(
            failed[0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "orders.toml"
        );
    }
}

#[test]
fn what_a_gateway_does_otherwise_than_declared_is_found_at_the_line_of_its_own_configuration() {
    let rehearsal = ["--gateway", "reference", "--simulate"];
    let defect = ["--set", "gateway.reference.defects=[\"one-retry-too-few\"]"];
    for declared in [OF_HAPROXY, OF_NGINX, OF_ENVOY] {
        let reports = declared.disagreeing(&Place::new(), &[&rehearsal[..], &defect].concat(), |_| {});
        declared.is_found_at_its_line(&reports);
    }
}

/// Changes the copy that the gateway is started with.
fn changed(place: &Place, copy: &str, from: &str, to: &str) {
    let copy = place.path().join(copy);
    let text = fs::read_to_string(&copy).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&copy, text.replace(from, to)).unwrap();
}

#[test]
fn so_is_what_gateways_themselves_do_otherwise() {
    let otherwise = [
        ("haproxy", OF_HAPROXY, ["orders.cfg", "retries 2", "retries 1"]),
        ("nginx", OF_NGINX, ["orders.conf", "upstream_tries 3", "upstream_tries 2"]),
        ("envoy", OF_ENVOY, ["orders.yaml", "num_retries: 2", "num_retries: 1"]),
    ];
    // Side by side, because each of them waits most of the time.
    std::thread::scope(|scope| {
        for (gateway, declared, [copy, from, to]) in otherwise {
            if has(gateway) {
                scope.spawn(move || {
                    let change = |place: &Place| changed(place, copy, from, to);
                    let reports = declared.disagreeing(&Place::new(), &[], change);
                    declared.is_found_at_its_line(&reports);
                });
            }
        }
    });
}
