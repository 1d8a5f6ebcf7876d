//! Small changes of what a policy puts into requests and takes out of them.

use policy::{Policy, RequestHeaders};

use super::Mutant;

/// Every small change of the rules for headers, and of the credentials.
pub(super) fn mutants(policy: &Policy) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    if let Some(rules) = &policy.request_headers {
        mutants.extend(headers(rules).into_iter().map(|(key, what, rules)| {
            // Without any rule, there is no table.
            let some = !(rules.set.is_empty() && rules.append.is_empty() && rules.remove.is_empty());
            Mutant { key, what, policy: Policy { request_headers: some.then_some(rules), ..policy.clone() } }
        }));
    }
    mutants.extend(credentials(policy));
    mutants
}

/// Each header left out, or with another value, or under another rule.
fn headers(rules: &RequestHeaders) -> Vec<(String, String, RequestHeaders)> {
    let mut mutants = Vec::new();
    for (name, value) in &rules.set {
        let key = format!("request_headers.set.{name}");
        let mut without = rules.clone();
        without.set.remove(name);
        mutants.push((key.clone(), "left out".to_owned(), without.clone()));
        without.append.insert(name.clone(), value.clone());
        mutants.push((key.clone(), "appended instead of set".into(), without));
        let mut other = rules.clone();
        other.set.insert(name.clone(), format!("{value}0"));
        mutants.push((key, "another value".into(), other));
    }
    for (name, value) in &rules.append {
        let key = format!("request_headers.append.{name}");
        let mut without = rules.clone();
        without.append.remove(name);
        mutants.push((key.clone(), "left out".into(), without.clone()));
        without.set.insert(name.clone(), value.clone());
        mutants.push((key, "set instead of appended".into(), without));
    }
    for (index, name) in rules.remove.iter().enumerate() {
        let mut without = rules.clone();
        without.remove.remove(index);
        mutants.push((format!("request_headers.remove.{name}"), "left out".into(), without));
    }
    mutants
}

/// Each credential left out, and two of them exchanged.
fn credentials(policy: &Policy) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    let of = |key: &str, what: String, credentials| Mutant {
        key: format!("credentials.{key}"),
        what,
        policy: Policy { credentials, ..policy.clone() },
    };
    for backend in policy.credentials.keys() {
        let mut without = policy.credentials.clone();
        without.remove(backend);
        mutants.push(of(backend, "left out".into(), without));
    }
    let names: Vec<&String> = policy.credentials.keys().collect();
    for pair in names.windows(2) {
        let [one, other] = [pair[0], pair[1]].map(|name| policy.credentials[name].clone());
        if one != other {
            let mut exchanged = policy.credentials.clone();
            exchanged.insert(pair[0].clone(), other);
            exchanged.insert(pair[1].clone(), one);
            mutants.push(of(pair[0], format!("that of `{}`", pair[1]), exchanged));
        }
    }
    mutants
}
