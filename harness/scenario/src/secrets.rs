//! Secrets in requests: `{{env.NAME}}` stands in everything that is written; the value is only ever sent.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use driver::{BodyContent, DriverSpec};
use policy::{Policy, is_of_query, stand_in};

use crate::diagnostic::Diagnostic;

/// The values that were put in, so that they can be taken out again of whatever is about to be written.
#[derive(Clone, Default)]
pub struct Secrets(Vec<(String, String)>);

/// Names only.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Secrets {
    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }

    /// The text with `{{env.NAME}}` in place of every secret value.
    pub fn redact(&self, text: &str) -> String {
        let mut redacted = text.to_owned();
        for (name, value) in &self.0 {
            redacted = redacted.replace(value.as_str(), &format!("{{{{env.{name}}}}}"));
        }
        redacted
    }
}

/// Puts the values of environment variables in place of `{{env.NAME}}` in paths, hosts, headers and bodies.
///
/// Meant for a copy of the plan's driver spec that lives as long as the driver does and is never written.
pub fn resolve_secrets(spec: &mut DriverSpec) -> Result<Secrets, Diagnostic> {
    resolve_with(spec, |name| std::env::var(name).ok())
}

/// Puts a word in place of each secret: for runs in which only brownout's own parts speak with each other.
pub fn stand_in_secrets(spec: &mut DriverSpec) -> Result<(), Diagnostic> {
    resolve_with(spec, |name| Some(stand_in(name))).map(|_| ())
}

fn resolve_with(
    spec: &mut DriverSpec,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Secrets, Diagnostic> {
    let mut secrets = Secrets::default();
    for class in &mut spec.classes {
        let mut resolve = |place: &str, value: &mut String, can_carry: fn(u8) -> bool| {
            let place = format!("traffic `{}`, {place}", class.name);
            resolve_value(&mut secrets, &environment, &place, value, can_carry)
        };
        resolve("path", &mut class.path, |byte| byte.is_ascii_graphic() && !b"#\"<>\\^`|{}".contains(&byte))?;
        if let Some(host) = &mut class.host {
            resolve("host", host, |byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))?;
        }
        for (header, value) in &mut class.headers {
            let can_carry = |byte| byte >= b' ' && byte != 0x7f || byte == b'\t';
            resolve(&format!("header `{header}`"), value, can_carry)?;
        }
        if let Some(BodyContent::Text(text)) = class.body.as_mut().map(|body| &mut body.content) {
            resolve("body", text, |_| true)?;
        }
    }
    // The longest first, so that a secret that contains another is taken out whole.
    secrets.0.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    Ok(secrets)
}

fn resolve_value(
    secrets: &mut Secrets,
    environment: &impl Fn(&str) -> Option<String>,
    place: &str,
    value: &mut String,
    can_carry: fn(u8) -> bool,
) -> Result<(), Diagnostic> {
    let mut resolved = String::new();
    let mut rest = 0;
    for (range, name) in placeholders(value) {
        let secret = look_up(environment, name, place, can_carry)?;
        resolved.push_str(&value[rest..range.start]);
        resolved.push_str(&secret);
        rest = range.end;
        if !secrets.0.iter().any(|(known, _)| known == name) {
            secrets.0.push((name.to_owned(), secret));
        }
    }
    resolved.push_str(&value[rest..]);
    *value = resolved;
    Ok(())
}

fn look_up(
    environment: &impl Fn(&str) -> Option<String>,
    name: &str,
    place: &str,
    can_carry: fn(u8) -> bool,
) -> Result<String, Diagnostic> {
    let wrong = |why: &str| Diagnostic::error(format!("{place}: the environment variable `{name}` {why}"));
    let value = environment(name).filter(|value| !value.is_empty());
    let value =
        value.ok_or_else(|| wrong("is not set").help(format!("set it before the run: `export {name}=…`")))?;
    if !value.bytes().all(can_carry) {
        return Err(wrong("holds a character that can't stand there"));
    }
    // They would be filled like those of the file.
    if ["{n}", "{uuid}", "{tag}"].iter().any(|filled| value.contains(filled)) {
        return Err(wrong("holds a placeholder"));
    }
    Ok(value)
}

/// The values that the policy puts into requests, by [`Policy::put_in`]'s keys, with those of environment variables in place of
/// `{{env.NAME}}`; `secrets` get to know these as well. Never to be written.
pub fn resolve_put_in(policy: &Policy, secrets: &mut Secrets) -> Result<PutIn, Diagnostic> {
    resolve_policy_with(policy, secrets, |name| std::env::var(name).ok())
}

/// The same with a word in place of each secret.
pub fn stand_in_put_in(policy: &Policy) -> Result<PutIn, Diagnostic> {
    resolve_policy_with(policy, &mut Secrets::default(), |name| Some(stand_in(name)))
}

/// Values that are put into requests, by their keys.
pub type PutIn = BTreeMap<String, String>;

