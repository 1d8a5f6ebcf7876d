//! What the tests of the kinds share: pools and policies in few words.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::template::Values;
use crate::{Trust, Unsupported, Upstream, Upstreams};

/// A machine of which no test depends on the real one.
pub(crate) const MACHINE: super::Machine = super::Machine { files: 16_384, root: true };

/// A pool of backends with these weights and priorities, named `a`, `b` …, and a policy.
pub(crate) fn upstreams(ranks: &[(u32, u32)], policy: Value) -> Upstreams {
    let upstream = |((weight, priority), name): (&(u32, u32), char)| Upstream {
        name: name.into(),
        address: ([127, 0, 0, 1], 9001 + (name as u16 - 'a' as u16)).into(),
        weight: *weight,
        priority: *priority,
        tls: false,
    };
    let policy: policy::Policy = serde_json::from_value(policy).unwrap();
    assert_eq!(policy.problems(), [], "the policy makes no sense to begin with");
    Upstreams {
        backends: ranks.iter().zip('a'..='z').map(upstream).collect(),
        policy,
        trust: None,
        base: PathBuf::new(),
        seed: 0,
    }
}

/// The same pool, with backends that speak TLS.
pub(crate) fn over_tls(mut upstreams: Upstreams) -> Upstreams {
    upstreams.backends.iter_mut().for_each(|backend| backend.tls = true);
    upstreams.trust = Some(trust());
    upstreams
}

fn trust() -> Trust {
    Trust { name: "backends.test".into(), authority: "a certificate".into() }
}

/// A configuration that was made, after a look whether a start could fill it in.
pub(crate) fn made(configuration: Result<Option<String>, Vec<Unsupported>>) -> String {
    let text = configuration.map_err(refusals).unwrap().unwrap();
    let place = Some(("127.0.0.1:8080".parse().unwrap(), Path::new("/run")));
    let trust = trust();
    let values = Values { trust: Some(&trust), place, ..Values::none() };
    let filled = values.fill(&text.replace(super::NONCE, "nonce")).unwrap().text;
    assert!(!filled.contains("{{"), "{filled}");
    text
}

/// The part of a text from one word on to another; an empty one is its end.
pub(crate) fn part<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, after) = text.split_at(text.find(from).unwrap());
    if to.is_empty() { after } else { after.split_once(to).unwrap().0 }
}

/// What can't be expressed, one a line.
pub(crate) fn refusals(unsupported: Vec<Unsupported>) -> String {
    let lines = unsupported.into_iter().map(|item| format!("{}: {}", item.key, item.why));
    lines.collect::<Vec<_>>().join("\n")
}
