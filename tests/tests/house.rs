//! The house keeps its own rules: sizes, dependencies between rooms, module documentation, words that must not be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

/// Every Rust file of the project, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    for room in ["harness", "fake-backends", "reports", "scenarios", "tests"] {
        walk(&root().join(room), &mut found);
    }
    found.sort();
    found
}

/// How many lines are not of tests: what stands under `#[cfg(test)]` is left out, up to the end of its item.
fn lines_without_tests(text: &str) -> usize {
    let (mut lines, mut count) = (text.lines(), 0);
    while let Some(line) = lines.next() {
        if !line.starts_with("#[cfg(test)]") {
            count += 1;
        } else if let Some(item) = lines.find(|line| !line.starts_with("#["))
            && item.ends_with('{')
        {
            lines.find(|line| *line == "}");
        }
    }
    count
}

#[test]
fn only_what_stands_under_a_test_mark_is_left_out_of_a_file_s_length() {
    let text = "mod a;\n#[cfg(test)]\nmod tests;\nfn b() {}\n#[cfg(test)]\nmod more {\n    fn c() {}\n}\nfn d() {}\n";
    assert_eq!(lines_without_tests(text), 3);
}

/// True for tests, benches and examples, by the names of their folders.
fn is_test(path: &Path) -> bool {
    let inside = path.strip_prefix(root()).unwrap();
    let names = ["tests", "testing", "benches", "examples"];
    inside.components().any(|part| part.as_os_str().to_str().is_some_and(|name| names.contains(&name)))
}

#[test]
fn no_file_is_over_400_lines_and_nine_in_ten_are_under_250() {
    let sizes: Vec<(usize, PathBuf)> = sources()
        .into_iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| (lines_without_tests(&text), path))
        .collect();
    let giants: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > 400).collect();
    assert!(giants.is_empty(), "over 400 lines without their tests: {giants:?}");
    let large = sizes.iter().filter(|(lines, _)| *lines > 250).count();
    assert!(large * 10 <= sizes.len(), "{large} of {} files are over 250 lines", sizes.len());
}

#[test]
fn every_module_opens_with_what_it_is_for() {
    let silent: Vec<_> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "no `//!` at the top of: {silent:?}");
}

#[test]
fn modules_named_mod_or_lib_are_tables_of_contents() {
    for (path, text) in sources() {
        let name = path.file_name().unwrap().to_string_lossy();
        if !is_test(&path) && (name == "mod.rs" || name == "lib.rs") {
            // As many contents as there are: what is limited is what stands beside their list.
            let listed = text.lines().filter(|line| line.starts_with("mod ") && line.ends_with(';')).count();
            let lines = lines_without_tests(&text).saturating_sub(listed);
            assert!(lines <= 120, "{} has {lines} lines: move logic into a named file", path.display());
        }
    }
}

#[test]
fn rooms_depend_on_each_other_as_the_architecture_says() {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in architecture.lines().filter(|line| line.starts_with(' ') && line.contains('→')) {
        let (rooms, others) = line.split_once('→').unwrap();
        for room in rooms.split(',') {
            let others = others.split(',').map(|other| other.trim().to_owned());
            allowed.entry(room.trim().to_owned()).or_default().extend(others);
        }
    }
    let manifests = [
        "units", "wire", "evidence", "archive", "export", "net", "policy", "import", "driver", "gateways",
        "measure", "judge", "compare", "scenario", "assess", "run", "discover", "selftest", "gamedays",
        "serve", "cli",
    ]
    .map(|room| (room, format!("harness/{room}")))
    .into_iter()
    .chain(
        [("fake-backends", "fake-backends"), ("reports", "reports"), ("scenarios", "scenarios/index")]
            .map(|(room, dir)| (room, dir.to_owned())),
    );
    let rooms: BTreeSet<&str> = manifests.clone().map(|(room, _)| room).collect();
    for (room, dir) in manifests {
        let manifest: toml::Table =
            fs::read_to_string(root().join(dir).join("Cargo.toml")).unwrap().parse().unwrap();
        let dependencies =
            manifest.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        for dependency in dependencies.keys().filter(|name| rooms.contains(name.as_str())) {
            assert!(
                allowed.get(room).is_some_and(|others| others.contains(dependency)),
                "`{room}` depends on `{dependency}`, which ARCHITECTURE.md does not allow"
            );
        }
    }
}

