//! `brownout import`: from a gateway's own configuration to a verdict, as the tutorial has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Place, search_path, snapshot};
use crate::gateways::has;

fn tutorials() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tutorials")
}

/// A place with the files of the tutorial.
fn shop() -> Place {
    let place = Place::new();
    for name in ["orders.bicep", "orders.xml"] {
        fs::copy(tutorials().join("azure-api-management").join(name), place.path().join(name)).unwrap();
    }
    place
}

/// What each command of a tutorial is, with the exit code that an `echo $?` behind it shows.
fn commands(text: &str) -> Vec<(String, i32)> {
    let mut found: Vec<(String, i32)> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix("$ ") {
            Some("echo $?") => found.last_mut().unwrap().1 = lines.next().unwrap().parse().unwrap(),
            Some(command) => found.push((command.to_owned(), 0)),
            None => {}
        }
    }
    found
}

#[test]
fn the_tutorial_for_api_management_goes_as_it_says() {
    let text = fs::read_to_string(tutorials().join("azure-api-management.md")).unwrap();
    let commands = commands(&text);
    assert!(commands.iter().any(|(_, code)| *code == 1), "the tutorial shows a failure: {commands:?}");
    let place = shop();
    for (command, code) in commands {
        if let Some(arguments) = command.strip_prefix("brownout ") {
            place.say(&arguments.split_whitespace().collect::<Vec<_>>()).ended(code);
        } else if command.starts_with("sed ") {
            let done = Command::new("sh").args(["-c", &command]).current_dir(place.path()).status().unwrap();
            assert!(done.success(), "{command}");
        } else {
            assert!(command.starts_with("cd "), "the tutorial has a command that is not tried: {command}");
        }
    }
}

#[test]
fn what_was_understood_and_what_not_is_told_with_places() {
    let place = shop();
    let said = place.say(&["import", "orders.bicep", "orders.xml", "--out", "."]).ended(0);
    snapshot("import", &format!("{}\n{}", said.out, said.err));
    // What was written is checked as any scenario is, and nothing is found.
    let checked = place.say(&["check", "orders.toml"]).ended(0);
    assert_eq!(checked.err, "", "{}", checked.err);
}

#[test]
fn the_request_that_a_policy_decides_by_is_given_and_its_secrets_are_not() {
    let place = shop();
    let policy = r#"<policies><inbound><choose><when condition="@(context.Request.Url.Path.StartsWith("/chat"))"><set-backend-service backend-id="orders-west" /></when></choose></inbound><backend><forward-request timeout="9" /></backend></policies>"#;
    fs::write(place.path().join("chat.xml"), policy).unwrap();
    let import = |more: &[&str]| {
        place.say(&[&["import", "orders.bicep", "chat.xml", "--out", ".", "--force"], more].concat())
    };
    let chat =
        ["--request", "POST /chat?q=1", "--header", "X-Tier: gold", "--header", "api-key: {{env.KEY}}"];
    assert!(import(&chat).ended(0).out.contains("understood  orders-west"));
    let scenario = fs::read_to_string(place.path().join("orders-west.toml")).unwrap();
    assert!(scenario.contains("request  = \"POST /chat\""), "{scenario}");
    assert!(
        scenario.contains("headers  = { \"api-key\" = \"{{env.KEY}}\", \"x-tier\" = \"gold\" }"),
        "{scenario}"
    );
    for (more, words) in [
        (&["--request", "chat"][..], "is no request"),
        (&["--request", "POST /a b"], "is no request"),
        (&["--header", "a: b"], "--request"),
        (&["--request", "GET /", "--header", "a b"], "is no header"),
        (&["--request", "GET /", "--header", "a b: c"], "is no header"),
        (&["--request", "GET /", "--header", "authorization: Bearer hunter2"], "looks like a secret"),
    ] {
        let said = import(more).ended(3);
        assert!(said.err.contains(words) && !said.err.contains("hunter2"), "{more:?}: {}", said.err);
    }
}

