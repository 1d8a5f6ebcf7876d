//! The document: what was run, what was found, and the figures beside it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Band, Behaviour, BreakerStrip, Distribution, Finding, Inventory, Series, Unasked, Verdict};

/// The version of the document's schema.
///
/// 2 adds what a finding rests on (`estimates`, `exposures`, `excludes`, `set_aside`, `remedy`, `policy`) and `unasked`.
/// All of it may be absent, so that a document of version 1 is one of version 2 that says less.
pub const VERSION: u32 = 2;

/// The report of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of the schema.
    pub version: u32,
    /// The version of brownout that judged.
    pub brownout: String,
    /// The worst finding's verdict, or inconclusive where there is none. A remark may limit it to inconclusive although
    /// every finding passed: the run was cut, or rows were lost.
    pub verdict: Verdict,
    /// The scenario's name.
    pub scenario: String,
    /// Where the scenario was read from, as the user named it.
    pub scenario_path: String,
    /// What the scenario is for.
    pub why: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What to do when it fails.
    pub rollback: Option<String>,
    /// The gateway's kind.
    pub gateway: String,
    /// What the gateway says its version is.
    pub gateway_version: Option<String>,
    /// True if sockets and time were simulated.
    pub simulated: bool,
    /// The seed of every draw.
    pub seed: u64,
    /// The run directory's name.
    pub run: String,
    /// Wall-clock time at the epoch, RFC 3339.
    pub started: String,
    /// Seconds from the epoch to the end.
    pub length_s: f64,
    /// What limits the whole report: a run that was cut, rows that were lost, a machine that stalled.
    pub remarks: Vec<String>,
    /// The phases, in order.
    pub phases: Vec<PhaseRow>,
    /// The traffic classes.
    pub traffic: Vec<TrafficRow>,
    /// The backends.
    pub backends: Vec<BackendRow>,
    /// Planned faults, and how often each was seen to fire.
    pub injections: Vec<InjectionRow>,
    /// Latencies by traffic class and phase.
    pub latencies: Vec<LatencyRow>,
    /// The findings, in the order of the scenario's expectations.
    pub findings: Vec<Finding>,
    /// What the evidence shows and no expectation asks about. It has no part in the verdict.
    #[serde(default)]
    pub unasked: Vec<Unasked>,
    /// The settings that the command line changed in the scenario, as `path=value`.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// The run over time.
    #[serde(default)]
    pub series: Series,
    /// What was done to the gateway itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<crate::ActionRow>,
    /// What the gateway said of itself, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<crate::GatewayMetrics>,
    /// When planned faults were in force.
    #[serde(default)]
    pub bands: Vec<Band>,
    /// What the breaker in front of each backend did.
    #[serde(default)]
    pub breakers: Vec<BreakerStrip>,
    /// Response and service times by traffic class and phase.
    #[serde(default)]
    pub distributions: Vec<Distribution>,
    /// What the gateway did, as counts that two runs can be compared by.
    #[serde(default)]
    pub behaviour: Behaviour,
    /// What took part in the run.
    #[serde(default)]
    pub inventory: Inventory,
}

impl Report {
    /// The report of a scenario that could not be run, because its file is wrong or the gateway did not start: it has no
    /// findings, and the one remark says why. So that it is missing in no document that a CI server reads.
    pub fn not_run(scenario: &str, scenario_path: &str, gateway: &str, why: &str) -> Self {
        Report {
            version: VERSION,
            brownout: env!("CARGO_PKG_VERSION").to_owned(),
            verdict: Verdict::Inconclusive,
            scenario: scenario.to_owned(),
            scenario_path: scenario_path.to_owned(),
            gateway: gateway.to_owned(),
            remarks: vec![format!("not run: {why}")],
            ..Report::default()
        }
    }

    /// The gateway's kind and version. Many say their own name with the version, and once is enough.
    pub fn gateway_named(&self) -> String {
        let kind = &self.gateway;
        match &self.gateway_version {
            Some(version) if version.to_lowercase().starts_with(&format!("{} ", kind.to_lowercase())) => {
                version.clone()
            }
            Some(version) => format!("{kind} {version}"),
            None => kind.clone(),
        }
    }

