//! The profile: what a gateway really does, fact by fact, as a document that can be kept and compared.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use toml::ser::ValueSerializer;

use crate::value::Value;

/// The version of the format.
pub(crate) const FORMAT: u32 = 1;

/// What a gateway really does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What was asked, and how.
    pub about: About,
    /// What was found, by its key: `timeout.per_try`, `retry.503.GET`.
    #[serde(default)]
    pub fact: BTreeMap<String, Fact>,
}

/// What was asked, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The version of the format.
    pub format: u32,
    /// The version of brownout that asked.
    pub brownout: String,
    /// The kind of gateway.
    pub gateway: String,
    /// What it says its version is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The backends that it was given.
    pub backends: Vec<String>,
    /// Why not all was asked, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<String>,
}

/// One behaviour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What was found; absent if it can't be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why it can't be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// How many cases it rests on.
    pub exposures: u64,
    /// The experiment that showed it, by the name of its scenario.
    pub experiment: String,
}

/// A profile can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// It is not of this format.
    #[error("not a profile: {0}")]
    Toml(#[from] toml::de::Error),
    /// It was written by a newer version.
    #[error(
        "a profile of format {0}, and this version reads {FORMAT}: `discover` again, or use a newer brownout"
    )]
    Format(u32),
}

impl Profile {
    /// Reads a profile.
    pub fn read(text: &str) -> Result<Self, ProfileError> {
        let profile: Profile = toml::from_str(text)?;
        if profile.about.format != FORMAT {
            return Err(ProfileError::Format(profile.about.format));
        }
        Ok(profile)
    }

    /// As text: sorted, a line for each fact, so that a change is a line in a diff.
    pub fn write(&self) -> String {
        let about = toml::to_string(&self.about).expect("texts and numbers can be written");
        let mut text = format!("[about]\n{about}\n[fact]\n");
        for (key, fact) in &self.fact {
            let mut line = String::new();
            fact.serialize(ValueSerializer::new(&mut line)).expect("a fact can be written");
            let _ = writeln!(text, "{key:?} = {line}");
        }
        text
    }

    /// What was found of a key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.fact.get(key)?.value.as_ref()
    }

    /// Notes what was found.
    pub(crate) fn know(&mut self, key: impl Into<String>, value: Value, exposures: u64, experiment: &str) {
        let fact = Fact { value: Some(value), unknown: None, exposures, experiment: experiment.into() };
        self.fact.insert(key.into(), fact);
    }

    /// Notes what can't be told, and why. What is known already stays.
    pub(crate) fn cannot_tell(&mut self, key: impl Into<String>, why: impl Into<String>, experiment: &str) {
        let fact =
            Fact { value: None, unknown: Some(why.into()), exposures: 0, experiment: experiment.into() };
        self.fact.entry(key.into()).or_insert(fact);
    }
}