#[test]
fn a_report_shows_the_place_in_the_source_of_what_was_judged() {
    let place = shop();
    place.say(&["import", "orders.bicep", "orders.xml", "--out", "."]).ended(0);
    let said = place.say(&["run", "--simulate", "orders.toml", "--report", "markdown=r.md", "--quiet"]);
    let report = fs::read_to_string(place.path().join("r.md")).unwrap();
    assert!(report.contains("| breaker.trip | 3 failures within 60 s | 3 failures |"), "{report}");
    assert!(report.contains("| orders.bicep:5:22 (orders.toml:"), "{report}\n{}", said.out);
}

#[test]
fn files_are_overwritten_only_if_that_is_asked_for() {
    let place = shop();
    let import = ["import", "orders.bicep", "orders.xml", "--out", "."];
    place.say(&import).ended(0);
    assert!(place.say(&import).ended(3).err.contains("--force"));
    place.say(&[&import[..], &["--force"]].concat()).ended(0);
}

#[test]
fn files_that_can_not_be_read_are_named() {
    let place = shop();
    fs::write(place.path().join("a.xml"), b"<a>\xff</a>").unwrap();
    fs::write(place.path().join("b.ini"), "x").unwrap();
    for (arguments, words) in [
        (&["no.bicep"][..], "error: no.bicep: the file can't be read: no such file"),
        (&["a.xml"], "a.xml: not UTF-8 text, from byte 3 on"),
        (&["b.ini"], "b.ini: no importer knows files of this kind"),
        (&["orders.xml", "--value", "x"], "`--value x` has no value"),
        (&["orders.bicep", "--backend", "x"], "there is no backend `x`"),
        (&["orders.bicep", "--value", "failure=2"], "nothing asks for the value of `failure`"),
    ] {
        let said = place.say(&[&["import", "--out", "out"][..], arguments].concat()).ended(3);
        assert!(said.err.contains(words), "{}", said.err);
        assert!(!place.path().join("out").exists());
    }
}

const HAPROXY: &str = include_str!("../../harness/import/tests/haproxy.cfg");

#[test]
fn a_configuration_of_haproxy_becomes_a_scenario_that_can_be_rehearsed() {
    let place = Place::new();
    fs::write(place.path().join("haproxy.cfg"), HAPROXY).unwrap();
    let said = place.say(&["import", "haproxy.cfg", "--out", "out"]).ended(0);
    snapshot("import-haproxy", &format!("{}\n{}", said.out, said.err));
    place.say(&["check", "out/orders.toml"]).ended(0);
    let run = ["run", "--gateway", "reference", "--simulate", "out/orders.toml", "--quiet"];
    place.say(&run).ended(0);
    // The gateway's own file is not overwritten either.
    fs::remove_file(place.path().join("out/orders.toml")).unwrap();
    fs::remove_file(place.path().join("out/import.json")).unwrap();
    let said = place.say(&["import", "haproxy.cfg", "--out", "out"]).ended(3);
    assert!(said.err.contains("orders.cfg exists"), "{}", said.err);
}

const ENVOY: &str = include_str!("../../harness/import/tests/envoy.yaml");

#[test]
fn a_route_of_envoy_becomes_a_scenario_that_can_be_rehearsed() {
    let place = Place::new();
    fs::write(place.path().join("envoy.yaml"), ENVOY).unwrap();
    let import = ["import", "envoy.yaml", "--out", "out"];
    let said = place.say(&import).ended(3);
    assert!(
        said.err.contains("help: name one: `--route NAME`, or its cluster: `--backend NAME`"),
        "{}",
        said.err
    );
    place.say(&[&import[..], &["--route", "orders"]].concat()).ended(0);
    let checked = place.say(&["check", "out/orders.toml"]).ended(0);
    assert_eq!(checked.err, "", "{}", checked.err);
    place.say(&["run", "--gateway", "reference", "--simulate", "out/orders.toml", "--quiet"]).ended(0);
}

