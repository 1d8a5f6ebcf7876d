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
