//! From the resources and policies of all files to what an import comes to.

use std::collections::BTreeMap;

use policy::{Policy, Timeouts};

use super::backends::{self, Backend};
use super::elements::Values;
use super::files::{Ending, ending, policy_files};
use super::policies::Policies;
use crate::arm::{self, Resource};
use crate::bicep;
use crate::finish::{Wrong, finish};
use crate::given::Given;
use crate::import::{Choices, Import, Member, Refused};
use crate::kinds::Importer;
use crate::note::Note;
use crate::place::{Place, Sources};
use crate::placed_headers::declare_credential;
use crate::value::Value;
use crate::write::of_members;

/// Azure API Management.
pub(crate) const IMPORTER: Importer = Importer {
    name: "azure-api-management",
    reads: "Bicep (.bicep), ARM templates (.json) and policies (.xml)",
    takes: |name, _| ending(name).is_some(),
    import,
};

/// The status of a request while its backend is left alone (backends.md).
const SHED: u16 = 503;

fn import(sources: &Sources, choices: &Choices) -> Result<Import, Refused> {
    let given = Given::new(choices.values.clone());
    let (mut notes, mut resources) = (Vec::new(), Vec::new());
    for (file, (name, text)) in sources.files().enumerate() {
        let template = match ending(name) {
            Some(Ending::Bicep) => bicep::read(file, text, &given),
            Some(Ending::Json) => arm::read(file, text, &given),
            _ => continue,
        };
        resources.extend(template.resources);
        notes.extend(template.notes);
    }
    others(&resources, &mut notes);
    let (roots, fragments) = policy_files(sources, &mut notes);
    let values =
        Values { given: &given, named: named_values(&resources), fragments, asked: choices.request.as_ref() };
    let backends: Vec<Backend> =
        resources.iter().filter_map(|one| backends::read(one, &values, &mut notes)).collect();
    let mut policies = Policies::default();
    for root in &roots {
        policies.take(root, &values, &mut notes);
    }
    // A fragment that stands in no policy is read by itself.
    for (name, fragment) in &values.fragments {
        if !policies.included.contains(name) {
            policies.take(fragment, &values, &mut notes);
        }
    }
    let made = assemble(&backends, &policies, choices.backend.as_deref(), &mut notes);
    finish(
        made.map(|made| Import { request: choices.request.clone(), ..made }),
        notes,
        &given,
        "values are those of parameters, named values and slots of policies, by their names",
    )
}

/// Resources of API Management that hold policies, or that nothing is made of.
fn others(resources: &[Resource], notes: &mut Vec<Note>) {
    for resource in resources {
        let kind = resource.kind.as_str();
        if kind.ends_with("/policies") || kind.ends_with("/policyfragments") {
            let words = "a policy inside of a template is not read";
            notes.push(Note::unknown(&resource.body.place, words).help("name its XML file as well"));
        }
    }
}

/// The values of `namedValues`, by the name that policies use.
fn named_values(resources: &[Resource]) -> BTreeMap<String, String> {
    let named = resources.iter().filter(|one| one.kind.ends_with("/namedvalues"));
    let pairs = named.filter_map(|one| {
        let properties = one.body.get("properties")?;
        // What is a secret stays one: it is asked for where it is needed.
        if properties.get("secret").and_then(Value::truth) == Some(true) {
            return None;
        }
        let name = properties.get("displayName").and_then(Value::text).unwrap_or(&one.name);
        Some((name.to_owned(), properties.get("value")?.text()?.to_owned()))
    });
    pairs.collect()
}

fn assemble(
    backends: &[Backend],
    policies: &Policies,
    wanted: Option<&str>,
    notes: &mut Vec<Note>,
) -> Result<Import, Wrong> {
    let subject = subject(backends, policies, wanted)?;
    let mut sources: BTreeMap<String, Place> = BTreeMap::new();
    let mut policy = Policy::default();
    let name = subject.map_or("backend", |one| one.name.as_str());
    let of_nothing = Import::of(IMPORTER.name, "API Management", name);
    let mut made = Import { keeps_body: policies.buffered, ..of_nothing };
    if let Some(subject) = subject {
        // The name of a single backend is no matter: a parameter may stand there.
        if subject.pool.is_none() && subject.name.contains('{') {
            made.subject = "backend".into();
        }
        made.members = subject.pool.clone().unwrap_or_else(|| vec![alone(&made.subject, &subject.place)]);
        if made.members.is_empty() {
            let words = format!("the members of pool `{}` are not known", subject.name.escape_debug());
            let help = "give the parameters that they are made of: `--value NAME=…`, with a list as in JSON";
            return Err((words, help.into()));
        }
        let rules = breaker(subject, &made.members, backends, notes);
        if let Some(rule) = rules {
            let mut breaker = rule.breaker.clone();
            sources.extend(rule.keys.iter().map(|(key, place)| ((*key).to_owned(), place.clone())));
            if let Some((status, place)) = subject.answer.as_ref().or(rule.answer.as_ref()) {
                breaker.shed_status = Some(*status);
                sources.insert("breaker.shed_status".into(), place.clone());
            }
            made.shed = Some(breaker.shed_status.unwrap_or(SHED));
            policy.breaker = Some(breaker);
        }
        if made.members.iter().any(|member| member.name.contains('{')) {
            let words = "the name of a member of the pool is not known";
            return Err((words.into(), "give the parameters that it is made of: `--value NAME=…`".into()));
        }
    } else {
        let place = policies
            .retry
            .as_ref()
            .map(|(_, keys)| &keys[0].1)
            .or(policies.timeout.as_ref().map(|(_, place)| place));
        let Some(place) = place else {
            let words = "no backend, no retry and no timeout of API Management was understood in these files"
                .to_owned();
            return Err((
                words,
                "name the Bicep or ARM files of the backends, and the XML files of the policies".into(),
            ));
        };
        made.members = vec![alone("backend", place)];
    }
    declared(policies, &mut policy, &mut sources);
    for (member, name) in made.members.iter().zip(of_members(&made.members)) {
        let of = |one: &&Backend| one.name.eq_ignore_ascii_case(&member.name);
        let backend = backends.iter().find(of).or(subject.filter(|one| one.pool.is_none()));
        if let Some((credential, place)) = backend.and_then(|one| one.credential.as_ref()) {
            declare_credential(&name, credential, place, (&mut policy, &mut sources), notes);
        }
    }
    Ok(Import { policy, sources, ..made })
}

