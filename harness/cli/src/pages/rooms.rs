//! What there is to be explained, by room.

use std::fmt::Write;

use gateways::reference::Defect;
use units::Kind;

use super::{gameday_file, keys, scenario_file, words};
use crate::catalogue::{Described, families};

/// Things of one sort, and the page that they share.
pub(crate) struct Room {
    /// The word for one of them: `fault`.
    pub(crate) word: &'static str,
    /// The page's title.
    pub(crate) title: &'static str,
    /// The page's file.
    pub(crate) file: &'static str,
    /// What they are.
    pub(crate) about: &'static str,
    /// All of them, in the order of their registry.
    pub(crate) entries: Vec<Entry>,
}

/// One thing that has a name.
pub(crate) struct Entry {
    /// The name by which files, reports or shells call it.
    pub(crate) name: String,
    /// What it is, in Markdown with headings of the first level.
    pub(crate) text: String,
}

/// The word for a table of the scenario file.
pub(crate) const KEY: &str = "key";

/// Every room, those included that have no page of their own: tables of the scenario file, whose page is made apart, and
/// columns, which stand on the page of their table.
pub(crate) fn all_rooms() -> Vec<Room> {
    let mut all = rooms();
    let file = "scenario-file.md";
    all.push(Room {
        word: KEY,
        title: "Tables of the scenario file",
        file,
        about: "",
        entries: scenario_file::entries(),
    });
    all.push(Room {
        word: gameday_file::GAMEDAY,
        title: "Tables of a game day's file",
        file: "game-days.md",
        about: "",
        entries: gameday_file::entries(),
    });
    all.push(Room {
        word: "column",
        title: "Columns of the evidence",
        file: "evidence.md",
        about: "",
        entries: columns(),
    });
    all
}

/// Every room that has a page.
pub(super) fn rooms() -> Vec<Room> {
    let room = |word, title, file, about, entries| Room { word, title, file, about, entries };
    vec![
        room("fault", "Faults", "faults.md", FAULTS, faults()),
        room("action", "Actions", "actions.md", ACTIONS, actions()),
        room("expectation", "Expectations", "expectations.md", EXPECTATIONS, expectations()),
        room("scenario", "The scenario library", "scenarios.md", SCENARIOS, scenarios()),
        room("gateway", "Gateways", "gateways.md", GATEWAYS, gateways()),
        room("defect", "Defects of the reference gateway", "defects.md", DEFECTS, defects()),
        room("format", "Report formats", "formats.md", FORMATS, formats()),
        room("export", "Exports", "exports.md", EXPORTS, exports()),
        room("evidence", "Evidence", "evidence.md", EVIDENCE, tables()),
        room(
            "prerequisite",
            "Prerequisites of game days",
            "prerequisites.md",
            PREREQUISITES,
            prerequisites(),
        ),
        room("stop", "Stop conditions of game days", "stop-conditions.md", STOPS, stops()),
        room("verdict", "Verdicts", "verdicts.md", VERDICTS, listed(words::VERDICTS)),
        room("exit", "Exit codes", "exit-codes.md", EXITS, listed(words::EXIT_CODES)),
        room("outcome", "Outcomes", "outcomes.md", OUTCOMES, words::outcomes()),
    ]
}

const PREREQUISITES: &str = "What has to hold before a game day begins. A `[[prerequisite]]` of its file has one; it is checked \
    after the approvals, and never ticked by hand.";

const STOPS: &str = "What ends a game day while it runs. A `[[stop]]` of its file has one; all of them are looked at several \
    times a second, and the first that is met ends all runs: no request is sent later than a second after.";

const FAULTS: &str = "What a fake backend does wrong. A `[[phase.inject]]` names the backends in `on`, has one fault, and \
    is in force during its phase, or from `from` on and for `for` if these are given. Several faults combine. Which \
    attempts a `share` hits depends on the seed, the tag and the number of the attempt alone.";

const ACTIONS: &str = "What is done to the gateway itself. A `[[phase.act]]` has one action and begins `at` that time of its \
    phase. What a gateway has no means for is refused before the run. Each is on record with when it began, when it was over \
    and what became of it; what rests on one that was not carried out is inconclusive.";

const EXPECTATIONS: &str = "What is demanded of the gateway. An `[[expect]]` has one expectation and looks at the \
    exchanges that were due in the phase `in`, of the traffic class `traffic`; without them, at every phase and all \
    traffic. `settle` leaves out the start of the phase. Each is judged *pass*, *inconclusive* or *fail*.";

const SCENARIOS: &str = "The scenarios that the binary carries, by family: `brownout run retry-503` runs one of them, \
    `brownout run faults/` a family, `brownout plan NAME` shows all that one resolves to.";

const GATEWAYS: &str = "What can be tested. A scenario has one table named by its kind, such as `[gateway.haproxy]`; \
    `--gateway KIND` replaces it. Kinds that brownout starts get a configuration made from `[policy]`, or the user's \
    own file. What a gateway can't express of a policy is refused before the run.";

const DEFECTS: &str = "What the reference gateway can be told to do wrong, with `defects = [\"retries-post\"]` in \
    `[gateway.reference]`. Each is caught by an expectation of the library; the correct gateway passes them all.";

const FORMATS: &str = "Ways to write a report: `--report FORMAT=PATH` on `run` and `analyze`, or `brownout report \
    RUN --format FORMAT --out PATH` later.";

const EXPORTS: &str = "The evidence of a run for other tools: `brownout export RUN --NAME`, into the directory `NAME` of the \
    run.";

const EVIDENCE: &str = "The tables of a run, with the columns that an export has. The Arrow streams in the run directory \
    hold the same with numbers in place of names, and without units.";

