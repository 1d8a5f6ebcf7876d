//! What a child process prints, on its way to a file that can't fill the disk: the start of it and, once the process has
//! ended, its last lines. All of it is read, so that the process never waits for brownout.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::conceal::Concealer;

/// The bytes of the start that are kept: a gateway that logs each of 30 000 requests stays below.
const START_MAX: u64 = 8 << 20;

/// The bytes of the end that are kept.
const END_MAX: usize = 64 << 10;

/// The output of a process, as it comes.
pub(super) struct Output {
    kept: Arc<Mutex<Kept>>,
    /// Cancelled when nobody can print any more, and all is in the file.
    pub(super) closed: CancellationToken,
}

/// What is known of it beside the file.
#[derive(Default)]
struct Kept {
    /// Bytes printed.
    printed: u64,
    /// The last of them.
    end: Vec<u8>,
}

impl Output {
    /// An output that is appended to the file `path` without `secrets`, and the end of a pipe to print to.
    pub(super) fn to(path: &Path, secrets: Concealer) -> io::Result<(Self, PipeWriter)> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let (reader, writer) = io::pipe()?;
        let (kept, closed) = (Arc::<Mutex<Kept>>::default(), CancellationToken::new());
        let (all, until) = (kept.clone(), closed.clone().drop_guard());
        let reading = move || {
            if let Err(error) = keep(reader, file, &all, secrets) {
                tracing::warn!(%error, "a gateway's log is not whole");
            }
            drop(until);
        };
        // Not waited for: a process that has left its group may hold the pipe open for ever.
        std::thread::Builder::new().name("gateway's log".into()).spawn(reading)?;
        Ok((Output { kept, closed }, writer))
    }

    /// The last bytes that were printed, so many at most.
    pub(super) fn last(&self, most: usize) -> Vec<u8> {
        let kept = lock(&self.kept);
        kept.end[kept.end.len().saturating_sub(most)..].to_owned()
    }

    /// How many bytes are in no file.
    pub(super) fn left_out(&self) -> u64 {
        lock(&self.kept).left_out()
    }
}

impl Kept {
    fn take(&mut self, bytes: &[u8]) {
        self.printed += bytes.len() as u64;
        let over = (self.end.len() + bytes.len()).saturating_sub(END_MAX);
        self.end.drain(..over.min(self.end.len()));
        self.end.extend_from_slice(&bytes[bytes.len().saturating_sub(END_MAX)..]);
    }

    fn left_out(&self) -> u64 {
        self.printed.saturating_sub(START_MAX + END_MAX as u64)
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads to the end; the file gets what it may have. Where it can't be written, the rest is read all the same.
fn keep(mut pipe: PipeReader, mut file: File, kept: &Mutex<Kept>, mut secrets: Concealer) -> io::Result<()> {
    let mut buffer = vec![0; END_MAX];
    let mut written = Ok(());
    let mut room = START_MAX;
    let mut is_over = false;
    while !is_over {
        let read = match pipe.read(&mut buffer) {
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        is_over = read.is_empty();
        let passed =
            if secrets.is_idle() { Cow::Borrowed(read) } else { Cow::Owned(secrets.pass(read, is_over)) };
        let read = passed.as_ref();
        let fits = &read[..read.len().min(usize::try_from(room).unwrap_or(usize::MAX))];
        room -= fits.len() as u64;
        written = written.and_then(|()| file.write_all(fits));
        lock(kept).take(read);
    }
    written?;
    let kept = lock(kept);
    let beyond = usize::try_from(kept.printed.saturating_sub(START_MAX)).unwrap_or(usize::MAX);
    if kept.left_out() > 0 {
        write!(file, "\n[brownout: {} bytes left out]\n", kept.left_out())?;
    }
    file.write_all(&kept.end[kept.end.len().saturating_sub(beyond)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in the file, and how much is not, after all of this was printed in pieces.
    fn kept(printed: &[u8]) -> (Vec<u8>, u64) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let (output, mut pipe) = Output::to(&path, Concealer::default()).unwrap();
        printed.chunks(10_007).for_each(|piece| pipe.write_all(piece).unwrap());
        drop(pipe);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(output.closed.cancelled());
        assert_eq!(output.last(usize::MAX), printed[printed.len().saturating_sub(END_MAX)..]);
        (std::fs::read(path).unwrap(), output.left_out())
    }

    fn lines(bytes: u64) -> Vec<u8> {
        let mut all = Vec::new();
        (0..=bytes / 10).for_each(|number| writeln!(all, "{number:>9}").unwrap());
        all.truncate(bytes as usize);
        all
    }

    #[test]
    fn what_fits_is_kept_to_the_byte() {
        for bytes in [0, 1, 70_000, START_MAX - 1, START_MAX, START_MAX + 1, START_MAX + END_MAX as u64] {
            let printed = lines(bytes);
            let (file, left_out) = kept(&printed);
            assert!(file == printed && left_out == 0, "{bytes}");
        }
    }

    #[test]
    fn of_what_does_not_fit_the_start_and_the_end_are_kept_and_the_rest_is_counted() {
        let printed = lines(3 * START_MAX);
        let (file, left_out) = kept(&printed);
        assert_eq!(left_out, 2 * START_MAX - END_MAX as u64);
        let start = START_MAX as usize;
        assert!(file.starts_with(&printed[..start]) && file.ends_with(&printed[printed.len() - END_MAX..]));
        let between = &file[start..file.len() - END_MAX];
        assert_eq!(String::from_utf8_lossy(between), format!("\n[brownout: {left_out} bytes left out]\n"));
    }
}
