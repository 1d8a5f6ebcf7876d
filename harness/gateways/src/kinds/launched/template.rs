//! Filling in the placeholders of a configuration: `{{backend.orders-a.address}}`.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use super::AUTHORITY_FILE;
use crate::{Trust, Upstream, Upstreams};

/// What the placeholders stand for.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    /// The backends.
    pub(crate) backends: &'a [Upstream],
    /// What is to be trusted of them, if any of them speaks TLS.
    pub(crate) trust: Option<&'a Trust>,
    /// Where the gateway has to listen and its directory; as long as they are not known, their placeholders stay.
    pub(crate) place: Option<(SocketAddr, &'a Path)>,
    /// Where it has to tell its metrics, if they are asked for; as long as that is not known, its placeholders stay.
    pub(crate) metrics: Page,
    /// Whether `{{env.NAME}}` may stand there: only where nobody can read it.
    pub(crate) secrets: bool,
    /// Whether the values of secrets are put in.
    pub(crate) reveal: bool,
}

/// Where a gateway has to tell its metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// Nowhere: nobody asks for them.
    None,
    /// On a port that is not known yet.
    Later,
    /// There.
    At(SocketAddr),
}

/// A text with its placeholders filled in.
#[derive(Debug)]
pub(crate) struct Filled {
    /// The text.
    pub(crate) text: String,
    /// Whether it says where to listen.
    pub(crate) listens: bool,
    /// Whether it says where to tell metrics.
    pub(crate) tells: bool,
    /// Whether no placeholder was left for later.
    pub(crate) whole: bool,
}

impl Filled {
    /// The same, if it says where to tell metrics that are asked for.
    pub(crate) fn telling(self, page: Page) -> Result<Self, String> {
        let why = "the gateway is not told where to have its page of metrics: expected `{{metrics.address}}` or `{{metrics.port}}`, \
                   or `path` or `url` in `metrics`";
        if self.tells || page == Page::None { Ok(self) } else { Err(why.into()) }
    }

    /// The text, if it says where to listen.
    pub(crate) fn listening(self) -> Result<String, String> {
        let why =
            "the gateway is not told where to listen: expected `{{listen.address}}` or `{{listen.port}}`";
        if self.listens { Ok(self.text) } else { Err(why.into()) }
    }
}

/// A placeholder that can't be filled in.
#[derive(Debug)]
pub(crate) struct Unfilled {
    /// The line that it stands in, from 1.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) why: String,
}

impl fmt::Display for Unfilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl<'a> Values<'a> {
    /// Those that are known before the gateway is started.
    pub(crate) fn to_show(upstreams: &'a Upstreams) -> Self {
        Values { backends: &upstreams.backends, trust: upstreams.trust.as_ref(), ..Values::none() }
    }

    /// None at all.
    pub(crate) fn none() -> Self {
        Values { backends: &[], trust: None, place: None, metrics: Page::None, secrets: false, reveal: false }
    }

    /// All placeholders that there are.
    fn known(&self) -> Vec<String> {
        let backends = self.backends.iter().flat_map(|backend| {
            ["address", "host", "port"].map(|part| format!("backend.{}.{part}", backend.name))
        });
        let others = ["listen.address", "listen.host", "listen.port", "dir"];
        let tls = ["ca", "tls.name"].iter().filter(|_| self.trust.is_some());
        let page = ["metrics.address", "metrics.host", "metrics.port"];
        let page = page.iter().filter(|_| self.metrics != Page::None);
        backends.chain(others.iter().chain(tls).chain(page).map(ToString::to_string)).collect()
    }

    /// What `name` stands for, or what is wrong with it.
    fn value(&self, name: &str) -> Result<Value, String> {
        match name.strip_prefix("env.") {
            None => self.look_up(name).ok_or_else(|| unknown(name, &self.known())),
            Some(_) if !self.secrets => Err(format!(
                "`{{{{{name}}}}}` would be written down here, or seen by others: put it into `env`, for which see `brownout explain \
                 gateway/command`"
            )),
            Some(variable) if self.reveal => secret(variable).map(Value::Known),
            // It is looked at again, and filled in, when the gateway is started.
            Some(_) => Ok(Value::Later),
        }
    }

