//! A server of game days as a process, in a place of its own.
#![expect(clippy::disallowed_methods, reason = "a real process and its real socket are needed")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Place, SMALL, Started, until};

/// A game day of one short run, with a rollback that leaves a line each time that it is run.
pub(crate) const DAY: &str = r#"
title = "Half of the backends fail"
allow_commands = true
[[run]]
scenario = "../scenarios/s.toml"
[rollback]
run = ["sh", "-c", "echo undone >> undone.txt"]
when = "always"
"#;

/// The same, on another gateway than its scenario names.
pub(crate) fn day_on(gateway: &str) -> String {
    DAY.replace("[rollback]", &format!("gateway = \"{gateway}\"\n[rollback]"))
}

/// A server in a place, and the token of a user who may operate it.
pub(crate) struct Server<'a> {
    place: &'a Place,
    process: Started,
    address: String,
    token: String,
}

pub(crate) fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.path().join("gamedays")).unwrap();
    fs::create_dir(place.path().join("scenarios")).unwrap();
    place.write("scenarios/s.toml", SMALL);
    place.write("gamedays/day.toml", DAY);
    place
}

pub(crate) fn add_user(place: &Place) -> String {
    let said = place.say(&["serve", "user", "add", "olga", "--role", "operate", "--data", "data"]).ended(0);
    said.out.trim().to_owned()
}

impl<'a> Server<'a> {
    pub(crate) fn start(place: &'a Place, token: &str) -> Self {
        let arguments = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--allow-commands"];
        let mut command = place.command(&arguments);
        command.env("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let mut process = Started::new(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(process.stdout()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("serving at http://").unwrap_or_else(|| panic!("{line}"));
        let address = address.trim_end_matches('/').to_owned();
        Server { place, process, address, token: token.to_owned() }
    }

    pub(crate) fn ask(&self, what: &str, body: &str) -> (String, Value) {
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
    pub(crate) fn begin(&self) -> i64 {
        let (status, firing) = self.ask("POST /api/v1/gamedays/day/firings", "{}");
        assert!(status.contains("201"), "{status}: {firing}");
        firing["id"].as_i64().unwrap()
    }

    /// The firing once it is over.
    pub(crate) fn over(&self, id: i64) -> Value {
        let firing = || self.ask(&format!("GET /api/v1/firings/{id}"), "").1;
        until("the game day is over", || {
            !["due", "running"].contains(&firing()["state"].as_str().unwrap_or("due"))
        });
        firing()
    }

    /// Ends the server as a power cut does.
    pub(crate) fn kill(self) {
        self.process.signal(Signal::KILL);
        self.process.end();
    }

    pub(crate) fn undone(&self) -> usize {
        fs::read_to_string(self.place.path().join("gamedays/undone.txt")).unwrap_or_default().lines().count()
    }

    fn day_dirs(&self) -> Vec<PathBuf> {
        inside(&self.place.path().join("data/gamedays/day"))
    }

    /// The directory of the first firing.
    pub(crate) fn day_dir(&self) -> Option<PathBuf> {
        self.day_dirs().into_iter().next()
    }

    /// The run directory of the first run of the first firing.
    pub(crate) fn run_dir(&self) -> Option<PathBuf> {
        inside(&self.day_dir()?.join("runs")).into_iter().next()
    }

    /// The timelines of all firings.
    pub(crate) fn timelines(&self) -> Vec<String> {
        let days = self.day_dirs();
        let texts = days.iter().filter_map(|day| fs::read_to_string(day.join("timeline.jsonl")).ok());
        // Killed before its first step, a day has begun nothing.
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// Ends the server as a second Ctrl-C does. Two signals of one kind could be taken for one.
    pub(crate) fn end_at_once(self) {
        self.process.signal(Signal::INT);
        self.process.signal(Signal::TERM);
        self.process.end().ended(0);
    }

    /// Ends the server as Ctrl-C does.
    pub(crate) fn end(self) {
        self.process.signal(Signal::INT);
        self.process.end().ended(0);
    }
}

/// What is in a directory, by name; nothing if it is not there.
fn inside(dir: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = found.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
