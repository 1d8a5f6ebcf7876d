//! The stop condition `url`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::{Cast, Look, Reading, Stop, Watch};
use crate::address::problem_of;
use crate::environment::{Pending, Question};

/// A web address says no: the health of a service that brownout does not see, or a monitor's own judgement.
///
/// # What it watches
/// `GET` of the address, one question after the other, `each` apart. The day ends when `times` answers in a row are not `status`;
/// no answer within `within` counts as a wrong one. A redirect is not followed.
///
/// # When it can't tell
/// Before the first answer.
///
/// # Example
/// `url = { address = "http://127.0.0.1:9000/health", times = 2 }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Url {
    /// The address. A host beyond this machine has to be allowed.
    pub address: String,
    /// The status that says that all is well. Without it: any from 200 to 299.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long an answer may take, up to 60 s. Without it: `1s`.
    #[serde(default = "second")]
    pub within: Timespan,
    /// How long after an answer it is asked again. Without it: `1s`.
    #[serde(default = "second")]
    pub each: Timespan,
    /// How many wrong answers in a row end the day. Without it: 1.
    #[serde(default = "once")]
    pub times: u32,
}

fn second() -> Timespan {
    Timespan::from_secs(1)
}

fn once() -> u32 {
    1
}

/// The longest that is waited for an answer.
pub(crate) const WITHIN_MAX: Duration = Duration::from_mins(1);

/// True if a status is the one that is wanted: `None` takes all that mean success.
pub(crate) fn is_well(status: u16, wanted: Option<u16>) -> bool {
    wanted.map_or((200..300).contains(&status), |wanted| wanted == status)
}

impl Stop for Url {
    fn problem(&self, cast: &Cast<'_>) -> Option<String> {
        let bounds = || {
            let wrong = self.within.is_zero() || self.within.0 > WITHIN_MAX;
            wrong.then(|| format!("`within` is {}, allowed are up to 60 s", self.within))
        };
        let never = || (self.times == 0).then(|| "`times` is 0: no answer would ever end the day".to_owned());
        problem_of(&self.address, cast.allow_hosts).or_else(bounds).or_else(never)
    }

    fn words(&self) -> String {
        let wanted = self.status.map_or("a status from 200 to 299".to_owned(), |status| status.to_string());
        let times = if self.times == 1 { String::new() } else { format!(", {} times in a row", self.times) };
        format!("`{}` does not answer {wanted}{times}", self.address)
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(Watched { condition: self.clone(), asked: None, next: None, wrong: 0, last: None })
    }
}

struct Watched {
    condition: Url,
    asked: Option<Pending<Result<u16, String>>>,
    next: Option<Timestamp>,
    wrong: u32,
    last: Option<String>,
}

impl Watch for Watched {
    fn look(&mut self, look: &Look<'_>) -> Reading {
        let now = look.environment.now();
        if self.asked.is_none() && self.next.is_none_or(|next| now >= next) {
            let Url { address, within, .. } = &self.condition;
            let question = Question { url: address.clone(), post: None, within: within.0 };
            // Both sides have to allow a host; the file was asked when it was read.
            let problem = problem_of(address, look.allow_hosts);
            self.asked = Some(match problem {
                None => look.environment.ask(&question),
                Some(problem) => Box::new(move || Some(Err(problem.clone()))),
            });
        }
        if let Some(answer) = self.asked.as_mut().and_then(|asked| asked()) {
            self.asked = None;
            let each = SignedDuration::try_from(self.condition.each.0).unwrap_or(SignedDuration::MAX);
            self.next = now.checked_add(each).ok();
            let well = answer.as_ref().is_ok_and(|status| is_well(*status, self.condition.status));
            self.wrong = if well { 0 } else { self.wrong + 1 };
            self.last = Some(answer.map_or_else(|why| why, |status| status.to_string()));
        }
        match &self.last {
            None => Reading::unknown("not answered yet"),
            Some(last) => Reading {
                value: last.clone(),
                met: self.wrong >= self.condition.times,
                nearness: Some((f64::from(self.wrong) / f64::from(self.condition.times)).min(1.0)),
            },
        }
    }
}
