//! From the sections of all files to what an import comes to.

use std::collections::BTreeMap;

use policy::{Policy, Timeouts};

use super::lines::{self, Line};
use super::sections::{self, Kind, Section, effective};
use super::server::{self, Server};
use super::settings::timer;
use super::words::{Meaning, is, last, meaning, named};
use super::{breaker, copy, headers, health, limit, retry};
use crate::finish::{Wrong, finish};
use crate::given::Given;
use crate::import::{Choices, Import, Member, Refused};
use crate::kinds::Importer;
use crate::note::Note;
use crate::place::{Place, Sources};

/// HAProxy.
pub(crate) const IMPORTER: Importer = Importer {
    name: "haproxy",
    reads: "HAProxy's configuration (.cfg)",
    takes: |name, _| name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("cfg")),
    import,
};

/// The most servers, and the heaviest weight (section 5.2).
const SERVERS_MAX: usize = 100;
const WEIGHT_MAX: u32 = 256;

/// The most proxies that an error names.
const NAMED: usize = 12;

fn import(sources: &Sources, choices: &Choices) -> Result<Import, Refused> {
    let given = Given::new(choices.values.clone());
    let mut notes = Vec::new();
    let mut all = Vec::new();
    for (file, (_, text)) in sources.files().enumerate() {
        all.extend(lines::read(file, text, &given, &mut notes));
    }
    let sections = sections::read(all, &mut notes);
    let made =
        subject(&sections, choices.backend.as_deref()).and_then(|one| assemble(&sections, one, &mut notes));
    finish(made, notes, &given, "values are those of environment variables, by their names")
}

/// The proxy that the scenario is about: the one that was named, the one that all frontends send to, or the only one with servers.
fn subject<'a>(sections: &'a [Section], wanted: Option<&str>) -> Result<&'a Section, Wrong> {
    let has_servers = |one: &&Section| one.lines.iter().any(|line| line.word(0) == "server");
    let pools: Vec<&Section> = sections
        .iter()
        .filter(|one| matches!(one.kind, Kind::Backend | Kind::Listen))
        .filter(has_servers)
        .collect();
    let mut names: Vec<String> =
        pools.iter().take(NAMED).map(|one| one.name().escape_debug().to_string()).collect();
    if pools.len() > NAMED {
        names.push(format!("{} more", pools.len() - NAMED));
    }
    let known = names.join(", ");
    if let Some(wanted) = wanted {
        let help =
            if pools.is_empty() { "none has a `server`".to_owned() } else { format!("there are {known}") };
        let found = pools.iter().copied().find(|one| one.name() == wanted);
        return found.ok_or((format!("there is no backend `{}`", wanted.escape_debug()), help));
    }
    let sent_to = sections.iter().flat_map(|one| &one.lines).filter(|line| is(line, "default_backend"));
    let mut sent_to: Vec<&str> = sent_to.map(|line| line.word(1)).collect();
    sent_to.sort_unstable();
    sent_to.dedup();
    match (pools.as_slice(), sent_to.as_slice()) {
        ([], _) => Err((
            "no `backend` or `listen` with a `server` was found in these files".into(),
            "name the files of the configuration; a `server-template` is not read".into(),
        )),
        ([only], _) => Ok(only),
        (_, [only]) if pools.iter().filter(|one| one.name() == *only).count() == 1 => {
            pools.iter().copied().find(|one| one.name() == *only).ok_or_else(|| several(&known))
        }
        _ => Err(several(&known)),
    }
}

fn several(known: &str) -> Wrong {
    (format!("a scenario is about one backend, and there are {known}"), "name one: `--backend NAME`".into())
}

fn assemble(sections: &[Section], subject: &Section, notes: &mut Vec<Note>) -> Result<Import, Wrong> {
    let (lines, head, name) = (effective(sections, subject), &subject.head.place, subject.name());
    let mode = last(&lines, "mode").map_or("tcp", |line| line.word(1));
    if mode != "http" {
        let words = format!("`{}` is in mode `{}`", name.escape_debug(), mode.escape_debug());
        return Err((words, "brownout speaks HTTP: it takes a proxy with `mode http`".into()));
    }
    met(sections, subject, &lines, notes);
    let (servers, members) = pool(&lines, notes)?;
    let mut sources: BTreeMap<String, Place> = BTreeMap::new();
    let mut keys = |found: Vec<(&'static str, Place)>| {
        sources.extend(found.into_iter().map(|(key, at)| (key.into(), at)));
    };
    let mut policy = Policy { timeout: timeouts(&lines, head, &mut keys, notes), ..Policy::default() };
    if let Some((retry, found)) = retry::read(&lines, head, members.len(), notes) {
        policy.retry = Some(retry);
        keys(found);
    }
    let health = health::of_all(&lines, &servers, notes);
    let by_http = last(&lines, "option httpchk").is_some_and(|line| line.word(0) != "no");
    if let Some((check, found)) = health {
        policy.health_check = Some(check);
        keys(found);
    } else if let Some((breaker, found)) = breaker::of_all(&servers, by_http, notes) {
        policy.breaker = Some(breaker);
        keys(found);
    }
    if let Some((limit, found)) = limit::read(&lines, name, &servers, notes) {
        policy.limit = Some(limit);
        keys(found);
    }
    headers::read(&lines, notes).declare(&mut policy, &mut sources);
    mistakes(&policy, &members, &servers, head, notes);
    let own = copy::file(sections, &lines, name, &members, policy.takes_backends_out());
    Ok(Import {
        shed: policy.breaker.as_ref().map(|_| breaker::SHED),
        // HAProxy keeps a body that fits into a buffer for further attempts.
        keeps_body: policy.retry.as_ref().map(|_| true),
        members,
        policy,
        sources,
        own: Some(own),
        ..Import::of(IMPORTER.name, "HAProxy", name)
    })
}

