//! The page of the scenario file: every key of every table, from the JSON Schema.

use std::fmt::Write;

use serde_json::Value;

use super::Entry;
use super::keys::{of_table, resolve};

/// The tables of a file: how they are written, where the schema has them, and keys that have pages of their own.
const TABLES: &[(&str, &str, &[&str])] = &[
    ("backends", "Backends", &[]),
    ("backend.NAME", "Backend", &[]),
    ("traffic.NAME", "Traffic", &[]),
    ("traffic.NAME.body", "Body", &[]),
    ("traffic.NAME.abort", "TrafficAbort", &[]),
    ("traffic.NAME.upload", "TrafficUpload", &[]),
    ("traffic.NAME.stall", "TrafficStall", &[]),
    ("traffic.NAME.read", "TrafficRead", &[]),
    ("traffic.NAME.expect_continue", "TrafficExpectContinue", &[]),
    ("mix.NAME", "Mix", &[]),
    ("policy", "Policy", &[]),
    ("policy.timeout", "Timeouts", &[]),
    ("policy.retry", "Retry", &[]),
    ("policy.retry.backoff", "Backoff", &[]),
    ("policy.retry.retry_after", "RetryAfter", &[]),
    ("policy.retry.budget", "RetryBudget", &[]),
    ("policy.breaker", "Breaker", &[]),
    ("policy.breaker.trip", "Trip", &[]),
    ("policy.limit", "Limit", &[]),
    ("policy.rate_limit", "RateLimit", &[]),
    ("policy.affinity", "Affinity", &[]),
    ("policy.request_headers", "RequestHeaders", &[]),
    ("policy.credentials.NAME", "Credential", &[]),
    ("[phase]", "Phase", &[]),
    ("phase.traffic.NAME", "PhaseTraffic", &[]),
    ("[phase.act]", "ActionWithActionSettings", action_names()),
    ("[phase.inject]", "InjectionWithFaultSettings", fault_names()),
    ("[expect]", "ExpectationWithExpectationSettings", expectation_names()),
    ("record", "Record", &[]),
    ("limits", "Limits", &[]),
    ("driver", "Driver", &[]),
];

const INTRODUCTION: &str = "\
A scenario is a TOML file. A kind (of gateway, fault, action, expectation) is chosen by its key, durations and rates are
text with units, and an unknown key is an error that points at it. `brownout schema` prints the JSON Schema of the file,
by which editors complete it; `brownout check FILE` finds all mistakes at once; `brownout plan FILE` shows what the
file resolves to.
";

/// The page.
pub(super) fn page() -> String {
    let schema = scenario::schema();
    let mut page = format!("# The scenario file\n\n{INTRODUCTION}\n## At the top\n\n");
    page.push_str(&of_table(&schema, &schema, &[]).unwrap_or_default());
    for (written, table, but) in TABLES {
        let _ = write!(page, "\n## `[{written}]`\n\n{}\n", text(&schema, written, table, but));
    }
    page
}

/// Each table of the file by its name, such as `policy.retry` or `phase.traffic`.
pub(super) fn entries() -> Vec<Entry> {
    let schema = scenario::schema();
    let entry = |(written, table, but): &(&str, &str, &[&str])| Entry {
        name: written.trim_matches(['[', ']']).replace(".NAME", ""),
        text: format!("Written `[{written}]`. {}", text(&schema, written, table, but)),
    };
    TABLES.iter().map(entry).collect()
}

/// What a table is, and its keys.
fn text(schema: &Value, written: &str, table: &str, but: &[&str]) -> String {
    let object = schema.pointer(&format!("/$defs/{table}")).unwrap_or(&Value::Null);
    let object = resolve(schema, object);
    let about = object.get("description").and_then(Value::as_str).unwrap_or_default();
    let keys = of_table(schema, object, but).unwrap_or_default();
    let more = more(written).map(|more| format!("\n{more}\n")).unwrap_or_default();
    format!("{}\n\n{keys}{more}", about.trim()).trim_end().to_owned()
}

fn more(written: &str) -> Option<&'static str> {
    match written {
        "[phase.act]" => Some("And one action: see [actions](actions.md)."),
        "[phase.inject]" => Some("And one fault: see [faults](faults.md)."),
        "[expect]" => Some("And one expectation: see [expectations](expectations.md)."),
        _ => None,
    }
}

const fn fault_names() -> &'static [&'static str] {
    const KINDS: &[units::Kind] = fake_backends::fault::FaultSettings::KINDS;
    const NAMES: [&str; KINDS.len()] = names(KINDS);
    &NAMES
}

const fn action_names() -> &'static [&'static str] {
    const KINDS: &[units::Kind] = gateways::ActionSettings::KINDS;
    const NAMES: [&str; KINDS.len()] = names(KINDS);
    &NAMES
}

const fn expectation_names() -> &'static [&'static str] {
    const KINDS: &[units::Kind] = judge::ExpectationSettings::KINDS;
    const NAMES: [&str; KINDS.len()] = names(KINDS);
    &NAMES
}

const fn names<const N: usize>(kinds: &[units::Kind]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut index = 0;
    while index < N {
        names[index] = kinds[index].name;
        index += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_file_is_on_the_page() {
        let page = page();
        for (written, table, _) in TABLES {
            let section = page.split(&format!("## `[{written}]`")).nth(1).unwrap_or_default();
            let section = section.split("\n## ").next().unwrap_or_default();
            assert!(section.contains("\n- `"), "`{table}` is not in the schema, or has no keys");
        }
    }
}
