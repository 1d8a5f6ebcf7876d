//! What a gateway really does, found without a scenario, and what changed of it.

use std::fs;

use units::Timespan;

use crate::common::{Place, snapshot};
use crate::gateways::has;

/// A gateway with retries, as a scenario file that has more than is asked about.
const FILE: &str = r#"
name = "orders"

[gateway.reference]

[policy]
timeout = { per_try = "200ms" }
retry = { attempts = 2, on = ["503"], methods = ["GET"] }

[backend.orders-a]
[backend.orders-b]

[traffic.reads]
request = "GET /orders/{n}"
rate = "10/s"

[[phase]]
name = "steady"
for = "1s"

[[expect]]
availability = { min = 0.9 }
"#;

#[test]
fn a_gateway_is_asked_what_it_does_and_says_so_as_a_page_and_as_a_profile() {
    let place = Place::with(FILE);
    let said = place.say(&["discover", "s.toml", "--simulate", "--quiet"]).ended(0);
    snapshot("discover-page", &said.out);
    let profile = fs::read_to_string(place.path().join("profile.toml")).unwrap();
    assert!(
        profile.contains("\"retry.503.GET\" = { value = { count = [2, 2] }, exposures = 15"),
        "{profile}"
    );
}

#[test]
fn only_what_is_asked_for_is_asked_and_the_questions_are_named_to_who_does_not_know_them() {
    let place = Place::with(FILE);
    let said = place.say(&["discover", "s.toml", "--simulate", "--quiet", "--only", "timers"]).ended(0).out;
    assert!(said.contains("per_try") && !said.contains("attempts"), "{said}");
    let said = place.say(&["discover", "s.toml", "--simulate", "--only", "timer"]).ended(3).err;
    assert_eq!(
        said,
        "error: there is no question `timer`\nhelp: the questions are rate-limit, affinity, pool, timers, retries, retry-after, replays, limits, budget, refusals, connect, cancel, answers, headers, connections, health, breaker, all-out\n"
    );
}

#[test]
fn a_file_with_a_gateway_and_its_backends_is_enough_and_what_is_wrong_with_it_is_told_by_its_place() {
    let place = Place::new();
    let file = |gateway: &str| format!("name = \"mine\"\n[gateway.{gateway}\n[backend.a]\n[backend.b]\n");
    let words = ["discover", "mine.toml", "--quiet", "--only", "pool"];
    place.write("mine.toml", file("reference]"));
    let said = place.say(&[&words[..], &["--simulate"]].concat()).ended(0).out;
    assert!(said.contains("share.a") && said.contains("share.b"), "{said}");
    place.write("mine.conf", "to {{backend.a.address}} and {{backend.b.address}}\n");
    let command = "command]\nrun = [\"./proxy\", \"{{listen.address}}\"]\nconfig = \"mine.conf\"";
    place.write("mine.toml", file(command));
    let said = place.say(&words).ended(4).err;
    assert!(said.contains("--allow-commands"), "{said}");
    place.write("mine.toml", file(&command.replace("run", "ran")));
    let said = place.say(&words).ended(3).err;
    assert!(said.contains("mine.toml:3:1") && said.contains("ran"), "{said}");
}

#[test]
fn what_changed_is_told_in_the_words_of_behaviour_and_by_the_exit_code() {
    let place = Place::with(FILE);
    let ask = |more: &[&str]| {
        let words = ["discover", "s.toml", "--simulate", "--quiet", "--only", "timers,retries"];
        place.say(&[&words, more].concat()).ended(0);
    };
    ask(&["--profile", "before.toml"]);
    ask(&["--profile", "again.toml", "--seed", "5"]);
    ask(&["--profile", "after.toml", "--set", "policy.retry.methods=[\"GET\", \"POST\"]"]);
    let same = place.say(&["diff", "before.toml", "again.toml"]).ended(0).out;
    assert!(same.starts_with("0 changes, "), "{same}");
    let changed = place.say(&["diff", "before.toml", "after.toml", "--format", "markdown"]).ended(1).out;
    assert!(changed.starts_with("**1 change, "), "{changed}");
    assert!(changed.ends_with("- POST is now tried again after a 503: 2 attempts\n"), "{changed}");
    let page = place.say(&["diff", "before.toml", "after.toml", "--format", "html"]).ended(1).out;
    assert!(page.contains("<li>POST is now tried again after a 503: 2 attempts</li>"), "{page}");
}

