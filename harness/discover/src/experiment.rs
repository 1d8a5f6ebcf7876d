//! One experiment: a scenario without demands, made from parts.

use std::fmt::Write;

use units::Timespan;

/// A scenario in the making. It is a text like any other: whoever doubts a fact runs it again.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Experiment {
    pub(crate) name: String,
    text: String,
}

/// Requests that no fault is meant for. Their successes keep breakers closed that count failures in a row or by share.
pub(crate) const CALM: &str = "calm";

impl Experiment {
    /// An experiment of this name with calm traffic at a rate, by the second.
    pub(crate) fn new(name: impl Into<String>, calm: f64) -> Self {
        let text = format!(
            "\n[traffic.{CALM}]\nrequest = \"GET {{path}}\"\nrate = \"{calm}/s\"\ndeadline = \"{{deadline}}\"\n{CLIENT}\n"
        );
        Experiment { name: name.into(), text }
    }

    /// Further requests of one method, at a rate.
    pub(crate) fn traffic(self, name: &str, method: &str, rate: f64) -> Self {
        let one = self.plain(name, method, rate);
        let has_body = matches!(method, "POST" | "PUT" | "PATCH");
        if has_body { one.with("body = { size = \"200B\" }") } else { one }
    }

    /// The same without a body.
    pub(crate) fn plain(self, name: &str, method: &str, rate: f64) -> Self {
        self.with(&format!(
            "\n[traffic.{name}]\nrequest = \"{method} {{path}}\"\nrate = \"{rate}/s\"\ndeadline = \"{{deadline}}\"\n{CLIENT}"
        ))
    }

    /// A further line of the table that was added last: of the traffic, or of the phase.
    pub(crate) fn with(mut self, line: &str) -> Self {
        let _ = writeln!(self.text, "{line}");
        self
    }

    /// The clients of the requests that were added last leave so long after they have sent them.
    pub(crate) fn leaving(self, after: Timespan) -> Self {
        self.with(&format!("abort = {{ after = \"{after}\" }}"))
    }

    /// Whether clients keep their connections that send the requests that were added last.
    pub(crate) fn keep_alive(mut self, keep: bool) -> Self {
        if let Some(at) = self.text.rfind(CLIENT) {
            self.text.replace_range(at..at + CLIENT.len(), &keep_alive(keep));
        }
        self
    }

    /// Headers whose way through the gateway is recorded.
    pub(crate) fn record(self, names: &[&str]) -> Self {
        self.with(&format!("\n[record]\nheaders = {names:?}"))
    }

    /// Bodies of errors in a phase are searched for what they tell of what is inside: that is done where it is demanded.
    pub(crate) fn search_errors(self, phase: &str) -> Self {
        self.with(&format!("\n[[expect]]\nin = \"{phase}\"\ncredentials = {{ error_bodies = true }}"))
    }

    /// A phase in which some classes are silent.
    pub(crate) fn calm(self, name: &str, length: Timespan, silent: &[&str]) -> Self {
        let mut one = self.phase(name, length);
        for class in silent {
            let _ = writeln!(one.text, "traffic.{class} = {{ rate = \"0/s\" }}");
        }
        one
    }

    /// A phase.
    pub(crate) fn phase(mut self, name: &str, length: Timespan) -> Self {
        let _ = write!(self.text, "\n[[phase]]\nname = \"{name}\"\nfor = \"{length}\"\n");
        self
    }

    /// A fault of requests in the phase that was added last: where it hits, and what it is, in the words of scenario files. The
    /// gateway's own health checks are left alone, so that what they bring about is not taken for a breaker.
    pub(crate) fn fault(self, place: &str, fault: &str) -> Self {
        let when = if place.contains("when = ") { "" } else { "\nwhen = { probe = false }" };
        self.fault_of_all(&format!("{place}{when}"), fault)
    }

    /// The same for health checks as well: of all that arrives, or of connections.
    pub(crate) fn fault_of_all(mut self, place: &str, fault: &str) -> Self {
        let _ = write!(self.text, "\n[[phase.inject]]\n{place}\n{fault}\n");
        self
    }

    /// The whole scenario, for a gateway and backends that are worded in `head`. `keep` says whether clients keep their connections
    /// where an experiment does not say it.
    pub(crate) fn text(&self, head: &str, path: &str, deadline: Timespan, keep: bool) -> String {
        let body = self.text.replace(CLIENT, &keep_alive(keep));
        let body = body.replace("{path}", path).replace("{deadline}", &deadline.to_string());
        format!("name = \"{}\"\n{head}{body}", self.name)
    }
}

/// Stands where a class says how its clients treat their connections.
const CLIENT: &str = "{client}";

fn keep_alive(keep: bool) -> String {
    format!("keep_alive = {keep}")
}
