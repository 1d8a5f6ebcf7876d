//! Bundles that are whole, and bundles that somebody has been at.

use jiff::Timestamp;
use reports::Verdict;
use tempfile::TempDir;

use super::*;
use crate::event::Outcome;
use crate::timeline::Timeline;

/// What becomes of an entry, by its name and text.
type Change<'a> = &'a mut dyn FnMut(&str, Vec<u8>) -> Option<(String, Vec<u8>)>;

/// A day that is over, with some files.
fn day() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut timeline = Timeline::create(dir.path()).unwrap();
    let outcome = Outcome::Finished { verdict: Verdict::Pass };
    let events = [Event::Recovered { found: "x".into() }, Event::Closed { outcome, decide: Vec::new() }];
    for event in events {
        timeline.note(Timestamp::UNIX_EPOCH, "ana", event).unwrap();
    }
    fs::create_dir_all(dir.path().join("runs/one")).unwrap();
    fs::write(dir.path().join("runs/one/report.json"), "{}").unwrap();
    fs::write(dir.path().join("gameday.toml"), "title = \"t\"").unwrap();
    dir
}

/// The archive with each entry as `change` wants it: left out, or with another name or text.
fn doctored(from: &Path, to: &Path, mut change: impl FnMut(&str, Vec<u8>) -> Option<(String, Vec<u8>)>) {
    let mut archive = Archive::new(zstd::Decoder::new(File::open(from).unwrap()).unwrap());
    let mut out = Builder::new(zstd::Encoder::new(File::create(to).unwrap(), 3).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut text = Vec::new();
        entry.read_to_end(&mut text).unwrap();
        if let Some((name, text)) = change(&name, text) {
            put(&mut out, &name, text.len() as u64, text.as_slice()).unwrap();
        }
    }
    out.into_inner().unwrap().finish().unwrap();
}

#[test]
fn a_bundle_is_the_same_whenever_it_is_made_and_verifies() {
    let (dir, out) = (day(), tempfile::tempdir().unwrap());
    let (one, two) = (out.path().join("one"), out.path().join("two"));
    let seal = bundle(dir.path(), &one).unwrap();
    bundle(dir.path(), &two).unwrap();
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
    let expected = Verified { seal, files: 3, outcome: Some("finished: pass".into()), problems: Vec::new() };
    assert_eq!(verify(&one).unwrap(), expected);
}

#[test]
fn what_was_changed_is_missing_or_extra_is_named() {
    let (dir, out) = (day(), tempfile::tempdir().unwrap());
    let (whole, bad) = (out.path().join("whole"), out.path().join("bad"));
    bundle(dir.path(), &whole).unwrap();
    let problems = |change: Change<'_>| {
        doctored(&whole, &bad, change);
        verify(&bad).unwrap().problems
    };
    let edit = &mut |name: &str, text| {
        let text = if name.ends_with("report.json") { b"[]".to_vec() } else { text };
        Some((name.to_owned(), text))
    };
    assert_eq!(problems(edit), ["changed: `runs/one/report.json`"]);
    let drop = &mut |name: &str, text| (name != "gameday.toml").then(|| (name.to_owned(), text));
    assert_eq!(problems(drop), ["missing: `gameday.toml`"]);
    let rename = &mut |name: &str, text| Some((name.replace("gameday.toml", "other.toml"), text));
    assert_eq!(
        problems(rename),
        ["extra: `other.toml` is not in the manifest, or comes twice", "missing: `gameday.toml`"]
    );
    let grow = &mut |name: &str, mut text: Vec<u8>| {
        text.extend(if name == "gameday.toml" { vec![b'#'; 4096] } else { Vec::new() });
        Some((name.to_owned(), text))
    };
    assert_eq!(problems(grow), ["changed: `gameday.toml`"]);
}

#[test]
fn a_timeline_that_was_edited_with_its_hash_in_the_manifest_is_told_all_the_same() {
    let (dir, out) = (day(), tempfile::tempdir().unwrap());
    let path = dir.path().join(TIMELINE);
    let (whole, bad) = (out.path().join("whole"), out.path().join("bad"));
    let seal = bundle(dir.path(), &whole).unwrap();
    let text = fs::read_to_string(&path).unwrap().replace("\"ana\"", "\"eve\"");
    let size = text.len() as u64;
    let sha256 = hex(&Sha256::digest(&text));
    doctored(&whole, &bad, |name, found| match name {
        MANIFEST => {
            let mut manifest: Manifest = serde_json::from_slice(&found).unwrap();
            manifest.files.insert(TIMELINE.into(), Sealed { size, sha256: sha256.clone() });
            Some((name.to_owned(), serde_json::to_vec(&manifest).unwrap()))
        }
        TIMELINE => Some((name.to_owned(), text.clone().into_bytes())),
        _ => Some((name.to_owned(), found)),
    });
    let verified = verify(&bad).unwrap();
    assert_eq!(
        verified.problems,
        ["changed: timeline.jsonl:1: it is not what was written: its hash is another"]
    );
    assert_ne!(verified.seal, seal);
}

#[test]
fn a_bundle_that_is_cut_or_none_is_told_and_a_day_that_is_not_over_is_not_bundled() {
    let (dir, out) = (day(), tempfile::tempdir().unwrap());
    let path = out.path().join("bundle");
    bundle(dir.path(), &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    for cut in [0, 3, bytes.len() / 2, bytes.len() - 3] {
        fs::write(&path, &bytes[..cut]).unwrap();
        let told = verify(&path).map(|verified| verified.problems.is_empty());
        assert!(!matches!(told, Ok(true)), "{cut} of {} bytes", bytes.len());
    }
    fs::write(&path, "no bundle").unwrap();
    assert!(verify(&path).unwrap_err().to_string().contains("no bundle"));
    let open = tempfile::tempdir().unwrap();
    let mut timeline = Timeline::create(open.path()).unwrap();
    timeline.note(Timestamp::UNIX_EPOCH, "ana", Event::Recovered { found: "x".into() }).unwrap();
    assert!(bundle(open.path(), &path).unwrap_err().to_string().contains("not over"));
}
