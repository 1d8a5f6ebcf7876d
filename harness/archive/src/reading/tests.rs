//! Run directories that were cut, edited, damaged, or made to harm.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use evidence::{Action, Batch, Exchange, Header, Hiccup, LogLine, Losses, Message, Row, Sample, Tag};
use units::Moment;

use super::*;
use crate::recording::tests::recorded;
use crate::writing::Tables;

/// A whole run of so many exchanges.
fn whole(rows: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), rows).finish(Moment(50), None, Losses::default()).unwrap();
    dir
}

/// A run without its ending.
fn cut(rows: u64) -> tempfile::TempDir {
    let dir = whole(rows);
    fs::remove_file(dir.path().join("ending.json")).unwrap();
    dir
}

fn exchanges(dir: &Path) -> PathBuf {
    table_path(dir, Exchange::NAME)
}

fn refusal(dir: &Path) -> String {
    read_run(dir).err().expect("it is refused").to_string()
}

#[test]
fn a_run_without_an_ending_is_read_up_to_its_last_whole_batch_and_called_cut() {
    let dir = cut(10_000);
    let bytes = fs::read(exchanges(dir.path())).unwrap();
    let mut last = usize::MAX;
    for end in (0..bytes.len()).rev().step_by(97) {
        fs::write(exchanges(dir.path()), &bytes[..end]).unwrap();
        let evidence = read_run(dir.path()).unwrap().evidence;
        assert!(evidence.cut);
        assert!(evidence.exchanges.len() <= last, "a shorter file holds no more rows");
        last = evidence.exchanges.len();
        for damage in evidence.damaged {
            assert_eq!(damage.table, "exchanges");
            assert_eq!(damage.batch, if last == 0 { damage.batch.min(1) } else { last.div_ceil(4096) + 1 });
            assert_eq!(damage.why, "the file ends in the middle of it");
        }
    }
    assert_eq!(last, 0);
}

#[test]
fn a_table_that_is_cut_inside_a_batch_says_which() {
    let dir = cut(10_000);
    let bytes = fs::read(exchanges(dir.path())).unwrap();
    fs::write(exchanges(dir.path()), &bytes[..bytes.len() * 2 / 3]).unwrap();
    let evidence = read_run(dir.path()).unwrap().evidence;
    assert_eq!(evidence.exchanges.len(), 4096);
    let told: Vec<_> = evidence.damaged.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["the table `exchanges` is damaged at batch 2: the file ends in the middle of it"]);
}

/// Without an ending there is no hash, so that a flipped bit may pass for a value; but it never harms the reader.
#[test]
fn a_flipped_byte_in_a_cut_table_costs_no_more_than_the_rows_behind_it() {
    let dir = cut(100);
    let bytes = fs::read(exchanges(dir.path())).unwrap();
    let (mut damaged, mut refused) = (0, 0);
    for at in (0..bytes.len()).step_by(3) {
        let mut flipped = bytes.clone();
        flipped[at] ^= if at % 2 == 0 { 0x01 } else { 0x80 };
        fs::write(exchanges(dir.path()), flipped).unwrap();
        match read_run(dir.path()) {
            Ok(run) => damaged += run.evidence.damaged.len(),
            Err(ReadError::Table { .. }) => refused += 1,
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    assert!(damaged > 100 && refused > 0, "{damaged} damaged, {refused} lack a column");
}

#[test]
fn a_table_that_was_edited_after_the_run_is_refused() {
    let dir = whole(100);
    let mut bytes = fs::read(exchanges(dir.path())).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(exchanges(dir.path()), bytes).unwrap();
    assert!(matches!(read_run(dir.path()), Err(ReadError::Edited { .. })));
}

#[test]
fn a_table_that_older_builds_did_not_have_is_as_if_it_had_no_rows() {
    later_table_may_be_absent(Header::NAME);
    later_table_may_be_absent(Action::NAME);
    later_table_may_be_absent(Sample::NAME);
    later_table_may_be_absent(LogLine::NAME);
}

fn later_table_may_be_absent(name: &str) {
    let dir = whole(3);
    let table = table_path(dir.path(), name);
    fs::remove_file(&table).unwrap();
    assert!(refusal(dir.path()).contains(&format!("{name}.arrows")), "the run wrote it");

    let ending_path = dir.path().join("ending.json");
    let mut ending: Ending = serde_json::from_slice(&fs::read(&ending_path).unwrap()).unwrap();
    ending.files.retain(|(listed, ..)| listed != name);
    fs::write(&ending_path, serde_json::to_vec(&ending).unwrap()).unwrap();
    let evidence = read_run(dir.path()).unwrap().evidence;
    assert_eq!((evidence.exchanges.len(), evidence.headers.len(), evidence.actions.len()), (3, 0, 0));

    fs::write(&table, "put there later").unwrap();
    assert!(refusal(dir.path()).contains("the run wrote no such file"));
}

#[test]
fn texts_that_are_there_and_that_are_not_come_back_as_they_were() {
    let texts = [Some("1.1 a, 1.1 b"), None, Some(""), Some("ä\u{1f980}")];
    let header = |text: Option<&str>| Header {
        tag: Tag(1),
        attempt: 1,
        message: Message::BackendReceived,
        header: 0,
        lines: 1,
        items: 2,
        hash: 3,
        text: text.map(Into::into),
    };
    let dir = tempfile::tempdir().unwrap();
    let headers: Vec<Header> = texts.map(header).into();
    let manifest = crate::recording::tests::manifest();
    crate::write_run(dir.path(), &manifest, &Evidence { headers: headers.clone(), ..Evidence::default() })
        .unwrap();
    assert_eq!(read_run(dir.path()).unwrap().evidence.headers, headers);
}

#[test]
fn a_manifest_that_was_edited_after_the_run_is_refused_like_a_table() {
    let dir = whole(1);
    let path = dir.path().join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"seed\": 7", "\"seed\": 8")).unwrap();
    assert!(refusal(dir.path()).contains("manifest.json: was changed after the run: found"));

    // Nor does it help to take the seal away.
    fs::write(&path, &text).unwrap();
    let ending_path = dir.path().join("ending.json");
    let mut ending: Ending = serde_json::from_slice(&fs::read(&ending_path).unwrap()).unwrap();
    ending.manifest = None;
    fs::write(&ending_path, serde_json::to_vec(&ending).unwrap()).unwrap();
    assert!(refusal(dir.path()).contains("the run wrote no such file"));
}