#[test]
fn what_haproxy_is_started_with_is_taken_by_its_own_checker() {
    if !has("haproxy") {
        return;
    }
    let place = Place::new();
    fs::write(place.path().join("haproxy.cfg"), HAPROXY).unwrap();
    place.say(&["import", "haproxy.cfg", "--out", "."]).ended(0);
    let text = fs::read_to_string(place.path().join("orders.cfg")).unwrap();
    let filled = text.replace("{{listen.address}}", "127.0.0.1:1");
    let filled = ["north", "west", "spare"]
        .iter()
        .fold(filled, |text, name| text.replace(&format!("{{{{backend.{name}.address}}}}"), "127.0.0.1:2"));
    fs::write(place.path().join("filled.cfg"), filled).unwrap();
    let mut haproxy = Command::new("haproxy");
    let checked = haproxy
        .env("PATH", search_path())
        .args(["-c", "-f", "filled.cfg"])
        .current_dir(place.path())
        .output();
    let checked = checked.unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

/// What is imported, checked, and rehearsed without sockets.
fn rehearsed(files: &[(&str, &str)], backend: &str, scenario: &str) {
    let place = Place::new();
    for (name, text) in files {
        fs::write(place.path().join(name), text).unwrap();
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    place.say(&[&["import", "--out", "out", "--backend", backend], &names[..]].concat()).ended(0);
    place.say(&["check", scenario]).ended(0);
    place.say(&["run", "--gateway", "reference", "--simulate", scenario, "--quiet"]).ended(0);
}

#[test]
fn configurations_of_nginx_caddy_and_traefik_become_scenarios_that_can_be_rehearsed() {
    let nginx = include_str!("../../harness/import/tests/nginx.conf");
    rehearsed(&[("nginx.conf", nginx)], "orders", "out/orders.toml");
    let caddy = include_str!("../../harness/import/tests/caddy.json");
    let name = "shop.example/orders/*";
    rehearsed(&[("caddy.json", caddy)], name, "out/shop.example-orders--.toml");
    let traefik = include_str!("../../harness/import/tests/traefik.yaml");
    rehearsed(&[("dynamic.yaml", traefik)], "orders", "out/orders.toml");
}

#[test]
fn what_nginx_and_caddy_are_started_with_is_taken_by_their_own_checkers() {
    let nginx = include_str!("../../harness/import/tests/nginx.conf");
    let caddy = include_str!("../../harness/import/tests/caddy.json");
    let stated = [
        ("nginx", "nginx.conf", nginx, "orders", "orders.conf", &["-t", "-e", "stderr", "-p", ".", "-c"][..]),
        (
            "caddy",
            "caddy.json",
            caddy,
            "10.0.0.11:8080",
            "shop.example-orders--.json",
            &["validate", "--config"],
        ),
    ];
    for (program, file, text, backend, copy, check) in stated {
        if !has(program) {
            continue;
        }
        let place = Place::new();
        fs::write(place.path().join(file), text).unwrap();
        place.say(&["import", file, "--backend", backend, "--out", "."]).ended(0);
        let text = fs::read_to_string(place.path().join(copy)).unwrap();
        // Each placeholder becomes an address of its own.
        let mut parts = text.split("{{");
        let mut filled = vec![parts.next().unwrap().to_owned()];
        filled.extend(
            parts
                .enumerate()
                .map(|(at, part)| format!("127.0.0.1:{}{}", at + 1, part.split_once("}}").unwrap().1)),
        );
        let path = place.path().join(copy);
        fs::write(&path, filled.concat()).unwrap();
        let mut command = Command::new(program);
        let checked = command.env("PATH", search_path()).args(check).arg(&path).current_dir(place.path());
        let checked = checked.output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}
