//! From a file, or its text, to a game day: parsed and diagnosed as scenarios are.

use std::path::Path;

use scenario::{Diagnostic, Failure, Severity, read_text, reword, schema_of};
use serde_json::Value;

use crate::day::GameDay;
use crate::file::GameDayFile;
use crate::resolve::resolve;

/// What such a file is called in errors.
const WHAT: &str = "game day";

/// The JSON Schema (draft 2020-12) of a game day's file.
pub fn schema() -> Value {
    schema_of::<GameDayFile>()
}

/// Reads a game day's file, and the scenarios that it names.
pub fn load(path: &Path) -> Result<GameDay, Failure> {
    let origin = path.display().to_string();
    let base = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match read_text(path, WHAT) {
        Ok(text) => load_text(&origin, &text, base.unwrap_or(Path::new("."))),
        Err(diagnostic) => Err(Failure { diagnostics: vec![diagnostic], origin, text: String::new() }),
    }
}

/// Reads the text of a game day's file.
///
/// `origin` is the name under which the user knows it, and its stem is the name of the game day; `base` is the directory from
/// which paths in it are looked up.
pub fn load_text(origin: &str, text: &str, base: &Path) -> Result<GameDay, Failure> {
    let failure = |diagnostics| Failure { diagnostics, origin: origin.to_owned(), text: text.to_owned() };
    let file: GameDayFile = toml::from_str(text).map_err(|error| failure(vec![reword(&error)]))?;
    let (mut day, mut diagnostics) = resolve(&file, base);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.as_ref().map_or(0, |span| span.start));
    match name_of(origin) {
        Ok(name) => day.name = name,
        Err(diagnostic) => diagnostics.insert(0, diagnostic),
    }
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(failure(diagnostics));
    }
    Ok(GameDay { origin: origin.to_owned(), text: text.to_owned(), warnings: diagnostics, ..day })
}

/// The name of a game day: it is the name of a directory as well.
fn name_of(origin: &str) -> Result<String, Diagnostic> {
    let stem = Path::new(origin).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if !stem.is_empty() && stem.len() <= 60 && !stem.starts_with('.') && stem.chars().all(fits) {
        return Ok(stem);
    }
    let message = format!("`{stem}` can't be the name of a game day");
    Err(Diagnostic::error(message)
        .help("name the file with up to 60 letters, digits, `-`, `_` and `.`, such as `checkout.toml`"))
}

#[cfg(test)]
mod tests {
    use units::Kind;

    use super::*;
    use crate::{PrerequisiteSettings, StopSettings};

    fn examples(table: &str, kinds: &[Kind]) {
        for kind in kinds {
            let example = units::chapter(&(kind.docs)(), "Example").unwrap();
            let line = example.trim_matches('`');
            let text = format!("title = \"t\"\n[[run]]\nscenario = \"first-look\"\n[[{table}]]\n{line}\n");
            let file: Result<GameDayFile, _> = toml::from_str(&text);
            assert!(file.is_ok() && line.starts_with(kind.name), "{}: {:?}", kind.name, file.err());
        }
    }

    #[test]
    fn the_example_of_each_kind_can_be_read() {
        examples("prerequisite", PrerequisiteSettings::KINDS);
        examples("stop", StopSettings::KINDS);
    }

    #[test]
    fn the_file_that_the_page_about_game_days_writes_piece_by_piece_can_be_read() {
        let page = include_str!("../../../docs/game-days.md");
        let pieces = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
        let (mut top, mut tables) = (String::new(), String::new());
        for piece in pieces {
            // What stands before the first table belongs to the top of the file.
            let first = piece.find("\n[").map_or(piece.len(), |at| at + 1);
            let at = if piece.starts_with('[') { 0 } else { first };
            top.push_str(&piece[..at]);
            tables.push_str(&piece[at..]);
        }
        let day = load_text("checkout.toml", &format!("{top}{tables}"), Path::new("."));
        let day = day.unwrap_or_else(|failure| panic!("{failure}"));
        assert!(day.prerequisites.len() == 2 && day.stops.len() == 2 && day.rollback.is_some());
    }

    #[test]
    fn a_name_that_is_no_name_of_a_directory_is_refused() {
        for name in ["..toml", "a b.toml", "/x/.toml", "ü.toml"] {
            assert!(name_of(name).is_err(), "{name}");
        }
        assert_eq!(name_of("gamedays/checkout-2.toml").unwrap(), "checkout-2");
    }

    #[test]
    fn what_an_approval_is_given_for_changes_with_the_file() {
        let digest = |title: &str| {
            let text = format!("title = \"{title}\"\n[[run]]\nscenario = \"first-look\"\n");
            load_text("a.toml", &text, Path::new(".")).unwrap().digest()
        };
        assert_eq!(digest("a"), digest("a"));
        assert_ne!(digest("a"), digest("b"));
    }
}
