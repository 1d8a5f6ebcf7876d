//! Where scenarios come from: files, folders of files, and the library that the binary carries.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use scenario::{Failure, Loaded, Overrides};

/// The most scenarios of a folder.
const FOLDER_MAX: usize = 1000;

/// The scenarios that a command line names, in its order. A folder stands for the scenarios in it, by name, and so does a
/// family of the library (`faults/`) where there is no such folder.
pub(crate) fn each(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in named {
        if path.is_dir() {
            all.extend(in_folder(path)?);
        } else if path.exists() {
            all.push(path.clone());
        } else {
            let family = in_family(path);
            all.extend(if family.is_empty() { vec![path.clone()] } else { family });
        }
    }
    Ok(all)
}

/// The scenarios of a folder. Folders in it are families of their own; baselines are no scenarios.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let shown = folder.display();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{shown}"))? {
        let path = entry.with_context(|| format!("{shown}"))?.path();
        let is_scenario = path.extension().is_some_and(|ending| ending == "toml")
            && !path.to_string_lossy().ends_with(".baseline.toml");
        if is_scenario && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!(
            "{shown}: there is no scenario in this folder\nhelp: a scenario is a `.toml` file; folders in it are not searched"
        );
    }
    if files.len() > FOLDER_MAX {
        bail!(
            "{shown}: {} scenarios are in this folder, at most {FOLDER_MAX} can be run by one command",
            files.len()
        );
    }
    files.sort();
    Ok(files)
}

/// The scenarios of a family of the library, named with or without a slash at its end.
fn in_family(path: &Path) -> Vec<PathBuf> {
    let family = format!("{}/", path.to_string_lossy().trim_end_matches('/'));
    scenarios::LIBRARY
        .iter()
        .filter(|entry| entry.name.starts_with(&family))
        .map(|entry| entry.name.into())
        .collect()
}

/// Loads a scenario file, or the library's scenario of that name if there is no such file.
pub(crate) fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Failure> {
    let in_library = scenarios::find(&path.to_string_lossy());
    match in_library {
        Some(entry) if !path.exists() => {
            scenario::load_text(&format!("{}.toml", entry.name), entry.text, &PathBuf::from("."), overrides)
        }
        _ => scenario::load(path, overrides),
    }
}

/// The overrides of the command line in the scenario room's words.
pub(crate) fn overrides(args: &crate::args::Overrides) -> Overrides {
    Overrides { set: args.set.clone(), seed: args.seed, gateway: args.gateway.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_of_the_library_is_all_of_its_scenarios_with_a_slash_or_without() {
        let faults = each(&["faults/".into()]).unwrap();
        assert!(faults.len() > 30 && faults.contains(&"faults/throttle".into()), "{faults:?}");
        assert_eq!(each(&["faults".into()]).unwrap(), faults);
        assert_eq!(each(&["fault".into()]).unwrap(), [PathBuf::from("fault")], "half of a name is none");
        assert_eq!(each(&["first-look".into()]).unwrap(), [PathBuf::from("first-look")]);
    }

    #[test]
    fn a_folder_is_its_scenarios_by_name_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.toml", "a.toml", "a.baseline.toml", "notes.md"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        fs::create_dir(dir.path().join("c.toml")).unwrap();
        let named = [dir.path().to_owned(), "first-look".into()];
        assert_eq!(
            each(&named).unwrap(),
            [dir.path().join("a.toml"), dir.path().join("b.toml"), "first-look".into()]
        );
        let empty = each(&[dir.path().join("c.toml")]).unwrap_err().to_string();
        assert!(empty.contains("no scenario in this folder") && empty.contains("help: "), "{empty}");
    }
}