#[test]
fn a_format_that_is_not_known_is_refused_with_what_to_do() {
    let dir = cut(1);
    let path = dir.path().join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let format = format!("\"format\": {FORMAT}");
    for (found, help) in
        [(0, "with the brownout that recorded it"), (FORMAT + 1, "a newer brownout recorded it")]
    {
        fs::write(&path, text.replace(&format, &format!("\"format\": {found}"))).unwrap();
        let told = refusal(dir.path());
        assert!(told.contains(&format!("found evidence format {found}, expected 1 to {FORMAT}")), "{told}");
        assert!(told.contains(help), "{told}");
    }
}

#[test]
fn links_pipes_and_directories_in_place_of_files_are_refused() {
    let dir = whole(1);
    let beside = tempfile::tempdir().unwrap();
    for name in ["manifest.json", "ending.json", "exchanges.arrows", "hiccups.arrows"] {
        let path = dir.path().join(name);
        let moved = beside.path().join(name);
        fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
        assert!(refusal(dir.path()).ends_with("expected a regular file, found a symbolic link"), "{name}");
        fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(refusal(dir.path()).contains("found a pipe"), "{name}");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(refusal(dir.path()).ends_with("found a directory"), "{name}");
        fs::remove_dir(&path).unwrap();
        fs::rename(&moved, &path).unwrap();
    }
    assert!(read_run(dir.path()).is_ok());
}

/// The writer packs a million equal rows into two kilobytes; there is no end to how many such batches fit into a small
/// file.
#[test]
fn a_small_table_that_unpacks_to_more_than_a_run_writes_is_not_unpacked() {
    let dir = cut(1);
    let rows = vec![Hiccup { at: Moment(0), length: 0 }; 1 << 20];
    let mut tables = Tables::create(dir.path()).unwrap();
    let batch = Batch::Hiccups(rows);
    (0..8).for_each(|_| tables.append_batch(&batch).unwrap());
    tables.finish().unwrap();
    let bytes = fs::metadata(table_path(dir.path(), Hiccup::NAME)).unwrap().len();
    assert!(bytes < 100_000, "{bytes} bytes");
    let evidence = read_run(dir.path()).unwrap().evidence;
    let told: Vec<_> = evidence.damaged.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["the table `hiccups` is damaged at batch 5: it unpacks to more than a run writes"]);
    assert_eq!(evidence.hiccups.len(), 4 << 20);
}

#[test]
fn a_directory_without_a_manifest_is_not_a_run() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(read_run(dir.path()), Err(ReadError::NotARun(_))));
}
