//! Any program as a gateway: what it is given, and that nothing of it is left.

use brownout_gateways::{Means, NotDone};

use super::*;

/// A gateway of forty lines: it says what it was given, and then forwards bytes.
const FORWARDER: &str = r#"
import os, socket, sys, threading
config = open(sys.argv[1]).read().split()
print("config", config[0], "key", os.environ.get("KEY"), "args", sys.argv[2:], flush=True)
host, port = os.environ["LISTEN"].rsplit(":", 1)
server = socket.create_server((host, int(port)))
def copy(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    for end in (a, b):
        try: end.shutdown(socket.SHUT_RDWR)
        except OSError: pass
while True:
    client, _ = server.accept()
    to, at = config[1].rsplit(":", 1)
    upstream = socket.create_connection((to, int(at)))
    for a, b in ((client, upstream), (upstream, client)):
        threading.Thread(target=copy, args=(a, b), daemon=True).start()
"#;

/// The forwarder, started by a shell that stays before it.
fn forwarder(dir: &Path) -> Value {
    std::fs::create_dir_all(dir.join("conf")).unwrap();
    std::fs::write(dir.join("conf/forward.txt"), "{{listen.address}} {{backend.orders-a.address}}").unwrap();
    std::fs::write(dir.join("forwarder.py"), FORWARDER).unwrap();
    let script = "sleep 1000 & python3 \"$@\" & wait";
    json!({ "command": {
        "run": ["sh", "-c", script, "sh", "{{dir}}/forwarder.py", "conf/forward.txt", "{{backend.orders-b.port}}", "a b; $HOME"],
        "config": ["conf/forward.txt", "forwarder.py"],
        "check": ["grep", "-q", "127.0.0.1", "conf/forward.txt"],
        "version": ["python3", "-c", "print('\\nforwarder 1.0')"],
        "env": { "LISTEN": "{{listen.address}}", "KEY": "{{env.CARGO_PKG_NAME}}" },
    } })
}

#[test]
fn a_program_is_given_its_files_words_and_secrets_and_nothing_of_it_is_left() {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok().and_close());
        // A policy that nobody could translate: it is only declared.
        let policy = json!({ "retry": { "attempts": 9, "on": ["418"], "backoff": { "base": "1s" } } });
        let running = launch(&world, &dir, &forwarder(&dir), policy, &backends).await.unwrap();
        assert_eq!(running.version.as_deref(), Some("forwarder 1.0"));
        for _ in 0..3 {
            assert_eq!(client::ask(&world, running.address, "GET", "/orders", "").await.status, 200);
        }
        assert_eq!([backends[0].count(), backends[1].count()], [3, 0]);
        let log = std::fs::read_to_string(dir.join("gateway/gateway.log")).unwrap();
        let given = format!(
            "config {} key {{{{env.CARGO_PKG_NAME}}}} args ['{}', 'a b; $HOME']",
            running.address,
            backends[1].address.port()
        );
        assert!(log.contains(&given), "{log}");
        let group = group(&running);
        assert!(living(group).len() >= 2, "the shell and what it has started: {:?}", living(group));
        running.stop().await;
        until_nobody_lives(&world, group).await;
    });
}

#[test]
fn a_program_that_is_dropped_is_gone_with_all_that_it_has_started() {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok().and_close());
        let running = launch(&world, &dir, &forwarder(&dir), json!({}), &backends).await.unwrap();
        let group = group(&running);
        drop(running);
        until_nobody_lives(&world, group).await;
    });
}

#[test]
fn a_program_that_is_killed_is_started_again_with_all_that_it_was_given() {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok().and_close());
        let running = launch(&world, &dir, &forwarder(&dir), json!({}), &backends).await.unwrap();
        let first = group(&running);
        running.acts().kill(Duration::from_millis(20)).await.unwrap();
        until_nobody_lives(&world, first).await;
        assert_eq!(client::ask(&world, running.address, "GET", "/orders", "").await.status, 200);
        let log = std::fs::read_to_string(dir.join("gateway/gateway.log")).unwrap();
        assert_eq!(log.matches("key {{env.CARGO_PKG_NAME}}").count(), 2, "no secret the second time: {log}");
        running.stop().await;
    });
}

#[test]
fn a_kill_that_leaves_somebody_at_the_port_has_failed() {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok().and_close());
        let mut gateway = forwarder(&dir);
        // In a session of its own, as a container is, and gone soon in any case.
        gateway["command"]["run"][2] = "setsid timeout 5 python3 \"$@\" & wait".into();
        let running = launch(&world, &dir, &gateway, json!({}), &backends).await.unwrap();
        let failed = running.acts().kill(Duration::ZERO).await.unwrap_err();
        assert_eq!(
            failed,
            NotDone::Failed(
                "its processes were killed, and its port still takes connections: what serves is not one of them"
                    .into()
            )
        );
        while world.connect(running.address).await.is_ok() {
            world.timer().sleep(Duration::from_millis(50)).await;
        }
        running.stop().await;
    });
}

