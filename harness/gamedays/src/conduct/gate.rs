//! What has to be so before the first request is sent: approvals, prerequisites, preflights; in this order, so that nothing is
//! sent for a check that nobody has agreed to.

use gateways::Allowed;

use super::begin::{Orders, Stage};
use super::journal::Journal;
use crate::address::{host_of, may_ask};
use crate::approvals::{Approval, missing, refusal};
use crate::environment::{Environment, Post, Question, wait};
use crate::event::Event;
use crate::prerequisite::{Checked, Scene};
use crate::timeline::bounded;

/// Why the day does not begin; empty if it may.
pub(super) fn refusals(stage: &Stage<'_>, orders: &Orders, journal: &mut Journal<'_>) -> Vec<String> {
    let mut refused = forbidden(stage);
    refused.extend(approvals(stage, orders, journal));
    for part in [prerequisites, preflights] {
        if refused.is_empty() {
            refused.extend(part(stage, journal));
        }
    }
    refused
}

/// What the file allows and whoever began the day does not.
fn forbidden(stage: &Stage<'_>) -> Vec<String> {
    let Stage { day, allowed, .. } = stage;
    let hosts =
        day.allow_hosts.iter().filter(|host| !allowed.hosts.iter().any(|one| one.eq_ignore_ascii_case(host)));
    let hosts =
        hosts.map(|host| format!("the host `{host}` is not allowed here: `--allow-host {host}` allows it"));
    let commands = (day.allow_commands && !allowed.commands)
        .then(|| "it runs programs, which is not allowed here: `--allow-commands` allows it".to_owned());
    let listen = day.allow_listen.iter().filter(|address| !allowed.listen.contains(address));
    let listen = listen.map(|address| {
        format!("backends may not listen at {address} here: `--allow-listen {address}` allows it")
    });
    hosts.chain(commands).chain(listen).collect()
}

fn approvals(stage: &Stage<'_>, orders: &Orders, journal: &mut Journal<'_>) -> Vec<String> {
    let (rules, now) = (&stage.day.approvals, stage.environment.now());
    let mut counting: Vec<&Approval> = Vec::new();
    for approval in &orders.approvals {
        let refused = refusal(approval, rules, orders.asked_by.as_deref(), now);
        if refused.is_none() {
            counting.push(approval);
        }
        let Approval { by, role, at, comment } = approval;
        let (role, comment) = (bounded(role), bounded(comment));
        journal.note_by(by, Event::Approval { role, given: *at, comment, refused });
    }
    missing(rules, &counting)
}

fn prerequisites(stage: &Stage<'_>, journal: &mut Journal<'_>) -> Vec<String> {
    let history = stage.dir.parent().unwrap_or(stage.dir);
    let out = stage.runs_dir();
    let Stage { environment, day, .. } = *stage;
    let allowed = stage.allowed.clone();
    let scene = Scene { environment, day, history, this: stage.dir, out: &out, allowed, stop: stage.stop };
    let mut unmet = Vec::new();
    for prerequisite in &day.prerequisites {
        if stage.stop.is_cancelled() || journal.is_broken() {
            break;
        }
        let words = prerequisite.contract().words();
        journal.note(Event::Checking { prerequisite: words.clone() });
        let Checked { met, found } = prerequisite.contract().check(&scene);
        if !met {
            unmet.push(format!("{words}: {found}"));
        }
        journal.note(Event::Checked { prerequisite: words, met, found: bounded(&found) });
    }
    unmet
}

fn preflights(stage: &Stage<'_>, journal: &mut Journal<'_>) -> Vec<String> {
    let mut refused = Vec::new();
    for preflight in &stage.day.preflights {
        if stage.stop.is_cancelled() || journal.is_broken() {
            break;
        }
        let day = stage.day;
        let body = serde_json::json!({ "gameday": day.name, "title": day.title, "owner": day.owner });
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let post = Some(Post { headers, body: body.to_string() });
        let question = Question { url: preflight.url.clone(), post, within: preflight.within };
        let answer = ask(stage.environment, stage.allowed, &question);
        let go = answer.as_ref().is_ok_and(|status| (200..300).contains(status));
        let found = answer.map_or_else(|why| why, |status| status.to_string());
        if !go {
            refused.push(format!("the preflight `{}` said no: {found}", preflight.url));
        }
        journal.note(Event::Preflight { url: preflight.url.clone(), go, found: bounded(&found) });
    }
    refused
}

/// Asks a web address, if both sides allow its host.
pub(super) fn ask(
    environment: &dyn Environment,
    allowed: &Allowed,
    question: &Question,
) -> Result<u16, String> {
    let host = host_of(&question.url)?;
    if !may_ask(&host, &allowed.hosts) {
        return Err(format!("the host `{host}` is not allowed here"));
    }
    wait(environment, environment.ask(question))
}
