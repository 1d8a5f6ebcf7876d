//! What is seen while a run goes on: on a terminal of its own (`script`), in a file, and in the log.

use std::process::{Command, Stdio};

use crate::common::{Place, SMALL, Said, search_path, snapshot};

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

/// What a simulated run says with this much `-v`, without the time before each line.
fn log(verbosity: &[&str]) -> String {
    let place = Place::with(SMALL);
    let said = place.say(&[&["run", "s.toml", "--simulate", "--seed", "7"], verbosity].concat()).ended(0);
    let lines = said.err.lines().map(|line| match line.split_once("Z ") {
        Some((time, rest)) if !time.contains(' ') => rest.trim_start().to_owned() + "\n",
        _ => line.to_owned() + "\n",
    });
    lines.collect()
}

#[test]
fn v_tells_how_the_gateway_was_started_and_the_phases() {
    snapshot("log-v", &log(&["-v"]));
}

#[test]
fn vv_tells_every_retry_with_its_phase_its_request_and_its_backend() {
    let text = log(&["-vv"]);
    let retries: Vec<&str> = text.lines().filter(|line| line.contains("a request was tried again")).collect();
    let told = retries.iter().filter(|line| {
        line.contains(":phase{name=\"outage\"}:exchange{tag=")
            && line.contains(":attempt{number=2 backend=\"")
    });
    // Half of 300 first attempts are answered with 503; 200 of them would be more than ten deviations off.
    assert_eq!(told.count(), retries.len(), "{text}");
    assert!((100..200).contains(&retries.len()), "{}", retries.len());
    assert!(!text.contains("an exchange is over"), "{text}");
}

#[test]
fn vvv_tells_every_exchange_and_every_attempt() {
    let text = log(&["-vvv"]);
    assert_eq!(text.matches("an exchange is over").count(), 400);
    let retries = text.matches("a request was tried again").count();
    assert_eq!(text.matches("an attempt is over").count(), 400 + retries);
    assert!(text.lines().any(|line| line.starts_with("TRACE run{scenario=\"small\" gateway=\"reference\" seed=7}:phase{name=\"steady\"}:exchange{tag=0}: ")), "{text}");
}

#[test]
fn a_breaker_is_seen_to_open_in_the_log() {
    let broken = SMALL
        .replace("share = 0.5", "share = 1.0")
        .replace("[\"a\", \"b\"]", "[\"a\"]")
        .replace("\"1500ms\"", "\"4s\"")
        .replace("[backend.a]", "breaker = { trip = { consecutive = 5 }, open_for = \"2s\" }\n[backend.a]");
    let place = Place::with(&broken);
    let said = place.say(&["run", "s.toml", "--simulate", "-vv"]);
    for words in ["a breaker opened", "a backend gets nothing, and others do", "a backend is asked again"] {
        assert!(said.err.contains(words), "`{words}` is missing in:\n{}", said.err);
    }
}
