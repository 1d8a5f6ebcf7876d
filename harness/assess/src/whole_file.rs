//! Files that are written whole or not at all: a reader never meets the half of one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes a file by `write`: beside its place first, and put there by one rename once it is whole. Where that fails, what
/// was there before is still there.
///
/// What is no regular file (`/dev/stdout`, a pipe) is written as it is, since a rename would replace it.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A link stays a link: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = fs::metadata(&path).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        let mut out = BufWriter::new(File::options().write(true).open(&path)?);
        write(&mut out)?;
        return out.flush();
    }
    let beside = beside(&path);
    let put = fill(&beside, write).and_then(|()| {
        if let Some(before) = before {
            fs::set_permissions(&beside, before.permissions())?;
        }
        fs::rename(&beside, &path)
    });
    if put.is_err() {
        // It may never have been made.
        let _ = fs::remove_file(&beside);
    }
    put
}

/// A name in the same directory, since only there a rename is a single step; hidden, and of this process alone.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

fn fill(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write(&mut out)?;
    // A full disk may be told only now.
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| name.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_that_could_not_be_written_whole_is_as_it_was() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("report.xml");
        write_whole(&path, |out| out.write_all(b"first")).unwrap();
        let failed = write_whole(&path, |out| {
            out.write_all(b"second, but")?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(dir.path()), ["report.xml"], "nothing is left beside it");
    }

    #[test]
    fn a_link_stays_a_link_and_what_is_no_file_is_written_as_it_is() {
        let dir = TempDir::new().unwrap();
        let (path, link) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_whole(&link, |out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        write_whole(Path::new("/dev/null"), |out| out.write_all(b"nothing")).unwrap();
    }

    #[test]
    fn a_directory_that_is_missing_is_an_error() {
        let dir = TempDir::new().unwrap();
        assert!(write_whole(&dir.path().join("none/report.xml"), |_| Ok(())).is_err());
        assert!(names(dir.path()).is_empty());
    }
}
