//! The user's own configuration file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::template::{Filled, Values};

/// The longest configuration that is taken.
const BYTES_MAX: u64 = 1024 * 1024;

/// What is wrong with a file, and which.
pub(crate) type Wrong = (PathBuf, String);

/// The user's own configuration, as written.
pub(crate) struct OwnFile {
    /// Where it lies.
    pub(crate) path: PathBuf,
    text: String,
}

impl OwnFile {
    /// Reads it; a relative path counts from `base`.
    pub(crate) fn read(config: &Path, base: &Path) -> Result<Self, Wrong> {
        read_text(config, base).map(|(path, text)| OwnFile { path, text })
    }

    /// The text with its placeholders filled in.
    pub(crate) fn filled(&self, values: &Values<'_>) -> Result<Filled, Wrong> {
        values.fill(&self.text).map_err(|wrong| (self.path.clone(), wrong.to_string()))
    }

    /// The same, for one that has to say where to listen, and where to tell metrics if they are asked for, unless the program is
    /// told by arguments.
    pub(crate) fn text(&self, values: &Values<'_>, listens_by_argument: bool) -> Result<String, Wrong> {
        let filled = self.filled(values)?;
        if listens_by_argument {
            return Ok(filled.text);
        }
        filled.telling(values.metrics).and_then(Filled::listening).map_err(|why| (self.path.clone(), why))
    }

    /// How the file's name ends, in lower case.
    pub(crate) fn ending(&self) -> String {
        let ending = self.path.extension().unwrap_or_default();
        ending.to_string_lossy().to_ascii_lowercase()
    }
}

/// Reads a text that the user names, of at most 1 MiB, with the path that it has; a relative one counts from `base`.
pub(crate) fn read_text(named: &Path, base: &Path) -> Result<(PathBuf, String), Wrong> {
    let path = base.join(named);
    match read(&path) {
        Ok(text) => Ok((path, text)),
        Err(why) => Err((path, why)),
    }
}

fn read(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let kind = file.metadata().map_err(|error| error.to_string())?;
    if !kind.is_file() {
        return Err("not a file".into());
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err("longer than 1 MiB, which is the limit".into());
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8 text".into())
}
