//! Places in files, as formats for machines tell them.

use std::fmt::Write;

use crate::{Report, escape};

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, as it was named.
    file: String,
    /// The line, from 1.
    pub(crate) line: u32,
    /// The column, from 1.
    pub(crate) column: Option<u32>,
}

impl Place {
    /// A line of the scenario; its first one where none is known.
    pub(crate) fn in_scenario(report: &Report, line: Option<u32>) -> Self {
        Place { file: report.scenario_path.clone(), line: line.unwrap_or(1).max(1), column: None }
    }

    /// The file as a relative reference (RFC 3986, section 4.2); one that is named from the root as `file:`.
    pub(crate) fn uri(&self) -> String {
        let plain = escape::plain(&self.file, 300);
        let plain = plain.trim_start_matches("./");
        let mut uri = String::from(if plain.starts_with('/') { "file://" } else { "" });
        for byte in plain.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                // Writing to a string can't fail.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
        if uri.is_empty() { "unknown".into() } else { uri }
    }
}

/// Reads `haproxy.cfg:15:13` or `haproxy.cfg:15`.
pub(crate) fn read(text: &str) -> Option<Place> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
    let (before, last) = text.rsplit_once(':')?;
    let last = number(last)?;
    match before.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?))) {
        Some((file, line)) if !file.is_empty() => {
            Some(Place { file: file.to_owned(), line, column: Some(last) })
        }
        _ => (!before.is_empty()).then(|| Place { file: before.to_owned(), line: last, column: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_with_a_line_and_perhaps_a_column() {
        let place = |text: &str| read(text).map(|place| (place.uri(), place.line, place.column));
        assert_eq!(place("a b.cfg:15:13"), Some(("a%20b.cfg".into(), 15, Some(13))));
        assert_eq!(place("./x/a:1.cfg:15"), Some(("x/a%3A1.cfg".into(), 15, None)));
        assert_eq!(place("/etc/haproxy.cfg:1:2"), Some(("file:///etc/haproxy.cfg".into(), 1, Some(2))));
        assert_eq!(["haproxy.cfg", "a:0", ":1", "", "a:x:y"].map(place), [None, None, None, None, None]);
    }
}
