//! What was done to the gateway itself during the run, for every format in the same words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::escape;

/// The most actions that are told one by one.
pub(crate) const ACTIONS_MAX: usize = 64;

/// Something that was planned to be done to the gateway, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionRow {
    /// Its kind: `reload`.
    pub kind: String,
    /// Its settings as the scenario words them.
    pub settings: String,
    /// The phase that it belongs to.
    pub phase: String,
    /// When it began, in seconds since the epoch; when it was planned, if it never did.
    pub from_s: f64,
    /// When it was over; absent if it never began.
    pub to_s: Option<f64>,
    /// What became of it: `done`, `down`, `failed`, `unfinished`; `never began` if it is not on record.
    pub outcome: String,
    /// What was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

impl ActionRow {
    /// `reload { backends = ["green"] }`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", escape::name(&self.kind), escape::plain(&self.settings, 200))
    }

    /// `done, 3.000 s to 3.012 s`, with what was said. Nothing is rounded to more: actions take milliseconds.
    pub(crate) fn words(&self) -> String {
        let when = match self.to_s {
            Some(to) => format!("{:.3} s to {to:.3} s", self.from_s),
            None => format!("planned for {:.3} s", self.from_s),
        };
        let said = self.said.as_deref().map(|said| format!(": {}", escape::sentence(said)));
        format!("{}, {when}{}", escape::name(&self.outcome), said.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_reads_as_a_line_whatever_became_of_it() {
        let done = ActionRow {
            kind: "reload".into(),
            settings: "{ backends = [\"b\"] }".into(),
            phase: "moving".into(),
            from_s: 3.0,
            to_s: Some(3.25),
            outcome: "done".into(),
            said: None,
        };
        insta::assert_snapshot!(format!("{}: {}", done.name(), done.words()), @r#"reload { backends = ["b"] }: done, 3.000 s to 3.250 s"#);
        let never = ActionRow { to_s: None, outcome: "never began".into(), ..done.clone() };
        insta::assert_snapshot!(never.words(), @"never began, planned for 3.000 s");
        let failed = ActionRow { outcome: "failed".into(), said: Some("no\u{1b}such file".into()), ..done };
        assert!(!failed.words().contains('\u{1b}'), "{}", failed.words());
    }
}
