//! Game days, held and recovered.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gamedays::{
    Approval, BadTimeline, ConductError, Entry, Environment, Event, GameDay, Listener, Machine, Orders,
    Outcome, RecoverError, conduct, held,
};
use gateways::Allowed;
use jiff::Timestamp;

use super::files::load;
use crate::exit::Exit;
use crate::gameday_args::{Allow, Hold};
use crate::interrupt::listen;
use crate::output::{complain, harmless, print};

pub(super) fn run(args: &Hold) -> Result<Exit> {
    let Some(day) = load(&args.file) else { return Ok(Exit::Usage) };
    let now = Machine::default().now();
    let approvals: Result<Vec<Approval>, String> =
        args.approved_by.iter().map(|text| approval(text, now)).collect();
    let approvals = match approvals {
        Ok(approvals) => approvals,
        Err(why) => {
            complain(&format_args!("error: {why}"));
            return Ok(Exit::Usage);
        }
    };
    let interrupts = listen().context("Ctrl-C can't be listened for")?;
    let history = args.dir.join(&day.name);
    if let Some(exit) = settle(&history, &args.allow) {
        return Ok(exit);
    }
    let orders = Orders {
        directory: directory(&history, now),
        asked_by: args.asked_by.clone(),
        approvals,
        allowed: allowed(&args.allow),
        stop: interrupts.interrupt,
    };
    let machine = Machine { abort: interrupts.abort };
    let outcome = conduct(&day, &orders, &machine, &mut Shown);
    Ok(exit_of(outcome, &orders.directory, &day))
}

/// Brings earlier days of this name to their end that were cut: the gateway that they left behind must be undone first. An exit
/// code if that can't be done.
fn settle(history: &Path, allow: &Allow) -> Option<Exit> {
    let open = held(history).into_iter().filter(|day| day.entries.is_ok() && day.outcome().is_none());
    for day in open {
        let _ =
            print(&harmless(&format!("{} was cut, and is brought to its end first\n", day.dir.display())));
        if let Err(error) = gamedays::recover(&day.dir, &allowed(allow), &Machine::default(), &mut Shown) {
            complain(&format_args!(
                "error: {error}\nhelp: `brownout gameday list` shows which days are open"
            ));
            return Some(Exit::Environment);
        }
    }
    None
}

pub(super) fn recover(day: &Path, allow: &Allow) -> Result<Exit> {
    match gamedays::recover(day, &allowed(allow), &Machine::default(), &mut Shown) {
        Ok(outcome) => {
            print(&harmless(&format!("{outcome}\n")))?;
            Ok(exit(&outcome))
        }
        Err(error) => {
            complain(&format_args!("error: {error}"));
            Ok(match error {
                RecoverError::Timeline(BadTimeline::Held(_)) | RecoverError::Unrecorded { .. } => {
                    Exit::Environment
                }
                RecoverError::Timeline(_) | RecoverError::File { .. } => Exit::Usage,
            })
        }
    }
}

fn allowed(allow: &Allow) -> Allowed {
    Allowed { hosts: allow.hosts.clone(), commands: allow.commands, listen: allow.listen.clone() }
}

/// Steps as they are taken, a line each.
struct Shown;

impl Listener for Shown {
    fn step(&mut self, entry: &Entry) {
        let time = entry.at.strftime("%H:%M:%S");
        let who = if matches!(entry.event, Event::Approval { .. }) {
            format!("{} ", entry.who)
        } else {
            String::new()
        };
        // Nobody reads any more where standard output is closed; the timeline has it all the same.
        let _ = print(&harmless(&format!("{time}  {who}{}\n", entry.event)));
    }
}

/// A directory that is not there yet, by the time.
fn directory(history: &Path, now: Timestamp) -> PathBuf {
    let stem = now.strftime("%Y-%m-%dT%H-%M-%S").to_string();
    let names = (1..).map(|number| if number == 1 { stem.clone() } else { format!("{stem}-{number}") });
    names.map(|name| history.join(name)).find(|dir| !dir.exists()).expect("there is always a higher number")
}

/// `ana (sre): go ahead`, given now.
fn approval(text: &str, now: Timestamp) -> Result<Approval, String> {
    let wrong = || {
        format!(
            "--approved-by `{text}`: expected who, in which role, and with which words: `ana (sre): go ahead`"
        )
    };
    let (who, rest) = text.split_once(" (").ok_or_else(wrong)?;
    let (role, comment) = rest.split_once(')').ok_or_else(wrong)?;
    let comment = match comment.strip_prefix(':') {
        Some(comment) => comment.trim(),
        None if comment.trim().is_empty() => "",
        None => return Err(wrong()),
    };
    if who.trim().is_empty() || role.trim().is_empty() {
        return Err(wrong());
    }
    Ok(Approval {
        by: who.trim().to_owned(),
        role: role.trim().to_owned(),
        at: now,
        comment: comment.to_owned(),
    })
}

fn exit_of(outcome: Result<Outcome, ConductError>, dir: &Path, day: &GameDay) -> Exit {
    match outcome {
        Ok(outcome) => {
            let exit = exit(&outcome);
            let _ = print(&harmless(&format!("\n{} is recorded in {}\n", day.name, dir.display())));
            exit
        }
        Err(error) => {
            complain(&format_args!("error: {error}"));
            Exit::Environment
        }
    }
}

fn exit(outcome: &Outcome) -> Exit {
    match outcome {
        Outcome::Finished { verdict } => Exit::from(*verdict),
        Outcome::Stopped { .. } => Exit::Stopped,
        Outcome::Refused { .. } => Exit::Refused,
        Outcome::Failed { .. } => Exit::Environment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_who_in_which_role_with_which_words() {
        let read =
            |text: &str| approval(text, Timestamp::UNIX_EPOCH).map(|one| (one.by, one.role, one.comment));
        let ana = |comment: &str| Ok(("ana".to_owned(), "sre".to_owned(), comment.to_owned()));
        assert_eq!(read("ana (sre): go: now"), ana("go: now"));
        assert_eq!(read("ana (sre)"), ana(""));
        for wrong in ["", "ana", "ana (sre", "(sre): go", "ana (): go", "ana (sre) go"] {
            assert!(read(wrong).is_err_and(|why| why.contains("expected who")), "{wrong}");
        }
    }
}
