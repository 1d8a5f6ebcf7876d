//! The endpoints of a cluster (`load_assignment`).

use std::collections::BTreeSet;

use super::fields::{shown, whole};
use super::files::Resources;
use super::routes::Wrong;
use crate::import::Member;
use crate::note::Note;
use crate::value::Value;

/// The most endpoints, and the heaviest weight: those of a scenario.
const MEMBERS_MAX: usize = 64;
const WEIGHT_MAX: u32 = 256;

/// The share of healthy endpoints, in percent, that a priority has to have to get all of its traffic is 100 through this
/// (docs: "Priority levels").
const OVERPROVISIONING: u32 = 140;

/// The endpoints that get traffic, and whether those of the next priority get some of it while the first still has others.
#[derive(Debug)]
pub(super) struct Endpoints {
    pub(super) members: Vec<Member>,
    pub(super) gradual: bool,
    pub(super) overprovisioning: Option<u32>,
}

pub(super) fn read(
    cluster: &Value,
    resources: &Resources,
    notes: &mut Vec<Note>,
) -> Result<Endpoints, Wrong> {
    let name = cluster.get("name").and_then(Value::text).unwrap_or_default();
    let assignment = assignment(cluster, name, resources)?;
    let mut found = Vec::new();
    for locality in assignment.get("endpoints").map(Value::items).unwrap_or_default() {
        let priority = whole(locality, "priority", 0..=128, notes).map_or(0, |(priority, _)| priority);
        if let Some(weight) = locality.get("load_balancing_weight") {
            notes.push(Note::unrehearsed(&weight.place, "weights of localities are not rehearsed"));
        }
        for endpoint in locality.get("lb_endpoints").map(Value::items).unwrap_or_default() {
            found.extend(of_one(endpoint, priority, notes));
        }
    }
    match found.len() {
        0 => {
            return Err((
                format!("the cluster `{}` has no endpoint that gets traffic", shown(name)),
                "give it a `load_assignment`, or the file with its `ClusterLoadAssignment`".into(),
            ));
        }
        1..=MEMBERS_MAX => {}
        many => {
            return Err((
                format!("the cluster `{}` has {many} endpoints", shown(name)),
                format!("a scenario has {MEMBERS_MAX} backends at most"),
            ));
        }
    }
    bounded_weights(&mut found, notes);
    let overprovisioning = assignment
        .get("policy")
        .and_then(|policy| whole(policy, "overprovisioning_factor", 1..=u32::MAX, notes));
    let factor = overprovisioning.as_ref().map_or(OVERPROVISIONING, |(factor, _)| *factor);
    let priorities: BTreeSet<u32> = found.iter().map(|(member, _)| member.priority).collect();
    let firsts =
        found.iter().filter(|(member, _)| Some(&member.priority) == priorities.first()).count() as u32;
    let gradual = priorities.len() > 1 && factor / firsts.max(1) < 100;
    if gradual {
        let place = overprovisioning.as_ref().map_or(&assignment.place, |(_, place)| place);
        let words = format!(
            "with an `overprovisioning_factor` of {factor}, the next priority gets a part of the traffic before all of the first one are out: \
             the policy has no word for it"
        );
        notes.push(Note::unrehearsed(place, words));
    }
    let overprovisioning = overprovisioning.map(|(factor, _)| factor);
    Ok(Endpoints { members: named(&found), gradual, overprovisioning })
}

fn assignment<'a>(cluster: &'a Value, name: &str, resources: &'a Resources) -> Result<&'a Value, Wrong> {
    if let Some(assignment) = cluster.get("load_assignment") {
        return Ok(assignment);
    }
    let service = cluster.at(&["eds_cluster_config", "service_name"]).and_then(Value::text).unwrap_or(name);
    let is_it = |one: &&Value| one.get("cluster_name").and_then(Value::text) == Some(service);
    resources.endpoints.iter().find(is_it).ok_or_else(|| {
        let kind = cluster.get("type").and_then(Value::text).unwrap_or("STATIC");
        (
            format!(
                "the endpoints of the cluster `{}` ({}) are not in these files",
                shown(name),
                shown(kind)
            ),
            "give the file with its `ClusterLoadAssignment`, or write a `load_assignment`".into(),
        )
    })
}

/// An endpoint as a member that is named by its host, and its port.
fn of_one(endpoint: &Value, priority: u32, notes: &mut Vec<Note>) -> Option<(Member, String)> {
    let Some(address) = endpoint.at(&["endpoint", "address", "socket_address"]) else {
        let words = "an endpoint that is no address and port, or is chosen by name, is not read";
        notes.push(Note::unknown(&endpoint.place, words));
        return None;
    };
    let host = address.get("address")?;
    let name = host.text()?.to_owned();
    let status = endpoint.get("health_status").and_then(Value::text).unwrap_or("HEALTHY");
    let weight =
        whole(endpoint, "load_balancing_weight", 1..=u32::MAX, notes).map_or(1, |(weight, _)| weight);
    if !["HEALTHY", "UNKNOWN"].contains(&status) {
        let words = format!("`{}` gets no traffic (`{}`): it is left out", shown(&name), shown(status));
        notes.push(Note::unrehearsed(&host.place, words));
        return None;
    }
    let port = address.get("port_value").map(Value::words).unwrap_or_default().replace('`', "");
    Some((Member { name, weight, priority, place: host.place.clone() }, port))
}

/// Names by host where that tells them apart, and else with the port.
fn named(found: &[(Member, String)]) -> Vec<Member> {
    let hosts: BTreeSet<&str> = found.iter().map(|(member, _)| member.name.as_str()).collect();
    let is_enough = hosts.len() == found.len();
    let name = |member: &Member, port: &str| {
        if is_enough { member.name.clone() } else { format!("{}:{port}", member.name) }
    };
    found.iter().map(|(member, port)| Member { name: name(member, port), ..member.clone() }).collect()
}

/// Weights that a scenario can have, in the same relations as far as whole numbers allow.
fn bounded_weights(found: &mut [(Member, String)], notes: &mut Vec<Note>) {
    let Some(heaviest) =
        found.iter().map(|(member, _)| member.weight).max().filter(|most| *most > WEIGHT_MAX)
    else {
        return;
    };
    let scaled =
        |weight: u32| (u64::from(weight) * u64::from(WEIGHT_MAX) / u64::from(heaviest)).max(1) as u32;
    for (member, _) in found.iter_mut() {
        member.weight = scaled(member.weight);
    }
    let words = format!("weights above {WEIGHT_MAX} are made smaller, which may round their relations");
    notes.push(Note::unrehearsed(&found[0].0.place, words));
}