const VERDICTS: &str = "What a finding says. The worst finding decides: pass < inconclusive < fail.";

const EXITS: &str = "What the exit code of `run` and `analyze` says. With several scenarios, a proven failure wins, \
    then what kept brownout from judging.";

const OUTCOMES: &str = "How an exchange ended, seen from the client: the words of the column `outcome` and of \
    witnesses.";

fn prerequisites() -> Vec<Entry> {
    kinds_of(
        &gamedays::schema(),
        gamedays::PrerequisiteSettings::KINDS,
        "PrerequisiteWithPrerequisiteSettings",
    )
}

fn stops() -> Vec<Entry> {
    kinds_of(&gamedays::schema(), gamedays::StopSettings::KINDS, "StopWithStopSettings")
}

fn faults() -> Vec<Entry> {
    kinds(fake_backends::fault::FaultSettings::KINDS, "InjectionWithFaultSettings")
}

fn actions() -> Vec<Entry> {
    kinds(gateways::ActionSettings::KINDS, "ActionWithActionSettings")
}

fn expectations() -> Vec<Entry> {
    kinds(judge::ExpectationSettings::KINDS, "ExpectationWithExpectationSettings")
}

fn scenarios() -> Vec<Entry> {
    families().iter().flat_map(|family| &family.scenarios).map(scenario_entry).collect()
}

/// What a scenario is for, and which faults are on in which phase.
fn scenario_entry(scenario: &Described) -> Entry {
    let mut text =
        format!("{}\n\nTakes {}; owned by {}.\n\n", scenario.why(), scenario.length(), scenario.owner());
    for phase in scenario::describe(&scenario.loaded.plan).phases {
        let faults = if phase.faults.is_empty() { "no fault".to_owned() } else { phase.faults.join("; ") };
        let _ = writeln!(text, "- {}: {faults}", phase.title);
    }
    Entry { name: scenario.name.to_owned(), text }
}

fn gateways() -> Vec<Entry> {
    kinds(gateways::GatewaySettings::KINDS, "GatewayWithGatewaySettings")
}

/// Kinds with the documentation of their settings, and their keys from the schema.
fn kinds(kinds: &[Kind], table: &str) -> Vec<Entry> {
    kinds_of(&scenario::schema(), kinds, table)
}

fn kinds_of(schema: &serde_json::Value, kinds: &[Kind], table: &str) -> Vec<Entry> {
    let entry = |kind: &Kind| {
        let mut text = (kind.docs)().trim().to_owned();
        if let Some(keys) = keys::of_kind(schema, table, kind.name) {
            text = format!("{text}\n\n# Keys\n{keys}");
        }
        Entry { name: kind.name.to_owned(), text }
    };
    kinds.iter().map(entry).collect()
}

fn defects() -> Vec<Entry> {
    let entry = |defect: Defect| {
        let (scenario, expectation) = defect.caught();
        let text = format!(
            "{}\n\nSource: {}\n\nCaught by `{expectation}` in the scenario `{scenario}`.",
            defect.docs(),
            defect.source()
        );
        Entry { name: defect.name().to_owned(), text }
    };
    Defect::all().map(entry).collect()
}

fn formats() -> Vec<Entry> {
    let entry = |kind: &reports::format::FormatKind| Entry {
        name: kind.name.to_owned(),
        text: format!(
            "{}\n\n{}\n\nThe usual ending of its files is `.{}`.",
            kind.summary, kind.docs, kind.ending
        ),
    };
    reports::format::FORMATS.iter().map(entry).collect()
}

fn exports() -> Vec<Entry> {
    let entry = |kind: &export::ExportKind| Entry {
        name: kind.name.to_owned(),
        text: format!("{}\n\n{}", kind.summary, kind.docs),
    };
    export::EXPORTS.iter().map(entry).collect()
}

fn tables() -> Vec<Entry> {
    let entry = |table: export::Described| {
        let rows = table.columns.iter().map(|(name, docs)| format!("| `{name}` | {docs} |\n"));
        let columns = rows.collect::<String>();
        let docs = table.docs.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        let text = format!("{}\n\n| column | what it says |\n| --- | --- |\n{columns}", docs.trim());
        Entry { name: table.name.to_owned(), text }
    };
    export::tables().into_iter().map(entry).collect()
}

/// Each column by the name of its table and its own.
fn columns() -> Vec<Entry> {
    let of = |table: export::Described| {
        let entry = move |(name, docs): (String, String)| Entry {
            name: format!("{}.{name}", table.name),
            text: docs,
        };
        table.columns.into_iter().map(entry).collect::<Vec<_>>()
    };
    export::tables().into_iter().flat_map(of).collect()
}

fn listed(words: &[(&str, &str)]) -> Vec<Entry> {
    let entry = |(name, text): &(&str, &str)| Entry { name: (*name).to_owned(), text: (*text).to_owned() };
    words.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_has_a_name_is_explained_and_no_name_is_there_twice_in_a_room() {
        for room in all_rooms() {
            let mut names: Vec<&str> = room.entries.iter().map(|entry| entry.name.as_str()).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert!(names.len() == all && all > 1, "{}", room.word);
            let least = if room.word == "column" { 5 } else { 20 };
            for entry in &room.entries {
                assert!(entry.text.len() > least, "{}/{}", room.word, entry.name);
            }
        }
    }

    #[test]
    fn the_keys_of_a_kind_come_from_the_schema() {
        let faults = faults();
        let status = faults.iter().find(|entry| entry.name == "status").unwrap();
        assert!(status.text.contains("\n# Keys\n"), "{}", status.text);
        assert!(status.text.contains("\n- `code` (whole number): The status code"), "{}", status.text);
    }
}
