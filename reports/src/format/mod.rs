//! The formats that a report is written in.
//!
//! A new format is one file here (its kind, its rendering, its tests), its `mod` line, and its line in the registry
//! below. A format shows what the report says and works nothing out.

mod github;
pub(crate) mod html;
mod json;
mod junit;
pub(crate) mod markdown;
mod openmetrics;
mod sarif;
mod summary;
mod terminal;
mod xunit;

use std::fmt;
use std::io;

pub use json::{READ_BYTES_MAX, ReadError, read};

use crate::Report;

/// Every format, in the order in which lists show them.
pub static FORMATS: &[FormatKind] = &[
    terminal::KIND,
    json::KIND,
    junit::KIND,
    xunit::KIND,
    html::KIND,
    summary::KIND,
    markdown::KIND,
    github::KIND,
    sarif::KIND,
    openmetrics::KIND,
];

/// A way to write a report.
pub trait Format {
    /// Writes the report. The same report gives the same bytes; what fails is only the writing itself.
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()>;

    /// Writes the reports of several runs as one document, where [`FormatKind::several`] says that there is one: each
    /// after the other, unless the format has an envelope around them. One report alone gives what `render` gives.
    fn render_all(&self, reports: &[Report], out: &mut dyn io::Write) -> io::Result<()> {
        reports.iter().try_for_each(|report| self.render(report, out))
    }
}

/// What the reader of a report can show. Only formats for people heed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// True if colour may be used. Who renders decides by terminal and `NO_COLOR`.
    pub colour: bool,
    /// Columns of the terminal. Less than 40 is treated as 40, more than 240 as 240.
    pub width: u16,
}

impl Default for Options {
    fn default() -> Self {
        Options { colour: false, width: 100 }
    }
}

/// A format in the registry.
#[derive(Clone, Copy)]
pub struct FormatKind {
    /// The name by which it is chosen.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub summary: &'static str,
    /// What it contains and who reads it, in Markdown.
    pub docs: &'static str,
    /// The usual ending of its files, without the dot.
    pub ending: &'static str,
    /// True if a document may hold the reports of several runs; false if each needs a file of its own.
    pub several: bool,
    /// Makes the format.
    pub make: fn(Options) -> Box<dyn Format>,
}

impl fmt::Debug for FormatKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormatKind")
            .field("name", &self.name)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

/// The format of a name.
pub fn find(name: &str) -> Option<&'static FormatKind> {
    FORMATS.iter().find(|kind| kind.name == name)
}

/// The terminal's format, for who has just made the evidence and says where it lies.
pub fn terminal_of_run(options: Options, evidence: &str) -> Box<dyn Format> {
    terminal::with_evidence(options, evidence)
}

/// The closing table of several runs as text for a terminal, for who showed each report when it was made; nothing for
/// a single one.
pub fn summary(reports: &[Report], options: Options) -> String {
    terminal::summary(reports, options)
}

#[cfg(test)]
mod tests;
