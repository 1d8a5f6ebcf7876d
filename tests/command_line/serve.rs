//! The server of game days as a process: users, game days of files, and `kill -9` at any moment.
#![expect(clippy::disallowed_methods, reason = "real sockets, and a real process that is killed")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Place, SMALL, Said, send, until};

/// A game day of one short run, with a rollback that leaves a line each time that it is run.
const DAY: &str = r#"
title = "Half of the backends fail"
allow_commands = true
[[run]]
scenario = "../scenarios/s.toml"
[rollback]
run = ["sh", "-c", "echo undone >> undone.txt"]
when = "always"
"#;

/// A server in a place, and the token of a user who may operate it.
struct Server<'a> {
    place: &'a Place,
    child: Child,
    address: String,
    token: String,
}

fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.path().join("gamedays")).unwrap();
    fs::create_dir(place.path().join("scenarios")).unwrap();
    place.write("scenarios/s.toml", SMALL);
    place.write("gamedays/day.toml", DAY);
    place
}

fn add_user(place: &Place) -> String {
    let said = place.say(&["serve", "user", "add", "olga", "--role", "operate", "--data", "data"]).ended(0);
    said.out.trim().to_owned()
}

impl<'a> Server<'a> {
    fn start(place: &'a Place, token: &str) -> Self {
        let arguments = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--allow-commands"];
        let mut child = place.command(&arguments).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("serving at http://").unwrap_or_else(|| panic!("{line}"));
        let address = address.trim_end_matches('/').to_owned();
        Server { place, child, address, token: token.to_owned() }
    }

    fn ask(&self, what: &str, body: &str) -> (String, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let (host, token, length) = (&self.address, &self.token, body.len());
        let head = format!(
            "{what} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), serde_json::from_str(body).unwrap_or_default())
    }

    /// Asks for the game day, and returns the number of the firing.
    fn begin(&self) -> i64 {
        let (status, firing) = self.ask("POST /api/v1/gamedays/day/firings", "{}");
        assert!(status.contains("201"), "{status}: {firing}");
        firing["id"].as_i64().unwrap()
    }

    /// The firing once it is over.
    fn over(&self, id: i64) -> Value {
        let firing = || self.ask(&format!("GET /api/v1/firings/{id}"), "").1;
        until("the game day is over", || {
            !["due", "running"].contains(&firing()["state"].as_str().unwrap_or("due"))
        });
        firing()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn undone(&self) -> usize {
        fs::read_to_string(self.place.path().join("gamedays/undone.txt")).unwrap_or_default().lines().count()
    }

    /// The timelines of all firings.
    fn timelines(&self) -> Vec<String> {
        let days: Vec<PathBuf> = fs::read_dir(self.place.path().join("data/gamedays/day"))
            .map(|days| days.map(|day| day.unwrap().path()).collect())
            .unwrap_or_default();
        let texts = days.iter().filter_map(|day| fs::read_to_string(day.join("timeline.jsonl")).ok());
        // Killed before its first step, a day has begun nothing.
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// Ends the server as Ctrl-C does.
    fn end(self) {
        send(self.child.id(), Signal::INT);
        Said::of(&self.child.wait_with_output().unwrap()).ended(0);
    }
}

#[test]
fn a_game_day_runs_to_its_verdict_and_the_log_of_who_did_what_is_whole() {
    let place = place();
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
    for moment in [0, 30, 100, 300, 700, 1_200, 1_800, 2_400, 2_700, 3_000] {
        let place = place();
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
fn the_red_button_ends_a_run_within_a_second_and_begins_its_rollback() {
    let place = place();
    let busy = SMALL.replace("200/s", "1000/s").replace("\"1500ms\"", "\"1m\"");
    place.write("scenarios/s.toml", busy);
    let token = add_user(&place);
    let server = Server::start(&place, &token);
    let id = server.begin();
    let exchanges = || {
        let days = fs::read_dir(place.path().join("data/gamedays/day")).ok()?;
        let runs = fs::read_dir(days.flatten().next()?.path().join("runs")).ok()?;
        fs::metadata(runs.flatten().next()?.path().join("exchanges.arrows")).ok().map(|file| file.len())
    };
    until("requests are recorded", || exchanges().is_some_and(|length| length > 20_000));
    let (status, _) = server.ask("POST /api/v1/button", r#"{"why":"smoke"}"#);
    assert!(status.contains("200"), "{status}");
    std::thread::sleep(Duration::from_secs(1));
    let after = exchanges();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(exchanges(), after, "requests were sent later than a second after");
    let firing = server.over(id);
    assert_eq!(firing["state"], "stopped", "{firing}");
    assert_eq!(server.undone(), 1);
    server.end();
}
