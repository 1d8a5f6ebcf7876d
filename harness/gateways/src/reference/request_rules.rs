//! What is put into each attempt and taken out of it: headers by rule, and the credential of the backend that it goes to.

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Uri};
use policy::{Credential, Policy};

use super::attempt::Outgoing;
use super::settings::{Settings, Slip};
use crate::Upstream;

/// The rules of a policy, made ready to be applied.
#[derive(Debug, Default)]
pub(crate) struct RequestRules {
    set: Vec<(HeaderName, HeaderValue)>,
    append: Vec<(HeaderName, HeaderValue)>,
    remove: Vec<HeaderName>,
    /// By the backend's index.
    credentials: Vec<Parts>,
}

/// The credential of one backend.
#[derive(Debug, Default)]
struct Parts {
    headers: Vec<(HeaderName, HeaderValue)>,
    query: Vec<(String, String)>,
}

impl RequestRules {
    /// Of a policy whose variables are filled in. Names and values were checked with the policy.
    pub(crate) fn new(policy: &Policy, backends: &[Upstream]) -> Self {
        let rules = policy.request_headers.as_ref();
        let of =
            |backend: &Upstream| policy.credentials.get(&backend.name).map(Parts::new).unwrap_or_default();
        RequestRules {
            set: rules.map(|rules| headers(&rules.set)).unwrap_or_default(),
            append: rules.map(|rules| headers(&rules.append)).unwrap_or_default(),
            remove: rules
                .iter()
                .flat_map(|rules| &rules.remove)
                .filter_map(|name| name.parse().ok())
                .collect(),
            credentials: backends.iter().map(of).collect(),
        }
    }

    /// Applies them to an attempt at a backend, after those at the backends that were `tried`.
    pub(crate) fn apply(&self, to: &mut Outgoing, backend: usize, tried: &[usize], settings: &Settings) {
        let forgets = !tried.is_empty() && settings.slips(Slip::ForgetsRulesOnRetry);
        if !forgets {
            self.apply_headers(to, if settings.slips(Slip::AppendsOnEachTry) { tried.len() } else { 0 });
        }
        let keeps_first = settings.slips(Slip::KeepsFirstCredential);
        let whose = tried.first().copied().filter(|_| keeps_first).unwrap_or(backend);
        if let Some(parts) = self.credentials.get(whose) {
            parts.apply(to);
        }
    }

    /// `again` is how often more is appended than it should be.
    fn apply_headers(&self, to: &mut Outgoing, again: usize) {
        for name in &self.remove {
            to.headers.remove(name);
        }
        for (name, value) in &self.set {
            to.headers.insert(name, value.clone());
        }
        for _ in 0..=again {
            for (name, value) in &self.append {
                to.headers.append(name, value.clone());
            }
        }
    }
}

impl Parts {
    fn new(credential: &Credential) -> Self {
        let query = credential.query.iter().map(|(name, value)| (name.clone(), value.clone()));
        Parts { headers: headers(&credential.header), query: query.collect() }
    }

    fn apply(&self, to: &mut Outgoing) {
        for (name, value) in &self.headers {
            to.headers.insert(name, value.clone());
        }
        for (name, value) in &self.query {
            to.uri = with_parameter(&to.uri, name, value);
        }
    }
}

fn headers<'a>(values: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<(HeaderName, HeaderValue)> {
    let one = |(name, value): (&String, &String)| Some((name.parse().ok()?, value.parse().ok()?));
    values.into_iter().filter_map(one).collect()
}

/// The path with a parameter in its query, in place of any of that name.
fn with_parameter(uri: &Uri, name: &str, value: &str) -> Uri {
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_other = |part: &&str| !part.is_empty() && part.split('=').next() != Some(name);
    let own = format!("{name}={value}");
    let parts: Vec<&str> = query.split('&').filter(is_other).chain([own.as_str()]).collect();
    format!("{path}?{}", parts.join("&")).parse().unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/a", "/a?code=1")]
    #[case("/a?b=2", "/a?b=2&code=1")]
    #[case("/a?code=0&b=2&code", "/a?b=2&code=1")]
    #[case("/a?xcode=0", "/a?xcode=0&code=1")]
    fn a_parameter_stands_once_in_the_query(#[case] before: &str, #[case] after: &str) {
        assert_eq!(with_parameter(&before.parse().unwrap(), "code", "1"), after);
    }
}
