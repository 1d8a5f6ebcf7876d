//! Where a location passes its requests to: an `upstream`, or one address (`ngx_http_upstream_module`).

use units::Timespan;

use super::scope::{not_a, shown};
use super::timers::timespan;
use super::tree::Directive;
use crate::import::Member;
use crate::note::Note;
use crate::place::Place;

/// What holds where a server says nothing: one failure within 10 s, and as long out.
pub(super) const MAX_FAILS: u32 = 1;
pub(super) const FAIL_TIMEOUT: Timespan = Timespan::from_secs(10);

/// The most servers that a scenario has.
const SERVERS_MAX: usize = 100;

/// The heaviest weight that is kept; more would only make turns longer than a run.
const WEIGHT_MAX: u32 = 1_000;

/// What a server may have beside these, and what is not rehearsed of it.
const OTHER: [&str; 6] = ["resolve", "route=", "service=", "slow_start=", "drain", "sticky="];

/// A server of an upstream.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Server {
    pub(super) place: Place,
    pub(super) weight: u32,
    pub(super) backup: bool,
    /// So many failures take it out; nothing where none do.
    pub(super) max_fails: u32,
    pub(super) fail_timeout: Timespan,
    /// Where `max_fails` and `fail_timeout` stand, if they do.
    pub(super) fails_at: [Option<Place>; 2],
    /// So many requests are under way at most, and where it says so.
    pub(super) max_conns: Option<(u32, Place)>,
}

/// Where requests go.
#[derive(Clone, Debug)]
pub(super) struct Pool<'a> {
    /// The directives of the `upstream`; none where an address is passed to as it is.
    pub(super) block: Option<&'a Directive>,
    pub(super) servers: Vec<Server>,
    pub(super) members: Vec<Member>,
}

impl Pool<'_> {
    /// Whether a directive stands in the `upstream`.
    pub(super) fn directive(&self, name: &str) -> Option<&Directive> {
        self.block?.inside().iter().rev().find(|directive| directive.name() == name)
    }
}

/// The one address of a location that passes to no upstream.
pub(super) fn alone(name: &str, place: &Place) -> Pool<'static> {
    let server = Server {
        place: place.clone(),
        weight: 1,
        backup: false,
        max_fails: MAX_FAILS,
        fail_timeout: FAIL_TIMEOUT,
        fails_at: [None, None],
        max_conns: None,
    };
    let member = Member { name: name.to_owned(), weight: 1, priority: 0, place: place.clone() };
    Pool { block: None, servers: vec![server], members: vec![member] }
}

/// The servers of an upstream that get traffic.
pub(super) fn read<'a>(block: &'a Directive, notes: &mut Vec<Note>) -> Result<Pool<'a>, (String, String)> {
    let mut pool = Pool { block: Some(block), servers: Vec::new(), members: Vec::new() };
    for line in block.inside().iter().filter(|directive| directive.name() == "server") {
        let name = line.argument(1);
        if line.arguments().iter().any(|word| word.text == "down") {
            let words = format!("`{}` gets no traffic: it is left out", shown(name));
            notes.push(Note::unrehearsed(line.place_of(1), words));
            continue;
        }
        let server = server(line, notes);
        let priority = u32::from(server.backup);
        pool.members.push(Member {
            name: name.to_owned(),
            weight: server.weight,
            priority,
            place: line.place_of(1).clone(),
        });
        pool.servers.push(server);
    }
    let name = shown(block.argument(1));
    match pool.members.len() {
        0 => Err((
            format!("no server of `{name}` gets traffic"),
            "give it a `server` that is not `down`".into(),
        )),
        1..=SERVERS_MAX => Ok(pool),
        many => {
            Err((format!("{many} servers are too many"), format!("a scenario has {SERVERS_MAX} at most")))
        }
    }
}

fn server(line: &Directive, notes: &mut Vec<Note>) -> Server {
    let mut made = alone("", line.place_of(1)).servers.remove(0);
    for word in line.arguments().iter().skip(1) {
        let (name, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
        let mut number = || {
            let number: Option<u32> = value.parse().ok();
            if number.is_none() {
                notes.push(not_a(name, value, "a number", &word.place));
            }
            number
        };
        match name {
            "weight" => made.weight = number().unwrap_or(1).clamp(1, WEIGHT_MAX),
            "backup" => made.backup = true,
            "max_fails" => {
                made.max_fails = number().unwrap_or(MAX_FAILS);
                made.fails_at[0] = Some(word.place.clone());
            }
            "max_conns" => {
                let most = number().filter(|most| *most > 0);
                made.max_conns = most.map(|most| (most, word.place.clone()));
            }
            "fail_timeout" => match timespan(value).filter(|length| length.as_millis() >= 1_000) {
                Some(length) => {
                    made.fail_timeout = Timespan::from_secs(length.as_secs());
                    made.fails_at[1] = Some(word.place.clone());
                }
                None => notes.push(not_a(name, value, "a time of a second or more", &word.place)),
            },
            _ => {
                let is_other = OTHER.iter().any(|known| word.text.starts_with(known));
                let what = shown(name);
                notes.push(if is_other {
                    Note::unrehearsed(&word.place, format!("`{what}` of a server is not rehearsed"))
                } else {
                    Note::unknown(&word.place, format!("`{what}` of a server is not read"))
                });
            }
        }
    }
    made
}
