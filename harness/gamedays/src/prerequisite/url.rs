//! The prerequisite `url`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::{Checked, Prerequisite, Scene};
use crate::address::problem_of;
use crate::environment::{Question, wait};
use crate::stop::Cast;
use crate::stop::url::{WITHIN_MAX, is_well};

/// A web address says that all is well.
///
/// # What it checks
/// One `GET` of the address. A redirect is not followed.
///
/// # When it is not met
/// The answer has another status, or does not come within `within`.
///
/// # Example
/// `url = { address = "http://127.0.0.1:9000/health", status = 200 }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Url {
    /// The address. A host beyond this machine has to be allowed.
    pub address: String,
    /// The status that says that all is well. Without it: any from 200 to 299.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long the answer may take, up to 60 s. Without it: `5s`.
    #[serde(default = "five_seconds")]
    pub within: Timespan,
}

fn five_seconds() -> Timespan {
    Timespan::from_secs(5)
}

impl Prerequisite for Url {
    fn problem(&self, cast: &Cast<'_>) -> Option<String> {
        let wrong = self.within.is_zero() || self.within.0 > WITHIN_MAX;
        let bounds = || wrong.then(|| format!("`within` is {}, allowed are up to 60 s", self.within));
        problem_of(&self.address, cast.allow_hosts).or_else(bounds)
    }

    fn words(&self) -> String {
        let wanted = self.status.map_or("a status from 200 to 299".to_owned(), |status| status.to_string());
        format!("`{}` answers {wanted}", self.address)
    }

    fn check(&self, scene: &Scene<'_>) -> Checked {
        let question = Question { url: self.address.clone(), post: None, within: self.within.0 };
        match wait(scene.environment, scene.environment.ask(&question)) {
            Ok(status) => Checked { met: is_well(status, self.status), found: status.to_string() },
            Err(why) => Checked::no(why),
        }
    }
}
