//! What is seen while a run goes on: on a terminal of its own (`script`), and in a file.
#![expect(clippy::disallowed_methods, reason = "a terminal is really there")]

use std::process::{Command, Stdio};

use crate::common::{Place, SMALL, Said, search_path};

/// What a run writes to a terminal of so many columns; `None` where there is no `script` to make one.
fn on_a_terminal(place: &Place, columns: u16, variables: &str, arguments: &str) -> Option<String> {
    let brownout = env!("CARGO_BIN_EXE_brownout");
    let shell = format!("stty cols {columns} rows 40; {variables} {brownout} {arguments}");
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &shell, "/dev/null"]).current_dir(place.path());
    command.env("TERM", "xterm-256color").env("PATH", search_path());
    command.env_remove("NO_COLOR").env_remove("GITHUB_ACTIONS").env_remove("RUST_LOG");
    let said = Said::of(&command.stdin(Stdio::null()).stderr(Stdio::piped()).output().ok()?);
    // On a busy machine a run may be inconclusive, which is no matter of what is drawn.
    assert!(matches!(said.code, Some(0 | 2)), "{said:?}");
    Some(said.out)
}

/// What no view says, and every report.
const REPORT: &str = "scenario  small";

/// Text without what moves the cursor and sets colours.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain += part.split_once(|letter: char| letter.is_ascii_alphabetic()).map_or("", |(_, rest)| rest);
    }
    plain
}

#[test]
fn a_terminal_shows_what_is_on_and_what_comes_of_it() {
    let place = Place::with(SMALL);
    let Some(seen) = on_a_terminal(&place, 120, "", "run s.toml") else { return };
    let text = plain(&seen);
    for words in ["steady", "no fault is on", "on now: status { code = 503, share = 0.5 } on a, b"] {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
    for words in [" s left  ", " failed: ", " planned", "last 5 s: 200 ", "p99 ", " attempts  "] {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
    assert!(!text.contains(" not planned"), "no failure of this run was unplanned:\n{text}");
}

#[test]
fn the_terminal_is_left_as_it_was_found() {
    let place = Place::with(SMALL);
    let Some(seen) = on_a_terminal(&place, 120, "", "run s.toml") else { return };
    assert_eq!(seen.matches("\x1b[?25l").count(), seen.matches("\x1b[?25h").count(), "the cursor is back");
    assert!(!seen.contains("\x1b[?1049h"), "what was on the screen before stays there");
    // What was drawn is wiped before the report is written where it stood.
    let wiped = seen.rfind("\x1b[2K").expect("lines are wiped");
    let after = plain(&seen[wiped..]);
    assert!(after.contains(REPORT) && !after.contains("s left"), "{after}");
}

#[test]
fn a_narrow_terminal_cuts_lines_and_wraps_none() {
    let place = Place::with(SMALL);
    let Some(seen) = on_a_terminal(&place, 40, "", "run s.toml") else { return };
    let drawn = plain(&seen);
    let drawn = drawn.split(REPORT).next().unwrap_or_default();
    assert!(drawn.contains("on now: status { code = 503, share = 0.5"), "{drawn}");
    assert!(!drawn.contains("share = 0.5 }"), "the forty-first column is drawn: {drawn}");
}

#[test]
fn no_color_means_none() {
    let place = Place::with(SMALL);
    let colours = |seen: &str| {
        seen.split("\x1b[")
            .skip(1)
            .any(|part| part.trim_start_matches(|it: char| it.is_ascii_digit() || it == ';').starts_with('m'))
    };
    let Some(seen) = on_a_terminal(&place, 120, "", "run s.toml") else { return };
    assert!(colours(&seen), "without it there are some");
    let seen = on_a_terminal(&place, 120, "NO_COLOR=1", "run s.toml").unwrap_or_default();
    assert!(!colours(&seen), "{seen:?}");
}

#[test]
fn where_nobody_watches_lines_tell_the_same() {
    let place = Place::with(&SMALL.replace("\"1500ms\"", "\"6s\""));
    let said = place.say(&["run", "s.toml"]);
    let lines: Vec<&str> = said.err.lines().collect();
    assert!(lines[1].contains("steady  (") && lines[1].ends_with("; no fault is on"), "{}", said.err);
    assert!(lines[2].contains("outage  (") && lines[2].contains("; on now: status"), "{}", said.err);
    assert!(lines[3].contains("last 5 s: 200 ") && lines[3].contains(" planned; on now: "), "{}", said.err);
    assert_eq!(lines.len(), 4, "{}", said.err);
    assert!(!said.err.contains('\x1b'), "{}", said.err);
}