/// What holds for the proxy, and for the frontends that send to it, and is not taken over.
fn met(sections: &[Section], subject: &Section, lines: &[&Line], notes: &mut Vec<Note>) {
    let sends = |one: &&Section| {
        let mut names =
            one.lines.iter().filter(|line| is(line, "default_backend") || is(line, "use_backend"));
        one.kind == Kind::Frontend && names.any(|line| line.word(1) == subject.name())
    };
    let before = sections.iter().filter(sends).flat_map(|one| &one.lines);
    for line in lines.iter().copied().chain(before) {
        let note = match meaning(line) {
            Meaning::Unrehearsed if limit::denied(line, subject.name()).is_some() => continue,
            Meaning::Unrehearsed => {
                Note::unrehearsed(&line.place, format!("`{}` is not rehearsed", named(line)))
            }
            Meaning::Unknown => Note::unknown(&line.place, format!("`{}` is not read", named(line))),
            Meaning::Taken | Meaning::NoMatter => continue,
        };
        notes.push(note);
    }
}

/// The servers that get traffic.
fn pool(lines: &[&Line], notes: &mut Vec<Note>) -> Result<(Vec<Server>, Vec<Member>), Wrong> {
    let together = last(lines, "option allbackups").is_some_and(|line| line.word(0) != "no");
    let (mut servers, mut members, mut backups) = (Vec::new(), Vec::new(), 0);
    for server in server::read(lines, notes) {
        let Some(place) = server.place.clone() else { continue };
        let weight = server.number("weight", notes).map_or(1, |(weight, _)| weight);
        if weight == 0 || server.has("disabled") {
            let words = format!("`{}` gets no traffic: it is left out", server.name.escape_debug());
            notes.push(Note::unrehearsed(&place, words));
            continue;
        }
        // Without `option allbackups` only the first backup that is up is used.
        backups += u32::from(server.has("backup"));
        let priority = if server.has("backup") { if together { 1 } else { backups } } else { 0 };
        members.push(Member { name: server.name.clone(), weight: weight.min(WEIGHT_MAX), priority, place });
        servers.push(server);
    }
    match members.len() {
        0 => Err(("no server of this proxy gets traffic".into(), "enable one, or give it a weight".into())),
        1..=SERVERS_MAX => Ok((servers, members)),
        many => {
            Err((format!("{many} servers are too many"), format!("a scenario has {SERVERS_MAX} at most")))
        }
    }
}

fn timeouts(
    lines: &[&Line],
    head: &Place,
    keys: &mut impl FnMut(Vec<(&'static str, Place)>),
    notes: &mut Vec<Note>,
) -> Timeouts {
    let mut of = |directive: &str, key: &'static str, without: &str| {
        let found = timer(lines, directive, notes);
        match &found {
            Some((_, place)) => keys(vec![(key, place.clone())]),
            None => notes.push(
                Note::lint(head, format!("there is no `{directive}`: {without}"))
                    .help(format!("add `{directive} 5s`, here or in the defaults")),
            ),
        }
        found.map(|(length, _)| length)
    };
    Timeouts {
        connect: of(
            "timeout connect",
            "timeout.connect",
            "a connection that nobody takes is waited for without end",
        ),
        per_try: of(
            "timeout server",
            "timeout.per_try",
            "a backend that never answers is waited for without end",
        ),
        total: None,
    }
}

/// Mistakes that several lines make together.
fn mistakes(policy: &Policy, members: &[Member], servers: &[Server], head: &Place, notes: &mut Vec<Note>) {
    let is_spare = |one: &&Member| one.priority > 0;
    if let Some(spare) = members.iter().find(is_spare)
        && !servers.iter().any(|server| server.has("check"))
    {
        let words = "without `check`, a server that fails stays up, and this backup is never used";
        notes.push(Note::lint(&spare.place, words).help("give each server a `check`"));
    }
    let beyond =
        policy.retry.iter().flat_map(|retry| &retry.on).any(|on| *on != policy::RetryOn::ConnectFailure);
    if policy.breaker.is_some() && beyond {
        let words = "errors that are tried again are not counted by `error-limit`: only those of the last attempt are";
        notes.push(Note::lint(head, words).help("write `retry-on conn-failure`, or do without `observe`"));
    }
}