#[test]
fn what_was_found_is_a_page_in_markdown_and_html_and_a_scenario_that_holds_it() {
    let place = Place::with(FILE);
    let words = ["discover", "s.toml", "--simulate", "--quiet", "--only", "timers,retries,breaker"];
    let ask = |more: &[&str]| place.say(&[&words, more].concat()).ended(0).out;
    let said = ask(&["--scenario", "held.toml"]);
    assert!(
        said.ends_with("; the profile is profile.toml, the scenario that holds it held.toml\n"),
        "{said}"
    );
    let checked = place.say(&["check", "held.toml"]).ended(0);
    assert_eq!((checked.out.as_str(), checked.err.as_str()), ("held.toml: ok\n", ""));
    place.say(&["run", "held.toml", "--simulate", "--quiet"]).ended(0);
    let markdown = ask(&["--format", "markdown"]);
    assert!(markdown.contains("| per\\_try | **195 ms to 206 ms** | 12 cases | hang |"), "{markdown}");
    let page = ask(&["--format", "html"]);
    assert!(page.starts_with("<!DOCTYPE html>") && !page.contains("<script"), "{page}");
}

/// The script of a step in a file of YAML: what stands under the line `key`, by its indentation.
fn script(yaml: &str, key: &str) -> String {
    let mut lines = yaml.lines().skip_while(|line| line.trim() != key);
    let margin = lines.next().map(|line| line.len() - line.trim_start().len()).expect("a script");
    let within = |line: &&str| line.len() - line.trim_start().len() > margin;
    let step: Vec<&str> = lines.take_while(within).map(str::trim_start).collect();
    step.join("\n") + "\n"
}

/// The steps that GitHub and GitLab are given, each with the shell that runs it.
#[test]
fn the_action_and_the_template_keep_a_first_profile_and_fail_when_it_changes() {
    let action = script(include_str!("../../.github/actions/discover/action.yml"), "run: |");
    let template = script(include_str!("../../.gitlab/discover.yml"), "- |");
    for (shell, script, keeps) in [("bash", action, "profile.toml"), ("sh", template, "profile.now.toml")] {
        let place = Place::with(&FILE.replace("[gateway.reference]", "[gateway.reference]\ndefects = []"));
        // Asked in the simulated world, so that it takes no minutes.
        let step = script.replace("--quiet", "--quiet --simulate");
        place.write("step.sh", format!("set -e\n{step}"));
        let run = |scenario: &str| {
            let brownout = std::path::Path::new(env!("CARGO_BIN_EXE_brownout")).parent().unwrap();
            let path = format!("{}:{}", brownout.display(), std::env::var("PATH").unwrap());
            let mut command = std::process::Command::new(shell);
            command.args(["-e", "step.sh"]).current_dir(place.path()).env("PATH", path);
            for (name, value) in [
                ("SCENARIO", scenario),
                ("GATEWAY", ""),
                ("CONFIG", ""),
                ("PROFILE", "profile.toml"),
                ("ONLY", "timers,retries"),
            ] {
                command.env(name, value);
            }
            command.env("GITHUB_STEP_SUMMARY", place.path().join("summary.md")).output().unwrap()
        };
        let first = run("s.toml");
        assert!(first.status.success() && place.path().join(keeps).is_file(), "{shell}: {first:?}");
        fs::rename(place.path().join(keeps), place.path().join("kept")).unwrap();
        fs::rename(place.path().join("kept"), place.path().join("profile.toml")).unwrap();
        let again = run("s.toml");
        assert!(again.status.success(), "{shell}: {again:?}");
        let bent = FILE.replace("[gateway.reference]", "[gateway.reference]\ndefects = [\"retries-post\"]");
        place.write("bent.toml", bent);
        let changed = run("bent.toml");
        assert_eq!(changed.status.code(), Some(1), "{shell}: {changed:?}");
        let said = String::from_utf8(changed.stdout).unwrap();
        assert!(said.contains("POST is now tried again after a 503: 2 attempts"), "{shell}: {said}");
    }
}

