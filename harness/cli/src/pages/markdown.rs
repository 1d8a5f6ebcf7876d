//! The reference pages as Markdown files.

use std::fmt::Write;

use super::rooms::{Room, rooms};
use super::{gameday_file, scenario_file};

const ORIGIN: &str =
    "<!-- Made by `brownout explain --all --out docs/reference`; edit the source instead. -->\n\n";

/// Every reference page: its file's name and its text.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    let rooms = rooms();
    let mut files: Vec<_> = rooms.iter().map(|room| (room.file, format!("{ORIGIN}{}", page(room)))).collect();
    files.push(("scenario-file.md", format!("{ORIGIN}{}", scenario_file::page())));
    files.push(("game-days.md", format!("{ORIGIN}{}", gameday_file::page())));
    files
}

fn page(room: &Room) -> String {
    let mut page = format!("# {}\n\n{}\n", room.title, room.about);
    for entry in &room.entries {
        let _ = write!(page, "\n## `{}`\n\n{}\n", entry.name, below(entry.text.trim()));
    }
    page
}

/// Headings of the first level become those of the third: they stand under an entry of a page. Each gets a blank line
/// after it, as Markdown wants it.
fn below(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        match line.strip_prefix("# ").filter(|_| !fenced) {
            Some(heading) => {
                let _ = write!(shown, "### {heading}\n\n");
            }
            None => {
                let _ = writeln!(shown, "{line}");
            }
        }
    }
    shown.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_sink_and_comments_in_examples_stay() {
        assert_eq!(
            below("About.\n\n# Example\n```toml\n# a comment\n```"),
            "About.\n\n### Example\n\n```toml\n# a comment\n```"
        );
    }
}
