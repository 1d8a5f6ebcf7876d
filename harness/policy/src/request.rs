//! What a gateway puts into requests and takes out of them, and the credential that it sends to each backend.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Policy;
use crate::placeholder::is_plain;

/// The most headers and parameters that one table names.
const NAMES_MAX: usize = 16;

/// The longest name, and the longest value, in bytes.
const NAME_MAX: usize = 128;
const VALUE_MAX: usize = 1024;

/// Headers that frame a message, belong to one connection, or say where it goes: they are no matter of a rule.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers of requests that the gateway sets, adds to or takes out, before each attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestHeaders {
    /// By name, the value that arrives in place of whatever the client sent. `{{env.NAME}}` in it is the value of an environment
    /// variable.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// By name, the value that arrives behind what the client sent, as one more item of the list.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub append: BTreeMap<String, String>,
    /// The names of those that do not arrive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// The credential that a gateway sends to one backend, and to no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Credential {
    /// Headers by name, each with its value: `authorization = "Bearer {{env.ORDERS_TOKEN}}"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, String>,
    /// Parameters of the query by name, each with its value: `code = "{{env.ORDERS_CODE}}"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
}

impl RequestHeaders {
    /// Every name, with the key of its table.
    fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let set = self.set.keys().map(|name| ("policy.request_headers.set", name.as_str()));
        let append = self.append.keys().map(|name| ("policy.request_headers.append", name.as_str()));
        let remove = self.remove.iter().map(|name| ("policy.request_headers.remove", name.as_str()));
        set.chain(append).chain(remove)
    }

    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        const KEY: &str = "policy.request_headers";
        let mut problems = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        for (key, name) in self.names() {
            problems.extend(wrong_header(name).map(|what| (key, what)));
            let lower = name.to_ascii_lowercase();
            if seen.contains(&lower) {
                problems.push((key, format!("`{}` has a rule already", shown(name))));
            }
            seen.push(lower);
        }
        if seen.is_empty() {
            problems.push((KEY, "no header is named: expected `set`, `append` or `remove`".into()));
        }
        if seen.len() > NAMES_MAX {
            problems.push((KEY, format!("{} headers are named: expected at most {NAMES_MAX}", seen.len())));
        }
        for (key, values) in
            [("policy.request_headers.set", &self.set), ("policy.request_headers.append", &self.append)]
        {
            problems.extend(values.iter().filter_map(|(name, value)| Some((key, wrong_value(name, value)?))));
        }
        let secret = self.append.iter().find(|(_, value)| value.contains("{{"));
        problems.extend(secret.map(|(name, _)| {
            let what = format!(
                "the value of `{}` has a placeholder: what is appended must be readable, or nobody could tell it from what was \
                 sent; write it under `set`",
                shown(name)
            );
            ("policy.request_headers.append", what)
        }));
        problems
    }

    /// Whether a rule is about this header.
    pub(crate) fn names_header(&self, name: &str) -> bool {
        self.names().any(|(_, named)| named.eq_ignore_ascii_case(name))
    }
}

impl Credential {
    /// Its parts, each by the name under which it is recorded, `?code` for a parameter of the query, with its value.
    pub fn parts(&self) -> impl Iterator<Item = (String, &str)> {
        let header = self.header.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()));
        header.chain(self.query.iter().map(|(name, value)| (format!("?{name}"), value.as_str())))
    }

    fn problems(&self, backend: &str) -> Vec<(&'static str, String)> {
        const KEY: &str = "policy.credentials";
        let of = |what: String| (KEY, format!("of `{}`: {what}", shown(backend)));
        let names = self.header.len() + self.query.len();
        let mut problems = Vec::new();
        if !(1..=NAMES_MAX).contains(&names) {
            problems.push(of(format!(
                "{names} headers and parameters are named: expected 1 to {NAMES_MAX} in `header` and `query`"
            )));
        }
        problems.extend(self.header.keys().filter_map(|name| Some(of(wrong_header(name)?))));
        problems.extend(self.query.keys().filter(|name| !is_name(name)).map(|name| {
            of(format!(
                "`{}` is not a name: expected 1 to {NAME_MAX} letters, digits, `-` and `_`",
                shown(name)
            ))
        }));
        let values = self.header.iter().chain(&self.query);
        problems.extend(values.filter_map(|(name, value)| Some(of(wrong_value(name, value)?))));
        let raw = self.query.iter().find(|(_, value)| !is_plain(value, is_of_query));
        problems.extend(raw.map(|(name, _)| {
            of(format!("the value of `{}` can't stand in a query as it is: percent-encode it", shown(name)))
        }));
        problems
    }
}

impl Policy {
    /// The values that it puts into requests: each with its key, `set/x-plan` or, for the credential of a backend,
    /// `orders/authorization` and `orders/?code`.
    pub fn put_in(&self) -> impl Iterator<Item = (String, &str)> {
        let rules = self.request_headers.iter().flat_map(|rules| &rules.set);
        let set = rules.map(|(name, value)| (set_key(name), value.as_str()));
        let credentials = self.credentials.iter().flat_map(|(backend, credential)| {
            credential.parts().map(move |(name, value)| (credential_key(backend, &name), value))
        });
        set.chain(credentials)
    }

