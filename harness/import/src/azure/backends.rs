//! `Microsoft.ApiManagement/service/backends`: single backends and pools.

use policy::Credential;

use super::breaker::{self, Rule};
use super::elements::Values;
use super::headers;
use super::keys::strays;
use crate::arm::Resource;
use crate::import::Member;
use crate::note::Note;
use crate::place::Place;
use crate::value::{Value, What};

/// The most members of a pool (backends.md).
const POOL_MAX: usize = 30;

/// The heaviest weight that a scenario takes.
const WEIGHT_MAX: u32 = 256;

/// A backend resource.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    pub(super) name: String,
    pub(super) place: Place,
    /// Where it sends to, as far as that is known.
    pub(super) url: Option<String>,
    /// Its members, if it is a pool.
    pub(super) pool: Option<Vec<Member>>,
    pub(super) rule: Option<Rule>,
    /// What it is sent to be let in by.
    pub(super) credential: Option<(Credential, Place)>,
    /// What a pool answers while all of its members are out.
    pub(super) answer: Option<(u16, Place)>,
}

/// Reads a resource; nothing if it is no backend.
pub(super) fn read(resource: &Resource, values: &Values<'_>, notes: &mut Vec<Note>) -> Option<Backend> {
    let kind = resource.kind.as_str();
    if !(kind.starts_with("microsoft.apimanagement/service/") && kind.ends_with("/backends")) {
        return None;
    }
    let place = resource.body.get("name").map_or(&resource.body.place, |name| &name.place);
    if let What::Unknown { why, .. } = &resource.body.what {
        notes.push(Note::unknown(&resource.body.place, format!("a backend is not known: {why}")));
        return None;
    }
    let Some(properties) = resource.body.get("properties").filter(|one| !one.entries().is_empty()) else {
        notes.push(Note::unknown(
            place,
            format!("the properties of backend `{}` are not known", resource.name),
        ));
        return None;
    };
    let where_in = format!("backend `{}`", resource.name);
    let no_matter = ["protocol", "description", "title", "type", "resourceId", "tls", "azureRegion"];
    strays(properties, &where_in, &["url", "circuitBreaker", "pool", "credentials"], &no_matter, notes);
    of_no_rehearsal(properties, notes);
    let breaker = properties.get("circuitBreaker");
    let pool = properties.get("pool");
    if let (Some(breaker), Some(_)) = (breaker, pool) {
        notes.push(Note::lint(&breaker.place, "a pool has no breaker of its own: its members have theirs"));
    }
    let credential = properties.get("credentials").and_then(|credentials| {
        let of = format!("the credentials of {where_in}");
        Some((headers::credentials(credentials, &of, values, notes)?, credentials.place.clone()))
    });
    let answer = pool.and_then(|pool| pool.at(&["failureResponse", "statusCode"]));
    let url = properties.get("url").and_then(Value::known_text).map(str::to_owned);
    Some(Backend {
        name: resource.name.clone(),
        place: place.clone(),
        url,
        credential,
        answer: answer.and_then(|answer| breaker::answer(answer, notes)),
        pool: pool.map(|pool| members(pool, &resource.name, notes)),
        rule: breaker.filter(|_| pool.is_none()).and_then(|breaker| breaker::read(breaker, notes)),
    })
}

/// What is understood and has no place in a rehearsal.
fn of_no_rehearsal(properties: &Value, notes: &mut Vec<Note>) {
    for key in ["validateCertificateChain", "validateCertificateName"] {
        if let Some(off) = properties.at(&["tls", key]).filter(|one| one.truth() == Some(false)) {
            let words = format!("with `{key}` off, anybody on the way can answer in the backend's place");
            notes.push(
                Note::lint(&off.place, words)
                    .help("name the authority in `tls` instead of trusting every certificate"),
            );
        }
    }
}

fn members(pool: &Value, name: &str, notes: &mut Vec<Note>) -> Vec<Member> {
    strays(pool, "a pool", &["services", "failureResponse"], &[], notes);
    let services = pool.get("services");
    let items = services.map(Value::items).unwrap_or_default();
    if items.is_empty() {
        let words = services.map_or_else(|| "none".into(), Value::words);
        notes.push(Note::unknown(&pool.place, format!("the members of pool `{name}` are {words}")));
    }
    if let Some(beyond) = items.get(POOL_MAX) {
        notes.push(Note::lint(
            &beyond.place,
            format!("a pool takes at most {POOL_MAX} members: this one is beyond that"),
        ));
    }
    items.iter().filter_map(|service| member(service, notes)).collect()
}

fn member(service: &Value, notes: &mut Vec<Note>) -> Option<Member> {
    strays(service, "a member of a pool", &["id", "weight", "priority"], &["preferredCarbonEmission"], notes);
    let id = service.get("id");
    let name = id.and_then(Value::known_text).map(crate::arm::last_segment).filter(|name| !name.is_empty());
    let Some(name) = name else {
        let words = id.map_or_else(|| "none".into(), Value::words);
        notes.push(Note::unknown(&service.place, format!("the `id` of a member is {words}")));
        return None;
    };
    let mut number = |key: &str, default: u32, most: u32| match service.get(key) {
        None => default,
        Some(value) => value.whole(0..=most).unwrap_or_else(|| {
            notes.push(Note::unknown(
                &value.place,
                format!("`{key}` is {}: expected 0 to {most}; {default} is taken", value.words()),
            ));
            default
        }),
    };
    let (weight, priority) = (number("weight", 1, WEIGHT_MAX), number("priority", 0, 100));
    Some(Member { name: name.to_owned(), weight, priority, place: service.place.clone() })
}
