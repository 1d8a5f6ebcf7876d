//! The report as a JSON document, to be kept, compared and rendered again.

use std::io;

use serde::Deserialize;

use super::{Format, FormatKind, Options};
use crate::{Report, VERSION};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "json",
    summary: "The whole report as a JSON document with a versioned schema.",
    docs: "The whole report, pretty-printed, in the order of its schema (`report-v2.json`). The same report gives \
           the same bytes, so two can be compared with `diff`. It is the only format that can be read back: any \
           other can be made from it later.",
    ending: "json",
    several: false,
    make: |_: Options| Box::new(Json),
};

/// The largest document that is read, in bytes. A report of 500 findings with five witnesses each has about 3 MB.
pub const READ_BYTES_MAX: usize = 64 << 20;

struct Json;

impl Format for Json {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let text = serde_json::to_string_pretty(report)?;
        // JSON has no word for a figure that is not finite. A document that could not be read back is worse than
        // an error now, because it is found later.
        serde_json::from_str::<Report>(&text).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("a figure is not finite: {error}"))
        })?;
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")
    }
}

/// Why a document is not a report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The document is larger than any report.
    #[error("the report has {found} bytes, the limit is {limit}")]
    TooLarge {
        /// Bytes of the document.
        found: usize,
        /// The largest that is read.
        limit: usize,
    },
    /// The document was written by a newer brownout.
    #[error(
        "the report has schema version {found}, this brownout reads versions up to {supported}\n\
         help: render it with the brownout that wrote it, or judge its run directory again with `brownout analyze`"
    )]
    Newer {
        /// The version of the document.
        found: u64,
        /// The newest version that can be read.
        supported: u32,
    },
    /// The document's version never existed.
    #[error("the report has schema version {found}, the first version is 1")]
    NoSuchVersion {
        /// The version of the document.
        found: u64,
    },
    /// The verdict is not that of the findings.
    #[error(
        "{contradiction}\n\
         help: the file was changed after it was written; `brownout analyze` judges the run directory again"
    )]
    Contradiction {
        /// What is said of what.
        contradiction: String,
    },
    /// The document is not JSON, or not of the schema.
    #[error("not a report")]
    Shape(#[from] serde_json::Error),
}

/// Reads a report that was written as JSON.
///
/// The version is looked at first, so that a newer document is refused for what it is and not for a field. An older one
/// becomes one of this version. A verdict that its own findings deny is refused, and never rendered.
pub fn read(text: &str) -> Result<Report, ReadError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }

    if text.len() > READ_BYTES_MAX {
        return Err(ReadError::TooLarge { found: text.len(), limit: READ_BYTES_MAX });
    }
    match serde_json::from_str::<Versioned>(text)?.version {
        0 => Err(ReadError::NoSuchVersion { found: 0 }),
        found if found > u64::from(VERSION) => Err(ReadError::Newer { found, supported: VERSION }),
        _ => whole(serde_json::from_str(text)?),
    }
}

