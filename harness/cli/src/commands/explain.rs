//! `brownout explain`: the reference page of anything that has a name.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::args;
use crate::exit::Exit;
use crate::output::{complain, harmless, print};
use crate::pages::{self, Entry};

pub(crate) fn explain(args: &args::Explain) -> Result<Exit> {
    match (&args.what, &args.out) {
        (Some(what), _) => explain_one(what),
        (None, Some(dir)) => write_all(dir),
        (None, None) => Ok(Exit::Usage),
    }
}

fn explain_one(what: &str) -> Result<Exit> {
    let (room, name) = what.split_once('/').map_or((None, what), |(room, name)| (Some(room), name));
    let rooms = pages::rooms();
    let mut found: Vec<(&str, &Entry)> = Vec::new();
    for candidate in rooms.iter().filter(|candidate| room.is_none_or(|room| room == candidate.word)) {
        found.extend(
            candidate.entries.iter().filter(|entry| entry.name == name).map(|entry| (candidate.word, entry)),
        );
    }
    if found.is_empty() {
        complain(&unknown(what, &rooms.iter().map(|room| room.word).collect::<Vec<_>>()));
        return Ok(Exit::Usage);
    }
    for (index, (word, entry)) in found.into_iter().enumerate() {
        let gap = if index > 0 { "\n" } else { "" };
        print(&format_args!("{gap}{word} {}\n\n{}\n", entry.name, entry.text.trim()))?;
    }
    Ok(Exit::Pass)
}

fn unknown(what: &str, rooms: &[&str]) -> String {
    let listings = "`brownout list` shows scenarios, faults, expectations, gateways, defects and formats";
    format!("error: nothing is called `{what}`\nhelp: {listings}; rooms are {}", rooms.join(", "))
}

/// Writes `docs/reference`.
fn write_all(dir: &Path) -> Result<Exit> {
    fs::create_dir_all(dir).with_context(|| format!("{}", dir.display()))?;
    for (name, text) in pages::files() {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("{}", path.display()))?;
        print(&harmless(&format!("{}\n", path.display())))?;
    }
    Ok(Exit::Pass)
}
