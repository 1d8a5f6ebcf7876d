//! Reading an access log after the run: line by line, within bounds.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc::Receiver;

use super::pattern::{Pattern, Told};

/// The most lines that a gateway inside of this process keeps; as many as a run may have requests in half an hour at 5 000/s.
pub(crate) const LINES_MAX: usize = 9_000_000;

/// How much of a file is read.
const BYTES_MAX: u64 = 2 << 30;

/// The longest line that is looked at, in bytes; of a longer one, its start is.
const LINE_MAX: u64 = 16 * 1024;

/// An access log, to be read when the gateway has ended.
pub struct LogReader {
    source: Source,
    pattern: Pattern,
}

/// Where an access log is.
pub(crate) enum Source {
    /// In a file, from there on.
    File {
        /// The file.
        path: PathBuf,
        /// How long it was before the run.
        from: u64,
        /// Whether it has what the gateway prints, of which not all may be kept.
        printed: bool,
    },
    /// With a gateway that runs inside of this process.
    Lines(Receiver<String>),
}

impl Source {
    /// A file, from its end on as it is now.
    pub(crate) fn end_of(path: PathBuf, printed: bool) -> Self {
        let from = path.metadata().map_or(0, |found| found.len());
        Source::File { path, from, printed }
    }
}

impl LogReader {
    pub(crate) fn new(source: Source, pattern: Pattern) -> Self {
        LogReader { source, pattern }
    }

    /// Hands each line to `take`, with what it tells if it looks as it should. Gives why lines may be missing, if they may;
    /// `left_out` bytes of what the gateway printed were not kept.
    pub fn read(self, left_out: u64, mut take: impl FnMut(&[u8], Option<Told>)) -> Option<String> {
        let LogReader { source, pattern } = self;
        let mut look = |line: &[u8]| take(line, pattern.told(&String::from_utf8_lossy(line)));
        match source {
            Source::Lines(mut lines) => {
                while let Ok(line) = lines.try_recv() {
                    look(line.as_bytes());
                }
                None
            }
            Source::File { path, from, printed } => {
                let lacks = printed && left_out > 0;
                match read(&path, from, &mut look) {
                    Err(error) => Some(format!("the access log `{}` can't be read: {error}", path.display())),
                    Ok(Some(why)) => Some(format!("the access log `{}` {why}", path.display())),
                    Ok(None) => lacks.then(|| {
                        format!("{left_out} bytes of what the gateway printed were not kept: have it write a file, by `file`")
                    }),
                }
            }
        }
    }
}

/// Reads a file from there on; gives what is wrong with it, if not all that was written can have been read.
fn read(path: &Path, from: u64, look: &mut impl FnMut(&[u8])) -> io::Result<Option<&'static str>> {
    let file = File::open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Ok(Some("is no regular file"));
    }
    if found.len() < from {
        return Ok(Some("is shorter than it was before the run: it was emptied or begun anew"));
    }
    let mut reader = BufReader::with_capacity(1 << 16, file);
    reader.seek(SeekFrom::Start(from))?;
    let mut bounded = reader.take(BYTES_MAX);
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut bounded).take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let whole = line.ends_with(b"\n");
        look(line.trim_ascii_end());
        if !whole {
            bounded.skip_until(b'\n')?;
        }
    }
    Ok((bounded.limit() == 0).then_some("has more than 2 GiB from this run, of which the rest was not read"))
}
