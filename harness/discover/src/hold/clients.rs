//! Demands on requests that belong together, and on what becomes of work whose client has left.

use std::fmt::Write;
use std::time::Duration;

use units::Timespan;

use super::Held;
use super::round::{within, written};
use crate::value::Value;

/// How often requests of sessions come, and those whose client leaves, by the second.
const SESSIONS: u32 = 60;
const LEAVING: u32 = 12;

/// Clients leave so long after they have sent their request.
const LEAVE: Duration = Duration::from_millis(100);

/// A backend that is let go later than this is let go by a timer, if at all.
const LET_GO_MAX: Duration = Duration::from_secs(1);

/// How long sessions are asked about, and clients leave.
const SESSIONS_FOR: Timespan = Timespan::from_secs(6);
const LEAVING_FOR: Timespan = Timespan::from_secs(5);

impl Held<'_> {
    /// Requests of a session stay at its backend, if something keeps them there that a request says.
    pub(super) fn sessions(&mut self, path: &str) {
        let facts = &self.profile.fact;
        let kept = facts.iter().find_map(|(key, fact)| {
            let by = key.strip_prefix("affinity.")?;
            (fact.value == Some(Value::yes(true)) && by != "connection").then_some(by)
        });
        let Some(by) = kept else { return };
        let (path, header) = match by.split_once('.') {
            Some(("header", name)) => (path, format!("headers = {{ {name:?} = \"session-{{key}}\" }}\n")),
            Some(("cookie", name)) => {
                (path, format!("headers = {{ cookie = \"{name}=session-{{key}}\" }}\n"))
            }
            _ if by == "path" => ("/session-{key}", String::new()),
            _ => return,
        };
        let lines = format!("request = \"GET {path}\"\nkeys = 50\n{header}");
        self.own("sessions", SESSIONS, &lines, SESSIONS_FOR, "");
        self.demand("in = \"sessions\"\ntraffic = \"sessions\"", "affinity = { by = \"key\" }");
    }

    /// Backends are let go as soon as they were once their client has left.
    pub(super) fn leaving(&mut self, path: &str) {
        let Some(Value::Time(_, high)) = self.profile.value("cancel.after") else { return };
        let most = (**high * 2).max(LEAVE);
        let ends_first = ["timeout.per_try", "timeout.total"].iter().any(|timer| {
            matches!(self.profile.value(timer), Some(Value::Time(low, _)) if **low <= (LEAVE + most) * 2)
        });
        if ends_first || **high > LET_GO_MAX {
            return;
        }
        let bound = written(within(Timespan(most), Timespan(most + most / 2)));
        let lines =
            format!("request = \"GET {path}\"\nabort = {{ after = \"{}\" }}\n", written(Timespan(LEAVE)));
        let fault = "when = { traffic = \"leaving\" }\nhang = {}";
        self.own("leaving", LEAVING, &lines, LEAVING_FOR, fault);
        let demand = format!("cancel = {{ within = \"{bound}\" }}");
        self.demand("in = \"leaving\"\ntraffic = \"leaving\"", &demand);
    }

    /// Requests that come in a phase of their own, which has their name, and in no other one.
    fn own(&mut self, name: &'static str, rate: u32, lines: &str, length: Timespan, fault: &str) {
        let _ = write!(self.classes, "\n[traffic.{name}]\n{lines}rate = \"{rate}/s\"\n");
        self.phase(name, length, fault);
        self.own.push(name);
    }

    /// The phases, in which classes are silent that have one of their own.
    pub(super) fn phases(&self) -> String {
        let (mut text, mut phase) = (String::new(), "");
        for line in self.phases.lines() {
            let _ = writeln!(text, "{line}");
            if let Some(name) = line.strip_prefix("name = ") {
                phase = name.trim_matches('"');
            } else if line.starts_with("for = ") {
                for class in self.own.iter().filter(|class| **class != phase) {
                    let _ = writeln!(text, "traffic.{class} = {{ rate = \"0/s\" }}");
                }
            }
        }
        text
    }
}
