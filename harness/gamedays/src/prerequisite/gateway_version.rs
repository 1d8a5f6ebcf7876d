//! The prerequisite `gateway_version`.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::time::Duration;

use gateways::GatewaySettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Checked, Prerequisite, Scene};
use crate::environment::{Environment, Errand, wait};
use crate::stop::Cast;

/// A gateway's program has a version.
///
/// # What it checks
/// The version that the program tells, number by number: `2.6` is older than `2.10`, and `2.8.3` is a `2.8`.
///
/// # When it is not met
/// The program is missing, tells no version, or another one.
///
/// # Example
/// `gateway_version = { gateway = "haproxy", at_least = "2.6" }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayVersion {
    /// The kind of gateway.
    pub gateway: String,
    /// The oldest version that is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<String>,
    /// The first version that is not taken any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
}

/// How long a program may take to say its version.
const ANSWER: Duration = Duration::from_secs(5);

impl Prerequisite for GatewayVersion {
    fn problem(&self, _: &Cast<'_>) -> Option<String> {
        let program =
            GatewaySettings::with_defaults(&self.gateway).and_then(|kind| kind.contract().program());
        if program.is_none() {
            return Some(format!("`{}` is no gateway with a program of its own", self.gateway));
        }
        let bounds = [&self.at_least, &self.below].into_iter().flatten();
        let unreadable = bounds.clone().find(|bound| numbers(bound).is_empty());
        unreadable
            .map(|bound| format!("`{bound}` is not a version: expected numbers such as `2.6`"))
            .or_else(|| bounds.count().eq(&0).then(|| "it has neither `at_least` nor `below`".to_owned()))
    }

    fn words(&self) -> String {
        let at_least = self.at_least.as_ref().map(|version| format!(" at least {version}"));
        let below = self.below.as_ref().map(|version| format!(" below {version}"));
        format!("{}{}{}", self.gateway, at_least.unwrap_or_default(), below.unwrap_or_default())
    }

    fn check(&self, scene: &Scene<'_>) -> Checked {
        let version = match version_of(&self.gateway, scene.environment) {
            Ok(Some(version)) => version,
            Ok(None) => return Checked::no(format!("{} has no program", self.gateway)),
            Err(why) => return Checked::no(why),
        };
        let older = |than: &String| compare(&version, than) == Ordering::Less;
        let met = !self.at_least.as_ref().is_some_and(older) && self.below.as_ref().is_none_or(older);
        Checked { met, found: format!("{} {version}", self.gateway) }
    }
}

/// The version of a kind's program; `None` for a kind that has none.
pub(super) fn version_of(kind: &str, environment: &dyn Environment) -> Result<Option<String>, String> {
    let program = GatewaySettings::with_defaults(kind).and_then(|kind| kind.contract().program());
    let Some(program) = program else { return Ok(None) };
    let path = program.find().ok_or_else(|| {
        format!("its program is not found in .gateways/bin here and above, or on PATH: {}", program.install())
    })?;
    let arguments = program.ask_version().iter().map(|word| (*word).to_owned());
    let words: Vec<String> = std::iter::once(path.display().to_string()).chain(arguments).collect();
    let errand = Errand {
        words,
        dir: PathBuf::from("."),
        variables: Vec::new(),
        output: "/dev/null".into(),
        within: ANSWER,
    };
    let ran = wait(environment, environment.execute(&errand))?;
    let version = program.version(&ran.output).ok_or("its program tells no version")?;
    Ok(Some(version))
}

/// The numbers at the front of a version.
fn numbers(version: &str) -> Vec<u64> {
    let front = version.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let end = front.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(front.len());
    front[..end].split('.').map_while(|number| number.parse().ok()).collect()
}

/// Compares as many numbers as the bound has.
fn compare(version: &str, bound: &str) -> Ordering {
    let (mut version, bound) = (numbers(version), numbers(bound));
    version.resize(bound.len(), 0);
    version.cmp(&bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_number_by_number_as_far_as_the_bound_goes() {
        for (version, bound, expected) in [
            ("2.6", "2.10", Ordering::Less),
            ("2.8.3-1", "2.8", Ordering::Equal),
            ("HAProxy version 3.0.1", "3.0.2", Ordering::Less),
            ("3", "2.9.9", Ordering::Greater),
            ("2", "2.0.0", Ordering::Equal),
        ] {
            assert_eq!(compare(version, bound), expected, "{version} {bound}");
        }
    }
}