#[test]
fn what_a_policy_declares_is_held_against_what_was_found() {
    let place = Place::with(FILE);
    let words = ["discover", "s.toml", "--simulate", "--quiet", "--only", "timers,retries"];
    place.say(&words).ended(0);
    let same = place.say(&["diff", "s.toml", "profile.toml"]).ended(0).out;
    assert!(same.starts_with("0 changes, "), "{same}");
    let defect = "gateway.reference.defects=[\"retries-post\"]";
    place.say(&[&words[..], &["--set", defect, "--profile", "bent.toml"]].concat()).ended(0);
    let found = place.say(&["diff", "s.toml", "bent.toml"]).ended(1).out;
    assert!(found.contains("  POST is now tried again after a 503: 2 attempts\n"), "{found}");
}

#[test]
fn what_can_not_be_asked_or_compared_is_refused_with_what_to_do() {
    let place = Place::new();
    place.write("mine.cfg", "frontend x\n  bind :80\n");
    let said = place.say(&["discover", "--gateway", "haproxy", "--config", "mine.cfg"]).ended(3).err;
    assert!(said.contains("mine.cfg: it names no backend of brownout"), "{said}");
    assert!(said.contains("help: write `{{backend.NAME.address}}`"), "{said}");
    place.write("broken.toml", "[about]\n");
    let said = place.say(&["diff", "broken.toml", "missing.toml"]).ended(3).err;
    assert!(said.starts_with("error: broken.toml: not a profile: "), "{said}");
    let missing = place.say(&["diff", "missing.toml", "broken.toml"]).ended(3).err;
    for said in [said, missing] {
        assert!(said.contains("\nhelp: name a profile that `brownout discover` has written"), "{said}");
    }
    let said = place.say(&["discover", "--gateway", "haproxy", "--config", "none.cfg"]).ended(3).err;
    assert!(said.starts_with("error: none.cfg: ") && said.contains("\nhelp: `--config` names"), "{said}");
}

#[test]
fn a_real_gateway_is_asked_by_its_own_configuration() {
    if !has("haproxy") {
        return;
    }
    let place = Place::new();
    place.write(
        "mine.cfg",
        "defaults\n  mode http\n  timeout connect 1s\n  timeout client 20s\n  timeout server 400ms\n  retries 2\n  retry-on 503\n  option redispatch 1\n\
         frontend in\n  bind {{listen.address}}\n  default_backend pool\n\
         backend pool\n  server a {{backend.a.address}}\n  server b {{backend.b.address}}\n",
    );
    let said = place.say(&[
        "discover",
        "--gateway",
        "haproxy",
        "--config",
        "mine.cfg",
        "--only",
        "timers",
        "--longest",
        "2s",
        "--quiet",
    ]);
    said.ended(0);
    let profile: toml::Table =
        fs::read_to_string(place.path().join("profile.toml")).unwrap().parse().unwrap();
    let fact = &profile["fact"]["timeout.per_try"];
    // On a machine that stands still all the time nothing can be timed, which is said and not guessed.
    let Some(bounds) = fact.get("value").map(|value| value["time"].as_array().unwrap()) else {
        assert!(fact["unknown"].as_str().unwrap().contains("quieter machine"), "{fact}");
        return;
    };
    let [low, high] = [0, 1].map(|side| bounds[side].as_str().unwrap().parse::<Timespan>().unwrap());
    let declared = Timespan::from_millis(400);
    assert!(low <= declared && declared <= high, "`timeout server` is 400 ms: {fact}");
}