fn resolve_policy_with(
    policy: &Policy,
    secrets: &mut Secrets,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<PutIn, Diagnostic> {
    let wrong = |name: &str, why: &str| {
        Diagnostic::error(format!("`policy`: the environment variable `{name}` {why}"))
    };
    let of_query = policy.credentials.values().flat_map(|credential| credential.query.values());
    let of_query: Vec<&str> = of_query.flat_map(|value| placeholders(value)).map(|(_, name)| name).collect();
    for name in policy.variables() {
        let value = look_up(&environment, name, "`policy`", |byte| byte == b' ' || byte.is_ascii_graphic())?;
        if of_query.contains(&name) && !value.bytes().all(is_of_query) {
            return Err(wrong(name, "holds a character that can't stand in a query: percent-encode it"));
        }
        if value.trim() != value {
            return Err(wrong(name, "begins or ends with a space, which no header keeps"));
        }
        if !secrets.0.iter().any(|(known, _)| known == name) {
            secrets.0.push((name.to_owned(), value));
        }
    }
    secrets.0.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    let value_of =
        |name: &str| secrets.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let filled = policy.filled(value_of).map_err(|name| wrong(name, "is not set"))?;
    Ok(filled.put_in().map(|(key, value)| (key, value.to_owned())).collect())
}

/// The places of `{{env.NAME}}` in a value, with their names.
pub(crate) fn placeholders(value: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + value[at..].find("{{env.")?;
        let name = start + "{{env.".len();
        let end = name + value[name..].find("}}")?;
        at = end + 2;
        Some((start..at, &value[name..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Overrides, load_text};

    const TEXT: &str = r#"
name = "secrets"
[backend.a]
[traffic.reads]
request = "GET /"
rate = "1/s"
headers = { authorization = "Bearer {{env.TOKEN}}", x-both = "{{env.TOKEN}}/{{env.OTHER}}" }
[[phase]]
name = "steady"
for = "2s"
[[expect]]
integrity = {}
"#;

    fn spec() -> DriverSpec {
        let loaded = load_text("secrets.toml", TEXT, std::path::Path::new("."), &Overrides::default());
        loaded.unwrap_or_else(|failure| panic!("{failure}")).plan.driver
    }

    #[test]
    fn values_are_put_in_and_taken_out_again_of_what_is_written() {
        let mut spec = spec();
        let values = |name: &str| Some(if name == "TOKEN" { "s3cret" } else { "s3cret-too" }.to_owned());
        let secrets = resolve_with(&mut spec, values).unwrap();
        let headers = &spec.classes[0].headers;
        assert_eq!((headers[0].1.as_str(), headers[1].1.as_str()), ("Bearer s3cret", "s3cret/s3cret-too"));
        assert_eq!(secrets.redact("got s3cret-too for s3cret"), "got {{env.OTHER}} for {{env.TOKEN}}");
        assert!(!format!("{secrets:?}").contains("s3cret"));
    }

    #[test]
    fn path_host_and_body_take_values_that_they_can_carry() {
        let text = TEXT
            .replace("\"GET /\"", "\"POST /{{env.TENANT}}/x\"\nhost = \"{{env.TENANT}}.test\"")
            .replace("rate =", "body = { text = '{\"key\":\"{{env.TENANT}}\"}' }\nrate =");
        let load = || load_text("s.toml", &text, std::path::Path::new("."), &Overrides::default());
        let mut spec = load().unwrap_or_else(|failure| panic!("{failure}")).plan.driver;
        resolve_with(&mut spec, |_| Some("acme".to_owned())).unwrap();
        let class = &spec.classes[0];
        assert_eq!((class.path.as_str(), class.host.as_deref()), ("/acme/x", Some("acme.test")));
        let body = class.body.as_ref().map(|body| &body.content);
        assert_eq!(body, Some(&BodyContent::Text("{\"key\":\"acme\"}".to_owned())));
        let mut spec = load().unwrap_or_else(|failure| panic!("{failure}")).plan.driver;
        let wrong = resolve_with(&mut spec, |_| Some("a b".to_owned())).unwrap_err();
        assert_eq!(
            wrong.message,
            "traffic `reads`, path: the environment variable `TENANT` holds a character that can't stand there"
        );
    }

    #[test]
    fn the_values_of_a_policy_are_put_in_where_they_can_stand() {
        let text = r#"
            request_headers = { set = { x-key = "{{env.KEY}}" } }
            credentials = { a = { query = { code = "{{env.CODE}}" } } }
        "#;
        let policy: Policy = toml::from_str(text).unwrap();
        let mut secrets = Secrets::default();
        let of =
            |code: &'static str| move |name: &str| Some(if name == "CODE" { code } else { "a b" }.to_owned());
        let filled = resolve_policy_with(&policy, &mut secrets, of("c%20d")).unwrap();
        assert_eq!(filled["a/?code"], "c%20d");
        assert_eq!(secrets.redact("c%20d"), "{{env.CODE}}");
        let wrong = |environment: &dyn Fn(&str) -> Option<String>| {
            resolve_policy_with(&policy, &mut Secrets::default(), environment).unwrap_err().message
        };
        assert!(wrong(&of("c&d")).contains("can't stand in a query"), "{}", wrong(&of("c&d")));
        assert!(wrong(&|_| None).contains("`CODE` is not set"));
        assert!(wrong(&|_| Some("a\r\nb".into())).contains("can't stand there"));
    }

    #[test]
    fn a_variable_that_is_not_set_is_named_and_one_that_can_not_stand_there_is_refused() {
        let missing = resolve_with(&mut spec(), |_| None).unwrap_err();
        assert_eq!(
            missing.message,
            "traffic `reads`, header `authorization`: the environment variable `TOKEN` is not set"
        );
        let broken = resolve_with(&mut spec(), |_| Some("a\r\nx: y".to_owned())).unwrap_err();
        assert!(broken.message.contains("can't stand there") && !broken.message.contains("x: y"));
        let filled = resolve_with(&mut spec(), |_| Some("a{n}".to_owned())).unwrap_err();
        assert!(filled.message.ends_with("holds a placeholder"), "{}", filled.message);
    }
}
