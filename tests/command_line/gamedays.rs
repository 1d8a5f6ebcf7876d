//! Game days on real sockets: they pass, are stopped, refused, killed and brought to their end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use gamedays::{Entry, Event, entries};
use rustix::process::Signal;
use units::Moment;

use crate::common::{Place, SMALL, snapshot, until};
use crate::gateways::has;

/// A scenario without a fault, that passes.
const STEADY: &str = r#"
name = "steady"
[gateway.reference]
[backend.a]
[backend.b]
[traffic.reads]
request = "GET /items/{n}"
rate = "200/s"
[[phase]]
name = "steady"
for = "1s"
[[expect]]
integrity = {}
"#;

/// A scenario whose outage every client sees, for half a minute.
fn outage() -> String {
    SMALL
        .replace("share = 0.5", "share = 1.0")
        .replace("\"1500ms\"", "\"30s\"")
        .replace("\"200/s\"", "\"2000/s\"")
        .replace("\"small\"", "\"outage\"")
}

/// A game day that undoes by a program that writes a line each time, and proves it.
fn watched(place: &Place, gateway: &str) {
    place.write("outage.toml", outage());
    place.write("steady.toml", STEADY);
    let script = place.write("undo.sh", "#!/bin/sh\necho undone >> undone.log\n");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    let day = format!(
        "title = \"An outage is stopped\"\nallow_commands = true\ndecide = [\"Was it right?\"]\n[[run]]\nscenario = \
         \"outage.toml\"\ngateway = \"{gateway}\"\n[[stop]]\nerror_share = {{ above = 0.5, over = \"2s\" }}\n[rollback]\nrun = \
         [\"./undo.sh\"]\nproof = \"steady.toml\"\n"
    );
    place.write("day.toml", day);
}

fn undone(place: &Place) -> usize {
    fs::read_to_string(place.path().join("undone.log")).map_or(0, |log| log.lines().count())
}

/// The directory of the only day that was held.
fn held(place: &Place) -> PathBuf {
    let days: Vec<_> =
        fs::read_dir(place.path().join("held/day")).unwrap().map(|day| day.unwrap().path()).collect();
    let days: Vec<PathBuf> = days.into_iter().filter(|day| day.is_dir()).collect();
    assert_eq!(days.len(), 1, "{days:?}");
    days[0].clone()
}

/// The run directory of a scenario in a day, if it has been made.
fn run_of(place: &Place, scenario: &str) -> Option<PathBuf> {
    let day = fs::read_dir(place.path().join("held/day")).ok()?.next()?.ok()?.path();
    let mut runs = fs::read_dir(day.join("runs")).ok()?.map(|run| run.unwrap().path());
    runs.find(|run| run.to_string_lossy().ends_with(scenario))
}

#[test]
fn a_day_is_held_listed_bundled_and_a_byte_that_was_changed_is_found() {
    let place = Place::with(SMALL);
    place.write("day.toml", "title = \"The first one\"\nowner = \"edge\"\ndecide = [\"Is it enough?\"]\n[[run]]\nscenario = \"s.toml\"\n");
    let said = place.say(&["gameday", "run", "day.toml"]).ended(0);
    assert!(
        said.out.contains("run 1 begins: s.toml on reference") && said.out.contains("finished: pass"),
        "{}",
        said.out
    );
    let list = place.say(&["gameday", "list", "day.toml"]).ended(0);
    assert!(
        list.out.contains("next: when somebody starts it") && list.out.contains("finished: pass"),
        "{}",
        list.out
    );
    let day = held(&place);
    assert!(list.out.contains("to be decided (1): Is it enough?"), "{}", list.out);
    let decide = |number: &str| {
        place.say(&["gameday", "decide", &day.to_string_lossy(), number, "it is", "--by", "ana"])
    };
    assert!(decide("2").ended(3).err.contains("there is no question 2: 1 had to be decided"));
    assert_eq!(decide("1").ended(0).out, "decided: Is it enough? it is\n");
    let list = place.say(&["gameday", "list", "day.toml"]).ended(0);
    assert!(!list.out.contains("to be decided"), "{}", list.out);
    assert!(run_of(&place, "small").unwrap().join("report.json").is_file());
    place.say(&["gameday", "bundle", &day.to_string_lossy(), "--out", "day.tar.zst"]).ended(0);
    let said = place.say(&["gameday", "verify", "day.tar.zst"]).ended(0);
    assert!(said.out.contains("the day was finished: pass"), "{}", said.out);
    let file = place.path().join("day.tar.zst");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let said = place.say(&["gameday", "verify", "day.tar.zst"]);
    assert!(matches!(said.code, Some(1 | 3)), "{said:?}");
    // A day that is over is left as it is.
    place.say(&["gameday", "recover", &day.to_string_lossy()]).ended(0);
}

