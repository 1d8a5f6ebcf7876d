//! `brownout init`: a scenario to start from.

use std::fs;

use gateways::GatewaySettings;

use crate::common::{Place, snapshot};

#[test]
fn what_init_writes_passes_at_once() {
    let place = Place::new();
    place.say(&["init"]).ended(0);
    snapshot("init", &fs::read_to_string(place.path().join("brownout.toml")).unwrap());
    place.say(&["run", "brownout.toml", "--simulate"]).ended(0);
    for policy in ["none", "timeout", "retry", "breaker", "timeout,retry,breaker"] {
        place.say(&["init", "--out", "s.toml", "--force", "--policy", policy]).ended(0);
        let said = place.say(&["run", "s.toml", "--simulate"]);
        assert_eq!(said.code, Some(0), "{policy}: {}", said.out);
    }
}

#[test]
fn what_init_writes_can_be_checked_for_every_gateway() {
    let place = Place::new();
    let kinds = GatewaySettings::KINDS.iter().map(|kind| kind.name);
    for gateway in kinds {
        place.say(&["init", "--out", "s.toml", "--force", "--gateway", gateway, "--backends", "3"]).ended(0);
        place.say(&["check", "s.toml"]).ended(0);
        for policy in ["none", "timeout", "retry", "breaker", "timeout,retry,breaker"] {
            let said =
                place.say(&["init", "--out", "s.toml", "--force", "--gateway", gateway, "--policy", policy]);
            if gateway == "varnish" && policy.contains("breaker") {
                assert!(said.err.contains("leaves no backend alone after failures"), "{}", said.transcript());
                continue;
            }
            said.ended(0);
            place.say(&["check", "s.toml"]).ended(0);
        }
    }
}

#[test]
fn init_overwrites_nothing_unless_it_is_forced() {
    let place = Place::with("precious");
    let said = place.say(&["init", "--out", "s.toml"]).ended(3);
    assert!(said.err.contains("--force"), "{}", said.err);
    assert_eq!(fs::read_to_string(place.path().join("s.toml")).unwrap(), "precious");
    place.say(&["init", "--out", "s.toml", "--force"]).ended(0);
    assert!(fs::read_to_string(place.path().join("s.toml")).unwrap().contains("[[phase]]"));
}

#[test]
fn init_refuses_what_makes_no_sense() {
    let place = Place::new();
    for (arguments, words) in [
        (["--gateway", "squid"], "unknown gateway kind `squid`"),
        (["--backends", "0"], "1..=16"),
        (["--policy", "hope"], "possible values"),
        (["--policy", "none,retry"], "`none` alone"),
        (["--out", "/nowhere/s.toml"], "/nowhere/s.toml"),
    ] {
        let said = place.say(&[&["init"][..], &arguments].concat());
        assert!(matches!(said.code, Some(3 | 4)) && said.err.contains(words), "{}", said.transcript());
    }
}
