//! Gateways that are not there, do not start, do not answer, or die.
#![expect(clippy::disallowed_methods, reason = "a real server that speaks no HTTP is needed")]

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::common::{Place, SMALL, long, search_path, send, until};

/// Whether this gateway is installed. Where gateways are required, its absence fails the test.
pub(crate) fn has(program: &str) -> bool {
    let found = std::env::split_paths(&search_path()).any(|dir| dir.join(program).is_file());
    assert!(
        found || std::env::var_os("BROWNOUT_REQUIRE_GATEWAYS").is_none(),
        "{program} is required, and not there"
    );
    found
}

/// Runs with a shell script in place of haproxy.
fn with_script(script: &str) -> (Place, crate::common::Said) {
    let place = Place::with(SMALL);
    let path = place.write("haproxy", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let set = format!("gateway.haproxy.binary=\"{}\"", path.display());
    let said = place.say(&["run", "s.toml", "--gateway", "haproxy", "--set", &set]);
    (place, said)
}

#[test]
fn a_program_that_is_not_there_is_named_with_where_it_was_looked_for() {
    let place = Place::with(SMALL);
    let set = "gateway.haproxy.binary=\"/nowhere/haproxy\"";
    let said = place.say(&["run", "s.toml", "--gateway", "haproxy", "--set", set]).ended(4);
    assert!(said.err.contains("/nowhere/haproxy"), "{}", said.err);
}

#[test]
fn a_program_that_ends_at_once_is_quoted_with_its_last_words() {
    let (place, said) = with_script(
        "case $1 in -v) echo 'HAProxy version 2.6.12';; *) printf 'no \\033[2J luck'; exit 7;; esac",
    );
    let said = said.ended(4);
    assert!(said.err.contains("exit status: 7"), "{}", said.err);
    assert!(said.err.contains("no \\u{1b}[2J luck"), "its words are quoted and not obeyed: {}", said.err);
    place.nothing_is_left();
}

#[test]
fn a_program_that_never_gets_ready_is_given_up_and_killed() {
    let (place, said) = with_script(
        "case $1 in -v) echo 'HAProxy version 2.6.12';; *) trap '' TERM; while :; do sleep 1; done;; esac",
    );
    let said = said.ended(4);
    assert!(said.err.contains("was not ready after 10 s"), "{}", said.err);
    place.nothing_is_left();
}

#[test]
fn a_url_where_no_http_is_spoken_is_given_up_with_what_was_met() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    // It ends with the test's process.
    std::thread::spawn(move || {
        for mut stream in server.incoming().flatten() {
            let _ = stream.write_all(b"SSH-2.0-\x1b[2J\r\n");
        }
    });
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let scenario = SMALL
        .replace("[gateway.reference]", &format!("[gateway.url]\naddress = \"http://{address}\""))
        .replace("[backend.b]\n", "")
        .replace("[\"a\", \"b\"]", "[\"a\"]")
        .replace("[backend.a]", &format!("[backend.a]\nlisten = \"{free}\""));
    let said = Place::with(&scenario).say(&["run", "s.toml"]).ended(4);
    assert!(said.err.contains("was not ready") && said.err.contains(&address.to_string()), "{}", said.err);
    assert!(!said.err.contains('\u{1b}'), "{}", said.err);
}

#[test]
fn a_gateway_elsewhere_is_sent_nothing_unless_it_is_allowed() {
    let scenario = SMALL
        .replace("[gateway.reference]", "[gateway.url]\naddress = \"http://192.0.2.1:8080\"")
        .replace("[backend.a]", "[backend.a]\nlisten = \"127.0.0.1:0\"");
    let place = Place::with(
        &scenario
            .replace("[backend.b]\n", "")
            .replace("[\"a\", \"b\"]", "[\"a\"]")
            .replace("127.0.0.1:0", "127.0.0.1:19471"),
    );
    let said = place.say(&["run", "s.toml"]).ended(3);
    assert!(said.err.contains("--allow-host 192.0.2.1"), "{}", said.err);
}

#[test]
fn a_gateway_that_dies_in_mid_run_ends_with_4_and_partial_evidence() {
    if !has("haproxy") {
        return;
    }
    let place = Place::with(&long());
    let run = place.start(&["run", "s.toml", "--gateway", "haproxy"]);
    let id = run.id();
    until("the gateway runs", || !place.processes(Some(id)).is_empty());
    for process in place.processes(Some(id)) {
        // It may be gone already, with its parent.
        if Path::new(&format!("/proc/{process}")).exists() {
            send(process, Signal::KILL);
        }
    }
    let said = run.end().ended(4);
    assert!(said.err.contains("the gateway ended"), "{}", said.err);
    assert!(place.run_dir().join("report.json").is_file());
    place.nothing_is_left();
}

#[test]
fn a_gateway_that_prints_without_end_fills_no_disk_and_the_report_says_so() {
    if !has("haproxy") {
        return;
    }
    let place = Place::with(SMALL);
    let chatty =
        "#!/bin/sh\ncase $1 in -v|-c) ;; *) yes 'is anybody there?' & ;; esac\nexec haproxy \"$@\"\n";
    let path = place.write("chatty", chatty);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let set = format!("gateway.haproxy.binary=\"{}\"", path.display());
    let said = place.say(&["run", "s.toml", "--gateway", "haproxy", "--set", &set]);
    // What so much output costs a small machine may leave things open, but it is no failure of the gateway.
    assert!(matches!(said.code, Some(0 | 2)), "{}", said.transcript());
    assert!(said.out.contains("the gateway printed more than is kept"), "{}", said.out);
    let log = fs::metadata(place.run_dir().join("gateway/gateway.log")).unwrap().len();
    assert!((8 << 20..9 << 20).contains(&log), "a log of {log} bytes");
    place.nothing_is_left();
}