    /// What `name` stands for; nothing if there is no such placeholder.
    fn look_up(&self, name: &str) -> Option<Value> {
        let known = |value: Option<String>| value.map_or(Value::Later, Value::Known);
        if name == "dir" {
            return Some(known(self.place.map(|(_, dir)| dir.display().to_string())));
        }
        if let ("ca", Some(_)) = (name, self.trust) {
            return Some(known(self.place.map(|(_, dir)| dir.join(AUTHORITY_FILE).display().to_string())));
        }
        if let ("tls.name", Some(trust)) = (name, self.trust) {
            return Some(Value::Known(trust.name.clone()));
        }
        if let Some(part) = name.strip_prefix("listen.") {
            let value = self.place.map(|(address, _)| of(address, part));
            return match value {
                Some(value) => value.map(Value::Known),
                None => ["address", "host", "port"].contains(&part).then_some(Value::Later),
            };
        }
        if let Some(part) = name.strip_prefix("metrics.") {
            return match self.metrics {
                Page::At(address) => of(address, part).map(Value::Known),
                Page::Later => ["address", "host", "port"].contains(&part).then_some(Value::Later),
                Page::None => None,
            };
        }
        // The name of a backend may have dots of its own.
        let (backend, part) = name.strip_prefix("backend.")?.rsplit_once('.')?;
        let backend = self.backends.iter().find(|known| known.name == backend)?;
        of(backend.address, part).map(Value::Known)
    }
}

/// What one placeholder stands for.
enum Value {
    Known(String),
    /// Known only when the gateway is started.
    Later,
}

fn of(address: SocketAddr, part: &str) -> Option<String> {
    match part {
        "address" => Some(address.to_string()),
        "host" => Some(address.ip().to_string()),
        "port" => Some(address.port().to_string()),
        _ => None,
    }
}

/// The secrets that a text has placeholders for: each with its variable's name, or what is wrong with it.
pub(crate) fn secrets(text: &str) -> impl Iterator<Item = Result<(String, String), String>> {
    let names = text.split("{{").skip(1).filter_map(|after| name(after)?.0.strip_prefix("env."));
    names.map(|name| secret(name).map(|value| (name.to_owned(), value)))
}

/// The value of a variable of brownout's own environment.
pub(super) fn secret(name: &str) -> Result<String, String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or_else(|| {
        format!("the environment variable `{name}` is not set: set it before the run, `export {name}=…`")
    })
}

impl Values<'_> {
    /// `text` with all placeholders filled in, or what is wrong with the first one that can't be.
    pub(crate) fn fill(&self, text: &str) -> Result<Filled, Unfilled> {
        let mut filled =
            Filled { text: String::with_capacity(text.len()), listens: false, tells: false, whole: true };
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let (before, after) = (&rest[..start], &rest[start + 2..]);
            filled.text.push_str(before);
            let Some((name, length)) = name(after) else {
                // Two braces that enclose no name belong to the configuration itself.
                filled.text.push('{');
                rest = &rest[start + 1..];
                continue;
            };
            let line = 1 + text[..text.len() - after.len()].matches('\n').count();
            filled.listens |= matches!(name, "listen.address" | "listen.port");
            filled.tells |= matches!(name, "metrics.address" | "metrics.port");
            match self.value(name).map_err(|why| Unfilled { line, why })? {
                Value::Known(value) => filled.text.push_str(&value),
                Value::Later => {
                    filled.whole = false;
                    filled.text.push_str(&rest[start..start + 2 + length]);
                }
            }
            rest = &after[length..];
        }
        filled.text.push_str(rest);
        Ok(filled)
    }
}

/// The name at the start of what follows two opening braces, and how long all is with the closing ones.
fn name(after: &str) -> Option<(&str, usize)> {
    let end = after.find("}}")?;
    let name = after[..end].trim();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (!name.is_empty() && name.bytes().all(fits)).then_some((name, end + 2))
}

