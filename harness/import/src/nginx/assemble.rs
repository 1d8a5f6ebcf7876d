//! From the directives of all files to what an import comes to.

use std::collections::BTreeMap;

use policy::Policy;

use super::copy;
use super::include;
use super::scope::{Scope, shown};
use super::subject::{self, Location};
use super::tree::Directive;
use super::upstream::{self, Pool};
use super::words::{Meaning, meaning};
use super::{breaker, headers, limit, retry, timers};
use crate::finish::{Wrong, finish};
use crate::given::Given;
use crate::import::{Choices, Import, Refused};
use crate::kinds::Importer;
use crate::note::Note;
use crate::place::{Place, Sources};

/// nginx.
pub(crate) const IMPORTER: Importer =
    Importer { name: "nginx", reads: "nginx's configuration (.conf, and what it includes)", takes, import };

/// More workers than any run needs.
const WORKERS_MAX: u32 = 64;

/// Names of files that nginx's packages have beside its configuration, without an ending of their own.
const BESIDE: [&str; 4] = ["sites-enabled/", "sites-available/", "snippets/", "conf.d/"];

fn takes(name: &str, _: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    ["conf", "nginx", "types", "inc"].contains(&ending)
        || file.ends_with("_params")
        || (ending.is_empty() && BESIDE.iter().any(|folder| name.contains(folder)))
}

fn import(sources: &Sources, choices: &Choices) -> Result<Import, Refused> {
    let given = Given::new(choices.values.clone());
    let mut notes = Vec::new();
    let made = match include::whole(sources, &mut notes) {
        Ok(all) => assemble(&all, choices.backend.as_deref(), &mut notes),
        Err(broken) => Err((
            format!("{}: {}", sources.position(&broken.place), broken.words),
            "nginx would not start with this either: `nginx -t` says so".into(),
        )),
    };
    finish(made, notes, &given, "nginx.conf has nothing that is given from outside")
}

/// The configuration as levels: what stands beside `http` in files of their own is taken as if it stood in it.
fn assemble(all: &[Directive], wanted: Option<&str>, notes: &mut Vec<Note>) -> Result<Import, Wrong> {
    let named = |name: &'static str| all.iter().filter(move |line| line.name() == name);
    let blocks = || named("http").map(Directive::inside).chain([all]);
    let http: Scope<'_> = Scope { levels: blocks().collect() };
    let servers: Vec<&Directive> =
        blocks().flatten().filter(|line| line.name() == "server" && line.block.is_some()).collect();
    // A file of locations alone, as it is included by a server.
    let fragment = Directive { words: Vec::new(), block: Some(all.to_vec()), place: Place::new(0, 0..0) };
    let mut locations = subject::locations(&http, &servers, notes);
    if all.iter().any(|line| line.name() == "location") {
        locations.extend(subject::locations(&http, &[&fragment], notes));
    }
    let location = subject::choose(&locations, wanted, notes)?;
    let target = location.target();
    let is_target = |line: &&Directive| line.name() == "upstream" && line.argument(1) == target;
    let pool = match blocks().flatten().find(is_target) {
        Some(block) => upstream::read(block, notes)?,
        None => upstream::alone(target, location.pass.place_of(1)),
    };
    let workers = workers(all, pool.directive("zone").is_some(), notes);
    Ok(made(&location, &pool, workers, notes))
}

/// So many workers count failures for themselves, and so many the copy has.
#[derive(Clone, Copy, Debug)]
struct Workers {
    counting: u32,
    running: u32,
}

fn workers(all: &[Directive], shares: bool, notes: &mut Vec<Note>) -> Workers {
    let line = all.iter().find(|line| line.name() == "worker_processes");
    let count = line.map_or(Some(1), |line| line.argument(1).parse().ok());
    if let (None, Some(line)) = (count, line)
        && !shares
    {
        let words = "so many workers as there are processors: taken as one. Without a `zone` in the upstream, each counts failures for itself, \
                     so that a server is asked more often before it is left alone";
        notes.push(Note::choice(&line.place, words).help("add `zone NAME 64k;` to the upstream"));
    }
    let running = count.unwrap_or(1).clamp(1, WORKERS_MAX);
    Workers { counting: if shares { 1 } else { running }, running }
}

