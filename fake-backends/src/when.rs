//! Which requests an injection may hit, and at which times of its stretch it is in force.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Moment, Share, Timespan};
use wire::RequestHead;

/// The header by which a request says its traffic class, where an injection asks for it.
pub const TRAFFIC_HEADER: &str = "x-brownout-traffic";

/// Conditions on a request, all of which it has to meet. What acts on connections and listeners has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path, without its query; `*` stands for any characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The traffic class: the driver sends its name along, in the header `x-brownout-traffic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<String>,
    /// `true`: the gateway's own health checks, which is whatever comes without a tag of the run; `false`: all but these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<bool>,
    /// A header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderIs>,
}

/// A header that a request has to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderIs {
    /// Its name.
    pub name: String,
    /// Its value; without it, any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl When {
    /// Whether a request meets them, which is a health check or is not.
    pub(crate) fn takes(&self, head: &RequestHead<'_>, is_probe: bool) -> bool {
        let says = |name: &str, value: &str| head.fields.get(name) == Some(value.as_bytes());
        self.takes_target(head.method, head.target)
            && self.probe.is_none_or(|wanted| wanted == is_probe)
            && self.traffic.as_deref().is_none_or(|traffic| says(TRAFFIC_HEADER, traffic))
            && self.header.as_ref().is_none_or(|header| match &header.value {
                Some(value) => says(&header.name, value),
                None => head.fields.get(&header.name).is_some(),
            })
    }

    /// Whether a request with this method and this path with its query meets what they say of the two.
    pub fn takes_target(&self, method: &str, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or_default();
        self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self.path.as_deref().is_none_or(|pattern| fits(pattern, path))
    }

    /// True if they are about health checks alone, which no traffic class sends.
    pub fn is_of_probes(&self) -> bool {
        self.probe == Some(true)
    }

    /// True if they say nothing.
    pub fn is_empty(&self) -> bool {
        *self == When::default()
    }
}

/// Whether a text is what a pattern says, in which `*` stands for any characters. In time linear in both, however many stars.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        // The first place is the best: whatever follows then has the most room.
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

/// Comes and goes: in force for a part of each period, from the start of its stretch on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flap {
    /// How long a period is.
    pub period: Timespan,
    /// The part of each period, from its start on, in which the fault is in force; half of it without it.
    #[serde(default = "half")]
    pub duty: Share,
}

fn half() -> Share {
    Share::new(0.5).unwrap_or(Share::ALL)
}

impl Flap {
    /// How long it is in force in each period.
    pub fn on(&self) -> Duration {
        self.period.0.mul_f64(self.duty.get())
    }

    /// Whether it is in force at a moment of a stretch that began at `from`.
    pub(crate) fn is_on(&self, from: Moment, at: Moment) -> bool {
        let period = self.period.0.as_nanos().max(1);
        at.since(from).as_nanos() % period < self.on().as_nanos()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/orders/*", "/orders/7", true)]
    #[case("/orders/*", "/orders/", true)]
    #[case("/orders/*", "/items/7", false)]
    #[case("*", "", true)]
    #[case("*/items/*/x", "/a/items/7/x", true)]
    #[case("*/items/*/x", "/a/items/7/y", false)]
    #[case("/a*b*c", "/abbc", true)]
    #[case("/a*a", "/a", false)]
    #[case("/orders", "/orders/7", false)]
    fn a_star_stands_for_any_characters(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(fits(pattern, text), expected);
    }

    proptest! {
        #[test]
        fn whatever_stars_replace_fits(parts in proptest::collection::vec("[a-c/]{0,4}", 1..5), fill in "[a-c/]{0,4}") {
            prop_assert!(fits(&parts.join("*"), &parts.join(&fill)));
        }
    }

    #[test]
    fn the_query_is_no_part_of_the_path() {
        let when = When { method: Some("GET".into()), path: Some("/a/*".into()), ..When::default() };
        assert!(when.takes_target("GET", "/a/b?c=/d"));
        assert!(!when.takes_target("POST", "/a/b") && !when.takes_target("GET", "/b?x=/a/b"));
    }

    #[test]
    fn a_flap_is_in_force_from_the_start_of_each_period() {
        let flap = Flap { period: Timespan::from_millis(100), duty: Share::new(0.25).unwrap() };
        let on = |millis: i64| flap.is_on(Moment(5_000_000), Moment(5_000_000 + millis * 1_000_000));
        assert!(on(0) && on(24) && !on(25) && !on(99) && on(100) && on(124));
    }
}
