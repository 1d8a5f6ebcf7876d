//! `server` and `default-server` lines (configuration manual, section 5.2).

use std::collections::BTreeMap;

use units::Timespan;

use super::lines::{Line, Word};
use super::timers::timespan;
use crate::note::Note;
use crate::place::Place;

/// Parameters that are understood, with a value. The copy has these.
const VALUES: [&str; 13] = [
    "weight",
    "inter",
    "fastinter",
    "downinter",
    "rise",
    "fall",
    "observe",
    "error-limit",
    "on-error",
    "maxconn",
    "minconn",
    "maxqueue",
    "slowstart",
];

/// Parameters that are understood, without one.
const FLAGS: [&str; 3] = ["backup", "check", "disabled"];

/// Parameters of TLS towards the server, and other ways to connect to it: with a value.
const OTHER_VALUES: [&str; 48] = [
    "addr",
    "agent-addr",
    "agent-check",
    "agent-inter",
    "agent-port",
    "agent-send",
    "alpn",
    "ca-file",
    "check-alpn",
    "check-proto",
    "check-sni",
    "check-via-socks4",
    "ciphers",
    "ciphersuites",
    "cookie",
    "crl-file",
    "crt",
    "curves",
    "error-limit",
    "guid",
    "hash-key",
    "id",
    "init-addr",
    "log-bufsize",
    "log-proto",
    "max-reuse",
    "namespace",
    "npn",
    "on-marked-down",
    "on-marked-up",
    "pool-low-conn",
    "pool-max-conn",
    "pool-purge-delay",
    "port",
    "proto",
    "redir",
    "resolve-net",
    "resolve-opts",
    "resolve-prefer",
    "resolvers",
    "set-proxy-v2-tlv-fmt",
    "shard",
    "sigalgs",
    "sni",
    "socks4",
    "ssl-max-ver",
    "ssl-min-ver",
    "verifyhost",
];

/// The same without a value.
const OTHER_FLAGS: [&str; 25] = [
    "allow-0rtt",
    "check-send-proxy",
    "check-ssl",
    "enabled",
    "force-sslv3",
    "force-tlsv10",
    "force-tlsv11",
    "force-tlsv12",
    "force-tlsv13",
    "no-agent-check",
    "no-backup",
    "no-check",
    "no-check-ssl",
    "no-send-proxy",
    "no-ssl",
    "no-ssl-reuse",
    "no-sslv3",
    "no-tls-tickets",
    "no-tlsv10",
    "no-tlsv11",
    "no-tlsv12",
    "send-proxy",
    "send-proxy-v2",
    "ssl",
    "tfo",
];

/// A server, with what the `default-server` lines before it say.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) place: Option<Place>,
    parameters: BTreeMap<&'static str, (String, Place)>,
}

impl Server {
    pub(super) fn has(&self, flag: &str) -> bool {
        self.parameters.contains_key(flag)
    }

    pub(super) fn text(&self, name: &str) -> Option<(&str, &Place)> {
        self.parameters.get(name).map(|(text, place)| (text.as_str(), place))
    }

    /// A number; nothing, and a note, where the text is none.
    pub(super) fn number(&self, name: &str, notes: &mut Vec<Note>) -> Option<(u32, &Place)> {
        let (text, place) = self.text(name)?;
        let number = text.parse().ok();
        if number.is_none() {
            notes.push(not_a(name, text, "a number", place));
        }
        Some((number?, place))
    }

    /// A time; nothing, and a note, where the text is none.
    pub(super) fn time(&self, name: &str, notes: &mut Vec<Note>) -> Option<(Timespan, &Place)> {
        let (text, place) = self.text(name)?;
        let length = timespan(text);
        if length.is_none() {
            notes.push(not_a(name, text, "a time, such as `500ms`", place));
        }
        Some((length?, place))
    }

    fn take(&mut self, words: &[Word], notes: &mut Vec<Note>) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            let known = |list: &[&'static str]| list.iter().copied().find(|known| *known == text);
            if let Some(name) = known(&VALUES) {
                if let Some(value) = words.next() {
                    self.parameters.insert(name, (value.text.clone(), value.place.clone()));
                }
            } else if let Some(name) = known(&FLAGS) {
                self.parameters.insert(name, (String::new(), word.place.clone()));
            } else if let Some(flag) =
                text.strip_prefix("no-").filter(|flag| ["check", "backup"].contains(flag))
            {
                self.parameters.remove(flag);
            } else if text == "enabled" {
                self.parameters.remove("disabled");
            } else {
                let short: String = text.chars().take(60).collect();
                let what = format!("`{}` of a server is not rehearsed", short.escape_debug());
                if known(&OTHER_FLAGS).is_some() {
                    notes.push(Note::unrehearsed(&word.place, what));
                } else if text == "verify" || text == "source" || known(&OTHER_VALUES).is_some() {
                    words.next();
                    notes.push(Note::unrehearsed(&word.place, what));
                } else {
                    let words = format!("`{}` of a server is not read", short.escape_debug());
                    notes.push(Note::unknown(&word.place, words));
                }
            }
        }
    }
}

pub(super) fn not_a(name: &str, text: &str, expected: &str, place: &Place) -> Note {
    let short: String = text.chars().take(60).collect();
    let note = Note::unknown(place, format!("`{name}` is `{}`: expected {expected}", short.escape_debug()));
    match short.strip_prefix('$') {
        Some(variable) => note.help(format!("give the variable: `--value {}=…`", variable.escape_debug())),
        None => note,
    }
}

/// The servers of a proxy, each with what the `default-server` lines before it say.
pub(super) fn read(lines: &[&Line], notes: &mut Vec<Note>) -> Vec<Server> {
    let mut usual = Server::default();
    let mut servers = Vec::new();
    for line in lines {
        match line.word(0) {
            "default-server" => usual.take(&line.words[1..], notes),
            "server" if line.words.len() < 3 => {
                notes.push(Note::unknown(&line.place, "this server has no name or no address"));
            }
            "server" => {
                let name = &line.words[1];
                let mut server =
                    Server { name: name.text.clone(), place: Some(name.place.clone()), ..usual.clone() };
                server.take(&line.words[3..], notes);
                servers.push(server);
            }
            _ => {}
        }
    }
    servers
}

/// The parameters that are understood and can be copied.
pub(super) fn kept(words: &[Word], can_be_copied: fn(&Word) -> bool) -> Vec<&Word> {
    let (mut kept, mut rest) = (Vec::new(), words.iter());
    while let Some(word) = rest.next() {
        let is_in = |list: &[&str]| list.contains(&word.text.as_str());
        if is_in(&VALUES) {
            kept.extend(
                rest.next().filter(|value| can_be_copied(value)).into_iter().flat_map(|value| [word, value]),
            );
        } else if is_in(&FLAGS) || ["no-check", "no-backup", "enabled"].contains(&word.text.as_str()) {
            kept.extend(Some(word).filter(|word| can_be_copied(word)));
        } else if is_in(&OTHER_VALUES) || word.text == "verify" || word.text == "source" {
            rest.next();
        }
    }
    kept
}
