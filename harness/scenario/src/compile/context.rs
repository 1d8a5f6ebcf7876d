//! What all topics work on: the scenario, its text, and what is wrong with it so far.

use std::ops::Range;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Severity};
use crate::document::Lines;
use crate::file::{Located, Scenario};

/// The longest name of a backend, phase or traffic class, in bytes.
const NAME_MAX: usize = 64;

/// Far more than are shown at a time.
const HELPED_MAX: usize = 200;

/// What all topics work on.
pub(super) struct Context<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) text: &'a str,
    pub(super) lines: &'a Lines,
    pub(super) base: &'a Path,
    pub(super) wrong: Vec<Diagnostic>,
}

impl Context<'_> {
    /// Notes an error at a place; the words for label and help are added to what comes back.
    pub(super) fn error(&mut self, span: &Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        self.note(Diagnostic::error(message).at(span.clone()))
    }

    /// Notes a warning at a place.
    pub(super) fn warning(&mut self, span: &Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        self.note(Diagnostic::warning(message).at(span.clone()))
    }

    /// True if anything is wrong so far that keeps the scenario from being run.
    pub(super) fn has_failed(&self) -> bool {
        self.wrong.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// True if something was said of this place already.
    pub(super) fn is_blamed(&self, span: &Range<usize>) -> bool {
        self.wrong.iter().any(|diagnostic| diagnostic.span.as_ref() == Some(span))
    }

    pub(super) fn note(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.wrong.push(diagnostic);
        let last = self.wrong.len() - 1;
        &mut self.wrong[last]
    }

    /// Checks a name that ends up in tags, file names and gateway configurations.
    pub(super) fn check_name(&mut self, what: &str, name: &Located<String>) {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(fits) {
            self.error(&name.span, format!("`{}` can't be the name of a {what}", name.escape_debug())).help =
                Some(format!("names have 1 to {NAME_MAX} letters, digits, `-`, `_` and `.`"));
        }
    }

    /// The index of a name, or an error with the nearest one.
    pub(super) fn resolve(
        &mut self,
        what: &str,
        plural: &str,
        name: &Located<String>,
        known: &[&str],
    ) -> Option<usize> {
        let found = known.iter().position(|known| *known == name.as_str());
        if found.is_none() {
            // The nearest name is looked for as long as somebody may read of it.
            let read = self.wrong.len() < HELPED_MAX;
            let help = read.then(|| crate::names::help(name, what, plural, known));
            let noted = self.error(&name.span, format!("unknown {what} `{}`", name.escape_debug()));
            noted.label = Some(format!("no {what} has this name"));
            noted.help = help;
        }
        found
    }
}
