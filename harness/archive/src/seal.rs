//! Bytes and hash of a file, by which one that was edited after the run is told from what the run wrote.

use std::fmt;
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

/// Bytes and XXH3-64 (16 hexadecimal digits) of a file as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Its length in bytes.
    pub bytes: u64,
    /// The hash of them.
    pub hash: String,
}

impl Seal {
    /// Of these bytes.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Seal::of(bytes.len() as u64, XxHash3_64::oneshot(bytes))
    }

    /// Of the file at `path`, which must be a regular one: reading anything else may never end.
    pub(crate) fn of_file(path: &Path) -> io::Result<Self> {
        Seal::of_reader(&mut File::open(path)?)
    }

    fn of_reader(reader: &mut impl Read) -> io::Result<Self> {
        let mut sum = Sum { hasher: XxHash3_64::new(), bytes: 0 };
        io::copy(reader, &mut sum)?;
        Ok(Seal::of(sum.bytes, sum.hasher.finish()))
    }

    fn of(bytes: u64, hash: u64) -> Self {
        Seal { bytes, hash: format!("{hash:016x}") }
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, hash {}", self.bytes, self.hash)
    }
}

struct Sum {
    hasher: XxHash3_64,
    bytes: u64,
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.write(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_bytes_have_the_same_seal() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let seal = Seal::of_reader(&mut bytes.as_slice()).unwrap();
        assert_eq!(seal, Seal::of_bytes(&bytes));
        assert_eq!(seal.bytes, 100_000);
        assert_eq!(Seal::of_bytes(b"").to_string(), "0 bytes, hash 2d06800538d394c2");
    }
}
