//! `brownout explain`: the reference page of anything that has a name.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::args;
use crate::exit::Exit;
use crate::output::{complain, harmless, print};
use crate::pages::{self, Entry, KEY, Room};

/// The most names of a sort that the overview shows.
const NAMES_MAX: usize = 12;

pub(crate) fn explain(args: &args::Explain) -> Result<Exit> {
    match (&args.what, &args.out) {
        (Some(what), _) => explain_one(what),
        (None, Some(dir)) => write_all(dir),
        (None, None) => overview(),
    }
}

/// What there is to be explained, sort by sort.
fn overview() -> Result<Exit> {
    print(
        &"`brownout explain NAME` prints the page of anything below; `SORT/NAME` where a name has several meanings.\n",
    )?;
    for room in pages::all_rooms() {
        let names: Vec<&str> = room.entries.iter().map(|entry| entry.name.as_str()).collect();
        let shown = names[..names.len().min(NAMES_MAX)].join(", ");
        let more = names.len().saturating_sub(NAMES_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        print(&format_args!("\n{}: {}\n  {shown}{more}\n", room.word, room.title))?;
    }
    Ok(Exit::Pass)
}

fn explain_one(what: &str) -> Result<Exit> {
    let rooms = pages::all_rooms();
    let found = find(&rooms, what);
    if found.is_empty() {
        complain(&unknown(what, &rooms));
        return Ok(Exit::Usage);
    }
    for (index, (word, entry)) in found.into_iter().enumerate() {
        let gap = if index > 0 { "\n" } else { "" };
        print(&format_args!("{gap}{word} {}\n\n{}\n", entry.name, entry.text.trim()))?;
    }
    Ok(Exit::Pass)
}

/// Everything of that name, with the word of its room: by its whole name, or by `ROOM/NAME`; else by the last part of a
/// name with parts, such as `retry` for the key `policy.retry`, or a column of a table.
fn find<'r>(rooms: &'r [Room], what: &str) -> Vec<(&'static str, &'r Entry)> {
    let matching = |room: Option<&str>, is_it: &dyn Fn(&str) -> bool| -> Vec<(&'static str, &'r Entry)> {
        let rooms = rooms.iter().filter(|candidate| room.is_none_or(|room| room == candidate.word));
        let entries = rooms.flat_map(|room| room.entries.iter().map(move |entry| (room.word, entry)));
        entries.filter(|(_, entry)| is_it(&entry.name)).collect()
    };
    let last = |name: &str, wanted: &str| name.rsplit_once('.').is_some_and(|(_, last)| last == wanted);
    let split = what.split_once('/');
    let mut found = matching(None, &|name| name == what);
    // A key of the file is meant as often as the expectation that has its name.
    found.extend(matching(Some(KEY), &|name| last(name, what)));
    if let Some((room, wanted)) = split.filter(|_| found.is_empty()) {
        found = matching(Some(room), &|name| name == wanted);
        if found.is_empty() {
            found = matching(Some(room), &|name| last(name, wanted));
        }
    }
    if found.is_empty() { matching(None, &|name| last(name, what)) } else { found }
}

fn unknown(what: &str, rooms: &[Room]) -> String {
    let names = rooms.iter().flat_map(|room| room.entries.iter().map(|entry| entry.name.as_str()));
    let near =
        scenario::nearest(what, names).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let words: Vec<&str> = rooms.iter().map(|room| room.word).collect();
    format!(
        "error: nothing is called `{what}`\nhelp: {near}`brownout explain` shows what there is; it is sorted into {}",
        words.join(", ")
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(what: &str) -> Vec<String> {
        let rooms = pages::all_rooms();
        find(&rooms, what).iter().map(|(room, entry)| format!("{room} {}", entry.name)).collect()
    }

    #[test]
    fn a_name_is_found_with_all_its_meanings() {
        assert_eq!(found("policy"), ["expectation policy", "key policy"]);
        assert_eq!(found("retry"), ["key policy.retry"]);
        assert_eq!(found("phase"), ["key phase"]);
        assert_eq!(found("traffic"), ["key traffic", "key phase.traffic"]);
        assert_eq!(found("breaker"), ["expectation breaker", "key policy.breaker"]);
        assert_eq!(found("retry-503"), ["scenario retry-503"]);
        assert_eq!(found("faults/throttle"), ["scenario faults/throttle"]);
        assert_eq!(found("throttle"), ["fault throttle"]);
    }

    #[test]
    fn everything_is_found_by_its_name_and_by_its_room_and_name() {
        let rooms = pages::all_rooms();
        for room in &rooms {
            for entry in &room.entries {
                let is_it = |found: &[(&str, &Entry)]| {
                    found.iter().any(|(word, one)| (*word, &one.name) == (room.word, &entry.name))
                };
                assert!(is_it(&find(&rooms, &entry.name)), "{}", entry.name);
                let whole = format!("{}/{}", room.word, entry.name);
                assert!(is_it(&find(&rooms, &whole)), "{whole}");
                assert!(!entry.text.trim().is_empty(), "{whole}");
            }
        }
    }

    #[test]
    fn a_column_is_found_by_its_own_name_only_where_nothing_else_has_it() {
        assert_eq!(found("answer_bytes"), ["column attempts.answer_bytes"]);
        assert_eq!(found("attempts.number"), ["column attempts.number"]);
        assert_eq!(found("status"), ["fault status", "expectation status"]);
        assert_eq!(found("column/status").len(), 4, "{:?}", found("column/status"));
    }

    #[test]
    fn a_room_before_the_name_leaves_the_others_out() {
        assert_eq!(found("fault/status"), ["fault status"]);
        assert_eq!(found("key/retry"), ["key policy.retry"]);
        assert_eq!(found("scenario/faults/throttle"), ["scenario faults/throttle"]);
        assert_eq!(found("fault/breaker"), Vec::<String>::new());
    }

    #[test]
    fn who_mistypes_is_told_the_nearest_name() {
        assert!(
            unknown("thrott", &pages::all_rooms()).contains("did you mean"),
            "{}",
            unknown("thrott", &pages::all_rooms())
        );
    }
}