    /// The names under which the headers and parameters are recorded that it has rules for, each once, in lower case.
    pub fn ruled(&self) -> Vec<String> {
        let rules = self.request_headers.iter().flat_map(RequestHeaders::names);
        let rules = rules.map(|(_, name)| name.to_ascii_lowercase());
        let parts = self.credentials.values().flat_map(Credential::parts).map(|(name, _)| name);
        let mut names: Vec<String> = rules.chain(parts).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The key of a header that is set, among [`Policy::put_in`].
pub fn set_key(name: &str) -> String {
    format!("set/{}", name.to_ascii_lowercase())
}

/// The key of a part of a backend's credential, among [`Policy::put_in`].
pub fn credential_key(backend: &str, part: &str) -> String {
    format!("{backend}/{part}")
}

/// What is wrong with the credentials of all backends, and with a rule for a header that one of them has.
pub(crate) fn credential_problems(
    credentials: &BTreeMap<String, Credential>,
    rules: Option<&RequestHeaders>,
) -> Vec<(&'static str, String)> {
    let mut problems: Vec<_> =
        credentials.iter().flat_map(|(backend, credential)| credential.problems(backend)).collect();
    let headers = credentials.values().flat_map(|credential| credential.header.keys());
    let both = headers.into_iter().find(|name| rules.is_some_and(|rules| rules.names_header(name)));
    problems.extend(both.map(|name| {
        let what = format!("`{}` has a rule in `request_headers` as well: expected one of them", shown(name));
        ("policy.credentials", what)
    }));
    problems
}

/// Whether a byte may stand in a query as it is (RFC 3986, section 3.4), without those that part its parameters.
pub fn is_of_query(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$'()*+,;:@/?%=".contains(&byte)
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(fits)
}

fn wrong_header(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if !is_name(name) {
        let what =
            format!("`{}` is not a name: expected 1 to {NAME_MAX} letters, digits, `-` and `_`", shown(name));
        return Some(what);
    }
    let reason = if FRAMING.contains(&lower.as_str()) {
        "frames a message, or belongs to one connection"
    } else if lower.starts_with("x-brownout-") {
        "is brownout's own"
    } else {
        return None;
    };
    Some(format!("`{lower}` {reason}: no rule can be about it"))
}

fn wrong_value(name: &str, value: &str) -> Option<String> {
    let of = |what: String| Some(format!("the value of `{}` {what}", shown(name)));
    if value.is_empty() || value.len() > VALUE_MAX {
        return of(format!("has {} bytes: expected 1 to {VALUE_MAX}", value.len()));
    }
    if value.trim() != value {
        return of("begins or ends with a space, which no header keeps".into());
    }
    if !is_plain(value, |byte| byte == b' ' || byte.is_ascii_graphic()) {
        return of("has a character that can't stand there, or braces that enclose no `env.NAME`".into());
    }
    None
}

/// A name as it may be shown: cut, and with nothing that a terminal takes for an order.
fn shown(name: &str) -> String {
    name.chars().take(NAME_MAX).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Policy;

    fn problems(policy: Value) -> String {
        let policy: Policy = serde_json::from_value(policy).unwrap();
        let problems = policy.problems();
        problems.iter().map(|(key, what)| [key, ": ", what, "\n"].concat()).collect()
    }

    #[test]
    fn rules_for_headers_that_make_sense_are_taken() {
        let headers = json!({ "set": { "x-plan": "gold", "x-key": "{{env.KEY}}" }, "append": { "via-team": "edge" }, "remove": ["x-internal"] });
        let credentials = json!({
            "a": { "header": { "authorization": "Bearer {{env.A}}" }, "query": { "code": "{{env.CODE}}" } },
            "b": { "header": { "authorization": "Bearer {{env.B}}" } },
        });
        assert_eq!(problems(json!({ "request_headers": headers, "credentials": credentials })), "");
    }

    #[test]
    fn each_mistake_of_a_rule_is_told_by_its_key() {
        let headers = json!({
            "set": { "x y": "1", "host": "a", "x-a": " a", "x-b": "a\nb", "x-c": "{{n}}", "x-d": "" },
            "append": { "X-A": "b", "x-e": "{{env.E}}" },
            "remove": ["x-brownout-tag"],
        });
        insta::assert_snapshot!(problems(json!({ "request_headers": headers })), @r"
policy.request_headers.set: `host` frames a message, or belongs to one connection: no rule can be about it
policy.request_headers.set: `x y` is not a name: expected 1 to 128 letters, digits, `-` and `_`
policy.request_headers.append: `X-A` has a rule already
policy.request_headers.remove: `x-brownout-tag` is brownout's own: no rule can be about it
policy.request_headers.set: the value of `x-a` begins or ends with a space, which no header keeps
policy.request_headers.set: the value of `x-b` has a character that can't stand there, or braces that enclose no `env.NAME`
policy.request_headers.set: the value of `x-c` has a character that can't stand there, or braces that enclose no `env.NAME`
policy.request_headers.set: the value of `x-d` has 0 bytes: expected 1 to 1024
policy.request_headers.append: the value of `x-e` has a placeholder: what is appended must be readable, or nobody could tell it from what was sent; write it under `set`
");
        insta::assert_snapshot!(problems(json!({ "request_headers": {} })), @"policy.request_headers: no header is named: expected `set`, `append` or `remove`");
    }

    #[test]
    fn each_mistake_of_a_credential_is_told_with_its_backend() {
        let credentials = json!({
            "a": {},
            "b": { "header": { "x-key": "{{env.KEY}}", "content-length": "1" } },
            "c": { "query": { "co de": "1", "code": "a&b" } },
        });
        let headers = json!({ "set": { "X-Key": "1" } });
        insta::assert_snapshot!(problems(json!({ "credentials": credentials, "request_headers": headers })), @r"
policy.credentials: of `a`: 0 headers and parameters are named: expected 1 to 16 in `header` and `query`
policy.credentials: of `b`: `content-length` frames a message, or belongs to one connection: no rule can be about it
policy.credentials: of `c`: `co de` is not a name: expected 1 to 128 letters, digits, `-` and `_`
policy.credentials: of `c`: the value of `code` can't stand in a query as it is: percent-encode it
policy.credentials: `x-key` has a rule in `request_headers` as well: expected one of them
");
    }
}
