//! What a run writes, read back.

use std::path::Path;

use evidence::{BodyCheck, Disclosed, Exchange, NO_BACKEND, Outcome, RunNonce, Sample, Tag, TagEcho};
use serde_json::Value;

use super::*;
use crate::{Machine, read_run};

pub(crate) fn manifest() -> Manifest {
    Manifest {
        format: crate::FORMAT,
        brownout: "0.0.0".into(),
        run: "a-run".into(),
        scenario_path: "a.toml".into(),
        scenario_text: String::new(),
        overrides: Vec::new(),
        plan: Value::Null,
        seed: 7,
        nonce: RunNonce(7),
        gateway: "reference".into(),
        gateway_version: None,
        gateway_address: None,
        backend_addresses: Vec::new(),
        declared_hashes: std::collections::BTreeMap::new(),
        gateway_log_left_out: 0,
        simulated: false,
        started: "2026-01-01T00:00:00Z".into(),
        machine: Machine { system: "any".into(), architecture: "any".into(), cores: 1 },
    }
}

pub(crate) fn exchange(number: u64) -> Exchange {
    Exchange {
        tag: Tag(number),
        class: 1,
        due: Moment(10),
        sent: Moment(20),
        first_byte: number.is_multiple_of(2).then_some(Moment(30)),
        done: Moment(40),
        outcome: Outcome::RstInBody,
        status: 503,
        backend: NO_BACKEND,
        attempt: 2,
        connection: 3,
        nth: 4,
        request_bytes: 5,
        request_hash: Some(number),
        body_bytes: 6,
        body_hash: number.is_multiple_of(3).then_some(number),
        retry_after: Some(number),
        echo: TagEcho::Other,
        body: BodyCheck::Altered,
        held: 1_000,
        disclosed: Disclosed::Address,
    }
}

/// A recording that has been given so many exchanges.
pub(crate) fn recorded(dir: &Path, rows: u64) -> Recording {
    let recording = Recording::create(dir, &manifest(), || {}).unwrap();
    let recorder = recording.recorder();
    let mut sheet = recorder.sheet();
    (0..rows).for_each(|number| sheet.push(exchange(number)));
    recording
}

#[test]
fn what_was_recorded_is_read_back_row_by_row() {
    let dir = tempfile::tempdir().unwrap();
    let ending = recorded(dir.path(), 10_000).finish(Moment(50), None, Losses::default()).unwrap();
    assert_eq!(ending.losses, Losses::default());
    let read = read_run(dir.path()).unwrap();
    assert_eq!(read.evidence.exchanges, (0..10_000).map(exchange).collect::<Vec<_>>());
    assert!(!read.evidence.cut);
    assert_eq!((read.evidence.ended, read.evidence.damaged), (Moment(50), Vec::new()));
}

#[test]
fn a_manifest_that_was_written_again_is_sealed_as_it_was_written_last() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recorded(dir.path(), 1);
    recording.rewrite(&Manifest { gateway_version: Some("1.2".into()), ..manifest() }).unwrap();
    recording.finish(Moment(50), None, Losses::default()).unwrap();
    assert_eq!(read_run(dir.path()).unwrap().manifest.gateway_version.as_deref(), Some("1.2"));
}

#[test]
fn evidence_that_is_there_as_a_whole_is_written_as_a_run_writes_it() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    recorded(first.path(), 5000).finish(Moment(50), Some("interrupted".into()), Losses::default()).unwrap();
    let run = read_run(first.path()).unwrap();
    crate::write_run(second.path(), &run.manifest, &run.evidence).unwrap();
    let again = read_run(second.path()).unwrap();
    assert_eq!(again.evidence.exchanges, run.evidence.exchanges);
    assert_eq!((again.evidence.ended, again.evidence.early), (Moment(50), Some("interrupted".into())));
}

#[test]
fn each_batch_is_handed_on_once_it_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (sender, seen) = std::sync::mpsc::channel();
    let path = dir.path().join("exchanges.arrows");
    let watch = move |batch: Batch| {
        let Batch::Exchanges(rows) = batch else { return };
        sender.send((rows.len(), std::fs::metadata(&path).unwrap().len())).unwrap();
    };
    let recording = Recording::create_watched(dir.path(), &manifest(), || {}, watch).unwrap();
    let mut sheet = recording.recorder().sheet();
    (0..5000).for_each(|number| sheet.push(exchange(number)));
    drop(sheet);
    recording.finish(Moment(50), None, Losses::default()).unwrap();
    let seen: Vec<(usize, u64)> = seen.iter().collect();
    assert_eq!(seen.iter().map(|(rows, _)| rows).sum::<usize>(), 5000);
    assert!(seen.len() > 1 && seen.is_sorted_by(|earlier, later| earlier.1 < later.1), "{seen:?}");
}

#[test]
fn what_the_gateway_said_of_itself_is_read_back_with_its_figures() {
    let dir = tempfile::tempdir().unwrap();
    let recording = Recording::create(dir.path(), &manifest(), || {}).unwrap();
    let sample = |series: Option<&str>, value, failed: Option<&str>| Sample {
        scrape: 3,
        asked: Moment(-7),
        answered: Moment(9),
        series: series.map(Into::into),
        value,
        failed: failed.map(Into::into),
    };
    let rows =
        [sample(Some("requests_total{code=\"5xx\"}"), 0.1, None), sample(None, 0.0, Some("no answer"))];
    let mut sheet = recording.recorder().sheet();
    for row in &rows {
        sheet.push(row.clone());
    }
    drop(sheet);
    recording.finish(Moment(50), None, Losses::default()).unwrap();
    assert_eq!(read_run(dir.path()).unwrap().evidence.samples, rows);
}