/// What the policies declare, and where.
fn declared(policies: &Policies, policy: &mut Policy, sources: &mut BTreeMap<String, Place>) {
    if let Some((retry, keys)) = &policies.retry {
        policy.retry = Some(retry.clone());
        sources.extend(keys.iter().map(|(key, place)| ((*key).to_owned(), place.clone())));
    }
    if let Some((timeout, place)) = &policies.timeout {
        policy.timeout = Timeouts { per_try: Some(*timeout), ..Timeouts::default() };
        sources.insert("timeout.per_try".into(), place.clone());
    }
    if let Some((limit, place)) = &policies.limit {
        sources.extend(["limit", "limit.in_flight"].map(|key| (key.to_owned(), place.clone())));
        policy.limit = Some(limit.clone());
    }
    policies.headers.declare(policy, sources);
    if let Some((limit, keys)) = &policies.rate {
        sources.extend(keys.iter().map(|(key, place)| ((*key).to_owned(), place.clone())));
        policy.rate_limit = Some(limit.clone());
    }
}

fn alone(name: &str, place: &Place) -> Member {
    Member { name: name.to_owned(), weight: 1, priority: 0, place: place.clone() }
}

/// The backend or pool that the scenario is about: the one that was named, the one that the policies send to, or the only one.
fn subject<'a>(
    backends: &'a [Backend],
    policies: &Policies,
    wanted: Option<&str>,
) -> Result<Option<&'a Backend>, Wrong> {
    let named = |name: &str| backends.iter().find(|one| one.name.eq_ignore_ascii_case(name));
    let all_names = || backends.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = wanted {
        let found = named(wanted);
        let help = if backends.is_empty() {
            "none was understood".to_owned()
        } else {
            format!("there are {}", all_names())
        };
        return found.map(Some).ok_or((format!("there is no backend `{}`", wanted.escape_debug()), help));
    }
    // A backend entity whose URL a request goes to is used for it as well.
    let by_url =
        |text: &str| backends.iter().find(|one| one.url.as_deref().is_some_and(|url| text.starts_with(url)));
    let mut sent_to: Vec<&Backend> =
        policies.sent_to.iter().filter_map(|(id, _)| named(id).or_else(|| by_url(id))).collect();
    sent_to.dedup_by_key(|one| one.name.clone());
    let pools: Vec<&Backend> = backends.iter().filter(|one| one.pool.is_some()).collect();
    match (sent_to.as_slice(), pools.as_slice(), backends) {
        ([only], ..) | ([], [only], _) => Ok(Some(only)),
        ([], [], [only]) => Ok(Some(only)),
        (_, _, []) => Ok(None),
        _ => Err((
            format!("a scenario is about one backend or pool, and there are {}", all_names()),
            "name one: `--backend NAME`".into(),
        )),
    }
}

/// The breaker that all members have.
fn breaker<'a>(
    subject: &'a Backend,
    members: &[Member],
    backends: &'a [Backend],
    notes: &mut Vec<Note>,
) -> Option<&'a super::breaker::Rule> {
    if subject.pool.is_none() {
        return subject.rule.as_ref();
    }
    let known: Vec<&Backend> = members
        .iter()
        .filter_map(|one| backends.iter().find(|b| b.name.eq_ignore_ascii_case(&one.name)))
        .collect();
    for member in members.iter().filter(|one| !known.iter().any(|b| b.name.eq_ignore_ascii_case(&one.name))) {
        let words = format!(
            "the member `{}` is no backend of these files: its breaker is not known",
            member.name.escape_debug()
        );
        notes.push(Note::unknown(&member.place, words));
    }
    if known.iter().all(|one| one.rule.is_none()) {
        let groups = members.iter().any(|one| one.priority != members[0].priority);
        let more = if groups { " the later groups are never used," } else { "" };
        let words = format!(
            "no member of this pool has a breaker that is understood: without one,{more} a member that fails keeps its turns"
        );
        notes.push(Note::lint(&subject.place, words).help("give each member a `circuitBreaker`"));
        return None;
    }
    let first = known.iter().find_map(|one| one.rule.as_ref())?;
    for one in &known {
        if one.rule.as_ref().is_none_or(|rule| rule.breaker != first.breaker) {
            let words = format!(
                "the breaker of `{}` is another one than that of `{}`, and a scenario has one for all: none is rehearsed",
                one.name, known[0].name
            );
            notes.push(Note::unrehearsed(one.rule.as_ref().map_or(&one.place, |rule| &rule.place), words));
            return None;
        }
    }
    Some(first)
}
