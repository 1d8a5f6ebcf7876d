//! All that is known of a game day in one archive (tar, compressed with zstd), and whether such an archive is as it was made.
//!
//! A manifest with the SHA-256 of each file comes first. Verifying reads the archive as a stream and writes nothing anywhere.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

use crate::event::Event;
use crate::timeline::{BadTimeline, TIMELINE, chain, entries, hex};

/// The manifest's name in the archive.
const MANIFEST: &str = "manifest.json";

/// The most files of a day.
const FILES_MAX: usize = 100_000;

/// The longest manifest that is read, in bytes.
const MANIFEST_MAX: u64 = 64 << 20;

/// The most that an archive may unpack to, in bytes.
const UNPACKED_MAX: u64 = 64 << 30;

/// The most that is told of an archive.
const PROBLEMS_MAX: usize = 100;

/// Compresses evidence, which is compressed already, at no cost, and text well.
const LEVEL: i32 = 3;

/// What an archive holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// The format of bundles; 1.
    format: u32,
    /// The version of brownout that made it.
    brownout: String,
    /// The files, by their path from the directory of the day.
    files: BTreeMap<String, Sealed>,
}

/// A file, as it was when the archive was made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    size: u64,
    sha256: String,
}

/// Why a bundle can't be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The day's timeline can't be believed.
    #[error(transparent)]
    Timeline(#[from] BadTimeline),
    /// The day is not over.
    #[error("{}: the game day is not over\nhelp: `brownout gameday recover` brings one that was cut to its end", .0.display())]
    Open(PathBuf),
    /// It is no bundle.
    #[error("{}: it is no bundle of a game day: {why}", path.display())]
    NoBundle {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// What was found in a bundle.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    /// The SHA-256 of its manifest. Who keeps it elsewhere can tell a bundle that was made anew from this one.
    pub seal: String,
    /// How many files are as they were.
    pub files: usize,
    /// How the day ended.
    pub outcome: Option<String>,
    /// What was changed, is missing, or is not of the day.
    pub problems: Vec<String>,
}

/// Writes all that is known of the day in `directory` to `path`, and returns the SHA-256 of its manifest.
pub fn bundle(directory: &Path, path: &Path) -> Result<String, BundleError> {
    let is_over = |event: &Event| matches!(event, Event::Closed { .. });
    if !entries(directory)?.iter().any(|entry| is_over(&entry.event)) {
        return Err(BundleError::Open(directory.to_owned()));
    }
    let mut names = Vec::new();
    walk(directory, directory, &mut names).map_err(|(path, source)| BundleError::Io { path, source })?;
    names.sort();
    let mut files = BTreeMap::new();
    for name in &names {
        let at = directory.join(name);
        let sealed = seal(&at).map_err(|source| BundleError::Io { path: at.clone(), source })?;
        files.insert(name.clone(), sealed);
    }
    let manifest = Manifest { format: 1, brownout: env!("CARGO_PKG_VERSION").to_owned(), files };
    let text = serde_json::to_vec_pretty(&manifest).expect("a manifest has only string keys");
    let written = assess::write_whole(path, |out| {
        let mut archive = Builder::new(zstd::Encoder::new(out, LEVEL)?);
        put(&mut archive, MANIFEST, text.len() as u64, text.as_slice())?;
        for (name, sealed) in &manifest.files {
            put(&mut archive, name, sealed.size, File::open(directory.join(name))?)?;
        }
        archive.into_inner()?.finish()?;
        Ok(())
    });
    written.map_err(|source| BundleError::Io { path: path.to_owned(), source })?;
    Ok(hex(&Sha256::digest(&text)))
}

/// The regular files below a directory, by their paths from `root`. Links and sockets are no part of a day.
fn walk(root: &Path, dir: &Path, names: &mut Vec<String>) -> Result<(), (PathBuf, io::Error)> {
    let in_dir = |source| (dir.to_owned(), source);
    for entry in fs::read_dir(dir).map_err(in_dir)? {
        let entry = entry.map_err(in_dir)?;
        let (kind, path) = (entry.file_type().map_err(in_dir)?, entry.path());
        if kind.is_dir() {
            walk(root, &path, names)?;
        } else if kind.is_file() {
            let name = path.strip_prefix(root).unwrap_or(&path);
            let name = name.to_str().ok_or_else(|| in_dir(io::Error::other("a name in it is not UTF-8")))?;
            names.push(name.to_owned());
        }
        if names.len() > FILES_MAX {
            return Err(in_dir(io::Error::other("it has more than 100 000 files")));
        }
    }
    Ok(())
}

fn seal(path: &Path) -> io::Result<Sealed> {
    let mut digest = Sha256::new();
    let size = io::copy(&mut File::open(path)?, &mut Hashing(&mut digest))?;
    Ok(Sealed { size, sha256: hex(&digest.finalize()) })
}

struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts a file into the archive, the same whenever it is made. One that has grown since it was sealed is cut, and found so.
fn put(archive: &mut Builder<impl Write>, name: &str, size: u64, data: impl Read) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(EntryType::Regular);
    archive.append_data(&mut header, name, data.take(size))
}

