//! The page of a game day's file: every key of every table, from the JSON Schema.

use std::fmt::Write;

use serde_json::Value;

use super::Entry;
use super::keys::{of_table, resolve};

/// The word before the names of its tables.
pub(super) const GAMEDAY: &str = "gameday";

/// The tables of a file: how they are written, where the schema has them, and what has a page of its own.
const TABLES: &[(&str, &str, Option<&str>)] = &[
    ("[run]", "GameDayRun", None),
    ("schedule", "GameDaySchedule", None),
    ("[approval]", "GameDayApproval", None),
    ("[preflight]", "GameDayPreflight", None),
    (
        "[prerequisite]",
        "PrerequisiteWithPrerequisiteSettings",
        Some("One prerequisite: see [prerequisites](prerequisites.md)."),
    ),
    (
        "[stop]",
        "StopWithStopSettings",
        Some("One stop condition: see [stop conditions](stop-conditions.md)."),
    ),
    ("rollback", "GameDayRollback", None),
    ("[notify]", "GameDayNotify", None),
];

const INTRODUCTION: &str = "\
A game day is a TOML file: what is practised against which gateway, who has to agree, what ends it, and how it is undone.
`brownout gameday check FILE` finds all mistakes at once, `brownout gameday plan FILE` shows the whole day, `brownout gameday run
FILE` holds it. [Game days](../game-days.md) tells how one comes about.
";

/// The page.
pub(super) fn page() -> String {
    let schema = gamedays::schema();
    let mut page = format!("# The file of a game day\n\n{INTRODUCTION}\n## At the top\n\n");
    page.push_str(&of_table(&schema, &schema, &[]).unwrap_or_default());
    for (written, table, more) in TABLES {
        let _ = write!(page, "\n## `[{written}]`\n\n{}\n", text(&schema, table, *more));
    }
    page
}

/// Each table of the file by its name.
pub(super) fn entries() -> Vec<Entry> {
    let schema = gamedays::schema();
    let entry = |(written, table, more): &(&str, &str, Option<&str>)| Entry {
        name: written.trim_matches(['[', ']']).to_owned(),
        text: format!("Written `[{written}]` in the file of a game day. {}", text(&schema, table, *more)),
    };
    TABLES.iter().map(entry).collect()
}

/// What a table is, and its keys; for a table of kinds, where they are explained.
fn text(schema: &Value, table: &str, more: Option<&str>) -> String {
    let object = schema.pointer(&format!("/$defs/{table}")).unwrap_or(&Value::Null);
    let object = resolve(schema, object);
    let about = object.get("description").and_then(Value::as_str).unwrap_or_default();
    let keys = if more.is_some() { None } else { of_table(schema, object, &[]) };
    format!("{}\n\n{}{}", about.trim(), keys.unwrap_or_default(), more.unwrap_or_default())
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_file_is_on_the_page() {
        let page = page();
        for (written, table, more) in TABLES {
            let section = page.split(&format!("## `[{written}]`")).nth(1).unwrap_or_default();
            let section = section.split("\n## ").next().unwrap_or_default();
            assert!(section.contains("\n- `") || more.is_some_and(|more| section.contains(more)), "{table}");
        }
    }
}
