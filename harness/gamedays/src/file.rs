//! The shape of a game day's file: every key, its type and its documentation.
//!
//! Kinds of prerequisites and stop conditions are chosen by key, as faults and expectations are in a scenario.

use std::collections::BTreeSet;

use scenario::{Keyed, Located};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use crate::prerequisite::PrerequisiteSettings;
use crate::stop::StopSettings;

/// A game day: what is practised against which gateway, who has to agree, what stops it, and how all is undone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Brownout game day")]
pub(crate) struct GameDayFile {
    /// What is practised, in a line.
    pub(crate) title: Located<String>,
    /// Why: what would go wrong in production if nobody had practised it.
    pub(crate) why: Option<Located<String>>,
    /// Who answers for it: a person or a team.
    pub(crate) owner: Option<Located<String>>,
    /// Who runs it.
    pub(crate) operator: Option<Located<String>>,
    /// Who takes the notes.
    pub(crate) note_taker: Option<Located<String>>,
    /// Addresses of the runbooks that are practised.
    #[serde(default)]
    pub(crate) runbooks: Vec<Located<String>>,
    /// What has to be decided afterwards. Each stays open until somebody answers it.
    #[serde(default)]
    pub(crate) decide: Vec<Located<String>>,
    /// Hosts beyond this machine that its loads and web addresses may go to. The command line or the server has to allow each
    /// of them as well.
    #[serde(default)]
    pub(crate) allow_hosts: Vec<Located<String>>,
    /// Whether its rollback and its scenarios may run programs. The command line or the server has to allow it as well.
    #[serde(default)]
    pub(crate) allow_commands: bool,
    /// Addresses of this machine at which backends of its scenarios may listen although other machines reach them. The command line or
    /// the server has to allow each of them as well.
    #[serde(default)]
    pub(crate) allow_listen: Vec<Located<String>>,
    /// The runs, in order.
    #[serde(default)]
    pub(crate) run: Vec<RunTable>,
    /// When it comes round by itself. Without it, somebody starts it.
    pub(crate) schedule: Option<ScheduleTable>,
    /// Who has to agree before it begins.
    #[serde(default)]
    pub(crate) approval: Vec<ApprovalTable>,
    /// Web addresses that are asked last, each of which can say no.
    #[serde(default)]
    pub(crate) preflight: Vec<PreflightTable>,
    /// What has to hold before it begins. Checked, never ticked by hand.
    #[serde(default)]
    pub(crate) prerequisite: Vec<Keyed<PrerequisiteOwn, PrerequisiteSettings>>,
    /// What ends it while it runs.
    #[serde(default)]
    pub(crate) stop: Vec<Keyed<StopOwn, StopSettings>>,
    /// How all is undone, and the proof that it was.
    pub(crate) rollback: Option<RollbackTable>,
    /// Who is told.
    #[serde(default)]
    pub(crate) notify: Vec<NotifyTable>,
}

/// A run: a scenario against a gateway.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GameDayRun")]
pub(crate) struct RunTable {
    /// The scenario: a path beside this file, or a name of the library.
    pub(crate) scenario: Located<String>,
    /// The kind of gateway that takes the place of the scenario's, as `--gateway` does.
    pub(crate) gateway: Option<Located<String>>,
    /// Runs that follow each other and share this name are made at the same time.
    pub(crate) beside: Option<Located<String>>,
}

/// When a game day comes round.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GameDaySchedule")]
pub(crate) struct ScheduleTable {
    /// Five fields as cron has them: minute, hour, day of the month, month, day of the week. `0 10 * * TUE` is each Tuesday at
    /// 10:00.
    pub(crate) cron: Located<String>,
    /// The time zone by its IANA name, such as `Europe/Berlin`. Without it: UTC.
    pub(crate) zone: Option<Located<String>>,
    /// How long after its moment it may still begin; later it is missed. Without it: `1h`.
    pub(crate) window: Option<Located<Timespan>>,
}

/// How many people of a role have to agree.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GameDayApproval")]
pub(crate) struct ApprovalTable {
    /// The role that they have.
    pub(crate) role: Located<String>,
    /// How many different people. Without it: 1.
    pub(crate) count: Option<Located<u32>>,
    /// How old an approval may be when the day begins. Without it: `24h`.
    pub(crate) within: Option<Located<Timespan>>,
    /// Whether whoever asked for the day may be one of them. Without it: no.
    #[serde(default, rename = "self")]
    pub(crate) by_asker: bool,
}

/// A web address that can say no.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GameDayPreflight")]
pub(crate) struct PreflightTable {
    /// It gets a POST with what is about to begin. A status from 200 to 299 means go; anything else, and no answer, means no.
    pub(crate) url: Located<String>,
    /// How long the answer may take, up to 60 s. Without it: `5s`.
    pub(crate) within: Option<Located<Timespan>>,
}

/// A prerequisite has no keys beside its kind.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Prerequisite")]
pub(crate) struct PrerequisiteOwn {}

/// A stop condition has no keys beside its kind.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Stop")]
pub(crate) struct StopOwn {}

/// How all is undone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GameDayRollback")]
pub(crate) struct RollbackTable {
    /// The program with its arguments, word by word; no shell reads it. It runs in the directory of this file.
    pub(crate) run: Located<Vec<String>>,
    /// When it runs. Without it: on a deviation.
    #[serde(default)]
    pub(crate) when: When,
    /// A scenario that has to pass afterwards: the proof that all is undone.
    pub(crate) proof: Option<Located<String>>,
    /// How long the program may take, up to 1 h. Without it: `60s`.
    pub(crate) within: Option<Located<Timespan>>,
}

/// When a rollback runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// After each day that has begun its runs.
    Always,
    /// After each of them that was stopped, failed, or did not pass.
    #[default]
    Deviation,
    /// Never by itself.
    Never,
}

/// Who is told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GameDayNotify")]
pub(crate) struct NotifyTable {
    /// Where a `CloudEvent` (1.0, JSON) is posted.
    pub(crate) url: Located<String>,
    /// What is told. Without it: everything.
    pub(crate) on: Option<BTreeSet<Occasion>>,
    /// The secret with which it is signed, as Standard Webhooks does: `{{env.NAME}}`, never the secret itself.
    pub(crate) secret: Option<Located<String>>,
}

/// What somebody can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// The runs begin.
    Started,
    /// A stop condition or a person has ended it.
    Stopped,
    /// It came to its end.
    Finished,
    /// It could not be brought to an end, or its rollback is not proven.
    Failed,
    /// Its moment has passed without it.
    Missed,
    /// A prerequisite, an approval or a preflight said no.
    Refused,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Occasion; 6] = [
        Occasion::Started,
        Occasion::Stopped,
        Occasion::Finished,
        Occasion::Failed,
        Occasion::Missed,
        Occasion::Refused,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Occasion::Started => "started",
            Occasion::Stopped => "stopped",
            Occasion::Finished => "finished",
            Occasion::Failed => "failed",
            Occasion::Missed => "missed",
            Occasion::Refused => "refused",
        }
    }
}
