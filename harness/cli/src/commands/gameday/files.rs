//! The files of game days that a command names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use gamedays::GameDay;

use crate::output::complain_of;

/// The most game days of a folder.
const FOLDER_MAX: usize = 1000;

/// The files that are named; a folder stands for the `.toml` files in it, by name.
pub(super) fn each(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in named {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let shown = || format!("{}", path.display());
        let entries: Vec<_> =
            fs::read_dir(path).with_context(shown)?.collect::<Result<_, _>>().with_context(shown)?;
        let files = entries.into_iter().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = files
            .filter(|file| file.extension().is_some_and(|ending| ending == "toml") && file.is_file())
            .collect();
        if files.is_empty() || files.len() > FOLDER_MAX {
            bail!(
                "{}: {} game days are in this folder, expected 1 to {FOLDER_MAX}",
                path.display(),
                files.len()
            );
        }
        files.sort();
        all.extend(files);
    }
    Ok(all)
}

/// A game day; `None` if it has mistakes, which standard error has then.
pub(super) fn load(path: &Path) -> Option<GameDay> {
    match gamedays::load(path) {
        Ok(day) => {
            if !day.warnings.is_empty() {
                complain_of(|colour| day.render_warnings(colour));
            }
            Some(day)
        }
        Err(failure) => {
            complain_of(|colour| failure.render(colour));
            None
        }
    }
}