#[test]
fn a_day_that_nobody_approved_sends_nothing() {
    let place = Place::with(SMALL);
    place.write("day.toml", "title = \"t\"\n[[run]]\nscenario = \"s.toml\"\n[[approval]]\nrole = \"sre\"\n");
    let said =
        place.say(&["gameday", "run", "day.toml", "--asked-by", "ana", "--approved-by", "ana (sre): go"]);
    let said = said.ended(6);
    assert!(
        said.out.contains("does not count: whoever asked for the day does not approve it"),
        "{}",
        said.out
    );
    assert!(!held(&place).join("runs").exists());
    fs::remove_dir_all(place.path().join("held")).unwrap();
    place
        .say(&["gameday", "run", "day.toml", "--asked-by", "ana", "--approved-by", "ben (sre): go"])
        .ended(0);
}

#[test]
fn a_stop_condition_ends_2000_a_second_within_a_second_and_the_rollback_is_proven() {
    let gateway = if has("haproxy") { "haproxy" } else { "reference" };
    let place = Place::new();
    watched(&place, gateway);
    let said = place.say(&["gameday", "run", "day.toml", "--allow-commands"]).ended(5);
    assert!(
        said.out.contains("the rollback is proven: pass") && said.out.contains("Was it right?"),
        "{}",
        said.out
    );
    assert_eq!(undone(&place), 1);
    let steps = entries(&held(&place)).unwrap();
    let stopping = steps.iter().find(|step| matches!(step.event, Event::Stopping { .. })).unwrap();
    assert!(last_request(&place) < stopping.at.as_millisecond() + 1_000, "{stopping:?}");
    place.nothing_is_left();
}

