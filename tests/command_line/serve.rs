//! The server of game days as a process: users, game days of files, and `kill -9` at any moment.
#![expect(clippy::disallowed_methods, reason = "a real process is killed at moments of the clock")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use gamedays::Event;
use jiff::{SignedDuration, Timestamp};
use units::Moment;

use crate::common::{SMALL, until};
use crate::gateways::has;
use crate::server::{DAY, Server, add_user, day_on, place};

#[test]
fn a_game_day_runs_to_its_verdict_and_the_log_of_who_did_what_is_whole() {
    let place = place();
    place.write("gamedays/day.toml", format!("decide = [\"Is one retry enough?\"]\n{DAY}"));
    let token = add_user(&place);
    let server = Server::start(&place, &token);
    let second = place.say(&["serve", "--data", "data", "--listen", "127.0.0.1:0"]).ended(4);
    assert!(second.err.contains("serves this directory already"), "{}", second.err);
    let firing = server.over(server.begin());
    assert_eq!(
        (firing["state"].as_str(), firing["verdict"].as_str()),
        (Some("finished"), Some("pass")),
        "{firing}"
    );
    assert_eq!(server.undone(), 1);
    let path = format!("/api/v1/firings/{}/runs/0/report", firing["id"]);
    assert!(server.ask(&format!("GET {path}"), "").0.contains("200"));
    let about = |what: &str| format!("/api/v1/firings/{}/{what}", firing["id"]);
    let undecided = || server.ask("GET /api/v1/gamedays/day", "").1["undecided"].to_string();
    assert_eq!(undecided(), r#"{"firing":1,"questions":["Is one retry enough?"]}"#);
    let decided = server.ask(&format!("POST {}", about("decisions")), r#"{"number":1,"answer":"it is"}"#);
    assert!(decided.0.contains("201"), "{decided:?}");
    assert_eq!(undecided(), "null");
    let steps = server.ask(&format!("GET {}", about("timeline")), "").1;
    let decision = steps.as_array().unwrap().last().unwrap();
    assert_eq!(
        (decision["who"].as_str(), decision["text"].as_str()),
        (Some("olga"), Some("decided: Is one retry enough? it is"))
    );
    let made = server.ask("GET /api/v1/runs?gameday=day", "").1;
    assert_eq!(
        (made[0]["scenario"].as_str(), made[0]["verdict"].as_str(), made[0]["failed"].as_u64()),
        (Some("../scenarios/s.toml"), Some("pass"), Some(0)),
        "{made}"
    );
    server.end();
    let audit = place.say(&["serve", "audit", "--data", "data"]).ended(0);
    let head = audit.out.lines().last().unwrap();
    place.say(&["serve", "audit", "--data", "data", "--since", head]).ended(0);
    place.say(&["serve", "audit", "--data", "data", "--since", &format!("1{head}")]).ended(1);
    let list = place.say(&["serve", "user", "list", "--data", "data"]).ended(0);
    assert_eq!(list.out, "olga  operate\n");
    place.nothing_is_left();
}

#[test]
fn after_a_kill_at_any_moment_nothing_runs_on_nothing_is_lost_and_nothing_runs_twice() {
    let mut recovered = 0;
    // One that is a process of its own, and the one that is not, take turns.
    let launched = if has("haproxy") { "haproxy" } else { "reference" };
    let moments = [0, 30, 100, 300, 700, 1_200, 1_800, 2_400, 2_700, 3_000];
    for (moment, gateway) in moments.into_iter().zip([launched, "reference"].into_iter().cycle()) {
        let place = place();
        place.write("gamedays/day.toml", day_on(gateway));
        let token = add_user(&place);
        let server = Server::start(&place, &token);
        let id = server.begin();
        std::thread::sleep(Duration::from_millis(moment));
        server.kill();
        until("the run's processes are gone", || place.processes(None).is_empty());
        let server = Server::start(&place, &token);
        let firing = server.over(id);
        let timelines = server.timelines();
        assert!(timelines.len() <= 1, "{moment} ms: two days of one firing");
        let told = timelines.concat();
        let count = |word: &str| told.lines().filter(|line| line.contains(word)).count();
        let begun = count("\"run_begins\"");
        assert!(begun <= 1, "{moment} ms: {told}");
        assert_eq!(count("\"closed\""), timelines.len(), "{moment} ms: {told}");
        // Killed between the announcement of the rollback and its end, nobody can tell whether it ran; it is not run again.
        let unsure = count("\"rollback_begins\"") > count("\"rollback_ended\"");
        assert!(server.undone() == begun || unsure && server.undone() < 2, "{moment} ms: {told}");
        let state = firing["state"].as_str().unwrap();
        recovered += usize::from(state == "recovered" && begun == 1);
        assert!(["finished", "recovered"].contains(&state), "{moment} ms: {firing}");
        // A third start finds nothing to do.
        server.kill();
        let server = Server::start(&place, &token);
        assert_eq!(server.over(id), firing, "{moment} ms");
        assert_eq!(server.timelines().concat(), told, "{moment} ms");
        server.end();
    }
    assert!(recovered >= 3, "only {recovered} were killed while they ran");
}

#[test]
fn a_second_ctrl_c_ends_the_server_at_once_and_the_next_one_undoes_what_it_left() {
    let place = place();
    place.write("scenarios/s.toml", SMALL.replace("\"1500ms\"", "\"1m\""));
    place.write("gamedays/day.toml", day_on(if has("haproxy") { "haproxy" } else { "reference" }));
    let token = add_user(&place);
    let server = Server::start(&place, &token);
    let id = server.begin();
    until("the run is made", || server.run_dir().is_some_and(|run| run.join("exchanges.arrows").exists()));
    server.end_at_once();
    place.nothing_is_left();
    let server = Server::start(&place, &token);
    let firing = server.over(id);
    assert_eq!(firing["state"], "recovered", "{firing}");
    assert_eq!(server.undone(), 1);
    server.end();
}

/// Answers one request with 204, and returns it.
fn told(listener: &TcpListener) -> String {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut request).unwrap() > 0, "{request}");
    }
    let length = request.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    request + &String::from_utf8(body).unwrap()
}

