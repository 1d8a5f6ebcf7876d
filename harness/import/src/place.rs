//! The files that are imported, and places in them.

use std::fmt;
use std::ops::Range;

/// The longest file that is read, in bytes. API Management takes policies of up to 256 KiB, and templates of up to 4 MiB.
pub const TEXT_MAX: usize = 4 << 20;

/// The most files that are imported at a time.
pub const FILES_MAX: usize = 256;

/// The files that are imported, by the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<(String, String)>,
}

/// A place in one of the files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The number of the file, from 0.
    pub file: usize,
    /// The first byte of it, and the one behind the last.
    pub start: usize,
    /// See `start`.
    pub end: usize,
}

/// A place as people read it: `main.bicep:12:5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
}

impl Place {
    pub(crate) fn new(file: usize, span: Range<usize>) -> Self {
        Place { file, start: span.start, end: span.end }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Sources {
    /// Adds a file by the name under which the user knows it.
    pub fn add(&mut self, name: &str, text: String) {
        self.files.push((name.to_owned(), text));
    }

    /// The names of all files and their texts.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The name of a file.
    pub fn name(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |(name, _)| name)
    }

    /// The text of a file.
    pub fn text(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |(_, text)| text)
    }

    /// Where a place is, as people count.
    pub fn position(&self, place: &Place) -> Position {
        let text = self.text(place.file);
        let mut at = place.start.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Position {
            file: self.name(place.file).to_owned(),
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        sources.add("a.xml", "<a>\n  é<b/>".into());
        let at = |start| sources.position(&Place { file: 0, start, end: start }).to_string();
        assert_eq!(at(0), "a.xml:1:1");
        assert_eq!(at(8), "a.xml:2:4");
        // Inside of a character, and beyond the end.
        assert_eq!(at(7), "a.xml:2:3");
        assert_eq!(at(99), "a.xml:2:8");
    }
}
