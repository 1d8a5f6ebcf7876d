//! A run and a report that the build before wrote: the run is judged by today's demands, the report is rendered as it stands.

use std::path::{Path, PathBuf};

use assess::{judge_run, report_of, save_reports};
use reports::Verdict;
use reports::format::FORMATS;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../archive/tests/kept/format-1")
}

#[test]
fn an_old_run_is_judged_by_what_it_proves_today_and_says_what_was_missing() {
    let old = report_of(&kept().join("report.json")).unwrap();
    let today = judge_run(&kept(), None).unwrap();
    let ids = |report: &reports::Report| -> Vec<String> {
        report.findings.iter().map(|finding| finding.id.clone()).collect()
    };
    assert_eq!(ids(&today), ids(&old), "each demand of the old plan is judged");
    assert_eq!((old.verdict, today.verdict), (Verdict::Pass, Verdict::Inconclusive));
    // Five requests were failed twice over: too few to tell what a third attempt would have been.
    let open = today.findings.iter().filter(|finding| finding.verdict == Verdict::Inconclusive);
    assert!(open.clone().count() > 0 && open.clone().all(|finding| finding.remedy.is_some()));
}

#[test]
fn an_old_report_is_rendered_in_every_format_as_it_was_judged() {
    let old = report_of(&kept().join("report.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for kind in FORMATS {
        let file = folder.path().join(kind.name);
        save_reports(std::slice::from_ref(&old), kind, &file).unwrap();
        assert!(std::fs::metadata(&file).unwrap().len() > 0, "{}", kind.name);
    }
}