#[test]
fn a_day_is_stopped_by_what_the_gateway_counts_of_itself() {
    let (gateway, errors) = if has("haproxy") {
        ("haproxy", r#"haproxy_frontend_http_responses_total{proxy="in",code="5xx"}"#)
    } else {
        ("reference", r#"gateway_responses_total{class="5xx"}"#)
    };
    let place = Place::new();
    watched(&place, gateway);
    let day = fs::read_to_string(place.path().join("day.toml")).unwrap();
    let metric = |sum: &str| {
        let stop = format!("metric = {{ sum = '{sum}', above = 100, over = \"2s\" }}");
        let own = day.replace(&format!("gateway = \"{gateway}\"\n"), "");
        place.write("day.toml", own.replace("error_share = { above = 0.5, over = \"2s\" }", &stop));
    };
    place.write(
        "outage.toml",
        outage().replace("[gateway.reference]", &format!("[gateway.{gateway}]\nmetrics = {{}}")),
    );
    metric("no_such_total");
    let wrong = place.say(&["gameday", "check", "day.toml"]).ended(3);
    assert!(wrong.err.contains("no run keeps the metric `no_such_total`"), "{}", wrong.err);
    metric(errors);
    let said = place.say(&["gameday", "run", "day.toml", "--allow-commands"]).ended(5);
    assert!(
        said.out.contains("grows by more than 100/s over 2 s") && said.out.contains("is proven"),
        "{}",
        said.out
    );
}

/// When the last request of the outage was sent, in milliseconds since 1970.
fn last_request(place: &Place) -> i64 {
    let run = archive::read_run(&run_of(place, "outage").unwrap()).unwrap();
    let began: jiff::Timestamp = run.manifest.started.parse().unwrap();
    let sent =
        run.evidence.exchanges.iter().filter(|exchange| exchange.was_sent()).map(|exchange| exchange.sent);
    let last: Duration = sent.max().unwrap().since(Moment::EPOCH);
    began.as_millisecond() + last.as_millis() as i64
}

#[test]
fn ctrl_c_ends_a_day_and_undoes_it() {
    let place = Place::new();
    watched(&place, "reference");
    let day = fs::read_to_string(place.path().join("day.toml")).unwrap();
    place.write("day.toml", day.replace("above = 0.5", "above = 0.999, at_least = 3000"));
    let started = place.spawn(&["gameday", "run", "day.toml", "--allow-commands"]);
    until("the run is made", || {
        run_of(&place, "outage").is_some_and(|run| run.join("exchanges.arrows").exists())
    });
    started.signal(Signal::INT);
    let said = started.end().ended(5);
    assert!(
        said.out.contains("stopping: ended by hand") && said.out.contains("the rollback is proven"),
        "{}",
        said.out
    );
    assert_eq!(undone(&place), 1);
}

#[test]
fn a_second_ctrl_c_ends_a_day_at_once_and_what_is_left_is_told() {
    let place = Place::new();
    watched(&place, if has("haproxy") { "haproxy" } else { "reference" });
    let day = fs::read_to_string(place.path().join("day.toml")).unwrap();
    place.write("day.toml", day.replace("above = 0.5", "above = 0.999, at_least = 3000"));
    let started = place.spawn(&["gameday", "run", "day.toml", "--allow-commands"]);
    until("the run is made", || {
        run_of(&place, "outage").is_some_and(|run| run.join("exchanges.arrows").exists())
    });
    // Two signals of one kind could be taken for one.
    started.signal(Signal::INT);
    started.signal(Signal::TERM);
    let said = started.end().ended(4);
    assert!(
        said.err.contains("what it has done is not undone\nhelp: `brownout gameday recover"),
        "{}",
        said.err
    );
    place.nothing_is_left();
    assert_eq!(undone(&place), 0);
    let dir = held(&place);
    let said = place.say(&["gameday", "recover", &dir.to_string_lossy(), "--allow-commands"]);
    assert!(said.out.contains("the rollback is proven"), "{}", said.out);
    assert_eq!(undone(&place), 1);
}

#[test]
fn a_second_ctrl_c_kills_a_rollback_that_takes_too_long_and_says_that_it_failed() {
    let place = Place::new();
    watched(&place, "reference");
    place.write("undo.sh", "#!/bin/sh\necho undone >> undone.log\nsleep 50\n");
    let started = place.spawn(&["gameday", "run", "day.toml", "--allow-commands"]);
    until("the rollback runs", || undone(&place) == 1);
    started.signal(Signal::INT);
    started.signal(Signal::TERM);
    let said = started.end().ended(4);
    assert!(said.out.contains("the rollback failed: it was ended at once, by hand"), "{}", said.out);
    place.nothing_is_left();
}

#[test]
fn a_day_that_was_killed_is_judged_as_cut_and_undone_once_by_the_next_look() {
    let gateway = if has("haproxy") { "haproxy" } else { "reference" };
    let place = Place::new();
    watched(&place, gateway);
    let day = fs::read_to_string(place.path().join("day.toml")).unwrap();
    place.write("day.toml", day.replace("above = 0.5", "above = 0.999, at_least = 3000"));
    let started = place.spawn(&["gameday", "run", "day.toml", "--allow-commands"]);
    until("exchanges are recorded", || {
        let file = run_of(&place, "outage").and_then(|run| fs::metadata(run.join("exchanges.arrows")).ok());
        file.is_some_and(|file| file.len() > 20_000)
    });
    let dir = held(&place);
    let while_it_runs =
        place.say(&["gameday", "recover", &dir.to_string_lossy(), "--allow-commands"]).ended(4);
    assert!(while_it_runs.err.contains("another process is holding"), "{}", while_it_runs.err);
    started.signal(Signal::KILL);
    started.end();
    place.nothing_is_left();
    assert_eq!(undone(&place), 0);
    let list = place.say(&["gameday", "list", "day.toml"]).ended(0);
    assert!(list.out.contains("under way, or cut"), "{}", list.out);
    let said = place.say(&["gameday", "recover", &dir.to_string_lossy(), "--allow-commands"]).ended(4);
    assert!(
        said.out.contains("run 1 is over: inconclusive") && said.out.contains("the rollback is proven"),
        "{}",
        said.out
    );
    assert_eq!(undone(&place), 1);
    place.say(&["gameday", "recover", &dir.to_string_lossy(), "--allow-commands"]).ended(4);
    assert_eq!(undone(&place), 1, "a second look undoes nothing again");
    assert!(entries(&dir).unwrap().iter().any(|step: &Entry| matches!(step.event, Event::Recovered { .. })));
}

#[test]
fn mistakes_in_a_game_day_are_told_at_once_each_with_its_place() {
    let place = Place::with(SMALL);
    let wrong = r#"title = ""
allow_hosts = ["hooks.example.com"]
[[run]]
scenario = "retry-504"
[[run]]
scenario = "s.toml"
gateway = "haprox"
[[run]]
scenario = "s.toml"
[schedule]
cron = "0 25 * * *"
zone = "Europe/Berlim"
[[stop]]
error_share = { above = 0.2, over = "10s", traffic = "read" }
[[stop]]
arrivals = { backend = "c", above = "10/s", over = "2m" }
[[stop]]
latency = { p = 99, above = "1s", over = "1s", at_least = 1000 }
[rollback]
run = ["./undo.sh"]
[[preflight]]
url = "https://elsewhere.example.com/go"
[[notify]]
url = "https://hooks.example.com/x"
secret = "hunter2"
"#;
    place.write("day.toml", wrong);
    let said = place.say(&["gameday", "check", "day.toml"]).ended(3);
    assert!(!said.err.split("secret").next().unwrap_or_default().contains("hunter2"));
    snapshot("wrong-game-day", &said.transcript());
    place.write(
        "day.toml",
        "title = \"t\"\n[[run]]\nscenario = \"s.toml\"\n[[stop]]\nerror_shar = { above = 0.2 }\n",
    );
    snapshot("wrong-game-day-kind", &place.say(&["gameday", "check", "day.toml"]).ended(3).transcript());
}

#[test]
fn a_schedule_that_daylight_saving_touches_is_warned_of_and_one_that_never_fires_is_refused() {
    let place = Place::with(SMALL);
    let day = |cron: &str| {
        place.write("day.toml", format!("title = \"t\"\n[[run]]\nscenario = \"s.toml\"\n[schedule]\ncron = \"{cron}\"\nzone = \"Europe/Berlin\"\n"));
        place.say(&["gameday", "check", "day.toml"])
    };
    let never = day("0 0 30 2 *").ended(3);
    assert!(never.err.contains("the schedule `0 0 30 2 *` never fires"), "{}", never.err);
    let night = day("30 2 * * *").ended(0);
    assert!(night.err.contains("does not exist") && night.err.contains("comes twice"), "{}", night.err);
    assert!(day("30 12 * * *").ended(0).err.is_empty());
}

#[test]
fn the_plan_is_what_a_change_board_reads() {
    let place = Place::new();
    watched(&place, "reference");
    let day = fs::read_to_string(place.path().join("day.toml")).unwrap();
    let more = "[[approval]]\nrole = \"sre\"\ncount = 2\n[[prerequisite]]\ngateway_version = { gateway = \"haproxy\", at_least = \
                \"2.6\" }\n[[stop]]\nfile = { exists = \"STOP\" }\n[[notify]]\nurl = \"http://localhost:9000/x\"\non = [\"stopped\"]\n";
    place.write("day.toml", format!("{day}{more}"));
    snapshot("game-day-plan", &place.say(&["gameday", "plan", "day.toml"]).ended(0).out);
    snapshot(
        "game-day-plan-markdown",
        &place.say(&["gameday", "plan", "day.toml", "--markdown"]).ended(0).out,
    );
}
