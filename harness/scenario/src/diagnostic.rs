//! What is wrong with a scenario, and where: shown with the line of the file and carets under the exact word.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario can't be run.
    Error,
    /// It can be run, but will probably not do what was meant.
    Warning,
}

/// One thing that is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, the user's words in backticks.
    pub message: String,
    /// Where, in bytes of the text that was compiled; nothing for what has no place in it.
    pub span: Option<Range<usize>>,
    /// What stands under the carets.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error with nothing but its message.
    pub fn error(message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Error, message: message.into(), span: None, label: None, help: None }
    }

    /// A warning with nothing but its message.
    pub fn warning(message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(message) }
    }

    /// With its place.
    pub fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// With words under the carets.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Shows diagnostics in the order given, one empty line between them.
///
/// `origin` is the name under which the user knows `text`; `colour` says whether the output takes ANSI colours.
pub fn render(diagnostics: &[Diagnostic], origin: &str, text: &str, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let shown = diagnostics.iter().map(|diagnostic| renderer.render(&[group(diagnostic, origin, text)]));
    shown.collect::<Vec<_>>().join("\n\n")
}

fn group<'a>(diagnostic: &'a Diagnostic, origin: &'a str, text: &'a str) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    if let Some(span) = &diagnostic.span {
        let mark = AnnotationKind::Primary.span(one_line(span, text)).label(diagnostic.label.as_deref());
        group = group.element(Snippet::source(text).path(origin).annotation(mark));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// Keeps a span inside the text, on character boundaries, and on the line where it begins: a table may be pages long.
fn one_line(span: &Range<usize>, text: &str) -> Range<usize> {
    let boundary =
        |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let start = boundary(span.start);
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
    start..boundary(span.end).clamp(start, line_end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_place_is_shown_with_carets_and_the_help_below() {
        let text = "name = \"x\"\non = [\"orders-x\"]\n";
        let diagnostic = Diagnostic::error("unknown backend `orders-x`")
            .at(17..27)
            .label("no such backend")
            .help("did you mean `orders-a`?");
        insta::assert_snapshot!(render(&[diagnostic], "retry.toml", text, false), @r#"
        error: unknown backend `orders-x`
         --> retry.toml:2:7
          |
        2 | on = ["orders-x"]
          |       ^^^^^^^^^^ no such backend
          |
          = help: did you mean `orders-a`?
        "#);
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        let diagnostics = [Diagnostic::error("no").at(0..1)];
        assert!(!render(&diagnostics, "a.toml", "x", false).contains('\u{1b}'));
        assert!(render(&diagnostics, "a.toml", "x", true).contains('\u{1b}'));
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_can_be_shown(text in "\\PC{0,20}(\n\\PC{0,9}){0,3}", start in 0usize..60, end in 0usize..60) {
            render(&[Diagnostic::warning("w").at(start..end).label("l")], "a.toml", &text, false);
        }
    }
}