#[test]
fn every_real_gateway_runs_a_scenario_to_its_verdict() {
    for gateway in ["haproxy", "nginx", "envoy", "caddy", "traefik", "apache", "varnish"] {
        let program = match gateway {
            "apache" => "apache2",
            "varnish" => "varnishd",
            same => same,
        };
        if !has(program) {
            continue;
        }
        let on = match gateway {
            "caddy" | "apache" => "[\"connect-failure\"], other_backend = false",
            "varnish" | "traefik" => "[\"503\"], other_backend = false",
            _ => "[\"503\", \"connect-failure\", \"reset\", \"timeout\"]",
        };
        let place = Place::with(&SMALL.replace("[\"503\"]", on));
        let said = place.say(&["run", "s.toml", "--gateway", gateway]);
        // On a machine under load the driver may be too late for a pass, but a failure would be the gateway's.
        assert!(matches!(said.code, Some(0 | 2)), "{gateway}: {}", said.transcript());
        place.nothing_is_left();
    }
}

/// A HAProxy that runs already and sends to `backend`: one address for all but `/admin`, and one for `/admin` only. Killed and
/// reaped when dropped.
struct TwoListeners(std::process::Child);

impl TwoListeners {
    fn start(place: &Place, [first, admin, backend]: [SocketAddr; 3]) -> Self {
        let configuration = format!(
            "defaults\n mode http\n timeout connect 1s\n timeout client 5s\n timeout server 5s\n\
             frontend first\n bind {first}\n http-request deny if {{ path_beg /admin }}\n default_backend pool\n\
             frontend admin\n bind {admin}\n http-request deny unless {{ path_beg /admin }} || {{ path / }}\n \
             default_backend pool\nbackend pool\n server a {backend}\n"
        );
        let path = place.write("two.cfg", configuration);
        let mut haproxy = Command::new("haproxy");
        let haproxy = haproxy.env("PATH", search_path()).arg("-db").arg("-f").arg(path);
        TwoListeners(haproxy.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for TwoListeners {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn each_class_goes_to_the_listener_that_it_names() {
    if !has("haproxy") {
        return;
    }
    // All bound at a time, so that they differ.
    let free = [0; 3].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let [first, admin, backend] = free.map(|listener| listener.local_addr().unwrap());
    let scenario = |target: &str| {
        format!(
            "name = \"two listeners\"\n[gateway.url]\naddress = \"http://{first}\"\n\
             addresses = {{ admin = \"http://{admin}\" }}\n[backend.a]\nlisten = \"{backend}\"\n\
             [traffic.reads]\nrequest = \"GET /items/{{n}}\"\nrate = \"100/s\"\n\
             [traffic.admin]\nrequest = \"POST /admin\"\nrate = \"100/s\"\n{target}\n\
             [[phase]]\nname = \"steady\"\nfor = \"3s\"\n[[expect]]\navailability = {{ min = 0.9 }}\n"
        )
    };
    let place = Place::with(&scenario("target = \"admin\""));
    let _haproxy = TwoListeners::start(&place, [first, admin, backend]);
    place.say(&["run", "s.toml"]).ended(0);
    place.write("same.toml", scenario(""));
    let said = place.say(&["run", "same.toml"]).ended(1);
    assert!(said.out.contains("availability"), "{}", said.out);
}

/// A gateway that is a command, and would leave a file behind if it were run.
fn with_command() -> Place {
    Place::with(&SMALL.replace(
        "[gateway.reference]",
        "[gateway.command]\nrun = [\"touch\", \"../../../was-run\", \"{{listen.address}}\"]\nversion = [\"touch\", \"was-asked\"]\n\
         env = { KEY = \"{{env.HOME}}\" }",
    ))
}

#[test]
fn a_command_is_shown_and_run_only_where_it_is_allowed() {
    let place = with_command();
    let checked = place.say(&["check", "s.toml"]).ended(0);
    assert!(checked.out.contains("run     [\"touch\", \"../../../was-run\""), "{}", checked.out);
    let planned = place.say(&["plan", "s.toml"]).ended(0);
    assert!(
        planned.out.contains("run       [\"touch\"") && planned.out.contains("version"),
        "{}",
        planned.out
    );
    let refused = place.say(&["run", "s.toml"]).ended(3);
    let line = SMALL.lines().position(|line| line == "[gateway.reference]").unwrap() + 2;
    let expected = format!("error: s.toml:{line}:1: gateway `command` would run [\"touch\"");
    assert!(refused.err.contains(&expected) && refused.err.contains("--allow-commands"), "{}", refused.err);
    assert!(!place.path().join("was-run").exists());
    let run = place.say(&["run", "s.toml", "--allow-commands"]).ended(4);
    assert!(run.err.contains("ended before it was ready"), "{}", run.err);
    assert!(place.path().join("was-run").exists());
    place.nothing_is_left();
}

#[test]
fn a_command_that_can_not_be_right_is_told_at_its_key() {
    let place = with_command();
    for (set, expected) in [
        ("gateway.command.run=[\"sh\"]", "nothing tells it where to listen"),
        ("gateway.command.run=[]", "no program"),
        ("gateway.command.config=\"/etc/passwd\"", "outside of the scenario's folder"),
        ("gateway.command.env={ KEY = \"{{env.BROWNOUT_NO_SUCH}}\" }", "`BROWNOUT_NO_SUCH` is not set"),
        ("gateway.command.stop=\"STOP\"", "unknown value `STOP`"),
    ] {
        let said = place.say(&["check", "s.toml", "--set", set]).ended(3);
        assert!(said.err.contains(expected), "{set}: {}", said.err);
    }
}
