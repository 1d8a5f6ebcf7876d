//! What the command line changes in a scenario: applied to its text, so that places, diagnostics and evidence all
//! speak of what is really run.

use std::fmt::Write;

use gateways::GatewaySettings;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::diagnostic::Diagnostic;
use crate::file::Kinds;
use crate::names::{listed, nearest};

/// What the command line changes in a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `KEY=VALUE` with a dotted key and a TOML value: `traffic.reads.rate="200/s"`. Entries of lists are named by
    /// their number from 0, or by their `name`: `phase.outage.for="5s"` and `phase.1.for="5s"` are the same.
    pub set: Vec<String>,
    /// Another seed.
    pub seed: Option<u64>,
    /// Another kind of gateway, with the settings that the file has for this kind, or else with its defaults.
    pub gateway: Option<String>,
}

impl Overrides {
    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        *self == Overrides::default()
    }
}

/// The text with the overrides in it. The text must be TOML, otherwise it comes back as it is, for the parser to
/// say where it is broken.
pub(crate) fn apply(text: &str, overrides: &Overrides) -> Result<String, Vec<Diagnostic>> {
    let Ok(mut document) = text.parse::<DocumentMut>() else {
        return Ok(text.to_owned());
    };
    if overrides.is_empty() {
        return Ok(text.to_owned());
    }
    let mut wrong = Vec::new();
    if let Some(kind) = &overrides.gateway {
        wrong.extend(choose_gateway(&mut document, kind).err());
    }
    if let Some(seed) = overrides.seed {
        match i64::try_from(seed) {
            Ok(seed) => put(document.as_table_mut(), "seed", Item::Value(seed.into())),
            Err(_) => wrong.push(Diagnostic::error(format!(
                "the seed {seed} is too large: TOML integers end at {}",
                i64::MAX
            ))),
        }
    }
    for assignment in &overrides.set {
        wrong.extend(set(&mut document, assignment).err());
    }
    if wrong.is_empty() { Ok(document.to_string()) } else { Err(wrong) }
}

/// Keeps the file's table of the kind if it has one, and puts an empty one in place of any other.
fn choose_gateway(document: &mut DocumentMut, kind: &str) -> Result<(), Diagnostic> {
    let names = || GatewaySettings::ALL.iter().map(|kind| kind.name);
    if !names().any(|name| name == kind) {
        let mut help = format!("the kinds are {}", listed(names()));
        if let Some(near) = nearest(kind, names()) {
            help = format!("did you mean `{near}`? {help}");
        }
        return Err(
            Diagnostic::error(format!("`--gateway {kind}`: unknown gateway kind `{kind}`")).help(help)
        );
    }
    let kept = document.get("gateway").and_then(|gateway| gateway.get(kind)).cloned();
    let other = || {
        let mut table = Table::new();
        for (key, ours) in [("metrics", ["path", "url"]), ("access_log", ["file", "pattern"])] {
            if asks_for(document, key, ours) {
                table.insert(key, Item::Value(Value::InlineTable(InlineTable::new())));
            }
        }
        Item::Table(table)
    };
    let table = kept.unwrap_or_else(other);
    let mut gateway = Table::new();
    gateway.set_implicit(true);
    gateway.insert(kind, table);
    document.insert("gateway", Item::Table(gateway));
    Ok(())
}

/// Whether the file's gateway tells its metrics, or writes its log, as its kind does, with nothing said of the user's `own`: any
/// other kind is to do the same in its own way then.
fn asks_for(document: &DocumentMut, key: &str, own: [&str; 2]) -> bool {
    let tables = document.get("gateway").and_then(Item::as_table_like);
    let mut tables = tables.into_iter().flat_map(TableLike::iter);
    let asked = tables.find_map(|(_, table)| table.get(key)?.as_table_like());
    asked.is_some_and(|asked| own.into_iter().all(|key| !asked.contains_key(key)))
}

