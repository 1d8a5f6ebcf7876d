//! The reference pages in `docs/reference` are those that the registries make. `UPDATE_DOCS=1` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::Place;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn files(dir: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn the_committed_reference_is_the_one_that_the_registries_make() {
    let place = Place::new();
    place.say(&["explain", "--all", "--out", "reference"]).ended(0);
    let made = files(&place.path().join("reference"));
    let committed = docs().join("reference");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        // The other test reads meanwhile: what is there is replaced, and only what is no page goes.
        fs::create_dir_all(&committed).unwrap();
        for name in files(&committed).keys().filter(|name| !made.contains_key(*name)) {
            fs::remove_file(committed.join(name)).unwrap();
        }
        for (name, text) in &made {
            fs::write(committed.join(name), text).unwrap();
        }
    }
    let committed = files(&committed);
    assert_eq!(made.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>());
    for (name, text) in &made {
        assert!(
            committed[name] == *text,
            "docs/reference/{name} is out of date: UPDATE_DOCS=1 writes it anew"
        );
    }
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    let mut dirs = vec![docs()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            if path.extension().is_none_or(|ending| ending != "md") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let file = link.split('#').next().unwrap_or_default();
                let leads = file.is_empty() || file.contains("://") || dir.join(file).exists();
                assert!(leads, "{} links to {link}", path.display());
            }
        }
    }
}
