//! From a file, or its text, to a plan.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::compile::compile;
use crate::diagnostic::{Diagnostic, Severity, render};
use crate::document::{keys_of, lines_under, place};
use crate::file::Scenario;
use crate::overrides::{Overrides, apply};
use crate::plan::Plan;
use crate::wording::reword;

/// The longest scenario that is read, in bytes.
pub const TEXT_MAX: u64 = 1 << 20;

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Everything resolved.
    pub plan: Plan,
    /// The text that was compiled: the file with every override in it.
    pub text: String,
    /// The name under which the user knows the text.
    pub origin: String,
    /// What will probably not do what was meant.
    pub warnings: Vec<Diagnostic>,
}

impl Loaded {
    /// The warnings as people read them; empty without any.
    pub fn render_warnings(&self, colour: bool) -> String {
        render(&self.warnings, &self.origin, &self.text, colour)
    }

    /// Where a key stands, to be put before what is wrong with it: `FILE:LINE:COLUMN: `; empty if it is not in the text.
    pub fn place_of(&self, key: &str) -> String {
        let Some(span) = place(&self.text, key) else { return String::new() };
        let before = &self.text[..span.start];
        let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
        format!("{}:{}:{column}: ", self.origin, before.matches('\n').count() + 1)
    }
}

/// Why a scenario can't be run: everything that is wrong with it, in the order of the file.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Failure {
    /// What is wrong, errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The name under which the user knows the text.
    pub origin: String,
    /// The text that the places are in.
    pub text: String,
}

impl Failure {
    /// The diagnostics as people read them.
    pub fn render(&self, colour: bool) -> String {
        render(&self.diagnostics, &self.origin, &self.text, colour)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Reads and compiles a scenario file.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Failure> {
    let origin = path.display().to_string();
    let base =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    match read_text(path, "scenario") {
        Ok(text) => load_text(&origin, &text, base, overrides),
        Err(diagnostic) => Err(Failure { diagnostics: vec![diagnostic], origin, text: String::new() }),
    }
}

/// The text of a file that is a `what`, such as a scenario: not more than [`TEXT_MAX`] of it.
pub fn read_text(path: &Path, what: &str) -> Result<String, Diagnostic> {
    let shown = path.display();
    let unreadable = |source: std::io::Error| {
        let help = match source.kind() {
            std::io::ErrorKind::NotFound if what == "scenario" => {
                "check the path; `brownout list scenarios` shows the built-in scenarios".to_owned()
            }
            std::io::ErrorKind::NotFound => "check the path".to_owned(),
            std::io::ErrorKind::PermissionDenied => {
                "the file exists, but this user may not read it".to_owned()
            }
            _ => format!("a {what} is a regular file"),
        };
        Diagnostic::error(format!("{shown}: the {what} can't be read: {}", io_words(&source))).help(help)
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(TEXT_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > TEXT_MAX {
        return Err(too_long(&shown.to_string(), what));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Diagnostic::error(format!("{shown}: not UTF-8 text, from byte {at} on"))
            .help(format!("a {what} is a TOML file"))
    })
}

/// What the system said, without its error number.
pub(crate) fn io_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    words.to_lowercase()
}

fn too_long(origin: &str, what: &str) -> Diagnostic {
    Diagnostic::error(format!("{origin}: the {what} is longer than 1 MiB"))
        .help(format!("a {what} is a TOML file of some hundred lines"))
}

/// Compiles the text of a scenario.
///
/// `origin` is the name under which the user knows it, `base` the directory from which paths in it are looked up.
pub fn load_text(origin: &str, text: &str, base: &Path, overrides: &Overrides) -> Result<Loaded, Failure> {
    let failure =
        |diagnostics, text: &str| Failure { diagnostics, origin: origin.to_owned(), text: text.to_owned() };
    if text.len() as u64 > TEXT_MAX {
        return Err(failure(vec![too_long(origin, "scenario")], ""));
    }
    let file = text;
    let text = apply(file, overrides).map_err(|diagnostics| failure(diagnostics, file))?;
    let scenario: Scenario = toml::from_str(&text).map_err(|error| failure(vec![reword(&error)], &text))?;
    let (plan, mut diagnostics) = compile(&scenario, &text, base);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.as_ref().map_or(0, |span| span.start));
    let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    match plan {
        Some(mut plan) if !failed => {
            point_at_the_file(&mut plan, file, &text);
            Ok(Loaded { plan, text, origin: origin.to_owned(), warnings: diagnostics })
        }
        _ => Err(failure(diagnostics, &text)),
    }
}

/// Overrides move lines, and a report points at the file that people have before them: at the same key, or else at the
/// first of the same expectation. One that an override adds stands nowhere, and a key of the policy in its table.
fn point_at_the_file(plan: &mut Plan, file: &str, text: &str) {
    let (before, after) = (keys_of(file, "expect"), keys_of(text, "expect"));
    // Of several on a line, the first one counts: it is put in last.
    let tables = after.iter().enumerate().rev();
    let keys = tables.flat_map(|(index, keys)| keys.iter().rev().map(move |key| (index, key)));
    let by_line: HashMap<u32, (usize, &str)> =
        keys.map(|(index, (name, at))| (*at, (index, name.as_str()))).collect();
    let in_file = |line: u32| {
        let (index, name) = *by_line.get(&line)?;
        let keys = before.get(index)?;
        let same = keys.iter().find(|(key, _)| key == name).or(keys.first())?;
        Some(same.1)
    };
    for demand in &mut plan.demands {
        demand.line = demand.line.and_then(in_file);
    }
    plan.brief.policy_lines = lines_under(file, "policy");
}
