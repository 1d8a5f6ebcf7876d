//! Exactly one server works on a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::StoreError;

/// The lock of a data directory. The kernel gives it back when the process ends, however it ends, so that no lock is left
/// behind by a server that was killed.
#[derive(Debug)]
pub struct ServerLock(#[expect(dead_code, reason = "held, never looked at")] File);

impl ServerLock {
    /// Takes the lock of `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another process has it.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        super::open::make_private(dir)?;
        let path = dir.join("server.lock");
        let in_error = |source| StoreError::Directory { path: path.clone(), source };
        // Not truncated: what stands in it is about whoever has the lock.
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(in_error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // For people only: without it, the refusal is as good.
                let _ = (&mut file).take(64).read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() { "another brownout" } else { holder.trim() };
                return Err(StoreError::InUse { path: dir.to_owned(), holder: holder.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(in_error(source)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(in_error)?;
        writeln!(file, "process {}", std::process::id()).map_err(in_error)?;
        Ok(ServerLock(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_refused_by_the_name_of_the_first_until_that_one_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = ServerLock::take(dir.path()).unwrap();
        let refused = ServerLock::take(dir.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {} serves", std::process::id())), "{refused}");
        drop(first);
        ServerLock::take(dir.path()).unwrap();
    }
}
