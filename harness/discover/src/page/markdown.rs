//! A profile in Markdown.

use std::fmt::Write;

use super::Page;

impl Page<'_> {
    /// The profile as Markdown, for a wiki or a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!("# What a gateway really does\n\n{}\n", cell(&self.heading()));
        for section in self.sections() {
            let _ = writeln!(text, "\n## {}\n", capital(section.title));
            if let Some(matrix) = &section.matrix {
                let methods: Vec<String> = matrix.methods.iter().map(|method| cell(method)).collect();
                let _ = writeln!(text, "| attempts after | {} |", methods.join(" | "));
                let _ = writeln!(text, "| --- |{}", " --: |".repeat(methods.len()));
                for (failure, cells) in &matrix.lines {
                    let cells: Vec<String> = cells.iter().map(|value| cell(value)).collect();
                    let _ = writeln!(text, "| {} | {} |", cell(failure), cells.join(" | "));
                }
            }
            if !section.rows.is_empty() {
                let gap = if section.matrix.is_some() { "\n" } else { "" };
                let _ = writeln!(
                    text,
                    "{gap}| what | found | rests on | experiment |\n| --- | --- | --: | --- |"
                );
            }
            for row in &section.rows {
                let [key, value, cases, experiment] =
                    [&row.key, &row.value, &row.cases, &row.experiment].map(|text| cell(text));
                let _ = writeln!(text, "| {key} | **{value}** | {cases} | {experiment} |");
            }
        }
        let unknown = self.unknown();
        if !unknown.is_empty() {
            text.push_str("\n## Not known\n\n");
        }
        for (key, why) in unknown {
            let _ = writeln!(text, "- {}: {}", cell(&key), cell(&why));
        }
        if let Some(why) = self.ended_early() {
            let _ = writeln!(text, "\n{}", cell(&why));
        }
        text
    }
}

/// Text that Markdown takes for text, also within a table.
pub(crate) fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A name such as `@someone` would call them.
            '@' => escaped.push_str("@\u{200b}"),
            '|' | '*' | '_' | '`' | '[' | ']' | '#' | '\\' | '~' => escaped.extend(['\\', letter]),
            other => escaped.push(other),
        }
    }
    escaped
}

pub(super) fn capital(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