fn unknown(name: &str, known: &[String]) -> String {
    let nearest = known
        .iter()
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .min()
        .filter(|(distance, _)| *distance <= name.len() / 3);
    let help = match nearest {
        Some((_, other)) => format!("did you mean `{{{{{other}}}}}`?"),
        None => format!("known are {}", known.join(", ")),
    };
    format!("unknown placeholder `{{{{{name}}}}}`: {help}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backends() -> Vec<Upstream> {
        [("orders-a", "127.0.0.1:9001"), ("v1.2", "[::1]:9002")]
            .map(|(name, address)| Upstream {
                name: name.into(),
                address: address.parse().unwrap(),
                weight: 1,
                priority: 0,
                tls: false,
            })
            .into()
    }

    fn filled(text: &str) -> Result<String, String> {
        let (backends, dir) = (backends(), Path::new("/run/one"));
        let place = Some(("127.0.0.1:8080".parse().unwrap(), dir));
        listening(text, &Values { backends: &backends, place, ..Values::none() })
    }

    fn listening(text: &str, values: &Values<'_>) -> Result<String, String> {
        values.fill(text).map_err(|wrong| wrong.to_string())?.listening()
    }

    #[test]
    fn every_placeholder_is_filled_in_and_the_rest_is_left_alone() {
        let text = "bind {{listen.address}} {{ listen.host }} {{listen.port}}\nserver {{backend.orders-a.address}} \
            {{backend.v1.2.host}}|{{backend.v1.2.port}}|{{backend.v1.2.address}}\nlog {{dir}}/log {a {b}} {{ {{!}} {{";
        insta::assert_snapshot!(filled(text).unwrap(), @r"
        bind 127.0.0.1:8080 127.0.0.1 8080
        server 127.0.0.1:9001 ::1|9002|[::1]:9002
        log /run/one/log {a {b}} {{ {{!}} {{
        ");
    }

    #[test]
    fn what_is_known_only_at_the_start_stays_when_a_configuration_is_shown() {
        let backends = backends();
        let values = Values { backends: &backends, ..Values::none() };
        let shown = listening("{{listen.port}} {{ dir }} {{backend.orders-a.port}}", &values);
        assert_eq!(shown.unwrap(), "{{listen.port}} {{ dir }} 9001");
        assert!(values.fill("{{listen.prot}}").is_err());
    }

    #[test]
    fn what_is_to_be_trusted_is_known_where_a_backend_speaks_tls() {
        let (backends, dir) = (backends(), Path::new("/run/one"));
        let trust = Trust { name: "backends.test".into(), authority: String::new() };
        let place = Some(("127.0.0.1:8080".parse().unwrap(), dir));
        let text = "{{listen.port}} {{ca}} {{tls.name}}";
        let values = Values { backends: &backends, trust: Some(&trust), place, ..Values::none() };
        assert_eq!(listening(text, &values).unwrap(), "8080 /run/one/ca.pem backends.test");
        let shown = Values { place: None, ..values };
        assert_eq!(listening(text, &shown).unwrap(), "{{listen.port}} {{ca}} backends.test");
        assert!(filled(text).unwrap_err().contains("unknown placeholder `{{ca}}`"));
    }

    #[test]
    fn a_secret_is_filled_in_only_where_nobody_can_read_it() {
        let values = Values { secrets: true, ..Values::none() };
        let shown = values.fill("key={{env.PATH}}").unwrap();
        assert_eq!((shown.text.as_str(), shown.whole), ("key={{env.PATH}}", false));
        let revealed = Values { reveal: true, ..values }.fill("key={{env.PATH}}").unwrap();
        assert_eq!(
            (revealed.text, revealed.whole),
            (format!("key={}", std::env::var("PATH").unwrap()), true)
        );
        let wrong = |values: Values<'_>| values.fill("{{env.BROWNOUT_NO_SUCH}}").unwrap_err().why;
        insta::assert_snapshot!(wrong(Values { reveal: true, ..values }), @"the environment variable `BROWNOUT_NO_SUCH` is not set: set it before the run, `export BROWNOUT_NO_SUCH=…`");
        insta::assert_snapshot!(wrong(Values { secrets: false, ..values }), @"`{{env.BROWNOUT_NO_SUCH}}` would be written down here, or seen by others: put it into `env`, for which see `brownout explain gateway/command`");
        let found: Vec<_> = secrets("{{env.PATH}} {{dir}} {{ env.BROWNOUT_NO_SUCH }}").collect();
        assert_eq!(found[0], Ok(("PATH".to_owned(), std::env::var("PATH").unwrap())));
        assert!(found.len() == 2 && found[1].is_err());
    }

    #[test]
    fn an_unknown_placeholder_is_named_with_its_line_and_the_nearest_or_all_that_are_known() {
        insta::assert_snapshot!(filled("a\n\n{{backend.order-a.address}}").unwrap_err(), @"line 3: unknown placeholder `{{backend.order-a.address}}`: did you mean `{{backend.orders-a.address}}`?");
        insta::assert_snapshot!(filled("{{nonsense}}").unwrap_err(), @"line 1: unknown placeholder `{{nonsense}}`: known are backend.orders-a.address, backend.orders-a.host, backend.orders-a.port, backend.v1.2.address, backend.v1.2.host, backend.v1.2.port, listen.address, listen.host, listen.port, dir");
    }

    #[test]
    fn a_configuration_that_listens_nowhere_is_refused() {
        insta::assert_snapshot!(filled("bind 127.0.0.1:80").unwrap_err(), @"the gateway is not told where to listen: expected `{{listen.address}}` or `{{listen.port}}`");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[{} a-z.\n\u{e9}]{0,60}") {
            let _ = filled(&text);
        }
    }
}
