//! What the reference gateway can be told to do wrong, so that checks can be proven on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declares the defects: one doc comment feeds the code's documentation, the schema and `brownout list`.
macro_rules! defects {
    ($($(#[doc = $docs:literal])+ $name:ident = $key:literal,)+) => {
        /// One thing that the reference gateway does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Defect {
            $($(#[doc = $docs])+ #[serde(rename = $key)] $name,)+
        }

        impl Defect {
            /// Every defect, in the order of the policy's keys.
            pub const ALL: &'static [Defect] = &[$(Defect::$name,)+];

            /// The name by which files choose it.
            pub fn name(self) -> &'static str {
                match self { $(Defect::$name => $key,)+ }
            }

            /// What it does wrong, in Markdown.
            pub fn docs(self) -> &'static str {
                match self { $(Defect::$name => concat!($($docs, "\n",)+).trim_ascii(),)+ }
            }
        }
    };
}

defects! {
    /// The per-try and the total timeout never fire: a hanging backend holds its client for ever.
    IgnoresTimeout = "ignores-timeout",
    /// The per-try and the total timeout fire after twice their length.
    DoublesTimeout = "doubles-timeout",
    /// The methods of the retry policy are ignored, so that a failed POST is sent again.
    RetriesPost = "retries-post",
    /// A request reaches the backends once more than the policy allows.
    OneRetryTooMany = "one-retry-too-many",
    /// Failed requests are never tried again.
    NoRetry = "no-retry",
    /// A further attempt goes to the backend that just failed, though there are others.
    SameHostRetry = "same-host-retry",
    /// Further attempts follow at once, without the backoff.
    NoBackoff = "no-backoff",
    /// Breakers stay closed, whatever fails.
    BreakerNeverTrips = "breaker-never-trips",
    /// A breaker that has opened stays open for ever: no probe, no recovery.
    BreakerNeverRecovers = "breaker-never-recovers",
    /// Breakers open only after three times as many failures.
    BreakerTripsLate = "breaker-trips-late",
    /// One breaker stands for all backends, so that one bad backend takes the healthy ones out with it.
    GlobalBreaker = "global-breaker",
    /// A response body that the backend cut off is passed on as if it were whole.
    TruncatedAsComplete = "truncated-as-complete",
}

/// The defects that are switched on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defects<'a>(pub(crate) &'a [Defect]);

impl Defects<'_> {
    pub(crate) fn has(self, defect: Defect) -> bool {
        self.0.contains(&defect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_is_named_in_kebab_case_and_explains_itself() {
        for &defect in Defect::ALL {
            let name = defect.name();
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
            assert!(defect.docs().ends_with('.') && !defect.docs().starts_with(' '), "{}", defect.docs());
            assert_eq!(serde_json::to_value(defect).unwrap(), name);
        }
        assert_eq!(Defect::ALL.len(), 12);
    }
}