    /// False for a scenario that could not be run.
    pub fn was_run(&self) -> bool {
        !self.run.is_empty()
    }

    /// Why the verdict is not that of the findings: such a document was edited, or written by a fault of ours. `None`
    /// where they agree.
    ///
    /// A verdict may be inconclusive although every finding passed, if a remark says what limits it; it may never say
    /// more than the findings do.
    pub fn contradiction(&self) -> Option<String> {
        let broken = |finding: &&Finding| {
            finding.verdict == Verdict::Pass && finding.policy.iter().any(|row| row.verdict == Verdict::Fail)
        };
        if let Some(finding) = self.findings.iter().find(broken) {
            return Some(format!("finding `{}` is a pass, and a row of its policy failed", finding.id));
        }
        // The first of the worst, as the headline has it.
        let worst = self.findings.iter().rev().max_by_key(|finding| finding.verdict);
        match worst {
            None if self.verdict == Verdict::Inconclusive => None,
            None => Some(format!("the verdict is `{}`, and there are no findings", self.verdict)),
            Some(finding) if finding.verdict == self.verdict => None,
            // What limits the whole run holds back a pass, and nothing else.
            Some(finding)
                if finding.verdict == Verdict::Pass
                    && self.verdict == Verdict::Inconclusive
                    && !self.remarks.is_empty() =>
            {
                None
            }
            Some(finding) => Some(format!(
                "the verdict is `{}`, and finding `{}`, the worst, is `{}`",
                self.verdict, finding.id, finding.verdict
            )),
        }
    }
}

/// A phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseRow {
    /// Its name.
    pub name: String,
    /// Its start, in seconds since the epoch.
    pub from_s: f64,
    /// Its end.
    pub to_s: f64,
    /// Exchanges that were due in it.
    pub exchanges: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// Attempts that reached a backend for them.
    pub attempts: u64,
}

/// A traffic class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrafficRow {
    /// Its name.
    pub name: String,
    /// Method and path.
    pub request: String,
    /// `open loop`, or `closed loop` which hides queueing.
    pub mode: String,
    /// Exchanges that were due.
    pub exchanges: u64,
    /// Exchanges that were never sent, because too many were in flight.
    pub skipped: u64,
    /// Outcomes with their counts, most frequent first.
    pub outcomes: Vec<(String, u64)>,
    /// Statuses with their counts, most frequent first; 0 is none.
    pub statuses: Vec<(u16, u64)>,
    /// Lag of the driver, median, in milliseconds.
    pub lag_p50_ms: f64,
    /// Lag of the driver, 99th percentile, in milliseconds.
    pub lag_p99_ms: f64,
}

/// A backend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BackendRow {
    /// Its name.
    pub name: String,
    /// Attempts that reached it.
    pub attempts: u64,
    /// Those that it failed.
    pub failed: u64,
    /// Connections that it accepted.
    pub connections: u64,
    /// Untagged arrivals.
    pub probes: u64,
}

/// A planned fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InjectionRow {
    /// The phase that it belongs to.
    pub phase: String,
    /// The fault's kind.
    pub fault: String,
    /// Its settings, in the words of the scenario.
    pub settings: String,
    /// The backends.
    pub backends: Vec<String>,
    /// How often it was seen to fire: attempts, connections, or closed listeners.
    pub fired: u64,
    /// How late planned delays were, 99th percentile in milliseconds; absent without delays.
    pub delay_error_p99_ms: Option<f64>,
}

/// Latencies of a traffic class in a phase, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyRow {
    /// The traffic class.
    pub traffic: String,
    /// The phase.
    pub phase: String,
    /// `response` (done − due) or `service` (done − sent).
    pub time: String,
    /// Exchanges measured.
    pub count: u64,
    /// Median.
    pub p50_ms: f64,
    /// 90th percentile.
    pub p90_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// 99.9th percentile.
    pub p999_ms: f64,
    /// Largest.
    pub max_ms: f64,
}