/// What a manifest lists under a heading.
fn listed(manifest: &toml::Table, heading: &str) -> Vec<String> {
    let table = manifest.get(heading).and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys().cloned()).collect()
}

#[test]
fn every_dependency_is_used() {
    let workspace: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    for member in members.iter().map(|member| root().join(member.as_str().unwrap())) {
        let manifest: toml::Table = fs::read_to_string(member.join("Cargo.toml")).unwrap().parse().unwrap();
        // Targets may lie elsewhere, as those of the command line do.
        let targets = ["bin", "test", "bench"].into_iter().filter_map(|kind| manifest.get(kind)?.as_array());
        let elsewhere = targets.flatten().filter_map(|target| target.get("path")?.as_str());
        let places: Vec<PathBuf> = elsewhere
            .map(|path| member.join(path))
            .map(|path| if path.ends_with("main.rs") { path.parent().unwrap().to_owned() } else { path })
            .chain(["src", "tests", "benches"].map(|name| member.join(name)))
            .filter_map(|place| place.canonicalize().ok())
            .collect();
        let own_source = member.join("src").canonicalize().unwrap();
        let text: Vec<(PathBuf, String)> = sources()
            .into_iter()
            .filter(|(path, _)| places.iter().any(|place| path.starts_with(place)))
            .collect();
        let names = |text: &str, name: &str| {
            let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            words.into_iter().any(|word| word == name)
        };
        for (heading, in_source_only) in [("dependencies", true), ("dev-dependencies", false)] {
            for dependency in listed(&manifest, heading) {
                if asks_for_features(&manifest, heading, &dependency) {
                    continue;
                }
                // A crate that depends on itself asks for a feature of its own in its tests.
                let itself = manifest["package"]["name"].as_str() == Some(&dependency);
                let name = dependency.replace('-', "_");
                let used = text.iter().any(|(path, text)| {
                    (!in_source_only || path.starts_with(&own_source)) && names(text, &name)
                });
                assert!(used || itself, "{} never uses `{dependency}`", member.display());
            }
        }
    }
}

/// True for what tests depend on so that each room alone is built with the features that all together have.
fn asks_for_features(manifest: &toml::Table, heading: &str, dependency: &str) -> bool {
    let with_features = manifest[heading][dependency].get("features").is_some();
    let is_hack = |name: &str| name == "workspace-hack";
    let of_the_hack = manifest["package"]["name"].as_str().is_some_and(is_hack);
    of_the_hack
        || heading == "dev-dependencies" && (is_hack(dependency) || dependency == "measure" && with_features)
}

/// The features with which each package is built, of the tests of `rooms`.
fn features(rooms: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").expect("the tests run under Cargo");
    let mut tree = std::process::Command::new(cargo);
    tree.args(["tree", "--locked", "--offline", "--prefix", "none", "--edges", "normal,build,dev"]);
    let output = tree.args(["--format", "{p}|{f}"]).args(rooms).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        if let Some((package, features)) = line.trim_end_matches(" (*)").split_once('|') {
            found.entry(package.to_owned()).or_default().insert(features.to_owned());
        }
    }
    found
}

#[test]
fn a_room_alone_is_built_with_the_features_that_all_together_have() {
    let workspace: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let together = features(&["--workspace"]);
    for member in workspace["workspace"]["members"].as_array().unwrap() {
        let manifest = root().join(member.as_str().unwrap()).join("Cargo.toml");
        let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
        let room = manifest["package"]["name"].as_str().unwrap();
        for (package, alone) in features(&["--package", room]) {
            let others: Vec<_> = alone.difference(&together[&package]).collect();
            assert!(
                others.is_empty(),
                "`cargo test -p {room}` builds {package} anew, with {others:?} instead of {:?}: add what it lacks to \
                 tests/workspace-hack/Cargo.toml (`cargo hakari generate`)",
                together[&package]
            );
        }
    }
}

#[test]
fn no_file_carries_words_that_mark_something_unfinished() {
    let marks =
        ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "XX".to_owned() + "X", "HA".to_owned() + "CK"];
    for (path, text) in sources() {
        for mark in &marks {
            let found = text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == mark);
            assert!(!found, "{} says {mark}", path.display());
        }
    }
}