fn set(document: &mut DocumentMut, assignment: &str) -> Result<(), Diagnostic> {
    let bad = |why: &str| Diagnostic::error(format!("`--set {assignment}`: {why}"));
    let Some((key, value)) = assignment.split_once('=') else {
        return Err(bad("expected KEY=VALUE").help("for example `--set 'traffic.reads.rate=\"200/s\"'`"));
    };
    let path = toml_edit::Key::parse(key.trim()).map_err(|_| {
        bad("the key is not a dotted TOML key")
            .help("for example `phase.outage.for` or `gateway.reference.defects`")
    })?;
    let value: Value = value
        .trim()
        .parse()
        .map_err(|_| bad(&format!("the value `{}` is not TOML", value.trim())).help(quoted(key, value)))?;
    let steps: Vec<&str> = path.iter().map(toml_edit::Key::get).collect();
    let Some((last, way)) = steps.split_last() else {
        return Err(bad("the key is empty"));
    };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    let mut way = way.iter();
    while let Some(step) = way.next() {
        let item = table.entry(step).or_insert_with(|| Item::Table(implicit()));
        table = if item.is_array_of_tables() || item.is_array() {
            let Some(entry) = way.next() else {
                return Err(bad(&format!("`{step}` is a list: its entry must be named")));
            };
            entry_of(item, entry).map_err(|why| bad(&why).help(format!("for example `{step}.0.{last}`")))?
        } else {
            item.as_table_like_mut().ok_or_else(|| bad(&format!("`{step}` is a value, not a table")))?
        };
    }
    put(table, last, Item::Value(value));
    Ok(())
}

fn implicit() -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table
}

/// Sets a key and keeps the place and the comments that it has in the file.
fn put(table: &mut dyn TableLike, key: &str, mut item: Item) {
    let decor = table.get(key).and_then(Item::as_value).map(|old| old.decor().clone());
    if let (Some(decor), Some(value)) = (decor, item.as_value_mut()) {
        *value.decor_mut() = decor;
    }
    table.insert(key, item);
}

/// The entry of a list of tables, by its number or its `name`.
fn entry_of<'d>(list: &'d mut Item, entry: &str) -> Result<&'d mut dyn TableLike, String> {
    let mut names = String::new();
    let mut found = entry.parse::<usize>().ok();
    let own_names: Vec<Option<String>> = match list {
        Item::ArrayOfTables(tables) => tables.iter().map(|table| name_of(table)).collect(),
        Item::Value(Value::Array(values)) => {
            values.iter().map(|value| value.as_inline_table().and_then(|table| name_of(table))).collect()
        }
        _ => Vec::new(),
    };
    for (index, name) in own_names.iter().enumerate() {
        if name.as_deref() == Some(entry) {
            found = found.or(Some(index));
        }
        let _ = write!(
            names,
            "{}`{}`",
            if index == 0 { "" } else { ", " },
            name.as_deref().unwrap_or(&index.to_string())
        );
    }
    let missing = || format!("there is no entry `{entry}`, only {names}");
    let index = found.ok_or_else(missing)?;
    let table: Option<&mut dyn TableLike> = match list {
        Item::ArrayOfTables(tables) => tables.get_mut(index).map(|table| table as &mut dyn TableLike),
        Item::Value(Value::Array(values)) => values
            .get_mut(index)
            .and_then(Value::as_inline_table_mut)
            .map(|table| table as &mut dyn TableLike),
        _ => None,
    };
    table.ok_or_else(missing)
}

fn name_of(table: &dyn TableLike) -> Option<String> {
    table.get("name").and_then(Item::as_str).map(str::to_owned)
}

fn quoted(key: &str, value: &str) -> String {
    let plain = value.trim().trim_matches(['"', '\'']);
    format!("text needs quotes, and the shell takes one pair away: `--set '{}=\"{plain}\"'`", key.trim())
}
