//! What a policy puts into requests and takes out of them, for configurations: all values are plain words, and those of
//! variables stay in the environment.

use policy::{Piece, pieces};

use super::Refusals;
use crate::Upstreams;

/// What a kind has means for, beside setting and removing headers of all requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Can {
    /// It adds to a header what was not sent.
    Append,
    /// It reads the environment where it needs a value, so that no file has it.
    Variables,
    /// It sends each backend a credential of its own.
    Each,
}

/// Values that no configuration takes for anything but words.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" -_.:/+=@,~".contains(&byte)
}

/// Notes what a kind has no means for.
pub(crate) fn refuse(refusals: &mut Refusals, who: &str, upstreams: &Upstreams, can: &[Can]) {
    const HEADERS: &str = "policy.request_headers";
    const CREDENTIALS: &str = "policy.credentials";
    let policy = &upstreams.policy;
    let appends = policy.request_headers.as_ref().is_some_and(|rules| !rules.append.is_empty());
    if appends && !can.contains(&Can::Append) {
        let why =
            format!("{who} sets headers and removes them, and adds to none: remove request_headers.append");
        refusals.say("policy.request_headers.append", why);
    }
    let rules = policy.request_headers.iter();
    let rules = rules.flat_map(|rules| rules.set.iter().chain(&rules.append)).map(|one| (HEADERS, one));
    let credentials = policy.credentials.values().flat_map(|credential| &credential.header);
    for (key, (name, value)) in rules.chain(credentials.map(|one| (CREDENTIALS, one))) {
        for piece in pieces(value) {
            match piece {
                Piece::Variable(variable) if !can.contains(&Can::Variables) => {
                    let why = format!(
                        "{who} reads no environment, so that the value of `{variable}` for `{name}` would be written into its configuration"
                    );
                    refusals.say(key, why);
                }
                Piece::Text(text) if !text.bytes().all(is_plain) => {
                    let why = format!(
                        "the value of `{name}` can't be written into {who}'s configuration: expected letters, digits, spaces and `-_.:/+=@,~`"
                    );
                    refusals.say(key, why);
                }
                Piece::Variable(_) | Piece::Text(_) => {}
            }
        }
    }
    if policy.credentials.values().any(|credential| !credential.query.is_empty()) {
        refusals.say(CREDENTIALS, format!("{who} is given no parameters of the query: write a header"));
    }
    if policy.credentials.is_empty() {
        return;
    }
    let names =
        |backend: &str| policy.credentials.get(backend).map(|credential| credential.header.keys().collect());
    let all: Vec<Option<Vec<&String>>> =
        upstreams.backends.iter().map(|backend| names(&backend.name)).collect();
    if all.windows(2).any(|pair| pair[0] != pair[1]) {
        let why = format!(
            "{who} sends a header to all backends of a pool or to none: give each backend the same headers"
        );
        refusals.say(CREDENTIALS, why);
    } else if !can.contains(&Can::Each)
        && policy.credentials.values().any(|one| Some(one) != policy.credentials.values().next())
    {
        let why =
            format!("{who} sends all backends of a pool the same: give each backend the same credential");
        refusals.say(CREDENTIALS, why);
    }
}

/// The headers that are set in all requests: those of the rules, and the credential that all backends have in common. Each comes
/// with the key that it is from.
pub(crate) fn set(upstreams: &Upstreams) -> Vec<(&str, &str, &'static str)> {
    let policy = &upstreams.policy;
    let rules = policy.request_headers.iter().flat_map(|rules| &rules.set);
    let rules = rules.map(|(name, value)| (name.as_str(), value.as_str(), "policy.request_headers.set"));
    let common = policy
        .credentials
        .values()
        .next()
        .filter(|first| policy.credentials.values().all(|one| one == *first));
    let common = common.into_iter().flat_map(|credential| &credential.header);
    rules.chain(common.map(|(name, value)| (name.as_str(), value.as_str(), "policy.credentials"))).collect()
}

/// The headers that are appended to.
pub(crate) fn append(upstreams: &Upstreams) -> impl Iterator<Item = (&str, &str)> {
    let rules = upstreams.policy.request_headers.iter().flat_map(|rules| &rules.append);
    rules.map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The headers that are removed.
pub(crate) fn remove(upstreams: &Upstreams) -> impl Iterator<Item = &str> {
    upstreams.policy.request_headers.iter().flat_map(|rules| &rules.remove).map(String::as_str)
}

/// A value with each variable as `variable` writes it.
pub(crate) fn written(value: &str, variable: impl Fn(&str) -> String) -> String {
    let piece = |piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Variable(name) => variable(name),
    };
    pieces(value).into_iter().map(piece).collect()
}
