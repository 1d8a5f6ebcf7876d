//! What a defect is, and how files choose one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::registry::REGISTRY;
use crate::reference::settings::Settings;

/// One thing that the reference gateway can be told to do wrong.
pub(crate) struct Entry {
    /// The name by which files choose it.
    pub(crate) name: &'static str,
    /// What it does wrong, in Markdown.
    pub(crate) docs: &'static str,
    /// Where it was met in the world: `repository#number` of an issue, or a document.
    pub(crate) source: &'static str,
    /// The scenario of the library and the kind of expectation that catch it.
    pub(crate) caught: (&'static str, &'static str),
    /// Other kinds of expectations of that scenario that it breaks as well.
    pub(crate) also: &'static [&'static str],
    /// Makes the gateway do it.
    pub(crate) bend: fn(&mut Settings),
}

/// One thing that the reference gateway does wrong.
#[derive(Clone, Copy)]
pub struct Defect(&'static Entry);

impl Defect {
    /// Every defect, in the order of the policy's keys.
    pub fn all() -> impl Iterator<Item = Defect> {
        REGISTRY.iter().map(Defect)
    }

    /// The name by which files choose it.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What it does wrong, in Markdown.
    pub fn docs(self) -> &'static str {
        self.0.docs
    }

    /// Where it was met in the world: `repository#number` of an issue, or a document.
    pub fn source(self) -> &'static str {
        self.0.source
    }

    /// The scenario of the library and the kind of expectation that catch it.
    pub fn caught(self) -> (&'static str, &'static str) {
        self.0.caught
    }

    /// Other kinds of expectations of that scenario that it breaks as well.
    pub fn also(self) -> &'static [&'static str] {
        self.0.also
    }

    /// True if a finding of this kind of expectation may fail with it. `policy` judges every key, so that whatever breaks
    /// one may show there too.
    pub fn may_fail(self, expectation: &str) -> bool {
        expectation == self.0.caught.1 || expectation == "policy" || self.0.also.contains(&expectation)
    }

    pub(crate) fn bend(self, settings: &mut Settings) {
        (self.0.bend)(settings);
    }
}

impl PartialEq for Defect {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Defect {}

impl std::fmt::Debug for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Defect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Defect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Defect::all().find(|defect| defect.name() == name).ok_or_else(|| de::Error::custom(unknown(&name)))
    }
}

/// Says that there is no such defect, and which one may be meant.
fn unknown(name: &str) -> String {
    /// From this likeness on a name is offered.
    const LIKE: f64 = 0.7;
    let likeness = |defect: &Defect| strsim::jaro_winkler(name, defect.name());
    let nearest = Defect::all().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let offer = nearest
        .filter(|defect| likeness(defect) > LIKE)
        .map_or_else(String::new, |defect| format!("did you mean `{}`? ", defect.name()));
    format!("`{name}` is not a defect of the reference gateway: {offer}`brownout list defects` shows all")
}

impl JsonSchema for Defect {
    fn schema_name() -> Cow<'static, str> {
        "Defect".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |defect: Defect| json_schema!({ "const": defect.name(), "description": defect.docs() });
        json_schema!({
            "description": "One thing that the reference gateway does wrong.",
            "oneOf": Defect::all().map(one).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_defect_is_named_in_kebab_case_and_explains_itself() {
        let names: BTreeSet<_> = Defect::all().map(Defect::name).collect();
        assert_eq!(names.len(), Defect::all().count(), "a name is there twice");
        for defect in Defect::all() {
            let name = defect.name();
            let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            assert!(name.bytes().all(kebab), "{name}");
            for text in [defect.docs(), defect.source()] {
                assert!(text.ends_with('.') && !text.contains("  ") && !text.contains('\n'), "{text}");
            }
            assert_eq!(serde_json::to_value(defect).unwrap(), name);
            assert_eq!(serde_json::from_value::<Defect>(name.into()).unwrap(), defect);
        }
    }

    #[test]
    fn an_unknown_defect_is_refused_with_the_one_that_may_be_meant() {
        let unknown = |name: &str| serde_json::from_value::<Defect>(name.into()).unwrap_err().to_string();
        insta::assert_snapshot!(unknown("retry-post"), @"`retry-post` is not a defect of the reference gateway: did you mean `retries-post`? `brownout list defects` shows all");
        insta::assert_snapshot!(unknown("zzz"), @"`zzz` is not a defect of the reference gateway: `brownout list defects` shows all");
    }
}
