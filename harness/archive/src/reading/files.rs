//! Opens the files of a run directory: regular ones only, and documents of bounded size only.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::ReadError;

/// The largest document that is read, in bytes: a manifest holds the scenario and the plan, a few hundred KiB at most.
const DOCUMENT_MAX: u64 = 64 << 20;

/// Bytes of the file at `path`, if it is a regular one. Neither links nor pipes are followed: evidence that was handed
/// over could else make its reader open any other file, or wait for ever.
pub(super) fn regular(path: &Path) -> Result<u64, ReadError> {
    let meta = fs::symlink_metadata(path).map_err(io_at(path))?;
    match kind(meta.file_type()) {
        None => Ok(meta.len()),
        Some(found) => Err(ReadError::NotAFile { path: path.to_owned(), found }),
    }
}

/// What it is, if it is not a regular file.
fn kind(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a directory")
    } else if kind.is_symlink() {
        Some("a symbolic link")
    } else {
        Some("a pipe, a socket or a device")
    }
}

/// True if anything stands at `path`, a broken link too.
pub(super) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// The bytes of a document.
pub(super) fn document(path: &Path) -> Result<Vec<u8>, ReadError> {
    let bytes = regular(path)?;
    if bytes > DOCUMENT_MAX {
        return Err(ReadError::TooLarge { path: path.to_owned(), bytes, limit: DOCUMENT_MAX });
    }
    fs::read(path).map_err(io_at(path))
}

/// Reads a document as JSON.
pub(super) fn json<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, ReadError> {
    serde_json::from_slice(bytes).map_err(|source| ReadError::Json { path: path.to_owned(), source })
}

/// Names the file at which the system failed.
pub(super) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> ReadError {
    let path = path.to_owned();
    move |source| ReadError::Io { path, source }
}
