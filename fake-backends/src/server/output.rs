//! Writes parts of an answer, up to a given byte.

use std::io::{self, IoSlice};

use net::Stream;
use tokio::io::AsyncWriteExt;

/// Writes the first `limit` bytes of `parts`, one after the other. `progressed` is told the length of each piece that
/// the system took.
pub(super) async fn write_parts(
    stream: &mut Stream,
    mut parts: [&[u8]; 3],
    mut limit: usize,
    progressed: impl Fn(usize),
) -> io::Result<()> {
    for part in &mut parts {
        *part = &part[..part.len().min(limit)];
        limit -= part.len();
    }
    if parts[1].is_empty() && parts[2].is_empty() {
        return write_one(stream, parts[0], progressed).await;
    }
    let mut slices = parts.map(IoSlice::new);
    let mut left = &mut slices[..];
    // Leading parts that are empty would be taken for the end.
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        let count = stream.write_vectored(left).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut left, count);
        progressed(count);
    }
    Ok(())
}

async fn write_one(stream: &mut Stream, mut part: &[u8], progressed: impl Fn(usize)) -> io::Result<()> {
    while !part.is_empty() {
        let count = stream.write(part).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        part = &part[count..];
        progressed(count);
    }
    Ok(())
}