#[test]
fn who_is_to_be_told_hears_of_a_day_that_the_red_button_kept_from_beginning() {
    let place = place();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = listener.local_addr().unwrap();
    let notify = format!(
        "[[approval]]\nrole = \"sre\"\n[[notify]]\nurl = \"http://{hook}/hook\"\non = [\"refused\"]\nsecret = \"{{{{env.HOOK_SECRET}}}}\"\n"
    );
    place.write("gamedays/day.toml", format!("{DAY}{notify}"));
    let token = add_user(&place);
    let server = Server::start(&place, &token);
    let id = server.begin();
    server.ask("POST /api/v1/button", r#"{"why":"smoke"}"#);
    let request = told(&listener);
    for word in
        ["webhook-signature: v1,", "dev.brownout.gameday.refused", "the red button is pressed, by olga"]
    {
        assert!(request.contains(word), "{word}: {request}");
    }
    assert_eq!(server.over(id)["state"], "refused");
    let log = || server.ask("GET /api/v1/audit", "").1.to_string();
    until("it is on the audit log", || log().contains("told 127.0.0.1 that it is refused: 204"));
    server.end();
}

#[test]
fn the_red_button_ends_2000_a_second_within_a_second_and_begins_the_rollback() {
    let gateway = if has("haproxy") { "haproxy" } else { "reference" };
    let place = place();
    place.write("scenarios/s.toml", SMALL.replace("200/s", "2000/s").replace("\"1500ms\"", "\"1m\""));
    place.write("gamedays/day.toml", day_on(gateway));
    let token = add_user(&place);
    let server = Server::start(&place, &token);
    let id = server.begin();
    until("requests are recorded", || {
        server
            .run_dir()
            .and_then(|run| fs::metadata(run.join("exchanges.arrows")).ok())
            .is_some_and(|file| file.len() > 50_000)
    });
    let (status, button) = server.ask("POST /api/v1/button", r#"{"why":"smoke"}"#);
    assert!(status.contains("200"), "{status}");
    let pressed: Timestamp = button["at"].as_str().unwrap().parse().unwrap();
    let firing = server.over(id);
    assert_eq!(firing["state"], "stopped", "{firing}");
    let run = archive::read_run(&server.run_dir().unwrap()).unwrap();
    let epoch: Timestamp = run.manifest.started.parse().unwrap();
    // How long after the button, by the clock on the wall.
    let after = |moment: Moment| {
        let at = epoch + SignedDuration::try_from(moment.since(Moment::EPOCH)).unwrap();
        at.duration_since(pressed).as_secs_f64()
    };
    let sent: Vec<f64> =
        run.evidence.exchanges.iter().filter(|one| one.was_sent()).map(|one| after(one.sent)).collect();
    let arrived: Vec<f64> = run.evidence.attempts.iter().map(|one| after(one.arrived)).collect();
    for (what, moments) in [("sent", &sent), ("arrived at a backend", &arrived)] {
        let before = moments.iter().filter(|after| (-1.0..0.0).contains(*after)).count();
        assert!(before > 500, "only {before} were {what} in the second before");
        let last = moments.iter().copied().fold(f64::MIN, f64::max);
        assert!(last < 1.0, "{what} {last} s after");
    }
    let steps = gamedays::entries(&server.day_dir().unwrap()).unwrap();
    let step = |is: fn(&Event) -> bool| {
        steps.iter().find(|step| is(&step.event)).unwrap().at.duration_since(pressed)
    };
    let stopping = step(|event| matches!(event, Event::Stopping { .. }));
    let undoing = step(|event| matches!(event, Event::RollbackBegins { .. }));
    assert!(stopping < SignedDuration::from_secs(1) && undoing > stopping, "{stopping:?} {undoing:?}");
    assert_eq!(server.undone(), 1);
    let refused = server.ask("POST /api/v1/gamedays/day/firings", "{}");
    assert!(refused.0.contains("409"), "{refused:?}");
    server.end();
    place.nothing_is_left();
}