fn made(location: &Location<'_>, pool: &Pool<'_>, workers: Workers, notes: &mut Vec<Note>) -> Import {
    let (scope, head) =
        (&location.scope, location.head.words.first().map_or(&location.pass.place, |word| &word.place));
    met(location, pool, notes);
    let mut sources: BTreeMap<String, Place> = BTreeMap::new();
    let mut keys = |found: Vec<(&'static str, Place)>| {
        sources.extend(found.into_iter().map(|(key, at)| (key.into(), at)));
    };
    let (timeout, found) = timers::read(scope, head, notes);
    keys(found);
    let mut policy = Policy { timeout, ..Policy::default() };
    let conditions = retry::conditions(scope, head, notes);
    let per_try = timeout.per_try.unwrap_or_default();
    if let Some((retry, found)) = retry::read(scope, &conditions, per_try, pool, head, notes) {
        policy.retry = Some(retry);
        keys(found);
    }
    let is_retried = policy.retry.is_some();
    if let Some((breaker, found)) =
        breaker::read(pool, &conditions, is_retried, workers.counting, head, notes)
    {
        policy.breaker = Some(breaker);
        keys(found);
    }
    if let Some((limit, found)) = limit::read(scope, pool, workers.counting, notes) {
        policy.limit = Some(limit);
        keys(found);
    }
    headers::read(scope, notes).declare(&mut policy, &mut sources);
    kept_connections(scope, pool, notes);
    let own = copy::file(scope, pool, policy.limit.as_ref(), workers.running, notes);
    Import {
        members: pool.members.clone(),
        counts_retried: true,
        shed: policy.breaker.as_ref().map(|_| breaker::SHED),
        keeps_body: policy.retry.as_ref().map(|_| true),
        policy,
        sources,
        own: Some(own),
        ..Import::of(IMPORTER.name, "nginx", location.target())
    }
}

/// What holds for the location and its upstream, and is not taken over.
fn met(location: &Location<'_>, pool: &Pool<'_>, notes: &mut Vec<Note>) {
    // The main level has nothing of HTTP, and directives of other blocks.
    let levels = location.scope.levels.iter().copied().flatten();
    let own = pool.block.into_iter().flat_map(Directive::inside);
    for line in levels.chain(own) {
        match meaning(line.name()) {
            _ if is_of_main(line) => {}
            Meaning::Unrehearsed => {
                notes.push(Note::unrehearsed(&line.place, format!("`{}` is not rehearsed", line.name())));
            }
            Meaning::Unknown => {
                notes.push(Note::unknown(&line.place, format!("`{}` is not read", shown(line.name()))));
            }
            Meaning::Taken | Meaning::Copied | Meaning::NoMatter => {}
        }
    }
    if location.pass.argument(1).starts_with("https://") {
        let words = "TLS to the servers is not rehearsed: the copy speaks HTTP to them";
        notes.push(Note::unrehearsed(&location.pass.place, words));
    }
    if location.uri().is_some_and(|uri| uri != "/" || location.path != "/") {
        let words = "the path that requests get is not rehearsed: the copy passes on the one that they have";
        notes.push(Note::unrehearsed(&location.pass.place, words));
    }
}

/// Directives of the main level: they are about processes, and about other protocols.
fn is_of_main(line: &Directive) -> bool {
    const NAMES: [&str; 18] = [
        "daemon",
        "env",
        "error_log",
        "events",
        "google_perftools_profiles",
        "http",
        "load_module",
        "lock_file",
        "mail",
        "master_process",
        "pcre_jit",
        "pid",
        "stream",
        "thread_pool",
        "timer_resolution",
        "user",
        "working_directory",
        "worker_processes",
    ];
    NAMES.contains(&line.name()) || line.name().starts_with("worker_")
}

/// `keepalive`: whether connections are kept at all, and what that means for further attempts.
fn kept_connections(scope: &Scope<'_>, pool: &Pool<'_>, notes: &mut Vec<Note>) {
    let Some(line) = pool.directive("keepalive") else { return };
    let is_new = scope.last("proxy_http_version").is_some_and(|line| line.argument(1) != "1.0");
    let is_bare = |line: &&Directive| {
        line.argument(1).eq_ignore_ascii_case("connection") && line.argument(2).is_empty()
    };
    if !is_new || !scope.all("proxy_set_header").iter().any(is_bare) {
        let words = "connections are kept only with HTTP/1.1 and without `Connection: close`; before nginx 1.29.7 neither is the default";
        notes.push(
            Note::lint(&line.place, words).help(
                "add `proxy_http_version 1.1;` and `proxy_set_header Connection \"\";` to the location",
            ),
        );
        return;
    }
    let words = "a connection that was kept and then breaks is no try for nginx: such a request may arrive once more than the tries allow";
    notes.push(Note::choice(&line.place, words));
}
