//! Runs that older builds recorded, kept as they were: they are still read, and what they did not record has the value
//! that its column says.

use std::fs;
use std::path::{Path, PathBuf};

use brownout_archive::{FORMAT, Manifest, ReadError, read_run, write_run};
use evidence::{BodyCheck, End, Evidence, Exchange, Ledger, Outcome, Stamp};

fn kept(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/kept/format-{format}"))
}

fn copy_of(kept: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(kept).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    dir
}

fn ends(evidence: &Evidence, end: End) -> usize {
    evidence.attempts.iter().filter(|attempt| attempt.end == end).count()
}

#[test]
fn a_run_of_format_1_is_read_whole() {
    let run = read_run(&kept(1)).unwrap();
    assert_eq!((run.manifest.format, run.manifest.seed), (1, 43));
    let evidence = run.evidence;
    assert_eq!(evidence.exchanges.len(), 320);
    assert!(!evidence.cut && evidence.damaged.is_empty());
    assert!(ends(&evidence, End::Reset) > 0 && ends(&evidence, End::Closed) > 0);
    assert!(ends(&evidence, End::AbandonedFin) > 0);
    assert_eq!(evidence.firings.len(), 1);
    assert!(evidence.exchanges.iter().any(|exchange| exchange.outcome == Outcome::EofInBody));
    assert_eq!(Ledger::join(evidence).orphans(), 0);
}

#[test]
fn what_format_1_did_not_record_is_told_from_what_was_nought() {
    let evidence = read_run(&kept(1)).unwrap().evidence;
    let hit = evidence.attempts.iter().filter(|attempt| attempt.injections != 0).count();
    assert!(hit > 50, "{hit}");
    assert!(evidence.attempts.iter().all(|attempt| attempt.effective == attempt.injections));
    assert!(evidence.attempts.iter().all(|attempt| attempt.answer_hash.is_none()));
    assert!(evidence.connections.iter().all(|connection| connection.effective == connection.injections));
    assert!(evidence.probes.iter().all(|probe| probe.stamp == Stamp::Untagged));
    let unhashed = |exchange: &Exchange| exchange.request_hash.is_none() && exchange.body_hash.is_none();
    assert!(evidence.exchanges.iter().all(unhashed));
    assert!(evidence.exchanges.iter().all(|exchange| exchange.body != BodyCheck::Prefix));
}

#[test]
fn a_run_of_format_1_that_was_edited_is_found_out_by_its_tables() {
    let dir = copy_of(&kept(1));
    let table = dir.path().join("attempts.arrows");
    let mut bytes = fs::read(&table).unwrap();
    bytes[20_000] ^= 1;
    fs::write(&table, bytes).unwrap();
    assert!(matches!(read_run(dir.path()), Err(ReadError::Edited { .. })));
}

#[test]
fn a_run_of_format_1_can_be_written_as_one_of_today() {
    let run = read_run(&kept(1)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let manifest = Manifest { format: FORMAT, ..run.manifest };
    write_run(dir.path(), &manifest, &run.evidence).unwrap();
    let again = read_run(dir.path()).unwrap();
    assert_eq!(again.manifest.format, FORMAT);
    assert_eq!(again.evidence.attempts, run.evidence.attempts);
    assert_eq!(again.evidence.exchanges, run.evidence.exchanges);
}
