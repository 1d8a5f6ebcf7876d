//! Caddy's rules for headers of requests. They are applied to each attempt, and `{env.NAME}` is read where it is needed.

use std::fmt::Write;

use super::super::launched::requests;
use crate::Upstreams;

/// What stands for the address of the backend that an attempt goes to.
const BACKEND: &str = "{http.reverse_proxy.upstream.hostport}";

fn value(text: &str) -> String {
    requests::written(text, |name| format!("{{env.{name}}}"))
}

/// Whether backends have credentials of which one is not the other's.
fn differ(upstreams: &Upstreams) -> bool {
    let mut all = upstreams.policy.credentials.values();
    let first = all.next();
    all.any(|one| Some(one) != first)
}

/// Where each backend has a credential of its own: what it is, by the backend's address.
pub(super) fn credentials(upstreams: &Upstreams) -> String {
    if !differ(upstreams) {
        return String::new();
    }
    let mut text = String::new();
    for (index, name) in names(upstreams).into_iter().enumerate() {
        let each = upstreams.backends.iter().filter_map(|backend| {
            let credential = upstreams.policy.credentials.get(&backend.name)?.header.get(name)?;
            Some(format!("        {} \"{}\"\n", backend.address, value(credential)))
        });
        let each: String = each.collect();
        let _ =
            writeln!(text, "    map {BACKEND} {{credential_{index}}} {{  # policy.credentials\n{each}    }}");
    }
    text
}

/// The names of the headers that credentials have, the same for each backend.
fn names(upstreams: &Upstreams) -> Vec<&String> {
    upstreams.policy.credentials.values().next().into_iter().flat_map(|one| one.header.keys()).collect()
}

/// The rules of the pool.
pub(super) fn rules(upstreams: &Upstreams) -> String {
    let remove = requests::remove(upstreams)
        .map(|name| format!("        header_up -{name}  # policy.request_headers.remove\n"));
    let set = requests::set(upstreams)
        .into_iter()
        .map(|(name, text, key)| format!("        header_up {name} \"{}\"  # {key}\n", value(text)));
    let append = requests::append(upstreams).map(|(name, text)| {
        format!("        header_up +{name} \"{}\"  # policy.request_headers.append\n", value(text))
    });
    let each = names(upstreams).into_iter().enumerate().filter(|_| differ(upstreams));
    let each = each.map(|(index, name)| {
        format!("        header_up {name} {{credential_{index}}}  # policy.credentials\n")
    });
    remove.chain(set).chain(append).chain(each).collect()
}