#[test]
fn what_a_program_has_no_means_for_is_refused_before_the_run() {
    let settings: GatewaySettings = serde_json::from_value(json!({ "command": { "run": ["x"] } })).unwrap();
    let upstreams = Upstreams {
        backends: vec![],
        policy: policy::Policy::default(),
        trust: None,
        base: PathBuf::new(),
        seed: 0,
    };
    let refused = |means| settings.contract().refuses(&means, &upstreams).unwrap_or_default();
    assert_eq!(refused(Means::Kill), "");
    insta::assert_snapshot!(refused(Means::Pause), @"brownout has no means by which a program of your own is paused");
    insta::assert_snapshot!(refused(Means::Restart), @"brownout has no means by which a program of your own is restarted");
    insta::assert_snapshot!(refused(Means::Reload { config: None, chooses: true }), @"brownout has no means by which a program of your own is reloaded");
}

#[test]
fn a_program_is_stopped_by_the_signal_that_the_scenario_names() {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok().and_close());
        let mut gateway = forwarder(&dir);
        gateway["command"]["run"][2] =
            "trap 'echo quits; kill $!; exit' QUIT; trap '' TERM; python3 \"$@\" & wait; wait".into();
        gateway["command"]["stop"] = "QUIT".into();
        let running = launch(&world, &dir, &gateway, json!({}), &backends).await.unwrap();
        let group = group(&running);
        running.stop().await;
        until_nobody_lives(&world, group).await;
        let log = std::fs::read_to_string(dir.join("gateway/gateway.log")).unwrap();
        assert!(log.contains("quits"), "{log}");
    });
}

/// What the forwarder is refused with after a change of its settings.
fn refused_with(key: &str, value: Value) -> String {
    refused(|dir| {
        let mut gateway = forwarder(dir);
        gateway["command"][key] = value;
        gateway
    })
}

#[test]
fn what_can_not_be_started_is_told_by_its_key_or_file() {
    insta::assert_snapshot!(refused_with("run", json!(["no-such-program"])), @"gateway `command`: the program `no-such-program` was not found (searched in PATH, /usr/local/sbin, /usr/sbin; with a slash in its name, from the scenario's folder)");
    insta::assert_snapshot!(refused_with("run", json!(["./no-such-program"])), @"gateway `command`: the program `./no-such-program` was not found (searched in PATH, /usr/local/sbin, /usr/sbin; with a slash in its name, from the scenario's folder)");
    insta::assert_snapshot!(refused_with("run", json!(["sh", "{{listen.prot}}"])), @"`gateway.command.run`: unknown placeholder `{{listen.prot}}`: did you mean `{{listen.port}}`?");
    insta::assert_snapshot!(refused_with("run", json!(["sh", "{{env.HOME}}"])), @"`gateway.command.run`: `{{env.HOME}}` would be written down here, or seen by others: put it into `env`, for which see `brownout explain gateway/command`");
    insta::assert_snapshot!(refused_with("env", json!({ "KEY": "{{env.BROWNOUT_NO_SUCH}}" })), @"`gateway.command.env`: the environment variable `BROWNOUT_NO_SUCH` is not set: set it before the run, `export BROWNOUT_NO_SUCH=…`");
    insta::assert_snapshot!(refused_with("config", json!("../forward.txt")), @"DIR/../forward.txt: outside of the scenario's folder, from which alone files are taken");
    insta::assert_snapshot!(refused_with("check", json!(["sh", "-c", "echo no route; exit 3"])), @"DIR/conf/forward.txt: command refuses it (exit status: 3): no route");
    insta::assert_snapshot!(refused_with("run", json!(["sh", "-c", "echo no licence; exit 7"])), @"gateway `command` ended before it was ready (exit status: 7); its last words: no licence");
}

#[test]
fn a_program_that_nobody_has_allowed_is_not_run() {
    real(|world, dir| async move {
        let settings: GatewaySettings = serde_json::from_value(forwarder(&dir)).unwrap();
        let upstreams = Upstreams {
            backends: vec![],
            policy: policy::Policy::default(),
            trust: None,
            base: dir.clone(),
            seed: 1,
        };
        let (here, allowed) = (dir.join("gateway"), Allowed::default());
        let launch = Launch { world, upstreams, dir: here, allowed, acted_on: false };
        let error = settings.contract().launch(&launch).await.err().unwrap();
        insta::assert_snapshot!(error.to_string().replace(&dir.display().to_string(), "DIR"), @r#"
        gateway `command` would run ["sh", "-c", "sleep 1000 & python3 \"$@\" & wait", "sh", "{{dir}}/forwarder.py", "conf/forward.txt", "{{backend.orders-b.port}}", "a b; $HOME"], and scenarios may not choose programs by themselves
        help: `--allow-commands` allows it; `brownout plan` shows all that would be run
        "#);
        assert!(!dir.join("gateway").exists());
    });
}
