//! Steps of a game day in words.

use std::fmt;

use crate::event::Event;

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |well: bool, yes: &'static str, no: &'static str| if well { yes } else { no };
        match self {
            Event::Opened { name, title, .. } => write!(f, "game day {name}: {title}"),
            Event::Checking { prerequisite } => write!(f, "checking whether {prerequisite}"),
            Event::Checked { prerequisite, met, found } => {
                write!(f, "{}: {prerequisite}: {found}", yes(*met, "met", "not met"))
            }
            Event::Approval { role, comment, refused: None, .. } => {
                write!(f, "approved as {role}: {comment}")
            }
            Event::Approval { role, refused: Some(why), .. } => {
                write!(f, "an approval as {role} does not count: {why}")
            }
            Event::Preflight { url, go, found } => {
                write!(f, "preflight {url}: {}, {found}", yes(*go, "go", "no go"))
            }
            Event::RunBegins { run, scenario, gateway } => {
                write!(f, "run {} begins: {scenario} on {gateway}", run + 1)
            }
            Event::RunEnded { run, verdict, why, .. } => {
                let verdict = verdict.map_or("no verdict".to_owned(), |verdict| verdict.to_string());
                let why = why.as_ref().map(|why| format!(", {why}")).unwrap_or_default();
                write!(f, "run {} is over: {verdict}{why}", run + 1)
            }
            Event::Stopping { why, value } => {
                let value = value.as_ref().map(|value| format!(": {value}")).unwrap_or_default();
                write!(f, "stopping: {why}{value}")
            }
            Event::RollbackBegins { words } => write!(f, "rolling back: {}", words.join(" ")),
            Event::RollbackEnded { well, found } => {
                write!(f, "the rollback {}: {found}", yes(*well, "is done", "failed"))
            }
            Event::ProofBegins { scenario } => write!(f, "proving the rollback by {scenario}"),
            Event::ProofEnded { proven, found } => {
                write!(f, "the rollback is {}: {found}", yes(*proven, "proven", "not proven"))
            }
            Event::Notified { of, host, well, found } => {
                write!(f, "{} {host} that it is {of}: {found}", yes(*well, "told", "could not tell"))
            }
            Event::Recovered { found } => write!(f, "found cut: {found}"),
            Event::Closed { outcome, decide } => {
                write!(f, "{outcome}")?;
                decide.iter().try_for_each(|question| write!(f, "\nto be decided: {question}"))
            }
            Event::Decided { question, answer } => write!(f, "decided: {question} {answer}"),
        }
    }
}
