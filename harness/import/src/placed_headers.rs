//! Rules for headers of requests and credentials, as importers gather them: each is checked by itself, so that one that a policy
//! can't take is told with its place and spoils nothing else.

use std::collections::BTreeMap;

use policy::{Credential, Policy, RequestHeaders};

use crate::note::Note;
use crate::place::Place;

/// What a configuration does with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeaderRule {
    /// It arrives with this value.
    Set(String),
    /// This value arrives behind what was sent.
    Append(String),
    /// It does not arrive.
    Remove,
}

/// The rules of a configuration so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlacedHeaders {
    rules: RequestHeaders,
    sources: BTreeMap<String, Place>,
}

impl PlacedHeaders {
    /// Takes a rule, or tells why it is left out.
    pub(crate) fn add(&mut self, name: &str, rule: HeaderRule, place: &Place, notes: &mut Vec<Note>) {
        let table = match rule {
            HeaderRule::Set(_) => "set",
            HeaderRule::Append(_) => "append",
            HeaderRule::Remove => "remove",
        };
        let mut more = self.rules.clone();
        let name = name.to_ascii_lowercase();
        match rule {
            HeaderRule::Set(value) => drop(more.set.insert(name.clone(), value)),
            HeaderRule::Append(value) => drop(more.append.insert(name.clone(), value)),
            HeaderRule::Remove => more.remove.push(name.clone()),
        }
        let key = format!("request_headers.{table}.{name}");
        let trial = Policy { request_headers: Some(more.clone()), ..Policy::default() };
        let mut wrong = trial.problems().into_iter().map(|(_, what)| what);
        let twice = self.sources.contains_key(&key).then(|| "it has a rule already".to_owned());
        if let Some(what) = twice.or_else(|| wrong.next()) {
            let shown: String = name.chars().take(60).collect();
            let words = format!("the rule for the header `{}` is left out: {what}", shown.escape_debug());
            return notes.push(Note::unknown(place, words));
        }
        self.rules = more;
        self.sources.insert(key, place.clone());
    }

    /// Declares what was taken.
    pub(crate) fn declare(&self, policy: &mut Policy, sources: &mut BTreeMap<String, Place>) {
        if !self.sources.is_empty() {
            policy.request_headers = Some(self.rules.clone());
            sources.extend(self.sources.clone());
        }
    }
}

/// Declares the credential of a backend, or tells why it is left out.
pub(crate) fn declare_credential(
    backend: &str,
    credential: &Credential,
    place: &Place,
    (policy, sources): (&mut Policy, &mut BTreeMap<String, Place>),
    notes: &mut Vec<Note>,
) {
    let credentials = BTreeMap::from([(backend.to_owned(), credential.clone())]);
    let trial = Policy { credentials, request_headers: policy.request_headers.clone(), ..Policy::default() };
    if let Some((_, what)) = trial.problems().into_iter().next() {
        return notes.push(Note::unknown(place, format!("a credential is left out: {what}")));
    }
    policy.credentials.insert(backend.to_owned(), credential.clone());
    sources.insert(format!("credentials.{backend}"), place.clone());
}

/// The placeholder of a secret that a configuration calls by a name: `{{env.ORDERS_KEY}}` for `orders-key`.
pub(crate) fn placeholder(name: &str) -> String {
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
    let name: String = name.chars().take(60).map(letter).collect();
    format!("{{{{env.{name}}}}}")
}
