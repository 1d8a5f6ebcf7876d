//! What the formats have in common, and how they read.

use std::path::Path;

use super::{Answer, Change, Comparison, ComparisonFormat, Overlay, sample};
use crate::format::Options;
use crate::history::{History, HistoryRun};

const ALL: [ComparisonFormat; 4] =
    [ComparisonFormat::Terminal, ComparisonFormat::Markdown, ComparisonFormat::Html, ComparisonFormat::Json];

fn written(format: ComparisonFormat, comparison: &Comparison) -> String {
    let mut out = Vec::new();
    format.render(comparison, Options::default(), &mut out).expect("a vector takes all bytes");
    String::from_utf8(out).expect("text is UTF-8")
}

/// Text that would act in a terminal, a page or a comment.
const HOSTILE: &str = "\x1b[2J</title><script>alert(1)</script>\" onload=\"x | a\n# heading @team";

fn hostile() -> Comparison {
    let text = || HOSTILE.to_owned();
    let mut comparison = sample::comparison();
    comparison.scenario = text();
    comparison.remarks = vec![text()];
    comparison.before.run = text();
    comparison.before.gateway = text();
    for change in &mut comparison.changes {
        let acts = Change {
            id: text(),
            what: text(),
            before: text(),
            after: text(),
            because: text(),
            needed: Some(text()),
            ..change.clone()
        };
        *change = acts;
    }
    comparison.overlays.push(Overlay {
        what: text(),
        before: vec![(0, 0)],
        after: vec![(u64::MAX, u64::MAX)],
    });
    comparison
}

#[test]
fn the_answer_stands_first_and_what_changed_next() {
    insta::assert_snapshot!("terminal", written(ComparisonFormat::Terminal, &sample::comparison()));
}

#[test]
fn a_comment_shows_what_changed_and_folds_the_rest() {
    insta::assert_snapshot!("markdown", written(ComparisonFormat::Markdown, &sample::comparison()));
}

#[test]
fn json_is_read_back_as_it_was_written() {
    let comparison = sample::comparison();
    let text = written(ComparisonFormat::Json, &comparison);
    assert_eq!(serde_json::from_str::<Comparison>(&text).expect("it was written here"), comparison);
}

#[test]
fn nobody_is_commanded_by_foreign_text() {
    for format in ALL {
        let text = written(format, &hostile());
        assert!(!text.contains('\x1b'), "{format:?}");
        if format == ComparisonFormat::Html || format == ComparisonFormat::Markdown {
            assert!(!text.contains("<script>alert"), "{format:?}: {text}");
        }
    }
    assert!(!written(ComparisonFormat::Html, &hostile()).contains("\" onload=\""));
    let rows = written(ComparisonFormat::Markdown, &hostile());
    for row in rows.lines().filter(|line| line.starts_with("| worse") || line.starts_with("| same")) {
        let bare = row.replace(r"\\", "").replace(r"\|", "");
        assert_eq!(bare.matches('|').count(), 6, "{row}");
    }
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = written(ComparisonFormat::Html, &hostile());
    assert!(page.contains("default-src 'none'") && page.contains("script-src 'none'"));
    for forbidden in ["<script", "<link", "<img", "src=", " style=", "http://", "https://"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("<polyline") && page.contains("stroke-dasharray"), "both lines are drawn");
}

#[test]
fn the_worst_row_decides_and_no_row_decides_nothing() {
    let rows = sample::comparison().changes;
    assert_eq!(Comparison::answer_of(&rows), Answer::Worse);
    assert_eq!(
        Comparison::answer_of(&rows[1..]),
        Answer::Changed,
        "a change either way is for people to judge"
    );
    assert_eq!(Comparison::answer_of(&rows[2..]), Answer::Same, "what does not matter keeps nothing open");
    assert_eq!(Comparison::answer_of(&[]), Answer::CantTell);
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/comparison-v1.json");
    let schema = schemars::schema_for!(Comparison);
    let expected = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &expected).expect("the schema's folder is committed");
    }
    let committed = std::fs::read_to_string(&path).expect("the file is committed");
    assert!(committed == expected, "the types have changed; run this test with UPDATE_SCHEMA=1");
}

#[test]
fn a_history_names_what_can_not_be_read() {
    let run = HistoryRun::of(&crate::sample::report());
    let history = History {
        directory: "runs".to_owned(),
        runs: vec![run.clone(), HistoryRun { scenario: HOSTILE.to_owned(), p99_ms: Some(f64::NAN), ..run }],
        broken: vec![("2026-01-11-cut".to_owned(), format!("manifest.json: {HOSTILE}"))],
    };
    let mut text = Vec::new();
    history.terminal(Options::default(), &mut text).expect("a vector takes all bytes");
    let text = String::from_utf8(text).expect("text is UTF-8");
    assert!(text.contains("2026-01-11-cut") && !text.contains('\x1b'), "{text}");
    let mut page = Vec::new();
    history.html(&mut page).expect("a vector takes all bytes");
    let page = String::from_utf8(page).expect("text is UTF-8");
    assert!(page.contains("2026-01-11-cut") && page.contains("<polyline"));
    assert!(!page.contains("<script") && !page.contains(" style="));
}