/// Looks whether a bundle is as it was made.
pub fn verify(path: &Path) -> Result<Verified, BundleError> {
    let no_bundle = |why: String| BundleError::NoBundle { path: path.to_owned(), why };
    let unreadable = |error: io::Error| no_bundle(error.to_string());
    let file = File::open(path).map_err(|source| BundleError::Io { path: path.to_owned(), source })?;
    let unpacked = zstd::Decoder::new(file).map_err(unreadable)?.take(UNPACKED_MAX);
    let mut archive = Archive::new(unpacked);
    let mut found = archive.entries().map_err(unreadable)?;
    let mut first = match found.next() {
        Some(entry) => entry.map_err(unreadable)?,
        None => return Err(no_bundle("it is empty".to_owned())),
    };
    if first.path_bytes().as_ref() != MANIFEST.as_bytes() {
        return Err(no_bundle(format!("`{MANIFEST}` does not come first")));
    }
    let mut text = Vec::new();
    first.by_ref().take(MANIFEST_MAX).read_to_end(&mut text).map_err(unreadable)?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| no_bundle(format!("its manifest: {error}")))?;
    if manifest.format != 1 {
        return Err(no_bundle(format!("its format is {}, this version knows 1", manifest.format)));
    }
    let mut checking = Checking { left: manifest.files, timeline: None, files: 0, problems: Vec::new() };
    for entry in found {
        match entry {
            Ok(entry) => checking.look(entry),
            Err(error) => {
                checking.problems.push(format!("the archive can't be read any further: {error}"));
                break;
            }
        }
        if checking.problems.len() >= PROBLEMS_MAX {
            checking.problems.push("nothing more is looked at".to_owned());
            break;
        }
    }
    Ok(checking.verified(hex(&Sha256::digest(&text))))
}

struct Checking {
    /// What has not come yet.
    left: BTreeMap<String, Sealed>,
    timeline: Option<Vec<u8>>,
    files: usize,
    problems: Vec<String>,
}

impl Checking {
    fn look(&mut self, mut entry: tar::Entry<'_, impl Read>) {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let shown = || name.escape_debug().to_string();
        let Some(sealed) = self.left.remove(&name) else {
            return self
                .problems
                .push(format!("extra: `{}` is not in the manifest, or comes twice", shown()));
        };
        if entry.header().entry_type() != EntryType::Regular {
            return self.problems.push(format!("changed: `{}` is no regular file", shown()));
        }
        let mut digest = Sha256::new();
        let mut kept = (name == TIMELINE).then(Vec::new);
        // One byte more than it has to have tells that there is more.
        let mut data = entry.by_ref().take(sealed.size.saturating_add(1));
        let copied = match &mut kept {
            Some(kept) if sealed.size <= MANIFEST_MAX => {
                data.read_to_end(kept).inspect(|_| digest.update(&kept)).map(|size| size as u64)
            }
            _ => io::copy(&mut data, &mut Hashing(&mut digest)),
        };
        match copied {
            Ok(size) if size == sealed.size && hex(&digest.finalize()) == sealed.sha256 => self.files += 1,
            Ok(_) => self.problems.push(format!("changed: `{}`", shown())),
            Err(error) => self.problems.push(format!("changed: `{}`: {error}", shown())),
        }
        self.timeline = self.timeline.take().or(kept);
    }

    fn verified(mut self, seal: String) -> Verified {
        self.problems.extend(self.left.keys().map(|name| format!("missing: `{}`", name.escape_debug())));
        let mut outcome = None;
        match self.timeline.as_deref().map(|text| chain(TIMELINE, text)) {
            None => self.problems.push("it has no timeline".to_owned()),
            Some(Err(error)) => self.problems.push(format!("changed: {error}")),
            Some(Ok(entries)) => {
                outcome = entries.iter().rev().find_map(|entry| match &entry.event {
                    Event::Closed { outcome, .. } => Some(outcome.to_string()),
                    _ => None,
                });
            }
        }
        Verified { seal, files: self.files, outcome, problems: self.problems }
    }
}

#[cfg(test)]
mod tests;
