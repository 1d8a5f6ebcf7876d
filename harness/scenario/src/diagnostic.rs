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

/// The most that is shown at a time: nobody reads more before the first ones are mended, and each is looked up in the text.
const SHOWN_MAX: usize = 20;

/// Shows diagnostics in the order given, one empty line between them: errors before warnings where there are more than can
/// be shown, and then how many more there are.
///
/// `origin` is the name under which the user knows `text`; `colour` says whether the output takes ANSI colours.
pub fn render(diagnostics: &[Diagnostic], origin: &str, text: &str, colour: bool) -> String {
    let text = &concealed(text);
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let shown = worst(diagnostics);
    let rest = rest(diagnostics.len() - shown.len());
    let shown = shown.into_iter().map(|diagnostic| renderer.render(&[group(diagnostic, origin, text)]));
    shown.chain(rest).collect::<Vec<_>>().join("\n\n")
}

/// The text without user names and passwords of addresses, byte for byte as long as before: what is shown ends up in logs.
fn concealed(text: &str) -> String {
    let mut shown = text.to_owned();
    let mut from = 0;
    while let Some(start) = shown[from..].find("://").map(|at| from + at + "://".len()) {
        let ends = |letter: char| letter.is_whitespace() || "\"'`".contains(letter);
        let end = shown[start..].find(ends).map_or(shown.len(), |length| start + length);
        if let Some(at) = shown[start..end].rfind('@') {
            shown.replace_range(start..start + at, &"*".repeat(at));
        }
        from = end;
    }
    shown
}

/// Those that are shown, in the order given.
fn worst(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut order: Vec<usize> = (0..diagnostics.len()).collect();
    order.sort_by_key(|index| diagnostics[*index].severity);
    order.truncate(SHOWN_MAX);
    order.sort_unstable();
    order.into_iter().map(|index| &diagnostics[index]).collect()
}

/// How many are not shown.
fn rest(count: usize) -> Option<String> {
    (count > 0).then(|| format!("… and {count} more; mend these first"))
}

fn group<'a>(diagnostic: &'a Diagnostic, origin: &'a str, text: &'a str) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(concealed(&diagnostic.message)));
    if let Some(span) = &diagnostic.span {
        let mark = AnnotationKind::Primary.span(one_line(span, text)).label(diagnostic.label.as_deref());
        group = group.element(Snippet::source(text).path(origin).annotation(mark));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(concealed(help)));
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

    #[test]
    fn a_password_in_an_address_is_never_shown() {
        let text = "address = \"http://ann:s3crét@127.0.0.1:8080\" # mail@example.com\n";
        let diagnostic =
            Diagnostic::error("`http://ann:s3crét@127.0.0.1:8080` no").at(10..47).help("x://b@c");
        let shown = render(&[diagnostic], "a.toml", text, false);
        assert!(!shown.contains("ann") && !shown.contains("s3cr") && !shown.contains("b@"), "{shown}");
        assert!(shown.contains("@127.0.0.1:8080") && shown.contains("mail@example.com"), "{shown}");
    }

    #[test]
    fn of_very_many_the_errors_are_shown_first_and_the_rest_is_counted() {
        let text = "on = 1\n".repeat(8000);
        let warnings = (0..7000).map(|line| Diagnostic::warning("odd").at(line * 7..line * 7 + 2));
        let errors = (7000..8000).map(|line| Diagnostic::error("wrong").at(line * 7..line * 7 + 2));
        let all: Vec<Diagnostic> = warnings.chain(errors).collect();
        let shown = render(&all, "a.toml", &text, false);
        assert_eq!(shown.matches("error: wrong").count(), SHOWN_MAX);
        assert!(
            !shown.contains("warning") && shown.ends_with("… and 7980 more; mend these first"),
            "{shown}"
        );
        assert!(!render(&all[..20], "a.toml", &text, false).contains("more"));
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_can_be_shown(text in "\\PC{0,20}(\n\\PC{0,9}){0,3}", start in 0usize..60, end in 0usize..60) {
            render(&[Diagnostic::warning("w").at(start..end).label("l")], "a.toml", &text, false);
        }
    }
}