fn whole(mut report: Report) -> Result<Report, ReadError> {
    if let Some(contradiction) = report.contradiction() {
        return Err(ReadError::Contradiction { contradiction });
    }
    report.version = VERSION;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Verdict, sample};

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        Json.render(report, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn a_report_is_read_back_as_it_was_written() {
        let report = sample::report();
        let text = written(&report);
        assert_eq!(read(&text).expect("it was written here"), report);
        assert_eq!(written(&read(&text).expect("it was written here")), text, "byte for byte");
    }

    #[test]
    fn a_newer_version_is_refused_by_its_number() {
        let text = r#"{ "version": 9, "unheard_of": [] }"#;
        let error = read(text).expect_err("version 9 does not exist yet");
        assert!(matches!(error, ReadError::Newer { found: 9, supported: VERSION }));
        insta::assert_snapshot!(error, @r"
        the report has schema version 9, this brownout reads versions up to 2
        help: render it with the brownout that wrote it, or judge its run directory again with `brownout analyze`
        ");
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for text in
            ["", "{", "[]", "null", "{}", r#"{"version":-1}"#, r#"{"version":1}"#, r#"{"version":"1"}"#]
        {
            assert!(matches!(read(text), Err(ReadError::Shape(_))), "{text}");
        }
        assert!(matches!(read(r#"{"version":0}"#), Err(ReadError::NoSuchVersion { found: 0 })));
    }

    #[test]
    fn deep_nesting_and_huge_documents_are_refused() {
        assert!(matches!(read(&"[".repeat(1 << 20)), Err(ReadError::Shape(_))));
        let huge = " ".repeat(READ_BYTES_MAX + 1);
        assert!(matches!(read(&huge), Err(ReadError::TooLarge { .. })));
    }

    #[test]
    fn a_figure_that_is_not_finite_is_an_error_and_not_a_broken_document() {
        let mut report = sample::report();
        report.latencies[0].p99_ms = f64::NAN;
        let mut out = Vec::new();
        let error = Json.render(&report, &mut out).expect_err("JSON has no NaN");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(out.is_empty());
    }

    /// The committed text of a file, after it was written anew if that was asked for.
    fn committed(file: &str, expected: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(file);
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, expected).expect("the schema's folder is committed");
        }
        std::fs::read_to_string(&path).expect("the file is committed")
    }

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let schema = schemars::schema_for!(Report);
        let expected = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
        let committed = committed("report-v2.json", &expected);
        assert!(committed == expected, "the types have changed; run this test with UPDATE_SCHEMA=1");
    }

    #[test]
    fn a_report_that_was_kept_can_still_be_read() {
        let kept = committed("report-v2.sample.json", &written(&sample::report()));
        assert_eq!(read(&kept).expect("it is of this version"), sample::report());
    }

    #[test]
    fn a_report_of_the_first_version_says_less_and_is_rendered_in_every_format() {
        let kept = include_str!("../../schema/report-v1.sample.json");
        let report = read(kept).expect("version 1 is supported");
        assert_eq!((report.version, report.verdict, report.findings.len()), (VERSION, Verdict::Fail, 3));
        assert!(report.unasked.is_empty() && report.findings.iter().all(|one| one.estimates.is_empty()));
        for kind in crate::format::FORMATS {
            let mut out = Vec::new();
            (kind.make)(Options::default()).render(&report, &mut out).expect("a vector takes all bytes");
            // Markdown escapes what would be markup.
            let text = String::from_utf8_lossy(&out).replace('\\', "");
            assert!(text.contains("no_replay"), "{}", kind.name);
        }
    }

    #[test]
    fn a_verdict_that_its_findings_deny_is_refused() {
        let refused = |change: fn(&mut Report)| {
            let mut report = sample::report();
            change(&mut report);
            read(&written(&report)).map(|_| ()).map_err(|error| error.to_string())
        };
        let error = refused(|report| report.verdict = Verdict::Pass).expect_err("a finding failed");
        insta::assert_snapshot!(error, @r"
        the verdict is `pass`, and finding `brownout/writes/no_replay`, the worst, is `fail`
        help: the file was changed after it was written; `brownout analyze` judges the run directory again
        ");
        for change in [
            |report: &mut Report| report.verdict = Verdict::Inconclusive,
            |report: &mut Report| report.findings.retain(|finding| finding.verdict == Verdict::Pass),
            |report: &mut Report| report.findings.clear(),
            |report: &mut Report| {
                report.verdict = Verdict::Pass;
                report.findings.clear();
            },
            |report: &mut Report| {
                report.verdict = Verdict::Inconclusive;
                report.findings.truncate(1);
                report.remarks.clear();
            },
        ] {
            assert!(refused(change).is_err_and(|error| error.contains("help: ")));
        }
    }

    #[test]
    fn a_remark_may_hold_back_a_pass() {
        let mut report = sample::report();
        report.verdict = Verdict::Inconclusive;
        report.findings.retain(|finding| finding.verdict == Verdict::Pass);
        report.remarks = vec!["the run was cut: nothing is on record after 3 s".to_owned()];
        assert!(read(&written(&report)).is_ok());
    }

    #[test]
    fn the_schema_file_is_named_after_the_version() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/report-v{VERSION}.json"));
        assert!(path.exists());
    }
}
