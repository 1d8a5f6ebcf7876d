//! Profiles that `brownout discover` has left in the data directory: a folder for each gateway, `profiles/NAME/`, with a file a
//! time. Their names are their order, so that a date makes a good one.

use std::fs;
use std::path::{Path, PathBuf};

use discover::Profile;

/// The folder in the data directory.
const PROFILES: &str = "profiles";

/// The most folders that are read: the last ones by name.
const FOLDERS_MAX: usize = 100;

/// The most files of each folder that are read: the last ones by name.
const FILES_MAX: usize = 20;

/// The longest profile that is read, in bytes; one has about 20 KiB.
const FILE_MAX: u64 = 1 << 20;

/// A profile that was kept.
pub(crate) struct Kept {
    /// The name of its file.
    pub(crate) file: String,
    /// What it holds, or why it can't be read.
    pub(crate) profile: Result<Profile, String>,
}

/// The names of all that there are profiles of, in order.
pub(crate) fn names(data: &Path) -> Vec<String> {
    let folders = inside(&data.join(PROFILES), FOLDERS_MAX).into_iter().filter(|path| path.is_dir());
    folders.map(|path| name_of(&path)).collect()
}

/// The profiles of a name, in order; `None` if there is no such name. Nobody's text becomes a path here.
pub(crate) fn kept(data: &Path, name: &str) -> Option<Vec<Kept>> {
    names(data).iter().find(|one| *one == name)?;
    let files = inside(&data.join(PROFILES).join(name), FILES_MAX).into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    Some(files.map(|path| Kept { file: name_of(&path), profile: read(&path) }).collect())
}

fn read(path: &Path) -> Result<Profile, String> {
    let size = fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if !size.is_file() || size.len() > FILE_MAX {
        return Err("not a regular file of up to 1 MiB".to_owned());
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    Profile::read(&text).map_err(|error| error.to_string())
}

fn inside(dir: &Path, most: usize) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.split_off(paths.len().saturating_sub(most))
}

/// The last part of a path; one that is no text is nobody's name.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
