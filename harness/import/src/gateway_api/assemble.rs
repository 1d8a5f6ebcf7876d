//! From a rule to what an import comes to.

use std::collections::{BTreeMap, BTreeSet};

use policy::{Policy, Timeouts};

use super::retry::{self, time};
use super::rules::{self, Rule, Wrong};
use crate::finish::finish;
use crate::given::Given;
use crate::import::{Choices, Import, Member, Refused};
use crate::kinds::Importer;
use crate::message::{Keys, shown, whole};
use crate::note::Note;
use crate::place::{Place, Sources};
use crate::value::Value;

/// Gateway API of Kubernetes.
pub(crate) const IMPORTER: Importer =
    Importer { name: "gateway-api", reads: "HTTPRoutes of Kubernetes (.yaml, .json)", takes, import };

/// The most backends, and the heaviest weight: those of a scenario.
const MEMBERS_MAX: usize = 64;
const WEIGHT_MAX: u32 = 256;

const RULE: Keys = Keys {
    of: "the rule",
    taken: &["backendRefs", "filters", "matches", "name", "retry", "timeouts"],
    copied: &[],
    no_matter: &[],
    left_out: &["sessionPersistence"],
};

fn takes(name: &str, text: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    ["yaml", "yml", "json"].contains(&ending.as_str()) && text.contains("gateway.networking.k8s.io")
}

fn import(sources: &Sources, choices: &Choices) -> Result<Import, Refused> {
    let mut notes = Vec::new();
    let all = rules::all(sources, &mut notes);
    let made = rules::chosen(&all, choices).and_then(|rule| assemble(rule, &mut notes));
    let given = Given::new(choices.values.clone());
    finish(made, notes, &given, "these files have no variables: fill templates in before")
}

fn assemble(rule: &Rule, notes: &mut Vec<Note>) -> Result<Import, Wrong> {
    RULE.tell(&rule.whole, notes);
    filters(&rule.whole, notes);
    let members = members(rule, notes)?;
    let mut sources: BTreeMap<String, Place> = BTreeMap::new();
    let timeout = timeouts(&rule.whole, &mut sources, notes);
    let mut policy = Policy { timeout, ..Policy::default() };
    if let Some((retry, keys)) =
        rule.whole.get("retry").and_then(|told| retry::read(told, timeout.per_try.is_some(), notes))
    {
        sources.extend(keys.into_iter().map(|(key, place)| (key.to_owned(), place)));
        policy.retry = Some(retry);
    }
    let name = rule.route.at(&["metadata", "name"]).and_then(Value::text).unwrap_or("route");
    Ok(Import { members, policy, sources, ..Import::of(IMPORTER.name, "a gateway", name) })
}

/// The backends that get traffic.
fn members(rule: &Rule, notes: &mut Vec<Note>) -> Result<Vec<Member>, Wrong> {
    let mut found: Vec<Member> = Vec::new();
    for backend in rule.backends() {
        let Some(name) = backend.get("name").filter(|name| name.text().is_some()) else {
            notes.push(Note::unknown(&backend.place, "this backend has no name"));
            continue;
        };
        let text = name.text().unwrap_or_default().to_owned();
        let weight = whole(backend, "weight", 0..=1_000_000, notes).map_or(1, |(weight, _)| weight);
        filters(backend, notes);
        if weight == 0 {
            let words = format!("`{}` gets no traffic: it is left out", shown(&text));
            notes.push(Note::unrehearsed(&name.place, words));
            continue;
        }
        found.push(Member { name: text, weight, priority: 0, place: name.place.clone() });
    }
    if !(1..=MEMBERS_MAX).contains(&found.len()) {
        let words = format!("the rule `{}` has {} backends that get traffic", shown(&rule.name), found.len());
        return Err((words, format!("a scenario has 1 to {MEMBERS_MAX}")));
    }
    let heaviest = found.iter().map(|member| member.weight).max().unwrap_or(1);
    if heaviest > WEIGHT_MAX {
        for member in &mut found {
            member.weight =
                (u64::from(member.weight) * u64::from(WEIGHT_MAX) / u64::from(heaviest)).max(1) as u32;
        }
        let words = format!("weights above {WEIGHT_MAX} are made smaller, which may round their relations");
        notes.push(Note::unrehearsed(&found[0].place, words));
    }
    let words = "one backend stands for each service: of its pods, and how the gateway chooses among them, nothing is said here";
    notes.push(Note::choice(&found[0].place, words));
    Ok(found)
}

/// Filters: what they do to headers and paths is of no matter here, the rest is told once each.
fn filters(of: &Value, notes: &mut Vec<Note>) {
    let mut met = BTreeSet::new();
    for filter in of.get("filters").map(Value::items).unwrap_or_default() {
        let kind = filter.get("type").and_then(Value::text).unwrap_or_default();
        if !["RequestHeaderModifier", "ResponseHeaderModifier", "URLRewrite"].contains(&kind)
            && met.insert(kind)
        {
            notes.push(Note::unrehearsed(
                &filter.place,
                format!("the filter `{}` is not rehearsed", shown(kind)),
            ));
        }
    }
}

fn timeouts(rule: &Value, sources: &mut BTreeMap<String, Place>, notes: &mut Vec<Note>) -> Timeouts {
    let told = rule.get("timeouts");
    let of = |key: &str, notes: &mut Vec<Note>| {
        // 0 switches a timer off.
        told.and_then(|told| time(told, key, notes)).filter(|(length, _)| !length.is_zero())
    };
    let (total, per_try) = (of("request", notes), of("backendRequest", notes));
    if total.is_none() && per_try.is_none() {
        let words =
            "no `timeouts`: how long a backend that never answers is waited for is left to the gateway";
        notes.push(Note::lint(&rule.place, words).help("add `timeouts: {request: 10s, backendRequest: 2s}`"));
    }
    let per_try = per_try.filter(|(length, place)| {
        let fires = total.as_ref().is_none_or(|(total, _)| length < total);
        if !fires {
            let words =
                "the timer for an attempt is not shorter than the one for the whole request: it never fires";
            notes.push(Note::lint(place, words).help("make `backendRequest` shorter than `request`"));
        }
        fires
    });
    let mut kept = |key: &str, found: Option<(units::Timespan, Place)>| {
        let (length, place) = found?;
        sources.insert(key.to_owned(), place);
        Some(length)
    };
    Timeouts { connect: None, per_try: kept("timeout.per_try", per_try), total: kept("timeout.total", total) }
}
